// DescribeLogDirs, key 35, versions 1-5 (KIP-113, KIP-827), and AlterReplicaLogDirs, key 34,
// versions 1-2 (Java: ReplicaManager).
// - The data directory with the sizes of the partitions that are asked for: null: all, none named:
//   none. v3 top-level error, v4 total and usable bytes of the volume, v5 cordoned (never).
// - AlterReplicaLogDirs: a partition can only stay where it is; another directory: 57. There is
// one.
#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"
#include "millrace/wire/messages/alter_replica_log_dirs.h"
#include "millrace/wire/messages/describe_log_dirs.h"

namespace millrace::broker {

void handle_describe_log_dirs(Broker::State& broker, const Request& request) {
    const auto& asked = request.body.as<wire::DescribeLogDirsRequest>();
    wire::DescribeLogDirsResponse response;
    auto& directory = response.results.emplace_back();
    directory.log_dir = broker.config.log_dirs.front();
    if (broker.directory->offline()) {
        directory.error_code = ErrorCode::KafkaStorageError;
        return broker.answer(request, std::move(response));
    }
    directory.total_bytes = broker.disk.total_bytes(directory.log_dir);
    directory.usable_bytes = broker.disk.free_bytes(directory.log_dir);
    std::map<std::string, std::vector<wire::DescribeLogDirsResponse::DescribeLogDirsPartition>>
        sizes;
    const auto add = [&](const Partition& partition) {
        auto& one = sizes[partition.topic()].emplace_back();
        one.partition_index = partition.index();
        one.partition_size = partition.log().size_bytes();
    };
    if (!asked.topics) {
        for (const auto& [tp, partition] : broker.partitions) add(*partition);
    } else {
        std::set<TopicPartition> seen;
        for (const auto& topic : *asked.topics)
            for (const std::int32_t index : topic.partitions)
                if (seen.insert({topic.topic, index}).second)
                    if (const Partition* partition = broker.partition(topic.topic, index))
                        add(*partition);
    }
    for (auto& [name, partitions] : sizes)
        directory.topics.push_back({name, std::move(partitions)});
    broker.answer(request, std::move(response));
}

void handle_alter_replica_log_dirs(Broker::State& broker, const Request& request) {
    wire::AlterReplicaLogDirsResponse response;
    std::map<std::string, std::map<std::int32_t, ErrorCode>> results;
    for (const auto& directory : request.body.as<wire::AlterReplicaLogDirsRequest>().dirs) {
        const bool ours = directory.path == broker.config.log_dirs.front();
        for (const auto& topic : directory.topics)
            for (const std::int32_t index : topic.partitions)
                results[topic.name][index] = !ours ? ErrorCode::LogDirNotFound
                                             : broker.partition(topic.name, index)
                                                 ? ErrorCode::None
                                                 : ErrorCode::UnknownTopicOrPartition;
    }
    for (const auto& [name, partitions] : results) {
        auto& topic = response.results.emplace_back();
        topic.topic_name = name;
        for (const auto& [index, code] : partitions) topic.partitions.push_back({index, code});
    }
    broker.answer(request, std::move(response));
}

}  // namespace millrace::broker
