#pragma once
// DeleteTopics: key 20, versions 1-6, flexible from version 4.
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

struct DeleteTopicsRequest {
    static constexpr std::string_view kName = "DeleteTopicsRequest";
    static constexpr ApiKey kKey = ApiKey::DeleteTopics;
    static constexpr Versions kValid = between(1, 6), kFlexible = since(4);

    struct DeleteTopicState {
        std::optional<std::string> name;
        Uuid topic_id;

        static constexpr void fields(auto&& f) {
            using M = DeleteTopicState;
            f("name", &M::name, {.in = since(6), .nullable = since(6)});
            f("topic_id", &M::topic_id, {.in = since(6)});
        }
        bool operator==(const DeleteTopicState&) const = default;
    };

    std::vector<DeleteTopicState> topics;
    std::vector<std::string> topic_names;
    std::int32_t timeout_ms = 0;

    static constexpr void fields(auto&& f) {
        using M = DeleteTopicsRequest;
        f("topics", &M::topics, {.in = since(6)});
        f("topic_names", &M::topic_names, {.in = between(0, 5), .ignorable = true});
        f("timeout_ms", &M::timeout_ms, {.in = since(0)});
    }
    bool operator==(const DeleteTopicsRequest&) const = default;
};

struct DeleteTopicsResponse {
    static constexpr std::string_view kName = "DeleteTopicsResponse";
    static constexpr ApiKey kKey = ApiKey::DeleteTopics;
    static constexpr Versions kValid = between(1, 6), kFlexible = since(4);

    struct DeletableTopicResult {
        std::optional<std::string> name = "";
        Uuid topic_id;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;

        static constexpr void fields(auto&& f) {
            using M = DeletableTopicResult;
            f("name", &M::name, {.in = since(0), .nullable = since(6)});
            f("topic_id", &M::topic_id, {.in = since(6), .ignorable = true});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message,
              {.in = since(5), .nullable = since(5), .ignorable = true});
        }
        bool operator==(const DeletableTopicResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeletableTopicResult> responses;

    static constexpr void fields(auto&& f) {
        using M = DeleteTopicsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(1), .ignorable = true});
        f("responses", &M::responses, {.in = since(0)});
    }
    bool operator==(const DeleteTopicsResponse&) const = default;
};

}  // namespace millrace::wire
