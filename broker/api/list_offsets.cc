// ListOffsets: API key 2, versions 1-11.
//
// - Timestamp -1: the high watermark, for read_committed (v2) the last stable offset; -2: the log
//   start; -3 (v7): the offset of the largest timestamp (KIP-734); -4 (v8): as -2, nothing is
//   tiered (KIP-405); -5 (v9), -6 (v11): -1, nothing is tiered.
// - From 0 on: the first record, in offset order, with at least that timestamp; -1 when there is
// none
//   below the end that the reader may see.
// - v4: current leader epoch is checked (74, 75), the offset's leader epoch is answered (KIP-320).
// - Missing: waiting for tiered storage (v10's timeout).
#include "millrace/wire/messages/list_offsets.h"

#include <set>

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

namespace {
using wire::ListOffsetsRequest;
using wire::ListOffsetsResponse;
constexpr std::int64_t kLatest = -1, kEarliest = -2, kMaxTimestamp = -3, kEarliestLocal = -4,
                       kLatestTiered = -5, kEarliestPendingUpload = -6;
constexpr std::int16_t kLeaderEpochVersion = 4;
constexpr std::int32_t kDebuggingReplica = -2;

std::int16_t version_of(std::int64_t timestamp) {  // that brought this special value
    switch (timestamp) {
        case kMaxTimestamp:
            return 7;
        case kEarliestLocal:
            return 8;
        case kLatestTiered:
            return 9;
        case kEarliestPendingUpload:
            return 11;
        default:
            return timestamp < kEarliestPendingUpload ? INT16_MAX : 1;
    }
}

Result<void> look_up(Partition& partition, std::int64_t timestamp, Offset end,
                     ListOffsetsResponse::ListOffsetsPartitionResponse& into) {
    Log& log = partition.log();
    const auto at = [&](Offset offset) {
        into.offset = offset.value();
        into.leader_epoch = log.epoch_at(offset).value_or(partition.leader_epoch()).value();
    };
    switch (timestamp) {
        case kLatest:
            return at(end), Result<void>();
        case kEarliest:
        case kEarliestLocal:
            return at(log.log_start_offset()), Result<void>();
        case kLatestTiered:
        case kEarliestPendingUpload:
            return {};
        default:
            break;
    }
    std::optional<TimestampedOffset> found;
    if (timestamp == kMaxTimestamp) {
        MR_TRY(found, log.offset_of_max_timestamp());
    } else {
        MR_TRY(found, log.offset_for_timestamp(Timestamp{timestamp}));
    }
    if (!found || found->offset >= end) return {};
    into.offset = found->offset.value();
    into.timestamp = found->timestamp.value();
    into.leader_epoch = found->leader_epoch.value();
    return {};
}

ErrorCode list(Broker::State& broker, const Request& request, const std::string& topic,
               const ListOffsetsRequest::ListOffsetsPartition& asked,
               ListOffsetsResponse::ListOffsetsPartitionResponse& into) {
    const auto& body = request.body.as<ListOffsetsRequest>();
    if (body.isolation_level != 0 && body.isolation_level != 1)
        return ErrorCode::UnknownServerError;  // as Kafka
    if (request.body.version() < version_of(asked.timestamp)) return ErrorCode::UnsupportedVersion;
    ErrorCode code = ErrorCode::None;
    Partition* partition = broker.led_partition(topic, asked.partition_index, code);
    if (!partition) return code;
    if (asked.current_leader_epoch >= 0) {
        const LeaderEpoch epoch{asked.current_leader_epoch};
        if (epoch < partition->leader_epoch()) return ErrorCode::FencedLeaderEpoch;
        if (epoch > partition->leader_epoch()) return ErrorCode::UnknownLeaderEpoch;
    }
    Offset end = partition->readable_end(body.isolation_level == 1 ? Isolation::ReadCommitted
                                                                   : Isolation::ReadUncommitted);
    if (body.replica_id >= 0 || body.replica_id == kDebuggingReplica) end = partition->log_end();
    const auto done = look_up(*partition, asked.timestamp, end, into);
    if (request.body.version() < kLeaderEpochVersion) into.leader_epoch = -1;
    if (done) return ErrorCode::None;
    broker.log.warn(
        "offset lookup failed",
        {{"partition", partition->topic_partition().to_string()}, {"detail", done.error().detail}});
    return done.error().code;
}
}  // namespace

void handle_list_offsets(Broker::State& broker, const Request& request) {
    const auto& body = request.body.as<ListOffsetsRequest>();
    std::set<std::pair<std::string, std::int32_t>> seen, twice, answered_once;
    for (const auto& topic : body.topics)
        for (const auto& asked : topic.partitions)
            if (!seen.emplace(topic.name, asked.partition_index).second)
                twice.emplace(topic.name, asked.partition_index);
    ListOffsetsResponse response;
    for (const auto& topic : body.topics) {
        auto& answered = response.topics.emplace_back();
        answered.name = topic.name;
        for (const auto& asked : topic.partitions) {
            if (twice.contains({topic.name, asked.partition_index}) &&
                !answered_once.insert({topic.name, asked.partition_index}).second)
                continue;
            auto& partition = answered.partitions.emplace_back();
            partition.partition_index = asked.partition_index;
            partition.error_code = twice.contains({topic.name, asked.partition_index})
                                       ? ErrorCode::InvalidRequest
                                       : list(broker, request, topic.name, asked, partition);
        }
    }
    broker.answer(request, std::move(response));
}

}  // namespace millrace::broker
