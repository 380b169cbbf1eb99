#pragma once
// AlterShareGroupOffsets: key 91, version 0, flexible from version 0.
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

struct AlterShareGroupOffsetsRequest {
    static constexpr std::string_view kName = "AlterShareGroupOffsetsRequest";
    static constexpr ApiKey kKey = ApiKey::AlterShareGroupOffsets;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct Partition {
        std::int32_t partition_index = 0;
        std::int64_t start_offset = 0;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("start_offset", &M::start_offset, {.in = since(0)});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        std::string topic_name;
        std::vector<Partition> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    std::string group_id;
    std::vector<Topic> topics;

    static constexpr void fields(auto&& f) {
        using M = AlterShareGroupOffsetsRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const AlterShareGroupOffsetsRequest&) const = default;
};

struct AlterShareGroupOffsetsResponse {
    static constexpr std::string_view kName = "AlterShareGroupOffsetsResponse";
    static constexpr ApiKey kKey = ApiKey::AlterShareGroupOffsets;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        std::string topic_name;
        Uuid topic_id;
        std::vector<Partition> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message;
    std::vector<Topic> responses;

    static constexpr void fields(auto&& f) {
        using M = AlterShareGroupOffsetsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("responses", &M::responses, {.in = since(0)});
    }
    bool operator==(const AlterShareGroupOffsetsResponse&) const = default;
};

}  // namespace millrace::wire
