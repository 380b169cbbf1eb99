// What is due: timers, requests to send, the high watermark.
#include <algorithm>

#include "millrace/base/mutant.h"
#include "millrace/broker/raft/quorum.h"

namespace millrace::broker::raft {
namespace {

constexpr int kPollRoundsMax = 16;

Offset majority_end(std::vector<Offset> ends, std::size_t majority) {
    std::sort(ends.begin(), ends.end(), std::greater<>());
    return ends[majority - 1];
}

}  // namespace

void Quorum::poll(Now now, Effects& effects) {
    for (auto& [id, peer] : peers_) {
        if (peer.correlation == 0 || now.time < peer.timeout_at) continue;
        peer = Peer{.correlation = 0,
                    .timeout_at = Time::never(),
                    .next_at = now.time + settings_.retry_backoff};
    }
    for (int round = 0; round < kPollRoundsMax; ++round) {
        const std::size_t before = state_.index();
        if (auto* unattached = std::get_if<Unattached>(&state_)) {
            if (!voter_) {
                find_leader(now, effects);
            } else if (now.time >= unattached->election_at) {
                alone() ? become_candidate(now, effects) : become_prospective(now);
            }
        } else if (auto* prospective = std::get_if<Prospective>(&state_)) {
            if (prospective->granted.size() >= majority()) {
                become_candidate(now, effects);
            } else if (now.time >= prospective->deadline) {
                become_prospective(now);
                request_votes(true, std::get<Prospective>(state_), now, effects);
            } else {
                request_votes(true, *prospective, now, effects);
            }
        } else if (auto* candidate = std::get_if<Candidate>(&state_)) {
            if (candidate->granted.size() >= majority()) {
                become_leader(now, effects);
            } else if (now.time >= candidate->deadline) {
                become_prospective(now);
            } else {
                request_votes(false, *candidate, now, effects);
            }
        } else if (is_leader()) {
            poll_leader(now, effects);
        } else if (std::holds_alternative<Follower>(state_)) {
            poll_follower(now, effects);
        } else if (auto* resigned = std::get_if<Resigned>(&state_)) {
            if (now.time >= resigned->election_at) {
                alone() ? become_candidate(now, effects) : become_prospective(now);
            } else {
                for (const ReplicaKey& key : resigned->preferred) {
                    if (resigned->told.contains(key.id)) continue;
                    send_request(key.id,
                                 EndQuorumEpochRequest{election_.epoch, settings_.self.id,
                                                       resigned->preferred},
                                 now, effects);
                }
            }
        }
        if (state_.index() == before) break;
    }

    // Then the next moment at which something is due.
    const auto wake = [&](Time at) { effects.wake_at = std::min(effects.wake_at, at); };
    std::visit(
        [&](const auto& state) {
            using S = std::decay_t<decltype(state)>;
            if constexpr (std::is_same_v<S, Unattached> || std::is_same_v<S, Resigned>) {
                if (voter_) wake(state.election_at);
            } else if constexpr (std::is_same_v<S, Prospective> || std::is_same_v<S, Candidate>) {
                wake(state.deadline);
            } else if constexpr (std::is_same_v<S, Follower>) {
                wake(state.fetch_deadline);
            } else {
                for (const ParkedFetch& parked : state.parked) wake(parked.deadline);
                if (!alone()) wake(now.time + settings_.fetch_timeout / 2);
            }
        },
        state_);
    for (const auto& [id, peer] : peers_) {
        if (peer.correlation != 0) wake(peer.timeout_at);
        if (peer.correlation == 0 && peer.next_at > now.time) wake(peer.next_at);
    }
}

void Quorum::poll_leader(Now now, Effects& effects) {
    auto& leader = std::get<Leader>(state_);
    // Without a majority of fetches within 1.5 fetch timeouts somebody else may lead by now (K1).
    if (!alone()) {
        const Duration patience = settings_.fetch_timeout * 3 / 2;
        std::size_t heard = voter_ ? 1 : 0;
        for (const auto& [id, peer] : peers_) {
            if (now.time - leader.replicas[id].last_fetch < patience) ++heard;
        }
        if (heard < majority()) return become_resigned(now, effects);
    }
    // Voters that do not fetch may not know that we lead.
    for (const ReplicaKey& voter : settings_.voters) {
        if (voter.id == settings_.self.id) continue;
        const ReplicaProgress& replica = leader.replicas[voter.id];
        const bool silent =
            !replica.end || now.time - replica.last_fetch >= settings_.fetch_timeout / 2;
        if (silent)
            send_request(voter.id,
                         BeginQuorumEpochRequest{election_.epoch, settings_.self.id, voter}, now,
                         effects);
    }
    wake_parked(now, effects);
}

void Quorum::poll_follower(Now now, Effects& effects) {
    auto& follower = std::get<Follower>(state_);
    if (now.time >= follower.fetch_deadline) {
        if (voter_) return become_prospective(now);  // keeps the leader's name: it may only be slow
        return become_unattached(election_.epoch, {}, now, effects);
    }
    if (follower.snapshot) {
        send_request(follower.leader,
                     FetchSnapshotRequest{election_.epoch, settings_.self, follower.snapshot->id,
                                          follower.snapshot->position, settings_.fetch_bytes_max},
                     now, effects);
        return;
    }
    // To the leader, fetching from `end` says that all before it is durable here.
    if (voter_ && durable_end_ < log_.end()) return want_sync(effects);
    send_request(follower.leader, fetch_request(), now, effects);
}

FetchRequest Quorum::fetch_request() const {
    return FetchRequest{.epoch = election_.epoch,
                        .replica = settings_.self,
                        .from = log_.end(),
                        .last_fetched_epoch = log_.last_epoch(),
                        .bytes_max = settings_.fetch_bytes_max,
                        .wait_ms_max = settings_.fetch_wait_ms_max};
}

void Quorum::request_votes(bool pre_vote, Votes& votes, Now now, Effects& effects) {
    for (const ReplicaKey& voter : settings_.voters) {
        if (votes.granted.contains(voter.id) || votes.rejected.contains(voter.id)) continue;
        send_request(voter.id,
                     VoteRequest{.epoch = election_.epoch,
                                 .candidate = settings_.self,
                                 .voter = voter,
                                 .last_epoch = log_.last_epoch(),
                                 .end = log_.end(),
                                 .pre_vote = pre_vote},
                     now, effects);
    }
}

void Quorum::find_leader(Now now, Effects& effects) {
    if (settings_.voters.empty()) return;
    for (const auto& [id, peer] : peers_) {
        if (peer.correlation != 0 && now.time < peer.timeout_at) return;  // one question at a time
    }
    const NodeId ask = settings_.voters[next_to_ask_ % settings_.voters.size()].id;
    if (send_request(ask, fetch_request(), now, effects)) ++next_to_ask_;
}

void Quorum::wake_parked(Now now, Effects& effects) {
    auto* leader = std::get_if<Leader>(&state_);
    if (!leader) return;
    std::vector<ParkedFetch> waiting;
    waiting.swap(leader->parked);
    for (ParkedFetch& parked : waiting) {
        auto response = answer_fetch(parked.request, parked.from, now.time < parked.deadline);
        if (!response) {
            leader->parked.push_back(std::move(parked));
            continue;
        }
        leader->replicas[parked.from].told_high_watermark = high_watermark_;
        reply(Envelope{parked.from, settings_.self.id, parked.correlation, {}},
              *std::move(response), effects);
    }
}

void Quorum::update_high_watermark(Effects& effects) {
    auto& leader = std::get<Leader>(state_);
    std::vector<Offset> ends;
    for (const ReplicaKey& voter : settings_.voters) {
        if (voter.id == settings_.self.id) {
            ends.push_back(mutant::on(Mutant::HighWatermarkBeyondDurable) ? log_.end()
                                                                          : durable_end_);
        } else {
            const auto it = leader.replicas.find(voter.id);
            ends.push_back(it == leader.replicas.end() ? Offset{0}
                                                       : it->second.end.value_or(Offset{0}));
        }
    }
    const Offset end = std::min(majority_end(std::move(ends), majority()), log_.end());
    // Raft 5.4.2: entries of earlier epochs are committed only together with one of our own.
    if (end <= leader.epoch_start) return;
    advance_high_watermark(end, effects);
}

void Quorum::advance_high_watermark(Offset to, Effects& effects) {
    if (to <= high_watermark_) return;
    high_watermark_ = to;
    effects.high_watermark = to;
}

bool Quorum::send_request(NodeId to, Message message, Now now, Effects& effects) {
    Peer& peer = peers_[to];
    if (peer.correlation != 0) return false;
    if (now.time < peer.next_at) return false;
    peer.correlation = ++last_correlation_;
    peer.timeout_at = now.time + settings_.request_timeout;
    effects.send.push_back(Envelope{settings_.self.id, to, peer.correlation, std::move(message)});
    return true;
}

void Quorum::reply(const Envelope& to, Message message, Effects& effects) const {
    effects.send.push_back(
        Envelope{settings_.self.id, to.from, to.correlation, std::move(message)});
}

void Quorum::want_sync(Effects& effects) {
    if (log_.end() > durable_end_) effects.sync = true;
}

}  // namespace millrace::broker::raft
