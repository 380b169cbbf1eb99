#pragma once
// __consumer_offsets: groups of the consumer protocol (KIP-848).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ConsumerGroupMetadataKey {
    static constexpr std::string_view kName = "ConsumerGroupMetadataKey";
    static constexpr std::int16_t kType = 3;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const ConsumerGroupMetadataKey&) const = default;
};

struct ConsumerGroupMetadataValue {
    static constexpr std::string_view kName = "ConsumerGroupMetadataValue";
    static constexpr std::int16_t kType = 3;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t epoch = 0;
    std::int64_t metadata_hash = 0;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupMetadataValue;
        f("epoch", &M::epoch, {.in = since(0)});
        f("metadata_hash", &M::metadata_hash, {.in = since(0), .tagged = since(0), .tag = 0});
    }
    bool operator==(const ConsumerGroupMetadataValue&) const = default;
};

struct ConsumerGroupPartitionMetadataKey {
    static constexpr std::string_view kName = "ConsumerGroupPartitionMetadataKey";
    static constexpr std::int16_t kType = 4;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupPartitionMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const ConsumerGroupPartitionMetadataKey&) const = default;
};

struct ConsumerGroupPartitionMetadataValue {
    static constexpr std::string_view kName = "ConsumerGroupPartitionMetadataValue";
    static constexpr std::int16_t kType = 4;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct PartitionMetadata {
        std::int32_t partition = 0;
        std::vector<std::string> racks;

        static constexpr void fields(auto&& f) {
            using M = PartitionMetadata;
            f("partition", &M::partition, {.in = since(0)});
            f("racks", &M::racks, {.in = since(0)});
        }
        bool operator==(const PartitionMetadata&) const = default;
    };

    struct TopicMetadata {
        Uuid topic_id;
        std::string topic_name;
        std::int32_t num_partitions = 0;
        std::vector<PartitionMetadata> partition_metadata;

        static constexpr void fields(auto&& f) {
            using M = TopicMetadata;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("num_partitions", &M::num_partitions, {.in = since(0)});
            f("partition_metadata", &M::partition_metadata, {.in = since(0)});
        }
        bool operator==(const TopicMetadata&) const = default;
    };

    std::vector<TopicMetadata> topics;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupPartitionMetadataValue;
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const ConsumerGroupPartitionMetadataValue&) const = default;
};

struct ConsumerGroupMemberMetadataKey {
    static constexpr std::string_view kName = "ConsumerGroupMemberMetadataKey";
    static constexpr std::int16_t kType = 5;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupMemberMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const ConsumerGroupMemberMetadataKey&) const = default;
};

struct ConsumerGroupMemberMetadataValue {
    static constexpr std::string_view kName = "ConsumerGroupMemberMetadataValue";
    static constexpr std::int16_t kType = 5;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct ClassicProtocol {
        std::string name;
        Bytes metadata;

        static constexpr void fields(auto&& f) {
            using M = ClassicProtocol;
            f("name", &M::name, {.in = since(0)});
            f("metadata", &M::metadata, {.in = since(0)});
        }
        bool operator==(const ClassicProtocol&) const = default;
    };

    struct ClassicMemberMetadata {
        std::int32_t session_timeout_ms = 0;
        std::vector<ClassicProtocol> supported_protocols;

        static constexpr void fields(auto&& f) {
            using M = ClassicMemberMetadata;
            f("session_timeout_ms", &M::session_timeout_ms, {.in = since(0)});
            f("supported_protocols", &M::supported_protocols, {.in = since(0)});
        }
        bool operator==(const ClassicMemberMetadata&) const = default;
    };

    std::optional<std::string> instance_id = "";
    std::optional<std::string> rack_id = "";
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;
    std::optional<std::string> subscribed_topic_regex = "";
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<std::string> server_assignor = "";
    std::optional<ClassicMemberMetadata> classic_member_metadata = ClassicMemberMetadata{};

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupMemberMetadataValue;
        f("instance_id", &M::instance_id, {.in = since(0), .nullable = since(0)});
        f("rack_id", &M::rack_id, {.in = since(0), .nullable = since(0)});
        f("client_id", &M::client_id, {.in = since(0)});
        f("client_host", &M::client_host, {.in = since(0)});
        f("subscribed_topic_names", &M::subscribed_topic_names, {.in = since(0)});
        f("subscribed_topic_regex", &M::subscribed_topic_regex,
          {.in = since(0), .nullable = since(0)});
        f("rebalance_timeout_ms", &M::rebalance_timeout_ms, {.in = since(0)});
        f("server_assignor", &M::server_assignor, {.in = since(0), .nullable = since(0)});
        f("classic_member_metadata", &M::classic_member_metadata,
          {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 0});
    }
    bool operator==(const ConsumerGroupMemberMetadataValue&) const = default;
};

struct ConsumerGroupTargetAssignmentMetadataKey {
    static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMetadataKey";
    static constexpr std::int16_t kType = 6;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupTargetAssignmentMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const ConsumerGroupTargetAssignmentMetadataKey&) const = default;
};

struct ConsumerGroupTargetAssignmentMetadataValue {
    static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMetadataValue";
    static constexpr std::int16_t kType = 6;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t assignment_epoch = 0;
    std::int64_t assignment_timestamp = 0;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupTargetAssignmentMetadataValue;
        f("assignment_epoch", &M::assignment_epoch, {.in = since(0)});
        f("assignment_timestamp", &M::assignment_timestamp,
          {.in = since(0), .tagged = since(0), .tag = 0, .ignorable = true});
    }
    bool operator==(const ConsumerGroupTargetAssignmentMetadataValue&) const = default;
};

struct ConsumerGroupTargetAssignmentMemberKey {
    static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMemberKey";
    static constexpr std::int16_t kType = 7;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupTargetAssignmentMemberKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const ConsumerGroupTargetAssignmentMemberKey&) const = default;
};

struct ConsumerGroupTargetAssignmentMemberValue {
    static constexpr std::string_view kName = "ConsumerGroupTargetAssignmentMemberValue";
    static constexpr std::int16_t kType = 7;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicPartition {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartition;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicPartition&) const = default;
    };

    std::vector<TopicPartition> topic_partitions;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupTargetAssignmentMemberValue;
        f("topic_partitions", &M::topic_partitions, {.in = since(0)});
    }
    bool operator==(const ConsumerGroupTargetAssignmentMemberValue&) const = default;
};

struct ConsumerGroupCurrentMemberAssignmentKey {
    static constexpr std::string_view kName = "ConsumerGroupCurrentMemberAssignmentKey";
    static constexpr std::int16_t kType = 8;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupCurrentMemberAssignmentKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const ConsumerGroupCurrentMemberAssignmentKey&) const = default;
};

struct ConsumerGroupCurrentMemberAssignmentValue {
    static constexpr std::string_view kName = "ConsumerGroupCurrentMemberAssignmentValue";
    static constexpr std::int16_t kType = 8;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;
        std::optional<std::vector<std::int32_t>> assignment_epochs = std::vector<std::int32_t>{};

        static constexpr void fields(auto&& f) {
            using M = TopicPartitions;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
            f("assignment_epochs", &M::assignment_epochs,
              {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 0});
        }
        bool operator==(const TopicPartitions&) const = default;
    };

    std::int32_t member_epoch = 0;
    std::int32_t previous_member_epoch = 0;
    std::int8_t state = 0;
    std::vector<TopicPartitions> assigned_partitions;
    std::vector<TopicPartitions> partitions_pending_revocation;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupCurrentMemberAssignmentValue;
        f("member_epoch", &M::member_epoch, {.in = since(0)});
        f("previous_member_epoch", &M::previous_member_epoch, {.in = since(0)});
        f("state", &M::state, {.in = since(0)});
        f("assigned_partitions", &M::assigned_partitions, {.in = since(0)});
        f("partitions_pending_revocation", &M::partitions_pending_revocation, {.in = since(0)});
    }
    bool operator==(const ConsumerGroupCurrentMemberAssignmentValue&) const = default;
};

struct ConsumerGroupRegularExpressionKey {
    static constexpr std::string_view kName = "ConsumerGroupRegularExpressionKey";
    static constexpr std::int16_t kType = 16;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string regular_expression;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupRegularExpressionKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("regular_expression", &M::regular_expression, {.in = only(0)});
    }
    bool operator==(const ConsumerGroupRegularExpressionKey&) const = default;
};

struct ConsumerGroupRegularExpressionValue {
    static constexpr std::string_view kName = "ConsumerGroupRegularExpressionValue";
    static constexpr std::int16_t kType = 16;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::vector<std::string> topics;
    std::int64_t version = 0;
    std::int64_t timestamp = 0;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupRegularExpressionValue;
        f("topics", &M::topics, {.in = since(0)});
        f("version", &M::version, {.in = since(0)});
        f("timestamp", &M::timestamp, {.in = since(0)});
    }
    bool operator==(const ConsumerGroupRegularExpressionValue&) const = default;
};

}  // namespace millrace::wire
