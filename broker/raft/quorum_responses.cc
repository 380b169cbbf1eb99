// The quorum as a client: what it learns from answers.
#include <algorithm>

#include "millrace/broker/raft/quorum.h"

namespace millrace::broker::raft {

bool Quorum::learn(LeaderEpoch epoch, std::optional<NodeId> leader, Now now, Effects& effects) {
    if (epoch < election_.epoch) return false;
    if (leader && !is_voter(*leader)) leader.reset();
    if (epoch > election_.epoch) {
        become_unattached(epoch, leader, now, effects);
        return true;
    }
    // A prospective that knows the leader of this epoch has lost it: hearsay of the same leader
    // changes nothing, only a message of its own does (on_begin).
    const bool news = leader && *leader != settings_.self.id && !election_.leader && !is_leader() &&
                      !std::holds_alternative<Resigned>(state_);
    if (news) become_follower(epoch, *leader, now, effects);
    return news;
}

void Quorum::on_response(const Envelope& envelope, Now now, Effects& effects) {
    const auto it = peers_.find(envelope.from);
    if (it == peers_.end()) return;
    Peer& peer = it->second;
    if (peer.correlation == 0 || peer.correlation != envelope.correlation)
        return;  // late, or of an earlier state
    peer.correlation = 0;
    peer.timeout_at = Time::never();
    if (const auto* vote = std::get_if<VoteResponse>(&envelope.message)) {
        on_vote_response(envelope.from, *vote, now, effects);
    } else if (const auto* fetch = std::get_if<FetchResponse>(&envelope.message)) {
        on_fetch_response(envelope.from, *fetch, now, effects);
    } else if (const auto* snapshot = std::get_if<FetchSnapshotResponse>(&envelope.message)) {
        on_snapshot_response(envelope.from, *snapshot, now, effects);
    } else if (const auto* begin = std::get_if<BeginQuorumEpochResponse>(&envelope.message)) {
        if (begin->error == ErrorCode::FencedLeaderEpoch)
            learn(begin->epoch, begin->leader, now, effects);
        peer.next_at = now.time + settings_.fetch_timeout / 2;
    } else if (const auto* end = std::get_if<EndQuorumEpochResponse>(&envelope.message)) {
        if (end->error == ErrorCode::FencedLeaderEpoch)
            learn(end->epoch, end->leader, now, effects);
        if (auto* resigned = std::get_if<Resigned>(&state_)) resigned->told.insert(envelope.from);
    }
}

void Quorum::on_vote_response(NodeId from, const VoteResponse& response, Now now,
                              Effects& effects) {
    if (response.epoch > election_.epoch || response.leader) {
        if (learn(response.epoch, response.leader, now, effects)) return;
    }
    Votes* votes = nullptr;
    if (auto* candidate = std::get_if<Candidate>(&state_)) votes = candidate;
    if (auto* prospective = std::get_if<Prospective>(&state_)) votes = prospective;
    if (!votes || response.epoch != election_.epoch) return;
    if (response.error == ErrorCode::None && response.granted) {
        votes->granted.insert(from);
        return;  // poll() counts
    }
    votes->rejected.insert(from);
    // Lost: others may still win this round, so we wait before we ask again.
    if (votes->rejected.size() > settings_.voters.size() - majority())
        votes->deadline = std::min(
            votes->deadline,
            now.time + Duration{static_cast<std::int64_t>(random_.below(
                           static_cast<std::uint64_t>(settings_.election_timeout.count())))});
}

void Quorum::on_fetch_response(NodeId from, const FetchResponse& response, Now now,
                               Effects& effects) {
    if (response.error != ErrorCode::None) {
        if (learn(response.epoch, response.leader, now, effects)) return;
        peers_[from].next_at = now.time + settings_.retry_backoff;
        if (!voter_ && std::holds_alternative<Follower>(state_) &&
            response.error == ErrorCode::NotLeaderOrFollower) {
            become_unattached(election_.epoch, {}, now, effects);  // an observer asks round
        }
        return;
    }
    learn(response.epoch, response.leader, now, effects);
    auto* follower = std::get_if<Follower>(&state_);
    if (!follower || follower->leader != from || response.epoch != election_.epoch) return;

    if (response.diverging) {
        // Cut to where the leader's epoch ends, or to where ours ends if that is earlier.
        const EpochEnd ours = log_.end_of(response.diverging->epoch);
        Offset to = std::min(response.diverging->end, ours.end);
        to = std::max(to, log_.start());
        if (to < high_watermark_) {  // committed records would be lost: rather stand still
            sink_.error("the leader's log diverges below our high watermark", {{"at", to.value()}});
            peers_[from].next_at = now.time + settings_.request_timeout;
            return;
        }
        if (to < log_.end()) {
            if (auto cut = log_.truncate(to); !cut) return;
            ++generation_;
            durable_end_ = std::min(durable_end_, to);
        }
    } else if (response.snapshot) {
        follower->snapshot = Follower::Snapshot{*response.snapshot, 0};
    } else {
        if (!response.records.empty()) {
            if (auto appended = log_.append_fetched(response.records); !appended) {
                sink_.error("cannot append what the leader sent",
                            {{"detail", appended.error().detail}});
                peers_[from].next_at = now.time + settings_.retry_backoff;
                return;
            }
            want_sync(effects);
        }
        advance_high_watermark(std::min(response.high_watermark, log_.end()), effects);
    }
    follower->fetched = true;
    follower->fetch_deadline = now.time + settings_.fetch_timeout;
}

void Quorum::on_snapshot_response(NodeId from, const FetchSnapshotResponse& response, Now now,
                                  Effects& effects) {
    if (response.error != ErrorCode::None) {
        if (learn(response.epoch, response.leader, now, effects)) return;
        if (auto* follower = std::get_if<Follower>(&state_))
            follower->snapshot.reset();  // ask for the log again
        peers_[from].next_at = now.time + settings_.retry_backoff;
        return;
    }
    auto* follower = std::get_if<Follower>(&state_);
    if (!follower || follower->leader != from || !follower->snapshot ||
        response.epoch != election_.epoch)
        return;
    auto& snapshot = *follower->snapshot;
    if (response.id != snapshot.id || response.position != snapshot.position) return;
    const auto received = static_cast<std::int64_t>(response.chunk.size());
    if (received > 0) {
        if (auto written = log_.write_snapshot(snapshot.id, snapshot.position, response.chunk);
            !written) {
            follower->snapshot.reset();
            peers_[from].next_at = now.time + settings_.retry_backoff;
            return;
        }
        snapshot.position += received;
    }
    follower->fetched = true;
    follower->fetch_deadline = now.time + settings_.fetch_timeout;
    if (snapshot.position < response.size && received > 0) return;
    const SnapshotId id = snapshot.id;
    follower->snapshot.reset();
    if (snapshot.position < response.size) return;  // it ended early: begin again
    if (auto installed = log_.install_snapshot(id); !installed) {
        sink_.error("cannot use the leader's snapshot", {{"detail", installed.error().detail}});
        peers_[from].next_at = now.time + settings_.retry_backoff;
        return;
    }
    ++generation_;
    durable_end_ = log_.end();
    effects.snapshot_installed = true;
    advance_high_watermark(log_.end(), effects);
}

}  // namespace millrace::broker::raft
