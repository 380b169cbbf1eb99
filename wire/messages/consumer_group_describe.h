#pragma once
// ConsumerGroupDescribe: key 69, versions 0-1, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ConsumerGroupDescribeRequest {
    static constexpr std::string_view kName = "ConsumerGroupDescribeRequest";
    static constexpr ApiKey kKey = ApiKey::ConsumerGroupDescribe;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    std::vector<std::string> group_ids;
    bool include_authorized_operations = false;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupDescribeRequest;
        f("group_ids", &M::group_ids, {.in = since(0)});
        f("include_authorized_operations", &M::include_authorized_operations, {.in = since(0)});
    }
    bool operator==(const ConsumerGroupDescribeRequest&) const = default;
};

struct ConsumerGroupDescribeResponse {
    static constexpr std::string_view kName = "ConsumerGroupDescribeResponse";
    static constexpr ApiKey kKey = ApiKey::ConsumerGroupDescribe;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct TopicPartitions {
        Uuid topic_id;
        std::string topic_name;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicPartitions;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicPartitions&) const = default;
    };

    struct Assignment {
        std::vector<TopicPartitions> topic_partitions;

        static constexpr void fields(auto&& f) {
            using M = Assignment;
            f("topic_partitions", &M::topic_partitions, {.in = since(0)});
        }
        bool operator==(const Assignment&) const = default;
    };

    struct Member {
        std::string member_id;
        std::optional<std::string> instance_id;
        std::optional<std::string> rack_id;
        std::int32_t member_epoch = 0;
        std::string client_id;
        std::string client_host;
        std::vector<std::string> subscribed_topic_names;
        std::optional<std::string> subscribed_topic_regex;
        Assignment assignment;
        Assignment target_assignment;
        std::int8_t member_type = -1;

        static constexpr void fields(auto&& f) {
            using M = Member;
            f("member_id", &M::member_id, {.in = since(0)});
            f("instance_id", &M::instance_id, {.in = since(0), .nullable = since(0)});
            f("rack_id", &M::rack_id, {.in = since(0), .nullable = since(0)});
            f("member_epoch", &M::member_epoch, {.in = since(0)});
            f("client_id", &M::client_id, {.in = since(0)});
            f("client_host", &M::client_host, {.in = since(0)});
            f("subscribed_topic_names", &M::subscribed_topic_names, {.in = since(0)});
            f("subscribed_topic_regex", &M::subscribed_topic_regex,
              {.in = since(0), .nullable = since(0)});
            f("assignment", &M::assignment, {.in = since(0)});
            f("target_assignment", &M::target_assignment, {.in = since(0)});
            f("member_type", &M::member_type, {.in = since(1), .ignorable = true});
        }
        bool operator==(const Member&) const = default;
    };

    struct DescribedGroup {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;
        std::string group_id;
        std::string group_state;
        std::int32_t group_epoch = 0;
        std::int32_t assignment_epoch = 0;
        std::string assignor_name;
        std::vector<Member> members;
        std::int32_t authorized_operations = INT32_MIN;

        static constexpr void fields(auto&& f) {
            using M = DescribedGroup;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("group_id", &M::group_id, {.in = since(0)});
            f("group_state", &M::group_state, {.in = since(0)});
            f("group_epoch", &M::group_epoch, {.in = since(0)});
            f("assignment_epoch", &M::assignment_epoch, {.in = since(0)});
            f("assignor_name", &M::assignor_name, {.in = since(0)});
            f("members", &M::members, {.in = since(0)});
            f("authorized_operations", &M::authorized_operations, {.in = since(0)});
        }
        bool operator==(const DescribedGroup&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DescribedGroup> groups;

    static constexpr void fields(auto&& f) {
        using M = ConsumerGroupDescribeResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("groups", &M::groups, {.in = since(0)});
    }
    bool operator==(const ConsumerGroupDescribeResponse&) const = default;
};

}  // namespace millrace::wire
