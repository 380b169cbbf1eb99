#pragma once
// CreateTopics: key 19, versions 2-7, flexible from version 5.
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

struct CreateTopicsRequest {
    static constexpr std::string_view kName = "CreateTopicsRequest";
    static constexpr ApiKey kKey = ApiKey::CreateTopics;
    static constexpr Versions kValid = between(2, 7), kFlexible = since(5);

    struct CreatableReplicaAssignment {
        std::int32_t partition_index = 0;
        std::vector<std::int32_t> broker_ids;

        static constexpr void fields(auto&& f) {
            using M = CreatableReplicaAssignment;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("broker_ids", &M::broker_ids, {.in = since(0)});
        }
        bool operator==(const CreatableReplicaAssignment&) const = default;
    };

    struct CreatableTopicConfig {
        std::string name;
        std::optional<std::string> value = "";

        static constexpr void fields(auto&& f) {
            using M = CreatableTopicConfig;
            f("name", &M::name, {.in = since(0)});
            f("value", &M::value, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const CreatableTopicConfig&) const = default;
    };

    struct CreatableTopic {
        std::string name;
        std::int32_t num_partitions = 0;
        std::int16_t replication_factor = 0;
        std::vector<CreatableReplicaAssignment> assignments;
        std::vector<CreatableTopicConfig> configs;

        static constexpr void fields(auto&& f) {
            using M = CreatableTopic;
            f("name", &M::name, {.in = since(0)});
            f("num_partitions", &M::num_partitions, {.in = since(0)});
            f("replication_factor", &M::replication_factor, {.in = since(0)});
            f("assignments", &M::assignments, {.in = since(0)});
            f("configs", &M::configs, {.in = since(0)});
        }
        bool operator==(const CreatableTopic&) const = default;
    };

    std::vector<CreatableTopic> topics;
    std::int32_t timeout_ms = 60000;
    bool validate_only = false;

    static constexpr void fields(auto&& f) {
        using M = CreateTopicsRequest;
        f("topics", &M::topics, {.in = since(0)});
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
        f("validate_only", &M::validate_only, {.in = since(1)});
    }
    bool operator==(const CreateTopicsRequest&) const = default;
};

struct CreateTopicsResponse {
    static constexpr std::string_view kName = "CreateTopicsResponse";
    static constexpr ApiKey kKey = ApiKey::CreateTopics;
    static constexpr Versions kValid = between(2, 7), kFlexible = since(5);

    struct CreatableTopicConfigs {
        std::string name;
        std::optional<std::string> value = "";
        bool read_only = false;
        std::int8_t config_source = -1;
        bool is_sensitive = false;

        static constexpr void fields(auto&& f) {
            using M = CreatableTopicConfigs;
            f("name", &M::name, {.in = since(5)});
            f("value", &M::value, {.in = since(5), .nullable = since(5)});
            f("read_only", &M::read_only, {.in = since(5)});
            f("config_source", &M::config_source, {.in = since(5), .ignorable = true});
            f("is_sensitive", &M::is_sensitive, {.in = since(5)});
        }
        bool operator==(const CreatableTopicConfigs&) const = default;
    };

    struct CreatableTopicResult {
        std::string name;
        Uuid topic_id;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";
        ErrorCode topic_config_error_code = ErrorCode::None;
        std::int32_t num_partitions = -1;
        std::int16_t replication_factor = -1;
        std::optional<std::vector<CreatableTopicConfigs>> configs =
            std::vector<CreatableTopicConfigs>{};

        static constexpr void fields(auto&& f) {
            using M = CreatableTopicResult;
            f("name", &M::name, {.in = since(0)});
            f("topic_id", &M::topic_id, {.in = since(7), .ignorable = true});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message,
              {.in = since(1), .nullable = since(0), .ignorable = true});
            f("topic_config_error_code", &M::topic_config_error_code,
              {.in = since(5), .tagged = since(5), .tag = 0, .ignorable = true});
            f("num_partitions", &M::num_partitions, {.in = since(5), .ignorable = true});
            f("replication_factor", &M::replication_factor, {.in = since(5), .ignorable = true});
            f("configs", &M::configs, {.in = since(5), .nullable = since(5), .ignorable = true});
        }
        bool operator==(const CreatableTopicResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<CreatableTopicResult> topics;

    static constexpr void fields(auto&& f) {
        using M = CreateTopicsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(2), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const CreateTopicsResponse&) const = default;
};

}  // namespace millrace::wire
