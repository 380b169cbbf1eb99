// What time does to members of consumer groups: sessions end, revocations take too long; and what
// is set for a group.
#include <algorithm>
#include <charconv>

#include "millrace/base/mutant.h"
#include "millrace/broker/group/consumer_records.h"
#include "millrace/broker/group/consumer_shard.h"

namespace millrace::broker {

std::string_view consumer_group_state(const ConsumerGroup& group) {
    if (group.members.empty()) return "Empty";
    if (group.epoch > group.target_epoch) return "Assigning";
    for (const auto& [id, member] : group.members)
        if (member.state != ConsumerMemberState::Stable || member.epoch != group.target_epoch)
            return "Reconciling";
    return "Stable";
}

// What is set for the group, within the broker's bounds; else the broker's.
std::int32_t GroupCoordinator::group_setting(const std::string& group_id, const std::string& key,
                                             std::int32_t otherwise, std::int32_t min,
                                             std::int32_t max) const {
    const auto text = topics_.config_of_group(group_id, key);
    if (!text) return otherwise;
    std::int32_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size()) return otherwise;
    return std::clamp(value, min, std::max(min, max));
}

std::int32_t GroupCoordinator::consumer_session_timeout(const std::string& group_id) const {
    return group_setting(
        group_id, "consumer.session.timeout.ms", config_.consumer_session_timeout_ms,
        config_.consumer_session_timeout_min_ms, config_.consumer_session_timeout_max_ms);
}

std::int32_t GroupCoordinator::consumer_heartbeat_interval(const std::string& group_id) const {
    return group_setting(
        group_id, "consumer.heartbeat.interval.ms", config_.consumer_heartbeat_interval_ms,
        config_.consumer_heartbeat_interval_min_ms, config_.consumer_heartbeat_interval_max_ms);
}

std::int32_t GroupCoordinator::consumer_assignment_interval(const std::string& group_id) const {
    return group_setting(
        group_id, "consumer.assignment.interval.ms", config_.consumer_assignment_interval_ms,
        config_.consumer_assignment_interval_min_ms, config_.consumer_assignment_interval_max_ms);
}

void GroupCoordinator::note_consumer(GroupShard& shard, const std::string& group_id,
                                     const std::string& member_id, const ConsumerMember& member) {
    MemberTimers& timers = shard.consumer_work[group_id].timers;
    const auto after = [&](std::int32_t ms) { return now_.time + std::chrono::milliseconds(ms); };
    bool earlier =
        timers.heard(member_id, after(member.classic ? member.classic->session_timeout_ms
                                                     : consumer_session_timeout(group_id)));
    if (member.classic) {  // what is expected of it stands with its requests
    } else if (member.state == ConsumerMemberState::UnrevokedPartitions)
        earlier |= timers.must_revoke(member_id, member.epoch,
                                      after(std::max(member.rebalance_timeout_ms, 0)));
    else
        timers.has_revoked(member_id);
    timers_changed_ = timers_changed_ || earlier;
}

void GroupCoordinator::expire_consumers(GroupShard& shard) {
    std::map<std::string, std::vector<std::string>> silent, slow;
    for (const auto& [group_id, work] : shard.consumer_work) {
        silent[group_id] = work.timers.silent(now_.time);
        slow[group_id] = work.timers.slow(now_.time);
    }
    if (mutant::on(Mutant::SessionNeverEnds)) silent.clear();
    for (const auto& [group_id, members] : silent)
        remove_consumers(shard, group_id, members, "its session ended");
    for (const auto& [group_id, members] : slow)
        remove_consumers(shard, group_id, members, "it did not give up its partitions in time");
}

// GroupMetadataManager.consumerGroupFenceMembers.
void GroupCoordinator::remove_consumers(GroupShard& shard, const std::string& group_id,
                                        const std::vector<std::string>& member_ids,
                                        std::string_view why) {
    if (member_ids.empty()) return;
    timers_changed_ = true;
    ConsumerWork& work = shard.consumer_work[group_id];
    const Group* group = shard.fold.find(group_id);
    const ConsumerGroup* consumer = group && group->consumer ? &*group->consumer : nullptr;
    std::vector<std::string> gone;
    CoordinatorRecords records;
    for (const std::string& member_id : member_ids) {
        work.timers.forget(member_id);
        if (!consumer || !consumer->members.contains(member_id)) continue;
        log_.info("a member leaves its consumer group",
                  {{"group", group_id}, {"member", member_id}, {"why", why}});
        gone.push_back(member_id);
        for (CoordinatorRecord& record : consumer_member_tombstones(group_id, member_id))
            records.push_back(std::move(record));
    }
    if (gone.empty()) return;
    if (downgrade_to_classic(shard, group_id, *consumer, gone)) return;
    const auto left = ConsumerMembers(*consumer).without(gone);
    const auto needed = left.regexes();
    auto regexes = consumer->regexes;
    for (const auto& [regex, count] : ConsumerMembers(*consumer).regexes()) {
        if (needed.contains(regex)) continue;
        regexes.erase(regex);
        records.push_back(consumer_regex_tombstone(group_id, regex));
    }
    const std::int32_t epoch = consumer->epoch + 1;
    records.push_back(
        consumer_epoch_record(group_id, epoch, subscription_hash(left, regexes, topics_)));
    if (gone.size() == consumer->members.size())
        records.push_back(consumer_target_epoch_record(group_id, epoch, Timestamp{0}));
    work.settling_until =
        now_.time + std::chrono::milliseconds(consumer_heartbeat_interval(group_id));
    shard.shard.write(records, now_.wall);
}

}  // namespace millrace::broker
