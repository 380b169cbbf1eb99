#pragma once
// AssignReplicasToDirs: key 73, version 0, flexible from version 0.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AssignReplicasToDirsRequest {
    static constexpr std::string_view kName = "AssignReplicasToDirsRequest";
    static constexpr ApiKey kKey = ApiKey::AssignReplicasToDirs;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition_index = 0;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct TopicData {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicData;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicData&) const = default;
    };

    struct DirectoryData {
        Uuid id;
        std::vector<TopicData> topics;

        static constexpr void fields(auto&& f) {
            using M = DirectoryData;
            f("id", &M::id, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0)});
        }
        bool operator==(const DirectoryData&) const = default;
    };

    std::int32_t broker_id = 0;
    std::int64_t broker_epoch = -1;
    std::vector<DirectoryData> directories;

    static constexpr void fields(auto&& f) {
        using M = AssignReplicasToDirsRequest;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
        f("directories", &M::directories, {.in = since(0)});
    }
    bool operator==(const AssignReplicasToDirsRequest&) const = default;
};

struct AssignReplicasToDirsResponse {
    static constexpr std::string_view kName = "AssignReplicasToDirsResponse";
    static constexpr ApiKey kKey = ApiKey::AssignReplicasToDirs;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct PartitionData {
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = PartitionData;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("error_code", &M::error_code, {.in = since(0)});
        }
        bool operator==(const PartitionData&) const = default;
    };

    struct TopicData {
        Uuid topic_id;
        std::vector<PartitionData> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicData;
            f("topic_id", &M::topic_id, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicData&) const = default;
    };

    struct DirectoryData {
        Uuid id;
        std::vector<TopicData> topics;

        static constexpr void fields(auto&& f) {
            using M = DirectoryData;
            f("id", &M::id, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0)});
        }
        bool operator==(const DirectoryData&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<DirectoryData> directories;

    static constexpr void fields(auto&& f) {
        using M = AssignReplicasToDirsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("directories", &M::directories, {.in = since(0)});
    }
    bool operator==(const AssignReplicasToDirsResponse&) const = default;
};

}  // namespace millrace::wire
