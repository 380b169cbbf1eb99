#pragma once
// CreatePartitions: key 37, versions 0-3, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct CreatePartitionsRequest {
    static constexpr std::string_view kName = "CreatePartitionsRequest";
    static constexpr ApiKey kKey = ApiKey::CreatePartitions;
    static constexpr Versions kValid = between(0, 3), kFlexible = since(2);

    struct CreatePartitionsAssignment {
        std::vector<std::int32_t> broker_ids;

        static constexpr void fields(auto&& f) {
            using M = CreatePartitionsAssignment;
            f("broker_ids", &M::broker_ids, {.in = since(0)});
        }
        bool operator==(const CreatePartitionsAssignment&) const = default;
    };

    struct CreatePartitionsTopic {
        std::string name;
        std::int32_t count = 0;
        std::optional<std::vector<CreatePartitionsAssignment>> assignments =
            std::vector<CreatePartitionsAssignment>{};

        static constexpr void fields(auto&& f) {
            using M = CreatePartitionsTopic;
            f("name", &M::name, {.in = since(0)});
            f("count", &M::count, {.in = since(0)});
            f("assignments", &M::assignments, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const CreatePartitionsTopic&) const = default;
    };

    std::vector<CreatePartitionsTopic> topics;
    std::int32_t timeout_ms = 0;
    bool validate_only = false;

    static constexpr void fields(auto&& f) {
        using M = CreatePartitionsRequest;
        f("topics", &M::topics, {.in = since(0)});
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
        f("validate_only", &M::validate_only, {.in = since(0)});
    }
    bool operator==(const CreatePartitionsRequest&) const = default;
};

struct CreatePartitionsResponse {
    static constexpr std::string_view kName = "CreatePartitionsResponse";
    static constexpr ApiKey kKey = ApiKey::CreatePartitions;
    static constexpr Versions kValid = between(0, 3), kFlexible = since(2);

    struct CreatePartitionsTopicResult {
        std::string name;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;

        static constexpr void fields(auto&& f) {
            using M = CreatePartitionsTopicResult;
            f("name", &M::name, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const CreatePartitionsTopicResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<CreatePartitionsTopicResult> results;

    static constexpr void fields(auto&& f) {
        using M = CreatePartitionsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const CreatePartitionsResponse&) const = default;
};

}  // namespace millrace::wire
