#pragma once
// Inside the group coordinator: a shard, and what stands beside its fold because it need not
// survive (timers, requests that wait, what members reported).
#include <map>
#include <optional>
#include <set>
#include <string>

#include "millrace/broker/group/group_coordinator.h"
#include "millrace/broker/group/member_timers.h"
#include "millrace/broker/group/streams_topology.h"

namespace millrace::broker {

struct StreamsWork {  // of one group
    MemberTimers timers;
    Time assign_after{0};                    // initial delay
    Time settling_until{0};                  // the group changed a moment ago
    std::optional<std::string> shutdown_by;  // the member that asked the application to stop
    std::int32_t endpoint_epoch = 0;
    struct TaskOffsets {
        std::map<TaskId, std::int64_t> offsets, end_offsets;
    };
    std::map<std::string, TaskOffsets> task_offsets;
    struct Waiting {
        Time until;
        std::function<void(bool expired)> run;
    };
    std::vector<Waiting> waiting;    // heartbeats that wait for internal topics
    std::set<std::string> creating;  // internal topics that were asked for
    struct Failed {
        std::string detail;
        Time until;
    };
    std::map<std::string, Failed> failed;  // not asked for again until then
};

struct ConsumerWork {  // of one group
    MemberTimers timers;
    Time settling_until{0};      // the group changed a moment ago
    bool metadata_stale = true;  // topics changed: the next heartbeat computes their hash again
    bool regexes_stale = true;   // ... and resolves the expressions again
    Time regexes_since{0};
};
// Topics that come and go do not make every heartbeat resolve its group's expressions.
inline constexpr Duration kRegexRefreshInterval = std::chrono::seconds(1);

struct GroupCoordinator::GroupShard {
    explicit GroupShard(std::vector<Shard*>& busy)
        : shard(fold, ShardSettings{.base_sequence = 0}, &busy) {}
    GroupFold fold;
    Shard shard;
    bool drop_loopback = true;  // once, when the log was loaded after the start
    bool told_load_error = false;
    std::map<std::string, StreamsWork> work;
    std::map<std::string, ConsumerWork> consumer_work;
    std::map<std::string, ClassicMembership> classic;
    std::set<std::pair<Time, std::string>> classic_due;  // when to look at one of them
};

// Who wants to commit offsets, and which.
struct GroupCoordinator::Commit {
    std::string member_id;
    std::int32_t epoch = -1;  // generation or member epoch
    std::optional<std::string> instance_id;
    bool transactional = false;
    std::int16_t version = 0;
    std::vector<TopicPartition> partitions;
};

struct GroupCoordinator::Beat {
    wire::StreamsGroupHeartbeatRequest request;
    std::string client_id, client_host;
    std::function<void(wire::StreamsGroupHeartbeatResponse)> answer;

    bool joining() const { return request.member_epoch == 0; }
    StreamsMember member_after(const StreamsMember& before) const;
    std::optional<Tasks> owned() const;  // nothing: it did not say
    void refuse(ErrorCode code, std::string detail) const;
};

struct GroupCoordinator::Decision {
    CoordinatorRecords records;
    std::string member_id;
    std::optional<std::string> replaces;  // a static member's former id
    StreamsMember before, member;         // as the fold has it; as it becomes
    StreamsMember before_assignment;  // ... with what it said of itself, before it is reconciled
    bool is_new = false;
    StreamsGroup next;  // epochs, hash, topology; its members and targets are not filled in
    bool new_topology = false, stale_topology = false, delayed = false;
    ConfiguredTopology configured;
    std::optional<std::map<std::string, Tasks>> targets;  // when they were computed
};

inline constexpr std::int32_t kLeave = -1, kLeaveStatic = -2;  // epochs of requests

// The states that StreamsGroupDescribe tells.
std::string_view streams_group_state(const StreamsGroup& group);
bool streams_group_ready(const StreamsGroup& group);  // its topology's topics are all there
std::vector<wire::StreamsGroupHeartbeatResponse::EndpointToPartitions> endpoint_partitions(
    const StreamsGroup& group, const TopicLookup& topics);
// InvalidRequest, StreamsInvalidTopology.
Result<void> validate_heartbeat(const wire::StreamsGroupHeartbeatRequest& request);

}  // namespace millrace::broker
