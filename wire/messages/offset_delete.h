#pragma once
// OffsetDelete: key 47, version 0, never flexible.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct OffsetDeleteRequest {
    static constexpr std::string_view kName = "OffsetDeleteRequest";
    static constexpr ApiKey kKey = ApiKey::OffsetDelete;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    struct Partition {
        std::int32_t partition_index = 0;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("partition_index", &M::partition_index, {.in = since(0)});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    std::string group_id;
    std::vector<Topic> topics;

    static constexpr void fields(auto&& f) {
        using M = OffsetDeleteRequest;
        f("group_id", &M::group_id, {.in = since(0)});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const OffsetDeleteRequest&) const = default;
};

struct OffsetDeleteResponse {
    static constexpr std::string_view kName = "OffsetDeleteResponse";
    static constexpr ApiKey kKey = ApiKey::OffsetDelete;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    struct Partition {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = Partition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
        }
        bool operator==(const Partition&) const = default;
    };

    struct Topic {
        std::string name;
        std::vector<Partition> partitions;

        static constexpr void fields(auto&& f) {
            using M = Topic;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const Topic&) const = default;
    };

    ErrorCode error_code = ErrorCode::None;
    std::int32_t throttle_time_ms = 0;
    std::vector<Topic> topics;

    static constexpr void fields(auto&& f) {
        using M = OffsetDeleteResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0), .ignorable = true});
        f("topics", &M::topics, {.in = since(0)});
    }
    bool operator==(const OffsetDeleteResponse&) const = default;
};

}  // namespace millrace::wire
