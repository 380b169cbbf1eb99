#pragma once
// Membership of a streams group (KIP-1071): the broker assigns tasks, the member tells what it
// holds. Kafka: StreamsGroupHeartbeatRequestManager, StreamsMembershipManager. A machine on a
// Cluster.
//
// The owner compares assigned() with what it holds: what is no longer assigned it commits, closes
// and reports by set_owned(); what is new it opens at once (the broker grants a task only when
// nobody else holds it).
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/result.h"
#include "millrace/client/cluster.h"
#include "millrace/client/producer.h"
#include "millrace/wire/messages/streams_group_heartbeat.h"

namespace millrace::client {

using TaskSet = std::map<std::string, std::set<std::int32_t>>;  // subtopology id -> partitions
std::vector<wire::StreamsGroupHeartbeatRequest::TaskIds> wire_tasks(const TaskSet& tasks);

struct StreamsMemberConfig {
    std::string group_id;   // application.id
    std::string member_id;  // a Uuid's text, fresh per member
    std::optional<std::string>
        instance_id;         // static membership; brokers before 4.4 have none for streams groups
    std::string process_id;  // survives a restart
    std::optional<std::string> rack_id;
    std::optional<std::pair<std::string, std::uint16_t>> user_endpoint;  // application.server
    std::map<std::string, std::string> client_tags;
    Duration rebalance_timeout =
        std::chrono::minutes(5);  // max.poll.interval.ms: how long a revocation may take
    wire::StreamsGroupHeartbeatRequest::Topology topology;
};

// What a member says of itself to who speaks for it while its thread is held (StreamsKeepAlive).
struct MemberPulse {
    std::string member_id;
    std::optional<std::string> instance_id;
    std::int32_t epoch = 0;   // below 1: not a member just now
    std::int32_t endpoint_epoch = -1;
    Duration interval{};      // of heartbeats, as the coordinator wants them
    TaskSet owned;
    friend bool operator==(const MemberPulse&, const MemberPulse&) = default;
};

enum class GroupStatus : std::int8_t {
    StaleTopology = 0,
    MissingSourceTopics = 1,
    IncorrectlyPartitionedTopics = 2,
    MissingInternalTopics = 3,
    ShutdownApplication = 4,
    AssignmentDelayed = 5,
};

class StreamsMember {
public:
    StreamsMember(Cluster& cluster, StreamsMemberConfig config, LogSink& log);
    StreamsMember(const StreamsMember&) = delete;

    void join();   // also after being fenced
    void leave();  // left() once the coordinator knows, or after one attempt that got no answer
    bool left() const { return state_ == State::Left; }
    bool joined() const { return state_ == State::Joined; }

    // The broker's word on what this member should hold; grows in version with each new one.
    const TaskSet& assigned() const { return assigned_; }
    std::uint64_t assignment_version() const { return assignment_version_; }
    void set_owned(TaskSet owned);  // a change is told at once
    const TaskSet& owned() const { return owned_; }

    // The group no longer knows this member: what it held may be somebody else's. Told once; then
    // join() again.
    bool take_fenced() { return std::exchange(fenced_, false); }
    const std::optional<Error>& fatal() const {
        return fatal_;
    }  // topology refused, no rights, no such API
    const std::map<GroupStatus, std::string>& status() const { return status_; }
    void request_shutdown();  // of all members: SHUTDOWN_APPLICATION

    GroupMetadata group() const;  // for commits; epoch -1 while not joined
    const StreamsMemberConfig& config() const { return config_; }

    MemberPulse pulse() const;
    std::uint64_t pulse_version() const { return pulse_version_; }   // grows with each change of it
    // An answer to a heartbeat that was sent for this member while it could not.
    void kept_alive(const wire::StreamsGroupHeartbeatResponse& response);

    void poll();
    Time next_due() const;

private:
    enum class State : std::uint8_t { Out, Joining, Joined, Leaving, Left, Failed };

    void heartbeat();
    void arrived(Answer answer, bool leaving);
    void accepted(const wire::StreamsGroupHeartbeatResponse& response);
    void retry(bool find_coordinator);

    Cluster& cluster_;
    StreamsMemberConfig config_;
    LogSink& log_;
    Scope scope_;
    State state_ = State::Out;
    std::int32_t epoch_ = 0;
    std::int32_t endpoint_epoch_ = -1;
    TaskSet assigned_, owned_;
    std::uint64_t assignment_version_ = 0, pulse_version_ = 0;
    bool owned_changed_ = false, in_flight_ = false, fenced_ = false, shutdown_ = false;
    int failures_ = 0;
    Duration interval_ = std::chrono::seconds(5);
    Time next_ = Time::never();
    std::map<GroupStatus, std::string> status_;
    std::optional<Error> fatal_;
};

}  // namespace millrace::client
