#pragma once
// The little that coordinators must know of topics; the broker adapts its metadata image to it.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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
};

}  // namespace millrace::broker
