#include "millrace/broker/raft/quorum.h"

#include <algorithm>

#include "millrace/base/check.h"

namespace millrace::broker::raft {

Quorum::Quorum(QuorumSettings settings, ElectionState stored, RaftLog& log, LogSink& sink)
    : settings_(std::move(settings)),
      election_(std::move(stored)),
      log_(log),
      sink_(sink),
      random_(settings_.seed) {
    voter_ = is_voter(settings_.self.id);
    // The log may hold a later epoch than the file: the file was lost, or we observed.
    if (log_.last_epoch() > election_.epoch)
        election_ = ElectionState{.epoch = log_.last_epoch(), .leader = {}, .voted = {}};
    for (const ReplicaKey& voter : settings_.voters) {
        if (voter.id != settings_.self.id) peers_[voter.id];
    }
    // What recovery read may lie in the page cache only (R6): nothing counts before the first sync.
    durable_end_ = log_.start();
    high_watermark_ = log_.start();
    if (const auto snapshot = log_.latest_snapshot())
        high_watermark_ = std::max(high_watermark_, snapshot->end);  // it holds what is committed
    state_ = Unattached{Time::never()};
}

void Quorum::start(Now now, Effects& effects) {
    if (log_.end() > durable_end_) want_sync(effects);
    const bool led = election_.leader == settings_.self.id;
    if (led && !alone()) {
        // We led this epoch before; what we appended may be gone, so we may not lead it again.
        election_.leader.reset();
        state_ = Resigned{election_deadline(now), {}, {}};
    } else if (election_.leader && !led) {
        const NodeId leader = *election_.leader;
        election_.leader.reset();
        become_follower(election_.epoch, leader, now, effects);
    } else {
        state_ = Unattached{alone() ? now.time : election_deadline(now)};
    }
    poll(now, effects);
}

void Quorum::step(const Input& input, Now now, Effects& effects) {
    if (const auto* received = std::get_if<Received>(&input)) {
        const Envelope& envelope = received->envelope;
        if (envelope.to == settings_.self.id && envelope.from != settings_.self.id) {
            if (is_request(envelope.message)) {
                if (const auto* vote = std::get_if<VoteRequest>(&envelope.message)) {
                    reply(envelope, on_vote(*vote, now, effects), effects);
                } else if (const auto* begin =
                               std::get_if<BeginQuorumEpochRequest>(&envelope.message)) {
                    reply(envelope, on_begin(*begin, now, effects), effects);
                } else if (const auto* end =
                               std::get_if<EndQuorumEpochRequest>(&envelope.message)) {
                    reply(envelope, on_end(*end, now, effects), effects);
                } else if (const auto* fetch = std::get_if<FetchRequest>(&envelope.message)) {
                    on_fetch(envelope, *fetch, now, effects);
                } else if (const auto* snapshot =
                               std::get_if<FetchSnapshotRequest>(&envelope.message)) {
                    reply(envelope, on_fetch_snapshot(*snapshot, envelope.from, now), effects);
                }
            } else {
                on_response(envelope, now, effects);
            }
        }
    } else if (const auto* failed = std::get_if<Failed>(&input)) {
        const auto peer = peers_.find(failed->to);
        if (peer != peers_.end() && peer->second.correlation == failed->correlation) {
            peer->second = Peer{.correlation = 0,
                                .timeout_at = Time::never(),
                                .next_at = now.time + settings_.retry_backoff};
        }
    } else if (const auto* flushed = std::get_if<Flushed>(&input)) {
        // A sync that began before the log was cut says nothing about what was written since.
        if (flushed->generation == generation_ && flushed->log_end > durable_end_) {
            durable_end_ = std::min(flushed->log_end, log_.end());
            if (is_leader()) update_high_watermark(effects);
        }
        if (log_.end() > durable_end_) want_sync(effects);
    }
    poll(now, effects);
    check_invariants();
}

Result<AppendedAt> Quorum::append(Bytes batch, Now now, Effects& effects) {
    if (!is_leader())
        return fail(ErrorCode::NotLeaderOrFollower, "this node does not lead the quorum");
    MR_TRY(const AppendedAt at, log_.append(std::move(batch), election_.epoch));
    want_sync(effects);
    wake_parked(now, effects);
    poll(now, effects);
    return at;
}

void Quorum::resign(Now now, Effects& effects) {
    if (is_leader()) become_resigned(now, effects);
    poll(now, effects);
}

std::string_view Quorum::state_name() const {
    constexpr std::string_view kNames[] = {"Unattached", "Prospective", "Candidate",
                                           "Leader",     "Follower",    "Resigned"};
    return kNames[state_.index()];
}

bool Quorum::is_voter(NodeId id) const {
    return std::any_of(settings_.voters.begin(), settings_.voters.end(),
                       [&](const ReplicaKey& v) { return v.id == id; });
}

void Quorum::check_invariants() const {
    MR_CHECK(durable_end_ <= log_.end());
    MR_CHECK(high_watermark_ <= log_.end());
    if (is_leader()) {
        MR_CHECK(voter_ && election_.leader == settings_.self.id);
        MR_CHECK(log_.last_epoch() == election_.epoch);
    }
    if (const auto* follower = std::get_if<Follower>(&state_))
        MR_CHECK(election_.leader == follower->leader);
    if (std::holds_alternative<Candidate>(state_))
        MR_CHECK(election_.voted && election_.voted->id == settings_.self.id);
}

// ---------------------------------------------------------------- transitions

Time Quorum::election_deadline(Now now) {
    const auto span = static_cast<std::uint64_t>(settings_.election_timeout.count());
    return now.time + settings_.election_timeout +
           Duration{static_cast<std::int64_t>(random_.below(span))};
}

void Quorum::persist(ElectionState next, Effects& effects) {
    MR_CHECK(next.epoch >= election_.epoch);
    if (next == election_) return;
    // One vote an epoch.
    if (next.epoch == election_.epoch && election_.voted) MR_CHECK(next.voted == election_.voted);
    election_ = std::move(next);
    effects.persist = election_;
}

// Requests of the old state no longer matter: their responses are told apart by correlation. A
// parked fetch is answered.
void Quorum::leave_state(Effects& effects) {
    for (auto& [id, peer] : peers_) peer = Peer{};
    if (auto* leader = std::get_if<Leader>(&state_)) {
        for (const ParkedFetch& parked : leader->parked) {
            Envelope to{parked.from, settings_.self.id, parked.correlation, {}};
            FetchResponse response = with_leader<FetchResponse>(ErrorCode::NotLeaderOrFollower);
            if (response.leader == settings_.self.id) response.leader.reset();
            reply(to, std::move(response), effects);
        }
        leader->parked.clear();
    }
}

void Quorum::become_unattached(LeaderEpoch epoch, std::optional<NodeId> leader, Now now,
                               Effects& effects) {
    if (leader && *leader != settings_.self.id)
        return become_follower(epoch, *leader, now, effects);
    leave_state(effects);
    ElectionState next = election_;
    if (epoch > next.epoch) next = ElectionState{.epoch = epoch, .leader = {}, .voted = {}};
    next.leader.reset();
    persist(std::move(next), effects);
    state_ = Unattached{election_deadline(now)};
}

void Quorum::become_prospective(Now now) {
    MR_CHECK(voter_ && !is_leader());
    for (auto& [id, peer] : peers_) peer = Peer{};
    Prospective next;
    next.granted.insert(settings_.self.id);
    next.deadline = election_deadline(now);
    state_ = std::move(next);
}

void Quorum::become_candidate(Now now, Effects& effects) {
    MR_CHECK(voter_ && !is_leader());
    leave_state(effects);
    persist(ElectionState{.epoch = LeaderEpoch{election_.epoch.value() + 1},
                          .leader = {},
                          .voted = settings_.self},
            effects);
    Candidate next;
    next.granted.insert(settings_.self.id);
    next.deadline = election_deadline(now);
    state_ = std::move(next);
}

void Quorum::become_leader(Now now, Effects& effects) {
    const auto* candidate = std::get_if<Candidate>(&state_);
    MR_CHECK(candidate && candidate->granted.size() >= majority());
    LeaderChange change{.leader = settings_.self.id, .voters = settings_.voters, .granting = {}};
    for (const ReplicaKey& voter : settings_.voters) {
        if (candidate->granted.contains(voter.id)) change.granting.push_back(voter);
    }
    const Offset epoch_start = log_.end();
    if (auto appended = log_.append_leader_change(change, election_.epoch, now.wall); !appended) {
        sink_.error("cannot lead the quorum: the metadata log refuses appends",
                    {{"detail", appended.error().detail}});
        return become_unattached(election_.epoch, {}, now, effects);
    }
    leave_state(effects);
    ElectionState next = election_;
    next.leader = settings_.self.id;
    persist(std::move(next), effects);
    Leader leader;
    leader.epoch_start = epoch_start;
    for (const auto& [id, peer] : peers_) leader.replicas[id].last_fetch = now.time;
    state_ = std::move(leader);
    want_sync(effects);
    sink_.info("leads the metadata quorum",
               {{"node", settings_.self.id.value()}, {"epoch", election_.epoch.value()}});
}

void Quorum::become_follower(LeaderEpoch epoch, NodeId leader, Now now, Effects& effects) {
    MR_CHECK(leader != settings_.self.id);
    leave_state(effects);
    ElectionState next = election_;
    if (epoch > next.epoch) next = ElectionState{.epoch = epoch, .leader = {}, .voted = {}};
    MR_CHECK(!next.leader || *next.leader == leader);  // one leader an epoch
    next.leader = leader;
    persist(std::move(next), effects);
    state_ = Follower{.leader = leader,
                      .fetch_deadline = now.time + settings_.fetch_timeout,
                      .fetched = false,
                      .snapshot = {}};
}

void Quorum::become_resigned(Now now, Effects& effects) {
    auto& leader = std::get<Leader>(state_);
    std::vector<std::pair<Offset, ReplicaKey>> order;
    for (const ReplicaKey& voter : settings_.voters) {
        if (voter.id == settings_.self.id) continue;
        order.emplace_back(leader.replicas[voter.id].end.value_or(Offset{0}), voter);
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    Resigned next{election_deadline(now), {}, {}};
    for (const auto& [end, key] : order) next.preferred.push_back(key);
    leave_state(effects);
    state_ = std::move(next);
    sink_.warn("resigned as leader of the metadata quorum", {{"epoch", election_.epoch.value()}});
}

}  // namespace millrace::broker::raft
