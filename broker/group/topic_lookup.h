#pragma once
// The little that coordinators must know of the cluster's metadata; the broker adapts its image to
// it.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/uuid.h"

namespace millrace::broker {

struct KnownTopic {
    std::string name;
    Uuid id;
    std::int32_t partitions = 0;
};

class TopicLookup {
public:
    virtual ~TopicLookup() = default;
    virtual std::optional<KnownTopic> find(std::string_view name) const = 0;
    virtual std::optional<KnownTopic> find(const Uuid& id) const = 0;
    virtual void each_topic(const std::function<void(const KnownTopic&)>& visit) const = 0;
    // By partition, the racks of its replicas' brokers, as far as they have one. Empty: nobody has.
    virtual std::vector<std::vector<std::string>> racks(const Uuid&) const { return {}; }
    virtual std::int64_t metadata_version() const { return 0; }  // offset of its last record
    // What is set for a group (configurations of resource type GROUP); nothing: the broker's.
    virtual std::optional<std::string> config_of_group(const std::string& /*group_id*/,
                                                       const std::string& /*key*/) const {
        return std::nullopt;
    }
};

}  // namespace millrace::broker
