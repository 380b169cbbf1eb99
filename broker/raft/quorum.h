#pragma once
// The raft machine of KRaft (Java: KafkaRaftClient, QuorumState). Inputs go in, effects come out;
// it reads no clock and draws its jitter from a seed.
//
// States: Unattached -> Prospective (pre-vote, KIP-996) -> Candidate -> Leader; Follower of a known
// leader; Resigned after leading. A quorum of one voter skips the pre-vote and leads as soon as it
// starts; it never resigns by itself (K1).
//
// Safety rests on four rules: a vote is durable before it is answered; a replica fetches from `end`
// only when all before it is durable; the high watermark moves only to an offset that a majority
// has durably and that lies in the leader's own epoch; logs are cut only where the leader's epochs
// say that they diverge.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <variant>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/log_line.h"
#include "millrace/base/random.h"
#include "millrace/broker/raft/election_state.h"
#include "millrace/broker/raft/message.h"
#include "millrace/broker/raft/raft_log.h"

namespace millrace::broker::raft {

struct QuorumSettings {
    ReplicaKey self;
    std::vector<ReplicaKey> voters;
    Duration election_timeout = std::chrono::seconds(1);  // drawn from [1, 2) of it
    Duration fetch_timeout =
        std::chrono::seconds(2);  // a leader resigns after 1.5 of it without a majority
    Duration request_timeout = std::chrono::seconds(2);
    Duration retry_backoff = std::chrono::milliseconds(20);
    std::int32_t fetch_wait_ms_max = 500;
    std::int32_t fetch_bytes_max = 8 * 1024 * 1024;
    std::uint64_t seed = 0;
};

struct Tick {};
struct Received {
    Envelope envelope;
};
// A sync that was started when the log was at `log_end` and `generation` is done.
struct Flushed {
    Offset log_end;
    std::uint64_t generation = 0;
};
// The request got no answer: its connection closed.
struct Failed {
    NodeId to;
    std::uint64_t correlation = 0;
};
using Input = std::variant<Tick, Received, Flushed, Failed>;

struct Effects {                           // carried out in this order
    std::optional<ElectionState> persist;  // 1. durable before anything below
    bool sync = false;                     // 2. make the log durable; Flushed follows
    std::vector<Envelope> send;            // 3.
    std::optional<Offset> high_watermark;  // 4. newly committed
    bool snapshot_installed = false;       //    the log begins anew at its snapshot
    Time wake_at = Time::never();          // 5. a Tick no later than this
};

struct Unattached {
    Time election_at;
};
struct Votes {
    std::set<NodeId> granted, rejected;
    Time deadline;
};
struct Prospective : Votes {};
struct Candidate : Votes {};
struct ReplicaProgress {
    std::optional<Offset> end;  // durable there; nothing until its first fetch
    Time last_fetch;            // or when we became leader
    Timestamp last_fetch_wall{-1}, last_caught_up_wall{-1};
    Offset told_high_watermark{};
};
struct ParkedFetch {
    NodeId from;
    std::uint64_t correlation = 0;
    FetchRequest request;
    Time deadline;
};
struct Leader {
    Offset epoch_start;                          // of the LeaderChange record
    std::map<NodeId, ReplicaProgress> replicas;  // all but this node; observers too
    std::vector<ParkedFetch> parked;
};
struct Follower {
    NodeId leader;
    Time fetch_deadline;
    bool fetched = false;  // at least once with success: then pre-votes are refused
    struct Snapshot {
        SnapshotId id;
        std::int64_t position = 0;
    };
    std::optional<Snapshot> snapshot;  // being fetched
};
struct Resigned {
    Time election_at;
    std::vector<ReplicaKey> preferred;
    std::set<NodeId> told;
};
using State = std::variant<Unattached, Prospective, Candidate, Leader, Follower, Resigned>;

class Quorum {
public:
    // `stored` as it was persisted. A quorum of one leads when start() returns.
    Quorum(QuorumSettings settings, ElectionState stored, RaftLog& log, LogSink& sink);
    void start(Now now, Effects& effects);
    void step(const Input& input, Now now, Effects& effects);  // total: any input in any state

    // As leader: to the end of the log, in this epoch. NotLeaderOrFollower elsewhere.
    Result<AppendedAt> append(Bytes batch, Now now, Effects& effects);
    void resign(Now now, Effects& effects);  // a clean stop, or a failed sync

    const State& state() const { return state_; }
    std::string_view state_name() const;
    bool is_leader() const { return std::holds_alternative<Leader>(state_); }
    bool is_voter(NodeId id) const;
    std::optional<NodeId> leader() const { return election_.leader; }
    LeaderEpoch epoch() const { return election_.epoch; }
    const ElectionState& election() const { return election_; }
    Offset high_watermark() const { return high_watermark_; }
    Offset durable_end() const { return durable_end_; }
    std::uint64_t generation() const { return generation_; }  // of the log: rises when it is cut
    const QuorumSettings& settings() const { return settings_; }
    void check_invariants() const;

private:
    struct Peer {                       // one request at a time
        std::uint64_t correlation = 0;  // 0: none under way
        Time timeout_at = Time::never();
        Time next_at{};  // not before
    };

    // Transitions
    void become_unattached(LeaderEpoch epoch, std::optional<NodeId> leader, Now now,
                           Effects& effects);
    void become_prospective(Now now);
    void become_candidate(Now now, Effects& effects);
    void become_leader(Now now, Effects& effects);
    void become_follower(LeaderEpoch epoch, NodeId leader, Now now, Effects& effects);
    void become_resigned(Now now, Effects& effects);
    void leave_state(Effects& effects);
    void persist(ElectionState next, Effects& effects);

    // Requests
    VoteResponse on_vote(const VoteRequest& request, Now now, Effects& effects);
    bool may_grant(const VoteRequest& request, bool up_to_date) const;
    BeginQuorumEpochResponse on_begin(const BeginQuorumEpochRequest& request, Now now,
                                      Effects& effects);
    EndQuorumEpochResponse on_end(const EndQuorumEpochRequest& request, Now now, Effects& effects);
    void on_fetch(const Envelope& envelope, const FetchRequest& request, Now now, Effects& effects);
    std::optional<FetchResponse> answer_fetch(const FetchRequest& request, NodeId from,
                                              bool may_wait);
    FetchSnapshotResponse on_fetch_snapshot(const FetchSnapshotRequest& request, NodeId from,
                                            Now now);

    // Responses
    void on_response(const Envelope& envelope, Now now, Effects& effects);
    void on_vote_response(NodeId from, const VoteResponse& response, Now now, Effects& effects);
    void on_fetch_response(NodeId from, const FetchResponse& response, Now now, Effects& effects);
    void on_snapshot_response(NodeId from, const FetchSnapshotResponse& response, Now now,
                              Effects& effects);
    // The epoch and leader that any response tells; true when it changed our state.
    bool learn(LeaderEpoch epoch, std::optional<NodeId> leader, Now now, Effects& effects);

    void poll(Now now, Effects& effects);  // timers and requests that are due, then wake_at
    void poll_leader(Now now, Effects& effects);
    void poll_follower(Now now, Effects& effects);
    void request_votes(bool pre_vote, Votes& votes, Now now, Effects& effects);
    void find_leader(Now now, Effects& effects);  // as an observer
    void wake_parked(Now now, Effects& effects);
    void update_high_watermark(Effects& effects);
    void advance_high_watermark(Offset to, Effects& effects);
    bool send_request(NodeId to, Message message, Now now,
                      Effects& effects);  // false: one is under way or it is too early
    void reply(const Envelope& to, Message message, Effects& effects) const;
    void want_sync(Effects& effects);
    template <class R>
    R with_leader(ErrorCode error) const {
        R response;
        response.error = error;
        response.epoch = election_.epoch;
        response.leader =
            std::holds_alternative<Resigned>(state_) ? std::nullopt : election_.leader;
        return response;
    }

    std::size_t majority() const { return settings_.voters.size() / 2 + 1; }
    bool alone() const { return settings_.voters.size() == 1 && voter_; }
    Time election_deadline(Now now);
    FetchRequest fetch_request() const;

    QuorumSettings settings_;
    ElectionState election_;
    RaftLog& log_;
    LogSink& sink_;
    Random random_;
    bool voter_ = false;
    State state_;
    Offset high_watermark_{};
    Offset durable_end_{};
    std::uint64_t generation_ = 0;
    std::map<NodeId, Peer> peers_;  // the other voters
    std::uint64_t last_correlation_ = 0;
    std::size_t next_to_ask_ = 0;  // observers go round
};

}  // namespace millrace::broker::raft
