#pragma once
// __remote_log_metadata (tiered storage): frame version 1, type, version in front.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct RemoteLogSegmentMetadataRecord {
    static constexpr std::string_view kName = "RemoteLogSegmentMetadataRecord";
    static constexpr std::int16_t kType = 0;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicIdPartitionEntry {
        std::string name;
        Uuid id;
        std::int32_t partition = 0;

        static constexpr void fields(auto&& f) {
            using M = TopicIdPartitionEntry;
            f("name", &M::name, {.in = since(0)});
            f("id", &M::id, {.in = since(0)});
            f("partition", &M::partition, {.in = since(0)});
        }
        bool operator==(const TopicIdPartitionEntry&) const = default;
    };

    struct RemoteLogSegmentIdEntry {
        TopicIdPartitionEntry topic_id_partition;
        Uuid id;

        static constexpr void fields(auto&& f) {
            using M = RemoteLogSegmentIdEntry;
            f("topic_id_partition", &M::topic_id_partition, {.in = since(0)});
            f("id", &M::id, {.in = since(0)});
        }
        bool operator==(const RemoteLogSegmentIdEntry&) const = default;
    };

    struct SegmentLeaderEpochEntry {
        std::int32_t leader_epoch = 0;
        std::int64_t offset = 0;

        static constexpr void fields(auto&& f) {
            using M = SegmentLeaderEpochEntry;
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("offset", &M::offset, {.in = since(0)});
        }
        bool operator==(const SegmentLeaderEpochEntry&) const = default;
    };

    RemoteLogSegmentIdEntry remote_log_segment_id;
    std::int64_t start_offset = 0;
    std::int64_t end_offset = 0;
    std::int32_t broker_id = 0;
    std::int64_t max_timestamp_ms = 0;
    std::int64_t event_timestamp_ms = 0;
    std::vector<SegmentLeaderEpochEntry> segment_leader_epochs;
    std::int32_t segment_size_in_bytes = 0;
    std::optional<Bytes> custom_metadata;
    std::int8_t remote_log_segment_state = 0;
    bool txn_index_empty = false;

    static constexpr void fields(auto&& f) {
        using M = RemoteLogSegmentMetadataRecord;
        f("remote_log_segment_id", &M::remote_log_segment_id, {.in = since(0)});
        f("start_offset", &M::start_offset, {.in = since(0)});
        f("end_offset", &M::end_offset, {.in = since(0)});
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("max_timestamp_ms", &M::max_timestamp_ms, {.in = since(0)});
        f("event_timestamp_ms", &M::event_timestamp_ms, {.in = since(0)});
        f("segment_leader_epochs", &M::segment_leader_epochs, {.in = since(0)});
        f("segment_size_in_bytes", &M::segment_size_in_bytes, {.in = since(0)});
        f("custom_metadata", &M::custom_metadata, {.in = since(0), .nullable = since(0)});
        f("remote_log_segment_state", &M::remote_log_segment_state, {.in = since(0)});
        f("txn_index_empty", &M::txn_index_empty, {.in = since(0), .tagged = since(0), .tag = 0});
    }
    bool operator==(const RemoteLogSegmentMetadataRecord&) const = default;
};

struct RemoteLogSegmentMetadataUpdateRecord {
    static constexpr std::string_view kName = "RemoteLogSegmentMetadataUpdateRecord";
    static constexpr std::int16_t kType = 1;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicIdPartitionEntry {
        std::string name;
        Uuid id;
        std::int32_t partition = 0;

        static constexpr void fields(auto&& f) {
            using M = TopicIdPartitionEntry;
            f("name", &M::name, {.in = since(0)});
            f("id", &M::id, {.in = since(0)});
            f("partition", &M::partition, {.in = since(0)});
        }
        bool operator==(const TopicIdPartitionEntry&) const = default;
    };

    struct RemoteLogSegmentIdEntry {
        TopicIdPartitionEntry topic_id_partition;
        Uuid id;

        static constexpr void fields(auto&& f) {
            using M = RemoteLogSegmentIdEntry;
            f("topic_id_partition", &M::topic_id_partition, {.in = since(0)});
            f("id", &M::id, {.in = since(0)});
        }
        bool operator==(const RemoteLogSegmentIdEntry&) const = default;
    };

    RemoteLogSegmentIdEntry remote_log_segment_id;
    std::int32_t broker_id = 0;
    std::int64_t event_timestamp_ms = 0;
    std::optional<Bytes> custom_metadata;
    std::int8_t remote_log_segment_state = 0;

    static constexpr void fields(auto&& f) {
        using M = RemoteLogSegmentMetadataUpdateRecord;
        f("remote_log_segment_id", &M::remote_log_segment_id, {.in = since(0)});
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("event_timestamp_ms", &M::event_timestamp_ms, {.in = since(0)});
        f("custom_metadata", &M::custom_metadata, {.in = since(0), .nullable = since(0)});
        f("remote_log_segment_state", &M::remote_log_segment_state, {.in = since(0)});
    }
    bool operator==(const RemoteLogSegmentMetadataUpdateRecord&) const = default;
};

struct RemotePartitionDeleteMetadataRecord {
    static constexpr std::string_view kName = "RemotePartitionDeleteMetadataRecord";
    static constexpr std::int16_t kType = 2;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicIdPartitionEntry {
        std::string name;
        Uuid id;
        std::int32_t partition = 0;

        static constexpr void fields(auto&& f) {
            using M = TopicIdPartitionEntry;
            f("name", &M::name, {.in = since(0)});
            f("id", &M::id, {.in = since(0)});
            f("partition", &M::partition, {.in = since(0)});
        }
        bool operator==(const TopicIdPartitionEntry&) const = default;
    };

    TopicIdPartitionEntry topic_id_partition;
    std::int32_t broker_id = 0;
    std::int64_t event_timestamp_ms = 0;
    std::int8_t remote_partition_delete_state = 0;

    static constexpr void fields(auto&& f) {
        using M = RemotePartitionDeleteMetadataRecord;
        f("topic_id_partition", &M::topic_id_partition, {.in = since(0)});
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("event_timestamp_ms", &M::event_timestamp_ms, {.in = since(0)});
        f("remote_partition_delete_state", &M::remote_partition_delete_state, {.in = since(0)});
    }
    bool operator==(const RemotePartitionDeleteMetadataRecord&) const = default;
};

struct RemoteLogSegmentMetadataSnapshotRecord {
    static constexpr std::string_view kName = "RemoteLogSegmentMetadataSnapshotRecord";
    static constexpr std::int16_t kType = 3;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct SegmentLeaderEpochEntry {
        std::int32_t leader_epoch = 0;
        std::int64_t offset = 0;

        static constexpr void fields(auto&& f) {
            using M = SegmentLeaderEpochEntry;
            f("leader_epoch", &M::leader_epoch, {.in = since(0)});
            f("offset", &M::offset, {.in = since(0)});
        }
        bool operator==(const SegmentLeaderEpochEntry&) const = default;
    };

    Uuid segment_id;
    std::int64_t start_offset = 0;
    std::int64_t end_offset = 0;
    std::int32_t broker_id = 0;
    std::int64_t max_timestamp_ms = 0;
    std::int64_t event_timestamp_ms = 0;
    std::vector<SegmentLeaderEpochEntry> segment_leader_epochs;
    std::int32_t segment_size_in_bytes = 0;
    std::optional<Bytes> custom_metadata;
    std::int8_t remote_log_segment_state = 0;
    bool txn_index_empty = false;

    static constexpr void fields(auto&& f) {
        using M = RemoteLogSegmentMetadataSnapshotRecord;
        f("segment_id", &M::segment_id, {.in = since(0)});
        f("start_offset", &M::start_offset, {.in = since(0)});
        f("end_offset", &M::end_offset, {.in = since(0)});
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("max_timestamp_ms", &M::max_timestamp_ms, {.in = since(0)});
        f("event_timestamp_ms", &M::event_timestamp_ms, {.in = since(0)});
        f("segment_leader_epochs", &M::segment_leader_epochs, {.in = since(0)});
        f("segment_size_in_bytes", &M::segment_size_in_bytes, {.in = since(0)});
        f("custom_metadata", &M::custom_metadata, {.in = since(0), .nullable = since(0)});
        f("remote_log_segment_state", &M::remote_log_segment_state, {.in = since(0)});
        f("txn_index_empty", &M::txn_index_empty, {.in = since(0), .tagged = since(0), .tag = 0});
    }
    bool operator==(const RemoteLogSegmentMetadataSnapshotRecord&) const = default;
};

}  // namespace millrace::wire
