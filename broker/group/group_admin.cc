// ListGroups, DescribeGroups, DeleteGroups and OffsetDelete, for groups of all kinds.
#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

#include "millrace/broker/group/classic_shard.h"
#include "millrace/broker/group/group_kinds.h"
#include "millrace/broker/group/group_records.h"

namespace millrace::broker {

namespace {

std::string lower(std::string_view text) {
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    std::string result(text);
    for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return result;
}

// Names of filters are compared without case; an unknown one fits nothing.
bool fits(const std::set<std::string>& filter, std::string_view name) {
    return filter.empty() || filter.contains(lower(name));
}

std::set<std::string> lower_all(const std::vector<std::string>& names) {
    std::set<std::string> result;
    for (const std::string& name : names) result.insert(lower(name));
    return result;
}

}  // namespace

void GroupCoordinator::list_groups(const wire::ListGroupsRequest& request, Now now,
                                   std::function<void(wire::ListGroupsResponse)> answer) {
    now_ = now;
    struct Listing {
        wire::ListGroupsResponse response;
        std::size_t waiting = 1;
        std::function<void(wire::ListGroupsResponse)> answer;
        void done(ErrorCode code) {
            // Not ours any more: then they are not our groups.
            if (code != ErrorCode::None && code != ErrorCode::NotCoordinator)
                response = {.error_code = code};
            if (--waiting == 0) answer(std::move(response));
        }
    };
    const auto listing = std::make_shared<Listing>();
    listing->answer = std::move(answer);
    const auto states = lower_all(request.states_filter), types = lower_all(request.types_filter);
    for (auto& [partition, shard] : shards_) {
        const ErrorCode serving = shard->shard.serving();
        if (serving == ErrorCode::NotCoordinator) continue;
        if (serving != ErrorCode::None) {
            listing->response = {.error_code = serving};
            break;
        }
        Offset saw{0};
        for (const auto& [group_id, group] : shard->fold.groups()) {
            const ClassicMembership* members = classic(*shard, group_id);
            const std::string_view type = group_type_name(group_type(group));
            const std::string_view state = group_state_name(group, members);
            if (!fits(states, state) || !fits(types, type)) continue;
            listing->response.groups.push_back(
                {.group_id = group_id,
                 .protocol_type = std::string(group_protocol_type(group, members)),
                 .group_state = std::string(state),
                 .group_type = std::string(type)});
            saw = std::max({saw, group.membership_end, group.offsets_end});
        }
        if (saw == Offset{0}) continue;
        ++listing->waiting;
        answer_after(*shard, saw, [listing](ErrorCode code) { listing->done(code); });
    }
    listing->done(ErrorCode::None);
}

void GroupCoordinator::describe_group(
    const std::string& group_id, std::int16_t version, Now now,
    std::function<void(wire::DescribeGroupsResponse::DescribedGroup)> answer) {
    now_ = now;
    wire::DescribeGroupsResponse::DescribedGroup described;
    described.group_id = group_id;
    described.group_state = "Dead";
    ErrorCode code;
    GroupShard* shard = active(group_id, code);
    if (!shard) {
        described.error_code = code;
        return answer(std::move(described));
    }
    const Group* group = shard->fold.find(group_id);
    const Offset saw = group ? std::max(group->membership_end, group->offsets_end) : Offset{0};
    const ClassicMembership* members = classic(*shard, group_id);
    if (!members && (!group || group_type(*group) != GroupType::Classic)) {
        if (version >= 6) {  // KIP-1043; before, a dead group was no error
            described.error_code = ErrorCode::GroupIdNotFound;
            described.error_message =
                "Group " + group_id + (group ? " is not a classic group." : " not found.");
        }
    } else {
        described.group_state =
            classic_state_name(members ? members->state() : ClassicState::Empty);
        if (members) described.protocol_type = members->protocol_type().value_or("");
        const bool stable = members && members->in(ClassicState::Stable);
        if (stable) described.protocol_data = members->protocol().value_or("");
        if (members)
            for (const auto& [member_id, member] : members->members()) {
                auto& one = described.members.emplace_back();
                one.member_id = member_id;
                one.group_instance_id = member.instance_id;
                one.client_id = member.client_id;
                one.client_host = member.client_host;
                one.member_assignment = member.assignment;
                const Bytes* metadata = stable ? member.metadata(described.protocol_data) : nullptr;
                if (metadata) one.member_metadata = *metadata;
            }
    }
    answer_after(*shard, saw, [answer, described = std::move(described)](ErrorCode failed) mutable {
        if (failed != ErrorCode::None)
            described = {
                .error_code = failed, .group_id = described.group_id, .group_state = "Dead"};
        answer(std::move(described));
    });
}

void GroupCoordinator::delete_group(
    const std::string& group_id, Now now,
    std::function<void(wire::DeleteGroupsResponse::DeletableGroupResult)> answer) {
    now_ = now;
    wire::DeleteGroupsResponse::DeletableGroupResult result{.group_id = group_id};
    ErrorCode code;
    GroupShard* shard = active(group_id, code);
    if (!shard) {
        result.error_code = code;
        return answer(std::move(result));
    }
    const Group* group = shard->fold.find(group_id);
    const ClassicMembership* members = classic(*shard, group_id);
    Offset wait{0};
    if (!group) {
        result.error_code = ErrorCode::GroupIdNotFound;
    } else if (!group_is_empty(*group, members)) {
        result.error_code = ErrorCode::NonEmptyGroup;
        wait = group->membership_end;
    } else {
        std::set<TopicPartition> offsets;
        for (const auto& [tp, offset] : group->offsets) offsets.insert(tp);
        for (const auto& [producer, pending] : group->pending)
            for (const auto& [tp, offset] : pending.offsets) offsets.insert(tp);
        CoordinatorRecords records;
        for (const TopicPartition& tp : offsets) records.push_back(offset_tombstone(group_id, tp));
        for (CoordinatorRecord& record : group_tombstones(group_id, *group))
            records.push_back(std::move(record));
        log_.info("a group is deleted", {{"group", group_id}, {"offsets", offsets.size()}});
        write_in_chunks(*shard, std::move(records));
        forget_classic(*shard, group_id);
        shard->work.erase(group_id);
        timers_changed_ = true;
        wait = shard->shard.next_offset();
    }
    answer_after(*shard, wait, [answer, result = std::move(result)](ErrorCode failed) mutable {
        if (failed != ErrorCode::None) result.error_code = failed;
        answer(std::move(result));
    });
}

void GroupCoordinator::offset_delete(const wire::OffsetDeleteRequest& request, Now now,
                                     std::function<void(wire::OffsetDeleteResponse)> answer) {
    now_ = now;
    const auto refuse = [&](ErrorCode why) { answer({.error_code = why}); };
    if (request.group_id.empty()) return refuse(ErrorCode::InvalidGroupId);
    ErrorCode code;
    GroupShard* shard = active(request.group_id, code);
    if (!shard) return refuse(code);
    const Group* group = shard->fold.find(request.group_id);
    if (!group) return refuse(ErrorCode::GroupIdNotFound);
    const ClassicMembership* members = classic(*shard, request.group_id);
    const bool strangers =
        members && !members->in(ClassicState::Empty) && !members->uses_consumer_protocol();
    if (strangers) return refuse(ErrorCode::NonEmptyGroup);  // what they read is not known
    wire::OffsetDeleteResponse response;
    CoordinatorRecords records;
    for (const auto& topic : request.topics) {
        auto& answered = response.topics.emplace_back();
        answered.name = topic.name;
        const ErrorCode refused = !topics_.find(topic.name) ? ErrorCode::UnknownTopicOrPartition
                                  : group_reads(*group, members, topic.name)
                                      ? ErrorCode::GroupSubscribedToTopic
                                      : ErrorCode::None;
        for (const auto& partition : topic.partitions) {
            answered.partitions.push_back({partition.partition_index, refused});
            const TopicPartition tp{topic.name, partition.partition_index};
            if (refused == ErrorCode::None &&
                (group->offsets.contains(tp) || group->has_pending(tp)))
                records.push_back(offset_tombstone(request.group_id, tp));
        }
    }
    Offset wait = std::max(group->membership_end, group->offsets_end);
    if (!records.empty()) {
        write_in_chunks(*shard, std::move(records));
        wait = shard->shard.next_offset();
    }
    answer_after(*shard, wait, [answer, response = std::move(response)](ErrorCode failed) mutable {
        if (failed != ErrorCode::None) response = {.error_code = failed};
        answer(std::move(response));
    });
}

// Each chunk is a decision of its own, and fits a batch.
void GroupCoordinator::write_in_chunks(GroupShard& shard, CoordinatorRecords records) {
    constexpr std::size_t kRecordsPerChunk = 1'000;
    for (std::size_t at = 0; at < records.size(); at += kRecordsPerChunk) {
        const std::size_t end = std::min(at + kRecordsPerChunk, records.size());
        shard.shard.write(
            CoordinatorRecords(
                std::make_move_iterator(records.begin() + static_cast<std::ptrdiff_t>(at)),
                std::make_move_iterator(records.begin() + static_cast<std::ptrdiff_t>(end))),
            now_.wall);
    }
}

}  // namespace millrace::broker
