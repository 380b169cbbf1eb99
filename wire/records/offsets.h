#pragma once
// __consumer_offsets: committed offsets and classic groups. Keys: int16 type, values: int16 version
// in front.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct LegacyOffsetCommitKey {
    static constexpr std::string_view kName = "LegacyOffsetCommitKey";
    static constexpr std::int16_t kType = 0;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group;
    std::string topic;
    std::int32_t partition = 0;

    static constexpr void fields(auto&& f) {
        using M = LegacyOffsetCommitKey;
        f("group", &M::group, {.in = only(0)});
        f("topic", &M::topic, {.in = only(0)});
        f("partition", &M::partition, {.in = only(0)});
    }
    bool operator==(const LegacyOffsetCommitKey&) const = default;
};

struct LegacyOffsetCommitValue {
    static constexpr std::string_view kName = "LegacyOffsetCommitValue";
    static constexpr std::int16_t kType = 0;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::int64_t offset = 0;
    std::string metadata;
    std::int64_t commit_timestamp = 0;

    static constexpr void fields(auto&& f) {
        using M = LegacyOffsetCommitValue;
        f("offset", &M::offset, {.in = only(0)});
        f("metadata", &M::metadata, {.in = only(0)});
        f("commit_timestamp", &M::commit_timestamp, {.in = only(0)});
    }
    bool operator==(const LegacyOffsetCommitValue&) const = default;
};

struct OffsetCommitKey {
    static constexpr std::string_view kName = "OffsetCommitKey";
    static constexpr std::int16_t kType = 1;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group;
    std::string topic;
    std::int32_t partition = 0;

    static constexpr void fields(auto&& f) {
        using M = OffsetCommitKey;
        f("group", &M::group, {.in = only(0)});
        f("topic", &M::topic, {.in = only(0)});
        f("partition", &M::partition, {.in = only(0)});
    }
    bool operator==(const OffsetCommitKey&) const = default;
};

struct OffsetCommitValue {
    static constexpr std::string_view kName = "OffsetCommitValue";
    static constexpr std::int16_t kType = 1;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(4);

    std::int64_t offset = 0;
    std::int32_t leader_epoch = -1;
    std::string metadata;
    std::int64_t commit_timestamp = 0;
    std::int64_t expire_timestamp = -1;
    Uuid topic_id;

    static constexpr void fields(auto&& f) {
        using M = OffsetCommitValue;
        f("offset", &M::offset, {.in = since(0)});
        f("leader_epoch", &M::leader_epoch, {.in = since(3), .ignorable = true});
        f("metadata", &M::metadata, {.in = since(0)});
        f("commit_timestamp", &M::commit_timestamp, {.in = since(0)});
        f("expire_timestamp", &M::expire_timestamp, {.in = only(1), .ignorable = true});
        f("topic_id", &M::topic_id,
          {.in = since(4), .tagged = since(4), .tag = 0, .ignorable = true});
    }
    bool operator==(const OffsetCommitValue&) const = default;
};

struct GroupMetadataKey {
    static constexpr std::string_view kName = "GroupMetadataKey";
    static constexpr std::int16_t kType = 2;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group;

    static constexpr void fields(auto&& f) {
        using M = GroupMetadataKey;
        f("group", &M::group, {.in = only(0)});
    }
    bool operator==(const GroupMetadataKey&) const = default;
};

struct GroupMetadataValue {
    static constexpr std::string_view kName = "GroupMetadataValue";
    static constexpr std::int16_t kType = 2;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(4);

    struct MemberMetadata {
        std::string member_id;
        std::optional<std::string> group_instance_id;
        std::string client_id;
        std::string client_host;
        std::int32_t rebalance_timeout = -1;
        std::int32_t session_timeout = 0;
        Bytes subscription;
        Bytes assignment;

        static constexpr void fields(auto&& f) {
            using M = MemberMetadata;
            f("member_id", &M::member_id, {.in = since(0)});
            f("group_instance_id", &M::group_instance_id,
              {.in = since(3), .nullable = since(3), .ignorable = true});
            f("client_id", &M::client_id, {.in = since(0)});
            f("client_host", &M::client_host, {.in = since(0)});
            f("rebalance_timeout", &M::rebalance_timeout, {.in = since(1), .ignorable = true});
            f("session_timeout", &M::session_timeout, {.in = since(0)});
            f("subscription", &M::subscription, {.in = since(0)});
            f("assignment", &M::assignment, {.in = since(0)});
        }
        bool operator==(const MemberMetadata&) const = default;
    };

    std::string protocol_type;
    std::int32_t generation = 0;
    std::optional<std::string> protocol = "";
    std::optional<std::string> leader = "";
    std::int64_t current_state_timestamp = -1;
    std::vector<MemberMetadata> members;

    static constexpr void fields(auto&& f) {
        using M = GroupMetadataValue;
        f("protocol_type", &M::protocol_type, {.in = since(0)});
        f("generation", &M::generation, {.in = since(0)});
        f("protocol", &M::protocol, {.in = since(0), .nullable = since(0)});
        f("leader", &M::leader, {.in = since(0), .nullable = since(0)});
        f("current_state_timestamp", &M::current_state_timestamp,
          {.in = since(2), .ignorable = true});
        f("members", &M::members, {.in = since(0)});
    }
    bool operator==(const GroupMetadataValue&) const = default;
};

}  // namespace millrace::wire
