#pragma once
// The small text files of a data directory, in Kafka's formats.
//   *-offset-checkpoint          lines "0", count, then "topic partition offset"
//   partition.metadata           "version: 0\ntopic_id: <base64url>", no newline at the end
//   meta.properties              java.util.Properties: version, cluster.id, node.id (broker.id in
//   version 0), directory.id .kafka_cleanshutdown         JSON {"version":0,"brokerEpoch":n}
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/result.h"
#include "millrace/base/strong.h"
#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"

namespace millrace::broker {

// "version, count, rows" with `columns` words a row. CorruptMessage with Kafka's text. An empty
// file has no rows.
Result<std::vector<std::vector<std::string_view>>> parse_checkpoint(std::string_view text,
                                                                    std::size_t columns);
bool parse_number(std::string_view text, std::int64_t& into);  // decimal, all of it

using OffsetCheckpoint = std::map<TopicPartition, Offset>;
Result<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text);
std::string to_text(const OffsetCheckpoint& offsets);

Result<Uuid> parse_partition_metadata(std::string_view text);
std::string partition_metadata_text(const Uuid& topic_id);

struct MetaProperties {
    std::string cluster_id;
    std::optional<std::int32_t> node_id;
    std::optional<Uuid> directory_id;
    friend bool operator==(const MetaProperties&, const MetaProperties&) = default;
};
Result<MetaProperties> parse_meta_properties(std::string_view text);
std::string to_text(const MetaProperties& properties);

struct CleanShutdown {
    std::int64_t broker_epoch = -1;
    friend bool operator==(const CleanShutdown&, const CleanShutdown&) = default;
};
std::optional<CleanShutdown> parse_clean_shutdown(
    std::string_view text);  // older Kafka left it empty
std::string to_text(const CleanShutdown& marker);

}  // namespace millrace::broker
