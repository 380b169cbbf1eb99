// OffsetCommit, TxnOffsetCommit, OffsetFetch.
#include <algorithm>
#include <utility>

#include "millrace/base/mutant.h"
#include "millrace/broker/group/classic_shard.h"
#include "millrace/broker/group/group_records.h"

namespace millrace::broker {

namespace {
constexpr std::size_t kCommitBytesPerBatch = 256 * 1024;  // a large commit becomes several batches
}

// Whether this member may commit these partitions now. (Kafka: Group.validateOffsetCommit; KIP-447,
// KIP-1251.)
ErrorCode GroupCoordinator::check_commit(GroupShard& shard, const std::string& group_id,
                                         const Commit& commit) {
    const Group* group = shard.fold.find(group_id);
    if (commit.transactional && mutant::on(Mutant::ZombieOffsetsAccepted)) return ErrorCode::None;
    const bool distinct =
        !commit.transactional || commit.version >= 6;  // KIP-1319: the codes of the new protocols
    const ErrorCode unknown_group =
        (commit.transactional ? commit.version >= 6 : commit.version >= 9)
            ? ErrorCode::GroupIdNotFound
            : ErrorCode::IllegalGeneration;
    const ErrorCode stale = distinct ? ErrorCode::StaleMemberEpoch : ErrorCode::IllegalGeneration;
    const bool anonymous = commit.epoch < 0 && commit.member_id.empty() && !commit.instance_id;
    if (ClassicMembership* membership = classic(shard, group_id)) {
        Classic c{shard, group_id, *membership};
        return check_classic_commit(c, commit);
    }
    if (!group)  // becomes a simple group with its first commit
        return commit.epoch < 0 ? ErrorCode::None : unknown_group;
    if (group->simple()) return commit.epoch < 0 ? ErrorCode::None : ErrorCode::UnknownMemberId;
    if (group->consumer) return check_consumer_commit(*group->consumer, commit);
    if (!group->streams) {  // a protocol that is not served: nobody is known to be in it
        if (commit.epoch < 0 && !group->has_members()) return ErrorCode::None;
        return commit.transactional && anonymous ? ErrorCode::None : ErrorCode::UnknownMemberId;
    }
    const StreamsGroup& streams = *group->streams;
    if (commit.epoch < 0 && streams.members.empty()) return ErrorCode::None;
    if (commit.transactional && anonymous)
        return ErrorCode::None;  // TxnOffsetCommit without group metadata
    const auto it = streams.members.find(commit.member_id);
    if (commit.instance_id) {
        const std::string* current = streams.static_member(*commit.instance_id);
        if (current && *current != commit.member_id) return ErrorCode::FencedInstanceId;
    }
    if (it == streams.members.end()) return ErrorCode::UnknownMemberId;
    if (!commit.transactional && commit.version < 9) return ErrorCode::UnsupportedVersion;
    const StreamsMember& member = it->second;
    if (commit.epoch == member.epoch) return ErrorCode::None;
    if (commit.epoch > member.epoch || commit.epoch < 0 || !streams.topology) return stale;
    // An older epoch: good for what the member has held since then, and holds.
    for (const TopicPartition& tp : commit.partitions) {
        bool good = false;
        for (const auto& sub : streams.topology->subtopologies) {
            const bool reads =
                std::ranges::find(sub.source_topics, tp.topic) != sub.source_topics.end() ||
                std::ranges::any_of(sub.repartition_source_topics,
                                    [&](const auto& topic) { return topic.name == tp.topic; });
            if (!reads) continue;
            const TaskId task{sub.subtopology_id, tp.partition};
            for (const ActiveTasks* held : {&member.active, &member.active_revoking})
                if (const auto at = held->find(task);
                    at != held->end() && commit.epoch >= at->second)
                    good = true;
        }
        if (!good) return stale;
    }
    return ErrorCode::None;
}

// Kafka: ConsumerGroup.validateOffsetCommit. Members that speak the classic protocol are told in
// its words.
ErrorCode GroupCoordinator::check_consumer_commit(const ConsumerGroup& group,
                                                  const Commit& commit) const {
    if (commit.epoch < 0 && group.members.empty()) return ErrorCode::None;
    if (commit.transactional && commit.epoch == -1 && commit.member_id.empty() &&
        !commit.instance_id)
        return ErrorCode::None;  // TxnOffsetCommit without group metadata
    const auto it = group.members.find(commit.member_id);
    if (it == group.members.end()) return ErrorCode::UnknownMemberId;
    const ConsumerMember& member = it->second;
    if (!commit.transactional && !member.classic && commit.version < 9)
        return ErrorCode::UnsupportedVersion;
    if (commit.epoch == member.epoch) return ErrorCode::None;
    const bool old_words = member.classic || (commit.transactional && commit.version < 6);
    const ErrorCode stale = old_words ? ErrorCode::IllegalGeneration : ErrorCode::StaleMemberEpoch;
    if (commit.epoch > member.epoch) return stale;
    // An older epoch: good for what the member has held since then, and holds.
    for (const TopicPartition& tp : commit.partitions) {
        const auto topic = topics_.find(tp.topic);
        if (!topic) return stale;
        const auto since = [&](const AssignedPartitions& held) -> std::optional<std::int32_t> {
            const auto at = held.find(topic->id);
            if (at == held.end() || !at->second.contains(tp.partition)) return std::nullopt;
            return at->second.at(tp.partition);
        };
        auto epoch = since(member.assigned);
        if (!epoch) epoch = since(member.revoking);
        if (!epoch || commit.epoch < *epoch) return stale;
    }
    return ErrorCode::None;
}

namespace {

// The offsets of a request as records, and its answer; requests and answers of both kinds have the
// same shape.
template <class Response, class Request>
Response read_commit(const Request& request, bool topic_ids, std::size_t metadata_bytes_max,
                     const TopicLookup& topics, Timestamp now,
                     std::vector<std::pair<TopicPartition, CommittedOffset>>& offsets) {
    Response response;
    for (const auto& topic : request.topics) {
        const auto known = topic_ids ? topics.find(topic.topic_id) : topics.find(topic.name);
        auto& answered = response.topics.emplace_back();
        answered.name = topic.name;
        answered.topic_id = topic.topic_id;
        for (const auto& partition : topic.partitions) {
            ErrorCode code = ErrorCode::None;
            const std::string metadata = partition.committed_metadata.value_or("");
            if (!known)
                code = topic_ids ? ErrorCode::UnknownTopicId : ErrorCode::UnknownTopicOrPartition;
            else if (partition.partition_index < 0 ||
                     partition.partition_index >= known->partitions)
                code = ErrorCode::UnknownTopicOrPartition;
            else if (metadata.size() > metadata_bytes_max)
                code = ErrorCode::OffsetMetadataTooLarge;
            else
                offsets.emplace_back(
                    TopicPartition{known->name, partition.partition_index},
                    CommittedOffset{.offset = partition.committed_offset,
                                    .leader_epoch = partition.committed_leader_epoch,
                                    .metadata = metadata,
                                    .commit_time = now,
                                    .topic_id = known->id});
            answered.partitions.push_back({partition.partition_index, code});
        }
    }
    return response;
}

template <class Response>
Response with_error(Response response, ErrorCode code) {
    for (auto& topic : response.topics)
        for (auto& partition : topic.partitions)
            if (partition.error_code == ErrorCode::None) partition.error_code = code;
    return response;
}

// Records in chunks that fit a batch well.
template <class Write>
void write_offsets(const std::string& group_id,
                   const std::vector<std::pair<TopicPartition, CommittedOffset>>& offsets,
                   const Write& write) {
    CoordinatorRecords records;
    std::size_t bytes = 0;
    for (const auto& [tp, offset] : offsets) {
        records.push_back(offset_record(group_id, tp, offset));
        bytes += records.back().key.size() + records.back().value->size();
        if (bytes < kCommitBytesPerBatch) continue;
        write(records);
        records.clear();
        bytes = 0;
    }
    write(records);
}

std::vector<TopicPartition> partitions_of(
    const std::vector<std::pair<TopicPartition, CommittedOffset>>& offsets) {
    std::vector<TopicPartition> partitions;
    for (const auto& [tp, offset] : offsets) partitions.push_back(tp);
    return partitions;
}

}  // namespace

void GroupCoordinator::offset_commit(const wire::OffsetCommitRequest& request, std::int16_t version,
                                     Now now,
                                     std::function<void(wire::OffsetCommitResponse)> answer) {
    now_ = now;
    std::vector<std::pair<TopicPartition, CommittedOffset>> offsets;
    auto response = read_commit<wire::OffsetCommitResponse>(
        request, version >= 10, config_.offset_metadata_bytes_max, topics_, now.wall, offsets);
    if (version <= 4 && request.retention_time_ms >= 0)  // clients of before 2.1 set it per commit
        for (auto& [tp, offset] : offsets)
            offset.expire_time = now.wall + request.retention_time_ms;
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return answer(with_error(std::move(response), code));
    const Group* group = shard->fold.find(request.group_id);
    code = check_commit(*shard, request.group_id,
                        {.member_id = request.member_id,
                         .epoch = request.generation_id_or_member_epoch,
                         .instance_id = request.group_instance_id,
                         .version = version,
                         .partitions = partitions_of(offsets)});
    Offset wait = group ? group->membership_end : Offset{0};
    if (code == ErrorCode::None && !offsets.empty()) {
        write_offsets(request.group_id, offsets, [&](const CoordinatorRecords& records) {
            shard->shard.write(records, now.wall);
        });
        wait = shard->shard.next_offset();
    }
    answer_after(
        *shard, wait, [answer, code, response = std::move(response)](ErrorCode failed) mutable {
            answer(with_error(std::move(response), failed != ErrorCode::None ? failed : code));
        });
}

void GroupCoordinator::txn_offset_commit(
    const wire::TxnOffsetCommitRequest& request, std::int16_t version, bool answer_when_appended,
    Now now, std::function<void(wire::TxnOffsetCommitResponse)> answer) {
    now_ = now;
    std::vector<std::pair<TopicPartition, CommittedOffset>> offsets;
    auto response = read_commit<wire::TxnOffsetCommitResponse>(
        request, version >= 6, config_.offset_metadata_bytes_max, topics_, now.wall, offsets);
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return answer(with_error(std::move(response), code));
    const Group* group = shard->fold.find(request.group_id);
    code = check_commit(*shard, request.group_id,
                        {.member_id = request.member_id,
                         .epoch = request.generation_id_or_member_epoch,
                         .instance_id = request.group_instance_id,
                         .transactional = true,
                         .version = version,
                         .partitions = partitions_of(offsets)});
    const Offset saw = group ? group->membership_end : Offset{0};
    const auto finish = [answer, code, response = std::move(response)](ErrorCode failed) mutable {
        answer(with_error(std::move(response), failed != ErrorCode::None ? failed : code));
    };
    if (code != ErrorCode::None || offsets.empty()) return answer_after(*shard, saw, finish);
    const ProducerIdAndEpoch producer{ProducerId{request.producer_id},
                                      ProducerEpoch{request.producer_epoch}};
    write_offsets(request.group_id, offsets, [&](const CoordinatorRecords& records) {
        shard->shard.write(records, producer, now.wall);
    });
    // A transaction's data, offsets and coordinator in one journal: EndTxn's sync covers this
    // (design 3.5).
    if (answer_when_appended)
        shard->shard.when_appended(finish);
    else
        answer_after(*shard, shard->shard.next_offset(), finish);
}

void GroupCoordinator::offset_fetch(const wire::OffsetFetchRequest::Group& request,
                                    bool require_stable, bool topic_ids,
                                    std::function<void(wire::OffsetFetchResponse::Group)> answer) {
    wire::OffsetFetchResponse::Group response;
    response.group_id = request.group_id;
    const auto refuse = [&](ErrorCode why) {
        response.error_code = why;
        answer(response);
    };
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return refuse(code);
    const Group* group = shard->fold.find(request.group_id);
    if (group && group->streams && (request.member_id || request.member_epoch >= 0)) {
        const auto it = group->streams->members.find(request.member_id.value_or(""));
        if (it == group->streams->members.end()) return refuse(ErrorCode::UnknownMemberId);
        if (it->second.epoch != request.member_epoch) return refuse(ErrorCode::StaleMemberEpoch);
    }
    if (group && group->consumer && (request.member_id || request.member_epoch >= 0)) {
        const auto it = group->consumer->members.find(request.member_id.value_or(""));
        if (it == group->consumer->members.end()) return refuse(ErrorCode::UnknownMemberId);
        if (it->second.epoch != request.member_epoch)
            return refuse(it->second.classic ? ErrorCode::IllegalGeneration
                                             : ErrorCode::StaleMemberEpoch);
    }
    const auto fetch = [&](const std::string& topic, std::int32_t index) {
        wire::OffsetFetchResponse::Partitions partition{.partition_index = index,
                                                        .committed_offset = -1,
                                                        .committed_leader_epoch = -1,
                                                        .metadata = ""};
        if (!group) return partition;
        if (require_stable && group->has_pending({topic, index})) {
            partition.error_code = ErrorCode::UnstableOffsetCommit;
            return partition;
        }
        if (const auto it = group->offsets.find({topic, index}); it != group->offsets.end()) {
            partition.committed_offset = it->second.offset;
            partition.committed_leader_epoch = it->second.leader_epoch;
            partition.metadata = it->second.metadata;
        }
        return partition;
    };
    if (request.topics) {
        for (const auto& asked : *request.topics) {
            auto& topic = response.topics.emplace_back();
            topic.name = asked.name;
            topic.topic_id = asked.topic_id;
            const auto known = topic_ids ? topics_.find(asked.topic_id) : std::nullopt;
            for (const std::int32_t index : asked.partition_indexes) {
                if (topic_ids && !known)
                    topic.partitions.push_back({.partition_index = index,
                                                .committed_offset = -1,
                                                .committed_leader_epoch = -1,
                                                .metadata = "",
                                                .error_code = ErrorCode::UnknownTopicId});
                else
                    topic.partitions.push_back(fetch(topic_ids ? known->name : asked.name, index));
            }
        }
    } else if (group) {
        for (const auto& [tp, offset] : group->offsets) {
            if (response.topics.empty() || response.topics.back().name != tp.topic) {
                const auto known = topic_ids ? topics_.find(tp.topic) : std::nullopt;
                if (topic_ids && !known) continue;  // a deleted topic has no id to name it by
                auto& topic = response.topics.emplace_back();
                topic.name = tp.topic;
                if (known) topic.topic_id = known->id;
            }
            response.topics.back().partitions.push_back(fetch(tp.topic, tp.partition));
        }
    }
    const Offset wait = group ? std::max(group->offsets_end, group->membership_end) : Offset{0};
    answer_after(*shard, wait, [answer, response = std::move(response)](ErrorCode failed) mutable {
        if (failed != ErrorCode::None) {
            response.topics.clear();
            response.error_code = failed;
        }
        answer(std::move(response));
    });
}

}  // namespace millrace::broker
