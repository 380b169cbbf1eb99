#pragma once
// AlterReplicaLogDirs: key 34, versions 1-2, flexible from version 2.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AlterReplicaLogDirsRequest {
    static constexpr std::string_view kName = "AlterReplicaLogDirsRequest";
    static constexpr ApiKey kKey = ApiKey::AlterReplicaLogDirs;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(2);

    struct AlterReplicaLogDirTopic {
        std::string name;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = AlterReplicaLogDirTopic;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const AlterReplicaLogDirTopic&) const = default;
    };

    struct AlterReplicaLogDir {
        std::string path;
        std::vector<AlterReplicaLogDirTopic> topics;

        static constexpr void fields(auto&& f) {
            using M = AlterReplicaLogDir;
            f("path", &M::path, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0)});
        }
        bool operator==(const AlterReplicaLogDir&) const = default;
    };

    std::vector<AlterReplicaLogDir> dirs;

    static constexpr void fields(auto&& f) {
        using M = AlterReplicaLogDirsRequest;
        f("dirs", &M::dirs, {.in = since(0)});
    }
    bool operator==(const AlterReplicaLogDirsRequest&) const = default;
};

struct AlterReplicaLogDirsResponse {
    static constexpr std::string_view kName = "AlterReplicaLogDirsResponse";
    static constexpr ApiKey kKey = ApiKey::AlterReplicaLogDirs;
    static constexpr Versions kValid = between(1, 2), kFlexible = since(2);

    struct AlterReplicaLogDirPartitionResult {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = AlterReplicaLogDirPartitionResult;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
        }
        bool operator==(const AlterReplicaLogDirPartitionResult&) const = default;
    };

    struct AlterReplicaLogDirTopicResult {
        std::string topic_name;
        std::vector<AlterReplicaLogDirPartitionResult> partitions;

        static constexpr void fields(auto&& f) {
            using M = AlterReplicaLogDirTopicResult;
            f("topic_name", &M::topic_name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const AlterReplicaLogDirTopicResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<AlterReplicaLogDirTopicResult> results;

    static constexpr void fields(auto&& f) {
        using M = AlterReplicaLogDirsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("results", &M::results, {.in = since(0)});
    }
    bool operator==(const AlterReplicaLogDirsResponse&) const = default;
};

}  // namespace millrace::wire
