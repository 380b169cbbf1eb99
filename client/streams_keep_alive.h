#pragma once
// Heartbeats for a member whose thread is inside user code: they change nothing, so that a lambda which blocks does
// not lose the session, and does not hide either: after max.poll.interval.ms it is given up (KIP-62's rule, in KIP-1071's
// heartbeat). A machine on a Cluster of its own, on another thread than the member's.
#include <cstdint>
#include <optional>
#include <string>

#include "millrace/base/clock.h"
#include "millrace/client/cluster.h"
#include "millrace/client/streams_member.h"

namespace millrace::client {

class StreamsKeepAlive {
public:
    // `patience`: max.poll.interval.ms.
    StreamsKeepAlive(Cluster& cluster, std::string group_id, Duration patience)
        : cluster_(cluster), group_id_(std::move(group_id)), patience_(patience) {}
    StreamsKeepAlive(const StreamsKeepAlive&) = delete;

    // Who the member said it was in its last turn, and when that was. Epoch below 1: not a member, nothing is sent.
    void watch(const MemberPulse& pulse, Time last_turn);

    void poll();
    Time next_due() const;
    // What the coordinator answered meanwhile (the latest, with the latest assignment): the member must see it before it
    // speaks for itself.
    std::optional<wire::StreamsGroupHeartbeatResponse> take_answer() { return std::exchange(answer_, std::nullopt); }
    std::uint64_t sent() const { return sent_; }

private:
    Duration overdue_after() const { return pulse_.interval + pulse_.interval / 2; }
    void heartbeat();
    void arrived(Answer answer);

    Cluster& cluster_;
    std::string group_id_;
    Duration patience_;
    Scope scope_;
    MemberPulse pulse_;
    Time last_turn_ = Time::never(), next_ = Time::never();
    bool in_flight_ = false;
    std::uint64_t sent_ = 0;
    std::optional<wire::StreamsGroupHeartbeatResponse> answer_;
};

}  // namespace millrace::client
