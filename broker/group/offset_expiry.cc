// Offsets that nobody needs any more: of groups without members after their retention, and of
// deleted topics.
#include <algorithm>

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/broker/group/group_kinds.h"
#include "millrace/broker/group/group_records.h"
#include "millrace/broker/group/group_shard.h"

namespace millrace::broker {

namespace {
constexpr std::size_t kTombstonesPerWrite = 1'000;

// Since when an offset lives on its own: the retention counts from there. (Kafka:
// Group.offsetExpirationCondition.) Nothing: none of the group's offsets expires now.
std::optional<Timestamp> expires_since(const Group& group, const ClassicMembership* classic,
                                       const CommittedOffset& offset, Timestamp last_commit) {
    switch (group_type(group)) {
        case GroupType::Streams:  // its members left no earlier than their last commit
            return group.has_members() ? offset.commit_time : last_commit;
        case GroupType::Consumer:
            return offset.commit_time;
        case GroupType::Share:
            return std::nullopt;
        case GroupType::Classic:
            break;
    }
    if (!classic || !classic->protocol_type()) return offset.commit_time;  // a simple group
    if (classic->in(ClassicState::Empty))
        return classic->state_since().value_or(offset.commit_time);
    if (classic->in(ClassicState::Stable) && classic->subscribed_topics())
        return offset.commit_time;
    return std::nullopt;
}

}  // namespace

void GroupCoordinator::expire_offsets(GroupShard& shard) {
    CoordinatorRecords records;
    std::vector<std::string> dead;
    for (const auto& [group_id, group] : shard.fold.groups()) {
        const ClassicMembership* members = classic(shard, group_id);
        Timestamp last{INT64_MIN};
        for (const auto& [tp, offset] : group.offsets) last = std::max(last, offset.commit_time);
        std::size_t left = group.offsets.size();
        for (const auto& [tp, offset] : group.offsets) {
            const auto since = expires_since(group, members, offset, last);
            if (!since || group_reads(group, members, tp.topic) || group.has_pending(tp)) continue;
            const Timestamp until =
                offset.expire_time.value_or(*since + config_.offsets_retention_ms);
            if (until > now_.wall) continue;
            records.push_back(offset_tombstone(group_id, tp));
            --left;
        }
        // Nothing is left to remember, and nobody is there.
        if (left == 0 && group.pending.empty() && group_is_empty(group, members) &&
            group_type(group) != GroupType::Share) {
            for (CoordinatorRecord& record : group_tombstones(group_id, group))
                records.push_back(std::move(record));
            dead.push_back(group_id);
        }
        if (records.size() >= kTombstonesPerWrite) break;  // the rest next time
    }
    write_in_chunks(shard, std::move(records));
    for (const std::string& group_id : dead) {
        log_.info("a group expired", {{"group", group_id}});
        forget_classic(shard, group_id);
        shard.work.erase(group_id);
        shard.consumer_work.erase(group_id);
    }
}

void GroupCoordinator::topics_deleted(const std::vector<KnownTopic>& deleted, Now now) {
    now_ = now;
    for (auto& [partition, shard] : shards_) {
        for (auto& [group_id, work] : shard->consumer_work)
            work.metadata_stale = work.regexes_stale = true;
        if (shard->shard.state() != ShardState::Active) continue;
        CoordinatorRecords records;
        for (const auto& [group_id, group] : shard->fold.groups())
            for (const KnownTopic& topic : deleted) {
                for (auto it = group.offsets.lower_bound({topic.name, INT32_MIN});
                     it != group.offsets.end() && it->first.topic == topic.name; ++it)
                    if (it->second.topic_id.is_zero() || it->second.topic_id == topic.id)
                        records.push_back(offset_tombstone(group_id, it->first));
                for (const auto& [producer, pending] : group.pending)
                    for (const auto& [tp, offset] : pending.offsets)
                        if (tp.topic == topic.name && !group.offsets.contains(tp) &&
                            (offset.topic_id.is_zero() || offset.topic_id == topic.id))
                            records.push_back(offset_tombstone(group_id, tp));
            }
        write_in_chunks(*shard, std::move(records));
    }
}

}  // namespace millrace::broker
