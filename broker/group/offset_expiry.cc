// Offsets that nobody needs any more: of groups without members after their retention, and of
// deleted topics.
#include <algorithm>

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/broker/group/group_records.h"
#include "millrace/broker/group/group_shard.h"

namespace millrace::broker {

namespace {
constexpr std::size_t kTombstonesPerWrite = 1'000;
}

void GroupCoordinator::expire_offsets(GroupShard& shard) {
    CoordinatorRecords records;
    for (const auto& [group_id, group] : shard.fold.groups()) {
        if (group.has_members() || !group.pending.empty()) continue;
        // A group's offsets live on while any of them is fresh: its members left no earlier than
        // their last commit.
        Timestamp last{INT64_MIN};
        for (const auto& [tp, offset] : group.offsets) last = std::max(last, offset.commit_time);
        std::size_t left = group.offsets.size();
        for (const auto& [tp, offset] : group.offsets) {
            const Timestamp since = group.streams ? last : offset.commit_time;
            const Timestamp until =
                offset.expire_time.value_or(since + config_.offsets_retention_ms);
            if (until > now_.wall) continue;
            records.push_back(offset_tombstone(group_id, tp));
            --left;
        }
        if (left == 0 && !group.offsets.empty() && group.streams) {
            for (CoordinatorRecord& record : streams_group_tombstones(group_id))
                records.push_back(std::move(record));
            log_.info("a streams group expired", {{"group", group_id}});
        }
        if (records.size() >= kTombstonesPerWrite) break;  // the rest next time
    }
    shard.shard.write(records, now_.wall);
}

void GroupCoordinator::topics_deleted(const std::vector<KnownTopic>& deleted, Now now) {
    now_ = now;
    for (auto& [partition, shard] : shards_) {
        if (shard->shard.state() != ShardState::Active) continue;
        CoordinatorRecords records;
        for (const auto& [group_id, group] : shard->fold.groups())
            for (const KnownTopic& topic : deleted)
                for (auto it = group.offsets.lower_bound({topic.name, INT32_MIN});
                     it != group.offsets.end() && it->first.topic == topic.name; ++it)
                    if (it->second.topic_id.is_zero() || it->second.topic_id == topic.id)
                        records.push_back(offset_tombstone(group_id, it->first));
        shard->shard.write(records, now.wall);
    }
}

}  // namespace millrace::broker
