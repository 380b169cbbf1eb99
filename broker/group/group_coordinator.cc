#include "millrace/broker/group/group_coordinator.h"

#include <algorithm>
#include <utility>

#include "millrace/broker/group/group_shard.h"

namespace millrace::broker {

namespace {
constexpr Duration kLoadRetry = std::chrono::milliseconds(100);
}

GroupCoordinator::GroupCoordinator(GroupConfig config, const TopicLookup& topics, LogSink& log)
    : config_(std::move(config)), topics_(topics), log_(log), random_(config_.seed) {}
GroupCoordinator::~GroupCoordinator() = default;

GroupCoordinator::GroupShard* GroupCoordinator::find(std::int32_t partition) {
    const auto it = shards_.find(partition);
    return it == shards_.end() ? nullptr : it->second.get();
}

GroupCoordinator::GroupShard* GroupCoordinator::active(const std::string& group_id,
                                                       ErrorCode& code) {
    GroupShard* shard = find(partition_of(group_id));
    code = shard ? shard->shard.serving() : ErrorCode::NotCoordinator;
    return code == ErrorCode::None ? shard : nullptr;
}

ErrorCode GroupCoordinator::serving(const std::string& group_id) const {
    const auto it = shards_.find(partition_of(group_id));
    return it == shards_.end() ? ErrorCode::NotCoordinator : it->second->shard.serving();
}

const GroupFold* GroupCoordinator::fold(std::int32_t partition) const {
    const auto it = shards_.find(partition);
    return it == shards_.end() ? nullptr : &it->second->fold;
}

bool GroupCoordinator::unflushed() const {
    return std::ranges::any_of(busy_, [](const Shard* shard) { return shard->unflushed(); });
}

void GroupCoordinator::lead(std::int32_t partition, PartitionLog& log) {
    timers_changed_ = true;
    resign(partition);
    auto& shard = shards_[partition];
    if (!shard) shard = std::make_unique<GroupShard>(busy_);
    shard->drop_loopback = true;
    shard->shard.lead(log);
}

void GroupCoordinator::resign(std::int32_t partition) {
    GroupShard* shard = find(partition);
    if (!shard) return;
    shard->shard.resign();
    forget_work(*shard);
}

// The requests that wait find the shard not serving, and say so.
void GroupCoordinator::forget_work(GroupShard& shard) {
    timers_changed_ = true;
    shard.consumer_work.clear();
    auto work = std::exchange(shard.work, {});
    for (auto& [group_id, streams] : work)
        for (auto& one : streams.waiting) one.run(true);
    forget_classic(shard);
}

void GroupCoordinator::became_active(GroupShard& shard) {
    std::vector<std::pair<std::string, std::vector<std::string>>> dead, dead_consumers;
    for (const auto& [group_id, group] : shard.fold.groups()) {
        std::vector<std::string> gone;
        if (group.consumer) {
            for (const auto& [member_id, member] : group.consumer->members)
                if (shard.drop_loopback && member.client_host == kLoopbackHost)
                    gone.push_back(member_id);
                else
                    note_consumer(shard, group_id, member_id, member);
            if (!gone.empty()) dead_consumers.emplace_back(group_id, std::move(gone));
        }
        if (!group.streams) continue;
        for (const auto& [member_id, member] : group.streams->members) {
            if (shard.drop_loopback && member.client_host == kLoopbackHost)
                gone.push_back(member_id);
            else
                note_member(shard, group_id, member_id,
                            member);  // everybody has a whole session from now
        }
        if (!gone.empty()) dead.emplace_back(group_id, std::move(gone));
    }
    for (const auto& [group_id, members] : dead)
        remove_members(shard, group_id, members, "it died with the process it ran in");
    load_classic(shard);
    for (const auto& [group_id, members] : dead_consumers)
        remove_consumers(shard, group_id, members, "it died with the process it ran in");
    // An append that fails loads the log again, and does this again.
    shard.shard.when_appended([&shard](ErrorCode code) {
        if (code == ErrorCode::None) shard.drop_loopback = false;
    });
}

void GroupCoordinator::answer_after(GroupShard& shard, Offset end, Completion answer) {
    if (shard.shard.committed(end)) return answer(ErrorCode::None);
    shard.shard.when_committed(end, std::move(answer));
}

void GroupCoordinator::flush(Now now) {
    now_ = now;
    if (busy_.empty()) return;
    flush_busy(busy_, [this](Shard& failed) {
        for (auto& [partition, shard] : shards_) {
            if (&shard->shard != &failed) continue;
            log_.warn("append to the group log failed, loading it again",
                      {{"partition", partition}});
            forget_work(*shard);
        }
    });
}

void GroupCoordinator::tick(Now now) {
    now_ = now;
    timers_changed_ = true;
    for (auto& [partition, shard] : shards_) {
        if (shard->shard.state() == ShardState::Loading) {
            if (shard->shard.load()) became_active(*shard);
            const bool unreadable = shard->shard.load_error().has_value();
            if (unreadable && !std::exchange(shard->told_load_error, true))
                log_.error(
                    "the group log cannot be read",
                    {{"partition", partition}, {"detail", shard->shard.load_error()->detail}});
        }
        if (shard->shard.state() != ShardState::Active) continue;
        expire_members(*shard);
        expire_consumers(*shard);
        delayed_assignments(*shard);
        classic_tick(*shard);
        std::vector<std::function<void(bool)>> expired;
        for (auto& [group_id, work] : shard->work)
            std::erase_if(work.waiting, [&](StreamsWork::Waiting& one) {
                if (one.until > now.time) return false;
                expired.push_back(std::move(one.run));
                return true;
            });
        for (auto& run : expired) run(true);
    }
    if (now.time >= next_offset_expiry_) {
        const bool first = next_offset_expiry_ == Time{0};
        next_offset_expiry_ = now.time + config_.offsets_retention_interval;
        for (auto& [partition, shard] : shards_)
            if (!first && shard->shard.state() == ShardState::Active) expire_offsets(*shard);
    }
    flush(now);
}

GroupEffects GroupCoordinator::take_effects() {
    if (std::exchange(timers_changed_, false)) wake_at_ = next_wake();
    GroupEffects effects = std::exchange(effects_, {});
    effects.wake_at = wake_at_;
    return effects;
}

Time GroupCoordinator::next_wake() const {
    Time wake_at = Time::never();
    const auto wake = [&](Time at) { wake_at = std::min(wake_at, at); };
    for (const auto& [partition, shard] : shards_) {
        if (shard->shard.state() == ShardState::Loading)
            wake(shard->shard.load_error() ? now_.time + kLoadRetry : now_.time);
        for (const auto& [group_id, work] : shard->work) {
            wake(work.timers.next_wake());
            for (const auto& one : work.waiting) wake(one.until);
            if (work.assign_after > now_.time) wake(work.assign_after);
        }
        if (!shard->classic_due.empty()) wake(shard->classic_due.begin()->first);
        for (const auto& [group_id, work] : shard->consumer_work) wake(work.timers.next_wake());
        if (!shard->fold.groups().empty()) wake(next_offset_expiry_);
    }
    return wake_at;
}

void GroupCoordinator::topics_changed(Now now) {
    now_ = now;
    for (auto& [partition, shard] : shards_) {
        for (auto& [group_id, work] : shard->consumer_work)
            work.metadata_stale = work.regexes_stale = true;
        std::vector<std::string> groups;
        for (auto& [group_id, work] : shard->work) {
            std::erase_if(work.creating, [&](const std::string& topic) {
                return topics_.find(topic).has_value();
            });
            if (!work.waiting.empty()) groups.push_back(group_id);
        }
        for (const std::string& group_id : groups) release_waiting(*shard, group_id, false);
    }
}

void GroupCoordinator::internal_topic_created(const std::string& group_id, const std::string& topic,
                                              ErrorCode code, const std::string& detail, Now now) {
    now_ = now;
    GroupShard* shard = find(partition_of(group_id));
    if (!shard) return;
    const auto it = shard->work.find(group_id);
    if (it == shard->work.end()) return;
    // Made (by whomever): topics_changed() follows, when our image has it.
    if (code == ErrorCode::None || code == ErrorCode::TopicAlreadyExists) return;
    StreamsWork& work = it->second;
    if (work.creating.erase(topic) == 0) return;
    log_.warn("an internal topic could not be created",
              {{"group", group_id}, {"topic", topic}, {"error", name(code)}, {"detail", detail}});
    work.failed[topic] = {
        detail.empty() ? std::string(name(code)) : detail,
        now.time + 2 * std::chrono::milliseconds(config_.streams_heartbeat_interval_ms)};
    release_waiting(*shard, group_id, false);
}

void GroupCoordinator::release_waiting(GroupShard& shard, const std::string& group_id,
                                       bool expired) {
    auto waiting = std::exchange(shard.work[group_id].waiting, {});
    for (auto& one : waiting) one.run(expired);
}

void GroupCoordinator::write_marker(std::int32_t partition, const TxnMarker& marker, Now now,
                                    Completion written) {
    now_ = now;
    GroupShard* shard = find(partition);
    const ErrorCode code = shard ? shard->shard.serving() : ErrorCode::NotCoordinator;
    if (code != ErrorCode::None) return written(code);
    shard->shard.write(marker, now.wall);
    shard->shard.when_committed(shard->shard.next_offset(), std::move(written));
}

}  // namespace millrace::broker
