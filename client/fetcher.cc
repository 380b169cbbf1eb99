// Positions, sessions and requests of a Fetcher. What is inside an answer: fetched_batches.cc.
#include "millrace/client/fetcher.h"

#include <algorithm>
#include <set>

#include "millrace/client/fetched_batches.h"
#include "millrace/wire/messages/list_offsets.h"
#include "millrace/wire/messages/offset_for_leader_epoch.h"

namespace millrace::client {

namespace {
// How long the last free lane of a node may wait while a partition of that node is paused: it may
// be wanted any moment.
constexpr Duration kWaitWhilePaused = std::chrono::milliseconds(5);
constexpr int kCorruptMax = 5;
}  // namespace

Fetcher::Fetcher(Cluster& cluster, FetcherConfig config, FetchSink& sink, LogSink& log)
    : cluster_(cluster), config_(std::move(config)), sink_(sink), log_(log) {}

void Fetcher::assign(const TopicPartition& tp, Tag tag, std::optional<Offset> position,
                     std::optional<LeaderEpoch> epoch) {
    Partition& p = partitions_[tp];
    p = Partition{};
    p.tag = tag;
    p.reset = config_.reset;
    seek(tp, position, epoch);
}

void Fetcher::seek(const TopicPartition& tp, std::optional<Offset> position,
                   std::optional<LeaderEpoch> epoch) {
    const auto it = partitions_.find(tp);
    if (it == partitions_.end()) return;
    Partition& p = it->second;
    p.serial = next_serial_++;
    p.position = position;
    p.epoch = epoch;
    p.validated_with.reset();
    p.busy = p.truncated = false;
    p.phase = position ? Phase::Fetching : Phase::Resetting;
    p.end.reset();
    p.retry_at = Time{INT64_MIN};
    changed_ = true;
}

void Fetcher::remove(const TopicPartition& tp) {
    partitions_.erase(tp);
    changed_ = true;
}

void Fetcher::clear() {
    partitions_.clear();
    changed_ = true;
}

void Fetcher::pause(const TopicPartition& tp, bool paused) {
    const auto it = partitions_.find(tp);
    if (it == partitions_.end() || it->second.paused == paused) return;
    it->second.paused = paused;
    changed_ = true;
}

std::optional<Offset> Fetcher::position(const TopicPartition& tp) const {
    const auto it = partitions_.find(tp);
    return it == partitions_.end() ? std::nullopt : it->second.position;
}

std::optional<std::int64_t> Fetcher::lag(const TopicPartition& tp) const {
    const auto it = partitions_.find(tp);
    if (it == partitions_.end() || !it->second.position || !it->second.end) return std::nullopt;
    return std::max<std::int64_t>(0, *it->second.end - *it->second.position);
}

std::optional<Offset> Fetcher::end_offset(const TopicPartition& tp) const {
    const auto it = partitions_.find(tp);
    return it == partitions_.end() ? std::nullopt : it->second.end;
}

std::optional<Offset> Fetcher::log_start(const TopicPartition& tp) const {
    const auto it = partitions_.find(tp);
    return it == partitions_.end() ? std::nullopt : it->second.log_start;
}

void Fetcher::back_off(Partition& partition) {
    partition.retry_at = cluster_.now().time + cluster_.backoff(partition.failures++);
    changed_ = true;
}

Time Fetcher::next_due() const {
    return changed_ || seen_metadata_ != cluster_.metadata_version() ? cluster_.now().time
                                                                     : due_at_;
}

void Fetcher::poll() {
    const Time now = cluster_.now().time;
    if (!changed_ && due_at_ > now && seen_metadata_ == cluster_.metadata_version()) return;
    changed_ = false;
    seen_metadata_ = cluster_.metadata_version();
    due_at_ = Time::never();
    std::map<NodeId, std::vector<TopicPartition>> want;
    std::set<NodeId> with_paused;
    for (auto& [tp, p] : partitions_) {
        if (p.phase == Phase::Failed || p.busy) continue;
        if (p.retry_at > now) {
            due_at_ = std::min(due_at_, p.retry_at);
            continue;
        }
        const PartitionMetadata* metadata = cluster_.partition(tp);
        if (!metadata || !metadata->leader) {
            cluster_.refresh_metadata();
            p.retry_at = now + cluster_.config().retry_backoff;
            due_at_ = std::min(due_at_, p.retry_at);
            continue;
        }
        if (p.paused) {
            with_paused.insert(*metadata->leader);
            continue;
        }
        if (p.phase == Phase::Resetting) {
            start_reset(tp, p);
            continue;
        }
        // A new leader may have a shorter log than what we read (KIP-320). Within one epoch nothing
        // is cut.
        if (p.epoch && metadata->epoch && p.validated_with != metadata->epoch) {
            if (*p.epoch == *metadata->epoch) {
                p.validated_with = metadata->epoch;
            } else {
                start_validation(tp, p, *metadata->leader, *metadata->epoch);
                continue;
            }
        }
        want[*metadata->leader].push_back(tp);
    }
    for (auto& [node, partitions] : want) {
        const SlotKey first{node, config_.lane},
            second{node, config_.second_lane.value_or(config_.lane)};
        const auto free = [&](const SlotKey& key) {
            const Slot& slot = slots_[key];
            if (!slot.busy && slot.retry_at > now) due_at_ = std::min(due_at_, slot.retry_at);
            return !slot.busy && slot.retry_at <= now;
        };
        const bool first_free = free(first), second_free = config_.second_lane && free(second);
        if (!first_free && !second_free) continue;
        const bool last_free = !(first_free && second_free);
        // Until the end of a partition is known, tasks wait for it: the first answer is wanted at
        // once.
        const bool news =
            std::any_of(partitions.begin(), partitions.end(),
                        [&](const TopicPartition& tp) { return !partitions_.at(tp).end; });
        const Duration wait = news                                      ? Duration{}
                              : last_free && with_paused.contains(node) ? kWaitWhilePaused
                                                                        : config_.fetch_max_wait;
        send_fetch(first_free ? first : second, std::move(partitions),
                   std::min(wait, config_.fetch_max_wait));
    }
}

void Fetcher::send_fetch(SlotKey key, std::vector<TopicPartition> want, Duration wait) {
    Slot& slot = slots_[key];
    slot.busy = true;
    // An incremental answer leaves out what has not changed since the session's last one. Whoever
    // was assigned anew since then does not know that one: only a full fetch tells the end again.
    // Epoch 0 under the old id closes the old session (KIP-227).
    const auto unheard = [&](const TopicPartition& tp) {
        return !partitions_.at(tp).end && slot.session.contains(tp);
    };
    if (std::any_of(want.begin(), want.end(), unheard)) {
        slot.session_epoch = 0;
        slot.session.clear();
    }
    bool ids = true;
    for (const TopicPartition& tp : want) ids &= !cluster_.topic(tp.topic)->id.is_zero();
    for (const auto& [tp, in] : slot.session) ids &= !in.topic_id.is_zero();
    std::vector<Asked> asked;
    std::map<TopicPartition, InSession> next;
    std::vector<TopicPartition> changed;
    for (const TopicPartition& tp : want) {
        Partition& p = partitions_.at(tp);
        p.busy = true;
        asked.push_back({tp, p.serial, *p.position});
        const PartitionMetadata* metadata = cluster_.partition(tp);
        const InSession in{p.position->value(), metadata->epoch ? metadata->epoch->value() : -1,
                           cluster_.topic(tp.topic)->id};
        const auto before = slot.session.find(tp);
        if (slot.session_epoch == 0 || before == slot.session.end() || !(before->second == in))
            changed.push_back(tp);
        next.emplace(tp, in);
    }
    std::vector<std::pair<TopicPartition, Uuid>> forgotten;
    if (slot.session_epoch != 0) {
        for (const auto& [tp, in] : slot.session) {
            const auto now = next.find(tp);
            if (now == next.end() || now->second.topic_id != in.topic_id)
                forgotten.push_back({tp, in.topic_id});
        }
    }
    slot.session = std::move(next);

    auto request = std::make_shared<wire::FetchRequest>();
    request->max_wait_ms = static_cast<std::int32_t>(wait / std::chrono::milliseconds(1));
    request->min_bytes = config_.fetch_min_bytes;
    request->max_bytes = config_.fetch_max_bytes;
    request->isolation_level = config_.read_committed ? 1 : 0;
    request->session_id = slot.session_id;
    request->session_epoch = slot.session_epoch;
    for (const TopicPartition& tp : changed) {  // sorted by topic
        const InSession& in = slot.session.at(tp);
        if (request->topics.empty() || request->topics.back().topic != tp.topic) {
            auto& topic = request->topics.emplace_back();
            topic.topic = tp.topic;
            topic.topic_id = in.topic_id;
        }
        auto& partition = request->topics.back().partitions.emplace_back();
        partition.partition = tp.partition;
        partition.current_leader_epoch = in.leader_epoch;
        partition.fetch_offset = in.offset;
        partition.partition_max_bytes = config_.max_partition_fetch_bytes;
    }
    for (const auto& [tp, id] : forgotten) {
        auto& topics = request->forgotten_topics_data;
        if (topics.empty() || topics.back().topic != tp.topic) {
            auto& topic = topics.emplace_back();
            topic.topic = tp.topic;
            topic.topic_id = id;
        }
        topics.back().partitions.push_back(tp.partition);
    }
    Call call;
    call.target = key.first;
    call.lane = key.second;
    call.api = wire::ApiKey::Fetch;
    call.version_min = 7;  // sessions
    call.version_max = ids ? 17 : 12;
    call.build = [request](std::int16_t version) {
        wire::FetchRequest body = *request;
        for (auto& topic :
             body.topics) {  // the other of the two is ignorable: leave it out of what is shared
            if (version >= 13) topic.topic.clear();
            if (version < 13) topic.topic_id = Uuid{};
        }
        for (auto& topic : body.forgotten_topics_data) {
            if (version >= 13) topic.topic.clear();
            if (version < 13) topic.topic_id = Uuid{};
        }
        return wire::AnyRequest::of(std::move(body), version);
    };
    call.done = [this, key, asked = std::move(asked)](Answer answer) mutable {
        arrived(key, std::move(asked), std::move(answer));
    };
    cluster_.call(scope_, std::move(call));
}

void Fetcher::arrived(SlotKey key, std::vector<Asked> asked, Answer answer) {
    Slot& slot = slots_[key];
    slot.busy = false;
    changed_ = true;
    for (const Asked& a : asked) {
        const auto it = partitions_.find(a.tp);
        if (it != partitions_.end() && it->second.serial == a.serial) it->second.busy = false;
    }
    const auto close_session = [&slot] {
        slot.session_id = slot.session_epoch = 0;
        slot.session.clear();
    };
    if (!answer.ok()) {
        close_session();
        slot.retry_at = cluster_.now().time + cluster_.backoff(slot.failures++);
        if (answer.error == ErrorCode::UnsupportedVersion)
            log_.error("cannot fetch", {{"reason", answer.detail}});
        return;
    }
    const auto& response = answer.response.as<wire::FetchResponse>();
    if (response.error_code != ErrorCode::None) {
        close_session();
        if (response.error_code == ErrorCode::UnknownTopicId ||
            response.error_code == ErrorCode::InconsistentTopicId)
            cluster_.refresh_metadata();
        // A lost session is opened anew at once; what keeps failing waits.
        slot.retry_at = slot.failures == 0 ? cluster_.now().time
                                           : cluster_.now().time + cluster_.backoff(slot.failures);
        ++slot.failures;
        return;
    }
    slot.failures = 0;
    if (response.session_id != 0) {
        slot.session_id = response.session_id;
        slot.session_epoch = slot.session_epoch == INT32_MAX ? 1 : slot.session_epoch + 1;
    } else {
        close_session();
    }
    for (const auto& endpoint : response.node_endpoints)
        cluster_.learn_node(NodeId{endpoint.node_id},
                            {endpoint.host, static_cast<std::uint16_t>(endpoint.port)});
    for (const auto& topic : response.responses) {
        const std::string* named =
            answer.response.version() >= 13 ? cluster_.topic_name(topic.topic_id) : &topic.topic;
        if (!named) {
            cluster_.refresh_metadata();
            continue;
        }
        const std::string topic_name = *named;
        for (const auto& data : topic.partitions) {
            const TopicPartition tp{topic_name, data.partition_index};
            const auto a = std::find_if(asked.begin(), asked.end(),
                                        [&](const Asked& x) { return x.tp == tp; });
            if (a != asked.end()) take(tp, *a, data);
        }
    }
}

void Fetcher::take(const TopicPartition& tp, const Asked& asked,
                   const wire::FetchResponse::PartitionData& data) {
    const auto it = partitions_.find(tp);
    if (it == partitions_.end() || it->second.serial != asked.serial) return;
    Partition& p = it->second;
    if (data.current_leader.leader_id >= 0 && data.current_leader.leader_epoch >= 0)
        cluster_.learn_leader(tp, NodeId{data.current_leader.leader_id},
                              LeaderEpoch{data.current_leader.leader_epoch});
    if (data.error_code != ErrorCode::None) return failed(tp, p, data.error_code);
    const std::int64_t end = config_.read_committed && data.last_stable_offset >= 0
                                 ? data.last_stable_offset
                                 : data.high_watermark;
    if (end >= 0) p.end = Offset{end};
    if (data.log_start_offset >= 0) p.log_start = Offset{data.log_start_offset};
    if (data.records.size() == 0) {
        p.failures = 0;
        return sink_.heard(p.tag);
    }
    Result<std::vector<FetchedBatches>> batches =
        split_batches(data, *p.position,
                      {.read_committed = config_.read_committed, .check_crcs = config_.check_crcs});
    if (!batches) {
        if (p.failures + 1 >= kCorruptMax || batches.error().code == ErrorCode::MessageTooLarge)
            return fail_for_good(tp, p, batches.error());
        log_.warn("bad batch fetched, trying again",
                  {{"partition", tp.to_string()}, {"error", batches.error().detail}});
        return back_off(p);
    }
    p.failures = 0;
    if (batches->empty()) return sink_.heard(p.tag);
    p.position = batches->back().next;
    if (batches->back().epoch) p.epoch = batches->back().epoch;
    const Tag tag = p.tag;
    for (FetchedBatches& b : *batches) sink_.fetched(tag, std::move(b));  // may change partitions_
    sink_.heard(tag);
}

void Fetcher::failed(const TopicPartition& tp, Partition& p, ErrorCode error) {
    switch (error) {
        case ErrorCode::OffsetOutOfRange:
            if (p.reset == OffsetReset::None)
                return fail_for_good(
                    tp, p,
                    {error, tp.to_string() + ": offset " + std::to_string(p.position->value()) +
                                " is out of range"});
            log_.warn("offset out of range: reset",
                      {{"partition", tp.to_string()}, {"offset", p.position->value()}});
            p.phase = Phase::Resetting;
            p.truncated = true;
            changed_ = true;
            return;
        case ErrorCode::TopicAuthorizationFailed:
            return fail_for_good(tp, p, {error, "no right to read " + tp.topic});
        case ErrorCode::CorruptMessage:
            if (p.failures + 1 >= kCorruptMax)
                return fail_for_good(
                    tp, p,
                    {error, tp.to_string() + " at offset " + std::to_string(p.position->value()) +
                                " is corrupt"});
            return back_off(p);
        default:
            cluster_.refresh_metadata();
            p.validated_with.reset();
            return back_off(p);
    }
}

void Fetcher::fail_for_good(const TopicPartition& tp, Partition& p, Error error) {
    p.phase = Phase::Failed;
    log_.error("partition is no longer fetched",
               {{"partition", tp.to_string()}, {"error", error.detail}});
    sink_.fetch_failed(p.tag, std::move(error));  // may change partitions_
}

void Fetcher::start_reset(const TopicPartition& tp, Partition& p) {
    if (p.reset == OffsetReset::None)
        return fail_for_good(
            tp, p,
            {ErrorCode::OffsetOutOfRange, tp.to_string() + " has no position and no reset policy"});
    p.busy = true;
    const PartitionMetadata* metadata = cluster_.partition(tp);
    Call call;
    call.target = *metadata->leader;
    call.lane = Lane::Control;
    call.api = wire::ApiKey::ListOffsets;
    call.version_max = 9;
    call.build = [tp, earliest = p.reset == OffsetReset::Earliest,
                  committed = config_.read_committed,
                  epoch = metadata->epoch](std::int16_t version) {
        wire::ListOffsetsRequest request;
        request.replica_id = -1;
        request.isolation_level = committed ? 1 : 0;
        auto& topic = request.topics.emplace_back();
        topic.name = tp.topic;
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = tp.partition;
        partition.current_leader_epoch = epoch ? epoch->value() : -1;
        partition.timestamp = earliest ? -2 : -1;
        return wire::AnyRequest::of(std::move(request), version);
    };
    call.done = [this, tp, serial = p.serial](Answer answer) {
        const auto it = partitions_.find(tp);
        if (it == partitions_.end() || it->second.serial != serial) return;
        Partition& p = it->second;
        p.busy = false;
        changed_ = true;
        if (!answer.ok()) return back_off(p);
        for (const auto& topic : answer.response.as<wire::ListOffsetsResponse>().topics)
            for (const auto& partition : topic.partitions) {
                if (topic.name != tp.topic || partition.partition_index != tp.partition) continue;
                if (partition.error_code != ErrorCode::None || partition.offset < 0)
                    return failed(tp, p, partition.error_code);
                p.position = Offset{partition.offset};
                p.epoch.reset();
                if (partition.leader_epoch >= 0) p.epoch = LeaderEpoch{partition.leader_epoch};
                p.validated_with =
                    cluster_.partition(tp) ? cluster_.partition(tp)->epoch : std::nullopt;
                p.phase = Phase::Fetching;
                p.failures = 0;
                sink_.position_reset(p.tag, *p.position, std::exchange(p.truncated, false));
                return;
            }
        back_off(p);
    };
    cluster_.call(scope_, std::move(call));
}

void Fetcher::start_validation(const TopicPartition& tp, Partition& p, NodeId leader,
                               LeaderEpoch leader_epoch) {
    p.busy = true;
    Call call;
    call.target = leader;
    call.lane = Lane::Control;
    call.api = wire::ApiKey::OffsetForLeaderEpoch;
    call.version_min = 3;
    call.build = [tp, leader_epoch, epoch = *p.epoch](std::int16_t version) {
        wire::OffsetForLeaderEpochRequest request;
        request.replica_id = -1;
        auto& topic = request.topics.emplace_back();
        topic.topic = tp.topic;
        auto& partition = topic.partitions.emplace_back();
        partition.partition = tp.partition;
        partition.current_leader_epoch = leader_epoch.value();
        partition.leader_epoch = epoch.value();
        return wire::AnyRequest::of(std::move(request), version);
    };
    call.done = [this, tp, leader_epoch, serial = p.serial](Answer answer) {
        const auto it = partitions_.find(tp);
        if (it == partitions_.end() || it->second.serial != serial) return;
        Partition& p = it->second;
        p.busy = false;
        changed_ = true;
        if (answer.error == ErrorCode::UnsupportedVersion) {
            p.validated_with = leader_epoch;  // a broker that cannot tell
            return;
        }
        if (!answer.ok()) return back_off(p);
        for (const auto& topic : answer.response.as<wire::OffsetForLeaderEpochResponse>().topics)
            for (const auto& partition : topic.partitions) {
                if (topic.topic != tp.topic || partition.partition != tp.partition) continue;
                if (partition.error_code != ErrorCode::None)
                    return failed(tp, p, partition.error_code);
                const bool known = partition.leader_epoch >= 0 && partition.end_offset >= 0;
                if (known && Offset{partition.end_offset} >= *p.position) {
                    p.validated_with = leader_epoch;
                    p.failures = 0;
                    return;
                }
                log_.warn("log was cut below the position",
                          {{"partition", tp.to_string()},
                           {"position", p.position->value()},
                           {"end_of_epoch", partition.end_offset}});
                if (p.reset == OffsetReset::None)
                    return fail_for_good(
                        tp, p,
                        {ErrorCode::OffsetOutOfRange, tp.to_string() + " was cut below offset " +
                                                          std::to_string(p.position->value())});
                if (!known) {
                    p.phase = Phase::Resetting;
                    p.truncated = true;
                    return;
                }
                p.position = Offset{partition.end_offset};
                p.epoch = LeaderEpoch{partition.leader_epoch};
                p.validated_with = leader_epoch;
                sink_.position_reset(p.tag, *p.position, true);
                return;
            }
        back_off(p);
    };
    cluster_.call(scope_, std::move(call));
}

}  // namespace millrace::client
