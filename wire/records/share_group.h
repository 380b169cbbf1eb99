#pragma once
// __consumer_offsets: share groups (KIP-932).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ShareGroupMemberMetadataKey {
    static constexpr std::string_view kName = "ShareGroupMemberMetadataKey";
    static constexpr std::int16_t kType = 10;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupMemberMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const ShareGroupMemberMetadataKey&) const = default;
};

struct ShareGroupMemberMetadataValue {
    static constexpr std::string_view kName = "ShareGroupMemberMetadataValue";
    static constexpr std::int16_t kType = 10;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::optional<std::string> rack_id = "";
    std::string client_id;
    std::string client_host;
    std::vector<std::string> subscribed_topic_names;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupMemberMetadataValue;
        f("rack_id", &M::rack_id, {.in = since(0), .nullable = since(0)});
        f("client_id", &M::client_id, {.in = since(0)});
        f("client_host", &M::client_host, {.in = since(0)});
        f("subscribed_topic_names", &M::subscribed_topic_names, {.in = since(0)});
    }
    bool operator==(const ShareGroupMemberMetadataValue&) const = default;
};

struct ShareGroupMetadataKey {
    static constexpr std::string_view kName = "ShareGroupMetadataKey";
    static constexpr std::int16_t kType = 11;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const ShareGroupMetadataKey&) const = default;
};

struct ShareGroupMetadataValue {
    static constexpr std::string_view kName = "ShareGroupMetadataValue";
    static constexpr std::int16_t kType = 11;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t epoch = 0;
    std::int64_t metadata_hash = 0;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupMetadataValue;
        f("epoch", &M::epoch, {.in = since(0)});
        f("metadata_hash", &M::metadata_hash, {.in = since(0)});
    }
    bool operator==(const ShareGroupMetadataValue&) const = default;
};

struct ShareGroupTargetAssignmentMetadataKey {
    static constexpr std::string_view kName = "ShareGroupTargetAssignmentMetadataKey";
    static constexpr std::int16_t kType = 12;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupTargetAssignmentMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const ShareGroupTargetAssignmentMetadataKey&) const = default;
};

struct ShareGroupTargetAssignmentMetadataValue {
    static constexpr std::string_view kName = "ShareGroupTargetAssignmentMetadataValue";
    static constexpr std::int16_t kType = 12;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t assignment_epoch = 0;
    std::int64_t assignment_timestamp = 0;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupTargetAssignmentMetadataValue;
        f("assignment_epoch", &M::assignment_epoch, {.in = since(0)});
        f("assignment_timestamp", &M::assignment_timestamp,
          {.in = since(0), .tagged = since(0), .tag = 0, .ignorable = true});
    }
    bool operator==(const ShareGroupTargetAssignmentMetadataValue&) const = default;
};

struct ShareGroupTargetAssignmentMemberKey {
    static constexpr std::string_view kName = "ShareGroupTargetAssignmentMemberKey";
    static constexpr std::int16_t kType = 13;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupTargetAssignmentMemberKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const ShareGroupTargetAssignmentMemberKey&) const = default;
};

struct ShareGroupTargetAssignmentMemberValue {
    static constexpr std::string_view kName = "ShareGroupTargetAssignmentMemberValue";
    static constexpr std::int16_t kType = 13;
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
        using M = ShareGroupTargetAssignmentMemberValue;
        f("topic_partitions", &M::topic_partitions, {.in = since(0)});
    }
    bool operator==(const ShareGroupTargetAssignmentMemberValue&) const = default;
};

struct ShareGroupCurrentMemberAssignmentKey {
    static constexpr std::string_view kName = "ShareGroupCurrentMemberAssignmentKey";
    static constexpr std::int16_t kType = 14;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    std::string member_id;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupCurrentMemberAssignmentKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("member_id", &M::member_id, {.in = only(0)});
    }
    bool operator==(const ShareGroupCurrentMemberAssignmentKey&) const = default;
};

struct ShareGroupCurrentMemberAssignmentValue {
    static constexpr std::string_view kName = "ShareGroupCurrentMemberAssignmentValue";
    static constexpr std::int16_t kType = 14;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicPartitions {
        Uuid topic_id;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartitions;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicPartitions&) const = default;
    };

    std::int32_t member_epoch = 0;
    std::int32_t previous_member_epoch = 0;
    std::int8_t state = 0;
    std::vector<TopicPartitions> assigned_partitions;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupCurrentMemberAssignmentValue;
        f("member_epoch", &M::member_epoch, {.in = since(0)});
        f("previous_member_epoch", &M::previous_member_epoch, {.in = since(0)});
        f("state", &M::state, {.in = since(0)});
        f("assigned_partitions", &M::assigned_partitions, {.in = since(0)});
    }
    bool operator==(const ShareGroupCurrentMemberAssignmentValue&) const = default;
};

struct ShareGroupStatePartitionMetadataKey {
    static constexpr std::string_view kName = "ShareGroupStatePartitionMetadataKey";
    static constexpr std::int16_t kType = 15;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupStatePartitionMetadataKey;
        f("group_id", &M::group_id, {.in = only(0)});
    }
    bool operator==(const ShareGroupStatePartitionMetadataKey&) const = default;
};

struct ShareGroupStatePartitionMetadataValue {
    static constexpr std::string_view kName = "ShareGroupStatePartitionMetadataValue";
    static constexpr std::int16_t kType = 15;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicPartitionsInfo {
        Uuid topic_id;
        std::string topic_name;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartitionsInfo;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicPartitionsInfo&) const = default;
    };

    struct TopicInfo {
        Uuid topic_id;
        std::string topic_name;

        static constexpr void fields(auto&& f) {
            using M = TopicInfo;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("topic_name", &M::topic_name, {.in = since(0)});
        }
        bool operator==(const TopicInfo&) const = default;
    };

    std::vector<TopicPartitionsInfo> initializing_topics;
    std::vector<TopicPartitionsInfo> initialized_topics;
    std::vector<TopicInfo> deleting_topics;

    static constexpr void fields(auto&& f) {
        using M = ShareGroupStatePartitionMetadataValue;
        f("initializing_topics", &M::initializing_topics, {.in = since(0)});
        f("initialized_topics", &M::initialized_topics, {.in = since(0)});
        f("deleting_topics", &M::deleting_topics, {.in = since(0)});
    }
    bool operator==(const ShareGroupStatePartitionMetadataValue&) const = default;
};

}  // namespace millrace::wire
