#pragma once
// DescribeLogDirs: key 35, versions 1-5, flexible from version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DescribeLogDirsRequest {
    static constexpr std::string_view kName = "DescribeLogDirsRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeLogDirs;
    static constexpr Versions kValid = between(1, 5), kFlexible = since(2);

    struct DescribableLogDirTopic {
        std::string topic;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = DescribableLogDirTopic;
            f("topic", &M::topic, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const DescribableLogDirTopic&) const = default;
    };

    std::optional<std::vector<DescribableLogDirTopic>> topics =
        std::vector<DescribableLogDirTopic>{};

    static constexpr void fields(auto&& f) {
        using M = DescribeLogDirsRequest;
        f("topics", &M::topics, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const DescribeLogDirsRequest&) const = default;
};

struct DescribeLogDirsResponse {
    static constexpr std::string_view kName = "DescribeLogDirsResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeLogDirs;
    static constexpr Versions kValid = between(1, 5), kFlexible = since(2);

    struct DescribeLogDirsPartition {
        std::int32_t partition_index = 0;
        std::int64_t partition_size = 0;
        std::int64_t offset_lag = 0;
        bool is_future_key = false;

        static constexpr void fields(auto&& f) {
            using M = DescribeLogDirsPartition;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("partition_size", &M::partition_size, {.in = since(0)});
            f("offset_lag", &M::offset_lag, {.in = since(0)});
            f("is_future_key", &M::is_future_key, {.in = since(0)});
        }
        bool operator==(const DescribeLogDirsPartition&) const = default;
    };

    struct DescribeLogDirsTopic {
        std::string name;
        std::vector<DescribeLogDirsPartition> partitions;

        static constexpr void fields(auto&& f) {
            using M = DescribeLogDirsTopic;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const DescribeLogDirsTopic&) const = default;
    };

    struct DescribeLogDirsResult {
        ErrorCode error_code = ErrorCode::None;
        std::string log_dir;
        std::vector<DescribeLogDirsTopic> topics;
        std::int64_t total_bytes = -1;
        std::int64_t usable_bytes = -1;
        bool is_cordoned = false;

        static constexpr void fields(auto&& f) {
            using M = DescribeLogDirsResult;
            f("error_code", &M::error_code, {.in = since(0)});
            f("log_dir", &M::log_dir, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0)});
            f("total_bytes", &M::total_bytes, {.in = since(4), .ignorable = true});
            f("usable_bytes", &M::usable_bytes, {.in = since(4), .ignorable = true});
            f("is_cordoned", &M::is_cordoned, {.in = since(5), .ignorable = true});
        }
        bool operator==(const DescribeLogDirsResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<DescribeLogDirsResult> results;

    static constexpr void fields(auto&& f) {
        using M = DescribeLogDirsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(3), .ignorable = true});
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const DescribeLogDirsResponse&) const = default;
};

}  // namespace millrace::wire
