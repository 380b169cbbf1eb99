// The quorum as a server: votes, the begin and end of epochs, fetches.
#include <algorithm>

#include "millrace/broker/raft/quorum.h"

namespace millrace::broker::raft {
namespace {

constexpr std::size_t kReplicasMax = 1000;  // voters and observers whose progress a leader keeps

// (last epoch, end) of a candidate's log against ours.
bool up_to_date(LeaderEpoch epoch, Offset end, const RaftLog& log) {
    return epoch != log.last_epoch() ? epoch > log.last_epoch() : end >= log.end();
}

}  // namespace

VoteResponse Quorum::on_vote(const VoteRequest& request, Now now, Effects& effects) {
    const bool for_us = request.voter.id == settings_.self.id &&
                        (request.voter.directory.is_zero() || settings_.self.directory.is_zero() ||
                         request.voter.directory == settings_.self.directory);
    if (!for_us) return with_leader<VoteResponse>(ErrorCode::InvalidVoterKey);
    if (request.epoch < election_.epoch)
        return with_leader<VoteResponse>(ErrorCode::FencedLeaderEpoch);
    if (!voter_ || !is_voter(request.candidate.id))
        return with_leader<VoteResponse>(ErrorCode::InconsistentVoterSet);
    if (request.epoch > election_.epoch) become_unattached(request.epoch, {}, now, effects);

    const bool granted = may_grant(request, up_to_date(request.last_epoch, request.end, log_));
    if (granted && !request.pre_vote) {
        ElectionState next = election_;
        next.voted = request.candidate;
        persist(std::move(next), effects);
        if (auto* unattached = std::get_if<Unattached>(&state_))
            unattached->election_at = election_deadline(now);
        if (auto* prospective = std::get_if<Prospective>(&state_))
            prospective->deadline = election_deadline(now);
    }
    VoteResponse response = with_leader<VoteResponse>(ErrorCode::None);
    response.granted = granted;
    return response;
}

bool Quorum::may_grant(const VoteRequest& request, bool up_to_date) const {
    if (request.pre_vote) {
        if (is_leader()) return false;
        const auto* follower = std::get_if<Follower>(&state_);
        return up_to_date && !(follower && follower->fetched);
    }
    if (election_.voted)
        return election_.voted->id == request.candidate.id &&
               election_.voted->directory == request.candidate.directory;
    if (election_.leader) return false;  // this epoch has its leader
    return up_to_date && (std::holds_alternative<Unattached>(state_) ||
                          std::holds_alternative<Prospective>(state_));
}

BeginQuorumEpochResponse Quorum::on_begin(const BeginQuorumEpochRequest& request, Now now,
                                          Effects& effects) {
    if (request.epoch < election_.epoch)
        return with_leader<BeginQuorumEpochResponse>(ErrorCode::FencedLeaderEpoch);
    if (request.leader == settings_.self.id || !is_voter(request.leader))
        return with_leader<BeginQuorumEpochResponse>(ErrorCode::InvalidRequest);
    if (election_.epoch == request.epoch && election_.leader &&
        *election_.leader != request.leader) {
        sink_.error("two leaders are named for one epoch", {{"epoch", request.epoch.value()},
                                                            {"known", election_.leader->value()},
                                                            {"named", request.leader.value()}});
        return with_leader<BeginQuorumEpochResponse>(ErrorCode::InvalidRequest);
    }
    const bool back = election_.epoch == request.epoch && !std::holds_alternative<Follower>(state_);
    if (!learn(request.epoch, request.leader, now, effects) && back) {
        become_follower(request.epoch, request.leader, now, effects);
    }
    return with_leader<BeginQuorumEpochResponse>(ErrorCode::None);
}

EndQuorumEpochResponse Quorum::on_end(const EndQuorumEpochRequest& request, Now now,
                                      Effects& effects) {
    if (request.epoch < election_.epoch)
        return with_leader<EndQuorumEpochResponse>(ErrorCode::FencedLeaderEpoch);
    if (request.leader == settings_.self.id)
        return with_leader<EndQuorumEpochResponse>(ErrorCode::InvalidRequest);
    learn(request.epoch, request.leader, now, effects);
    const auto* follower = std::get_if<Follower>(&state_);
    if (voter_ && follower && follower->leader == request.leader) {
        // The first successor tries at once, the others one after another behind it.
        std::int64_t position = 0;
        for (const ReplicaKey& key : request.preferred) {
            if (key.id == settings_.self.id) break;
            ++position;
        }
        const Duration wait = settings_.retry_backoff * (position * 4);
        leave_state(effects);
        state_ = Unattached{now.time + wait};
    }
    return with_leader<EndQuorumEpochResponse>(ErrorCode::None);
}

void Quorum::on_fetch(const Envelope& envelope, const FetchRequest& request, Now now,
                      Effects& effects) {
    auto* leader = std::get_if<Leader>(&state_);
    const bool known = leader && (leader->replicas.contains(envelope.from) ||
                                  leader->replicas.size() < kReplicasMax);
    const bool ours = known && request.epoch == election_.epoch;
    if (ours) {
        // A later fetch of the same replica replaces its parked one, which is answered with
        // nothing.
        std::erase_if(leader->parked, [&](const ParkedFetch& p) {
            if (p.from != envelope.from) return false;
            FetchResponse nothing = with_leader<FetchResponse>(ErrorCode::None);
            nothing.high_watermark = high_watermark_;
            nothing.log_start = log_.start();
            reply(Envelope{p.from, settings_.self.id, p.correlation, {}}, std::move(nothing),
                  effects);
            return true;
        });
    }
    std::optional<FetchResponse> response =
        answer_fetch(request, envelope.from, /*may_wait=*/request.wait_ms_max > 0);
    const bool valid = ours && (!response || (response->error == ErrorCode::None &&
                                              !response->diverging && !response->snapshot));
    if (valid) {
        ReplicaProgress& replica = leader->replicas[envelope.from];
        replica.end = request.from;
        replica.last_fetch = now.time;
        replica.last_fetch_wall = now.wall;
        if (request.from >= log_.end()) replica.last_caught_up_wall = now.wall;
        const Offset before = high_watermark_;
        update_high_watermark(effects);
        if (high_watermark_ > before) {
            wake_parked(now, effects);
            response = answer_fetch(request, envelope.from, true);
        }
    } else if (ours) {
        leader->replicas[envelope.from].last_fetch = now.time;  // it is alive, whatever it holds
    }
    if (response || !ours) {
        if (!response) response = with_leader<FetchResponse>(ErrorCode::None);
        if (ours) leader->replicas[envelope.from].told_high_watermark = high_watermark_;
        reply(envelope, *std::move(response), effects);
    } else {
        const auto wait = std::min(request.wait_ms_max, settings_.fetch_wait_ms_max);
        leader->parked.push_back({envelope.from, envelope.correlation, request,
                                  now.time + std::chrono::milliseconds(wait)});
    }
}

// Nothing: there is nothing to say yet.
std::optional<FetchResponse> Quorum::answer_fetch(const FetchRequest& request, NodeId from,
                                                  bool may_wait) {
    auto* leader = std::get_if<Leader>(&state_);
    if (!leader) return with_leader<FetchResponse>(ErrorCode::NotLeaderOrFollower);
    if (request.epoch < election_.epoch)
        return with_leader<FetchResponse>(ErrorCode::FencedLeaderEpoch);
    if (request.epoch > election_.epoch)
        return with_leader<FetchResponse>(ErrorCode::UnknownLeaderEpoch);

    FetchResponse response = with_leader<FetchResponse>(ErrorCode::None);
    response.high_watermark = high_watermark_;
    response.log_start = log_.start();
    if (request.from < log_.start()) {
        response.snapshot = log_.latest_snapshot();
        if (!response.snapshot) response.error = ErrorCode::OffsetOutOfRange;
        return response;
    }
    const bool at_zero = request.from == Offset{0} && log_.start() == Offset{0};
    const EpochEnd ours = log_.end_of(request.last_fetched_epoch);
    if (!at_zero && (ours.epoch != request.last_fetched_epoch || ours.end < request.from)) {
        response.diverging = ours;
        return response;
    }
    auto records = log_.read(request.from, static_cast<std::size_t>(std::clamp(
                                               request.bytes_max, 1, settings_.fetch_bytes_max)));
    if (!records) {
        response.error = records.error().code;
        return response;
    }
    response.records = *std::move(records);
    const auto known = leader->replicas.find(from);
    const Offset told =
        known == leader->replicas.end() ? Offset{0} : known->second.told_high_watermark;
    if (response.records.empty() && high_watermark_ <= told && may_wait) return std::nullopt;
    return response;
}

FetchSnapshotResponse Quorum::on_fetch_snapshot(const FetchSnapshotRequest& request, NodeId from,
                                                Now now) {
    auto* leader = std::get_if<Leader>(&state_);
    if (!leader) return with_leader<FetchSnapshotResponse>(ErrorCode::NotLeaderOrFollower);
    if (request.epoch < election_.epoch)
        return with_leader<FetchSnapshotResponse>(ErrorCode::FencedLeaderEpoch);
    if (request.epoch > election_.epoch)
        return with_leader<FetchSnapshotResponse>(ErrorCode::UnknownLeaderEpoch);
    if (const auto it = leader->replicas.find(from); it != leader->replicas.end())
        it->second.last_fetch = now.time;
    FetchSnapshotResponse response = with_leader<FetchSnapshotResponse>(ErrorCode::None);
    response.id = request.id;
    response.position = request.position;
    const auto bytes_max =
        static_cast<std::size_t>(std::clamp(request.bytes_max, 1, settings_.fetch_bytes_max));
    auto chunk = log_.read_snapshot(request.id, request.position, bytes_max);
    if (!chunk) {
        response.error = chunk.error().code;
        return response;
    }
    response.size = chunk->size;
    response.chunk = std::move(chunk->bytes);
    return response;
}

}  // namespace millrace::broker::raft
