#pragma once
// The group coordinator: shards of __consumer_offsets, one per partition led here. Classic groups,
// consumer groups (KIP-848), streams groups (KIP-1071) and committed offsets; share groups are kept
// as they stand in the log, and refused.
//
// Inputs are the calls below; effects are taken with take_effects() after any call; answers come
// through callbacks, when what they saw is committed. At the end of each turn of the loop, and when
// a committed end moved: flush(now).
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/log_line.h"
#include "millrace/base/random.h"
#include "millrace/broker/coordinator/runtime.h"
#include "millrace/broker/group/classic_membership.h"
#include "millrace/broker/group/group_fold.h"
#include "millrace/broker/group/topic_lookup.h"
#include "millrace/broker/request.h"
#include "millrace/wire/messages/consumer_group_describe.h"
#include "millrace/wire/messages/consumer_group_heartbeat.h"
#include "millrace/wire/messages/delete_groups.h"
#include "millrace/wire/messages/describe_groups.h"
#include "millrace/wire/messages/heartbeat.h"
#include "millrace/wire/messages/leave_group.h"
#include "millrace/wire/messages/list_groups.h"
#include "millrace/wire/messages/offset_commit.h"
#include "millrace/wire/messages/offset_delete.h"
#include "millrace/wire/messages/offset_fetch.h"
#include "millrace/wire/messages/streams_group_describe.h"
#include "millrace/wire/messages/streams_group_heartbeat.h"
#include "millrace/wire/messages/txn_offset_commit.h"

namespace millrace::broker {

// group.consumer.migration.policy: whether groups with members change their protocol.
enum class MigrationPolicy : std::uint8_t { Disabled, Upgrade, Downgrade, Bidirectional };

struct GroupConfig {               // Kafka's names and defaults, where not said otherwise
    std::int32_t partitions = 50;  // offsets.topic.num.partitions
    std::size_t offset_metadata_bytes_max = 4096;                // offset.metadata.max.bytes
    std::int64_t offsets_retention_ms = 7LL * 24 * 3600 * 1000;  // offsets.retention.minutes
    Duration offsets_retention_interval = std::chrono::minutes(10);
    // Classic groups: group.min.session.timeout.ms, group.max.session.timeout.ms, group.max.size,
    // group.initial.rebalance.delay.ms.
    std::int32_t min_session_timeout_ms = 6'000, max_session_timeout_ms = 1'800'000;
    std::size_t classic_group_size_max = INT32_MAX;
    std::int32_t initial_rebalance_delay_ms = 3'000;
    // How long who is new waits with a JoinGroup; then it must ask again
    // (group.new.member.join.timeout.ms, internal to Kafka).
    Duration new_member_join_timeout = std::chrono::minutes(5);
    std::uint64_t seed = 0;                            // of member ids
    std::int32_t streams_session_timeout_ms = 45'000;  // group.streams.session.timeout.ms
    // group.streams.heartbeat.interval.ms. A member learns of a new one with its next
    // heartbeat.
    std::int32_t streams_heartbeat_interval_ms = 5'000;
    // Ours: what is dictated while members give up and take over tasks, and for one heartbeat
    // interval after the group changed: who joins seldom joins alone, and a rebalance takes
    // moments.
    std::int32_t streams_unstable_heartbeat_interval_ms = 100;
    std::int32_t streams_settling_heartbeat_interval_ms = 500;
    std::int32_t streams_initial_rebalance_delay_ms =
        0;  // group.streams.initial.rebalance.delay.ms; Kafka 3000
    std::int32_t streams_num_standby_replicas = 0;  // streams.num.standby.replicas
    std::size_t streams_group_size_max = 10'000;    // group.streams.max.size (Kafka: no limit)
    std::int32_t task_offset_interval_ms = 60'000;  // streams.task.offset.interval.ms
    std::int64_t acceptable_recovery_lag = 10'000;  // streams.acceptable.recovery.lag
    // group.consumer.*; a group's own (consumer.*) stand within min and max.
    std::int32_t consumer_session_timeout_ms = 45'000;
    std::int32_t consumer_session_timeout_min_ms = 45'000, consumer_session_timeout_max_ms = 60'000;
    std::int32_t consumer_heartbeat_interval_ms = 5'000;
    std::int32_t consumer_heartbeat_interval_min_ms = 5'000;
    std::int32_t consumer_heartbeat_interval_max_ms = 15'000;
    std::int32_t consumer_assignment_interval_ms = 0;  // Kafka 1000
    std::int32_t consumer_assignment_interval_min_ms = 0;
    std::int32_t consumer_assignment_interval_max_ms = 15'000;
    std::size_t consumer_group_size_max = INT32_MAX;                     // group.consumer.max.size
    std::vector<std::string> consumer_assignors = {"uniform", "range"};  // the first: the default
    MigrationPolicy consumer_migration_policy = MigrationPolicy::Bidirectional;
    Duration consumer_regex_refresh_interval = std::chrono::minutes(10);
    // Ours, as for streams groups; never less than a millisecond for each member.
    std::int32_t consumer_unstable_heartbeat_interval_ms = 100;
    std::int32_t consumer_settling_heartbeat_interval_ms = 500;
    // Ours: a joining heartbeat waits this long for its internal topics to be made, instead of
    // coming back for them.
    Duration internal_topics_wait = std::chrono::milliseconds(500);
};

// A topic to be made for a streams group, with the member's rights. Tell the outcome with
// internal_topic_created().
struct CreateInternalTopic {
    std::string group_id;
    std::string name;
    std::int32_t partitions = 1;
    std::int16_t replication_factor = -1;  // -1: the broker's default
    std::vector<std::pair<std::string, std::string>> configs;
};

struct GroupEffects {
    std::vector<CreateInternalTopic> create_topics;
    Time wake_at = Time::never();  // tick(now) no later than this
};

struct ConsumerWork;
class ConsumerMembers;

class GroupCoordinator {
public:
    GroupCoordinator(GroupConfig config, const TopicLookup& topics, LogSink& log);
    ~GroupCoordinator();

    // `unclean_stop` or not, members that joined over loopback are dropped once the partition is
    // loaded: they died with the process that wrote the log.
    void lead(std::int32_t partition, PartitionLog& log);
    void resign(std::int32_t partition);
    std::int32_t partition_of(const std::string& group_id) const {
        return coordinator_partition(group_id, config_.partitions);
    }
    ErrorCode serving(const std::string& group_id) const;
    // The number of partitions of the internal topic, once it is known. Not while partitions are
    // led.
    void set_partitions(std::int32_t partitions) { config_.partitions = partitions; }

    void flush(Now now);
    bool unflushed() const;  // something was written since: flush() again in this turn
    void tick(Now now);
    GroupEffects take_effects();
    void topics_changed(Now now);  // were created, or grew: groups that wait for them go on
    void topics_deleted(const std::vector<KnownTopic>& deleted, Now now);  // their offsets go, too
    void internal_topic_created(const std::string& group_id, const std::string& topic,
                                ErrorCode code, const std::string& detail, Now now);

    // COMMIT or ABORT for transactional offsets of one partition of __consumer_offsets.
    void write_marker(std::int32_t partition, const TxnMarker& marker, Now now, Completion written);

    void streams_heartbeat(const wire::StreamsGroupHeartbeatRequest& request,
                           const RequestContext& context, Now now,
                           std::function<void(wire::StreamsGroupHeartbeatResponse)> answer);
    void streams_describe(
        const std::string& group_id,
        std::function<void(wire::StreamsGroupDescribeResponse::DescribedGroup)> answer);
    // Classic groups. Answers may take as long as a rebalance.
    void join_group(const wire::JoinGroupRequest& request, std::int16_t version,
                    const RequestContext& context, Now now, JoinAnswer answer);
    void sync_group(const wire::SyncGroupRequest& request, std::int16_t version, Now now,
                    SyncAnswer answer);
    ErrorCode classic_heartbeat(const wire::HeartbeatRequest& request, Now now);
    // `members` is filled in at every version.
    void leave_group(const wire::LeaveGroupRequest& request, Now now,
                     std::function<void(wire::LeaveGroupResponse)> answer);
    // Groups of all kinds. group_admin.cc
    void list_groups(const wire::ListGroupsRequest& request, Now now,
                     std::function<void(wire::ListGroupsResponse)> answer);
    void describe_group(const std::string& group_id, std::int16_t version, Now now,
                        std::function<void(wire::DescribeGroupsResponse::DescribedGroup)> answer);
    void delete_group(const std::string& group_id, Now now,
                      std::function<void(wire::DeleteGroupsResponse::DeletableGroupResult)> answer);
    void offset_delete(const wire::OffsetDeleteRequest& request, Now now,
                       std::function<void(wire::OffsetDeleteResponse)> answer);
    void consumer_heartbeat(const wire::ConsumerGroupHeartbeatRequest& request,
                            std::int16_t version, const RequestContext& context, Now now,
                            std::function<void(wire::ConsumerGroupHeartbeatResponse)> answer);
    void consumer_describe(
        const std::string& group_id,
        std::function<void(wire::ConsumerGroupDescribeResponse::DescribedGroup)> answer);
    void offset_commit(const wire::OffsetCommitRequest& request, std::int16_t version, Now now,
                       std::function<void(wire::OffsetCommitResponse)> answer);
    // The caller has had the partition verified or added by the transaction coordinator.
    // `answer_when_appended`: design 3.5, data, offsets and transaction coordinator share a
    // journal, and EndTxn waits for its sync.
    void txn_offset_commit(const wire::TxnOffsetCommitRequest& request, std::int16_t version,
                           bool answer_when_appended, Now now,
                           std::function<void(wire::TxnOffsetCommitResponse)> answer);
    // One group of a request; old versions are turned into this form by the handler.
    void offset_fetch(const wire::OffsetFetchRequest::Group& group, bool require_stable,
                      bool topic_ids, std::function<void(wire::OffsetFetchResponse::Group)> answer);

    const GroupFold* fold(std::int32_t partition) const;  // for tests

private:
    struct GroupShard;
    struct Beat;      // a heartbeat, kept while it waits for its internal topics
    struct Decision;  // what a heartbeat comes to
    using BeatRef = std::shared_ptr<const Beat>;
    struct ConsumerBeat;
    struct ConsumerDecision;

    GroupShard* find(std::int32_t partition);
    GroupShard* active(const std::string& group_id, ErrorCode& code);
    Time next_wake() const;
    void became_active(GroupShard& shard);
    void forget_work(GroupShard& shard);
    void answer_after(GroupShard& shard, Offset end, Completion answer);

    // streams_heartbeat.cc
    void heartbeat(const BeatRef& beat, bool wait_expired);
    void leave(GroupShard& shard, const Group& group, const BeatRef& beat);
    ErrorCode resolve_member(GroupShard& shard, const StreamsGroup& group, const Beat& beat,
                             Decision& decision, std::string& detail);
    ErrorCode resolve_topology(const StreamsGroup& group, const Beat& beat, Decision& decision,
                               std::string& detail);
    bool wait_for_internal_topics(GroupShard& shard, const BeatRef& beat, bool wait_expired,
                                  Decision& decision);
    void decide_records(GroupShard& shard, const StreamsGroup& group, const Beat& beat,
                        bool replaces_classic, Decision& decision);
    void decide_epochs(GroupShard& shard, const StreamsGroup& group, const Beat& beat,
                       Decision& decision);
    void assign(GroupShard& shard, const std::string& group_id, const StreamsGroup& group,
                Decision& decision);
    void note_heartbeat(GroupShard& shard, const Beat& beat, const Decision& decision);
    void answer_heartbeat(GroupShard& shard, const BeatRef& beat, const Decision& decision);
    // streams_members.cc: what time does to members
    void remove_members(GroupShard& shard, const std::string& group_id,
                        const std::vector<std::string>& member_ids, std::string_view why);
    void note_member(GroupShard& shard, const std::string& group_id, const std::string& member_id,
                     const StreamsMember& member);
    void expire_members(GroupShard& shard);
    void delayed_assignments(GroupShard& shard);
    void release_waiting(GroupShard& shard, const std::string& group_id, bool expired);
    // classic_join.cc, classic_rebalance.cc, classic_sync.cc
    struct Classic;
    struct Join;
    // consumer_request.cc, consumer_heartbeat.cc
    Result<void> validate_consumer_heartbeat(const wire::ConsumerGroupHeartbeatRequest& request,
                                             std::int16_t version) const;
    void consumer_leave(GroupShard& shard, const ConsumerGroup& group, const ConsumerBeat& beat);
    ErrorCode resolve_consumer_member(const ConsumerGroup& group, const ConsumerBeat& beat,
                                      ConsumerDecision& decision, std::string& detail) const;
    ErrorCode check_consumer_epoch(const ConsumerBeat& beat, const ConsumerMember& member,
                                   std::string& detail) const;
    ErrorCode decide_consumer_epoch(GroupShard& shard, const ConsumerGroup& group,
                                    ConsumerDecision& decision, std::string& detail);
    bool resolve_regexes(ConsumerWork& work, const ConsumerMembers& members,
                         ConsumerDecision& decision);
    void decide_consumer_assignment(const ConsumerGroup& group, const ConsumerBeat& beat,
                                    ConsumerDecision& decision);
    void answer_consumer(GroupShard& shard, const ConsumerBeat& beat,
                         const ConsumerDecision& decision);
    // consumer_migration.cc
    Result<void> upgrade_to_consumer(GroupShard& shard, const ConsumerBeat& beat);
    bool downgrade_to_classic(GroupShard& shard, const std::string& group_id,
                              const ConsumerGroup& group, const std::vector<std::string>& gone);
    // consumer_classic.cc: members of consumer groups that speak the classic protocol
    void join_consumer_group(GroupShard& shard, const ConsumerGroup& group, const Join& join);
    void sync_consumer_group(GroupShard& shard, const ConsumerGroup& group,
                             const wire::SyncGroupRequest& request, SyncAnswer answer);
    ErrorCode heartbeat_consumer_group(GroupShard& shard, const ConsumerGroup& group,
                                       const wire::HeartbeatRequest& request);
    void leave_consumer_group(GroupShard& shard, const ConsumerGroup& group,
                              const wire::LeaveGroupRequest& request,
                              std::function<void(wire::LeaveGroupResponse)> answer);
    const ConsumerMember* find_classic(const ConsumerGroup& group, const std::string& member_id,
                                       const std::optional<std::string>& instance_id,
                                       ErrorCode& code) const;
    void expect_join(GroupShard& shard, const std::string& group_id, const std::string& member_id,
                     const ConsumerMember& member);
    // consumer_members.cc
    std::int32_t group_setting(const std::string& group_id, const std::string& key,
                               std::int32_t otherwise, std::int32_t min, std::int32_t max) const;
    std::int32_t consumer_session_timeout(const std::string& group_id) const;
    std::int32_t consumer_heartbeat_interval(const std::string& group_id) const;
    std::int32_t consumer_assignment_interval(const std::string& group_id) const;
    void note_consumer(GroupShard& shard, const std::string& group_id, const std::string& member_id,
                       const ConsumerMember& member);
    void expire_consumers(GroupShard& shard);
    void remove_consumers(GroupShard& shard, const std::string& group_id,
                          const std::vector<std::string>& member_ids, std::string_view why);
    struct Commit;
    ClassicMembership* classic(GroupShard& shard, const std::string& group_id);  // or null
    // Whether somebody is in it, or about to be: ask before another protocol takes the name.
    bool classic_has_members(GroupShard& shard, const std::string& group_id);
    void forget_classic(GroupShard& shard, const std::string& group_id);  // one, with its tombstone
    void forget_classic(GroupShard& shard);                               // all: not ours any more
    void load_classic(GroupShard& shard);
    void join_new_member(Classic& c, const Join& join);
    void join_known_member(Classic& c, const Join& join);
    void add_member(Classic& c, const Join& join, const std::string& member_id);
    void rejoin_static(Classic& c, const Join& join, const std::string& old_id,
                       const std::string& new_id);
    void rebalance_or_complete(Classic& c, const std::string& why);
    void prepare_rebalance(Classic& c, const std::string& why);
    void maybe_complete_join(Classic& c);
    void complete_join(Classic& c);
    void refuse_assignments(Classic& c, ErrorCode code);
    void assign_classic(Classic& c, const wire::SyncGroupRequest& request);
    void give_assignment(Classic& c, JoinedMember& member);
    void remove_member(Classic& c, const std::string& member_id);
    void expect(Classic& c, JoinedMember& member, Duration timeout);
    void expect(Classic& c, JoinedMember& member);  // its session
    void classic_wake(Classic& c, Time at);
    void classic_tick(GroupShard& shard);
    void classic_clocks(Classic& c);
    void session_ended(Classic& c, const std::string& member_id);
    void join_time_is_up(Classic& c);
    void sync_time_is_up(Classic& c);
    ErrorCode check_classic_commit(Classic& c, const Commit& commit);
    // offset_commits.cc, offset_expiry.cc
    ErrorCode check_consumer_commit(const ConsumerGroup& group, const Commit& commit) const;
    ErrorCode check_commit(GroupShard& shard, const std::string& group_id, const Commit& commit);
    void expire_offsets(GroupShard& shard);
    void write_in_chunks(GroupShard& shard, CoordinatorRecords records);

    GroupConfig config_;
    const TopicLookup& topics_;
    LogSink& log_;
    std::vector<Shard*> busy_;  // of these
    std::map<std::int32_t, std::unique_ptr<GroupShard>> shards_;
    GroupEffects effects_;
    bool timers_changed_ = true;
    Time wake_at_ = Time::never();
    Now now_;  // of the input that is being handled
    Time next_offset_expiry_{0};
    Random random_;
};

}  // namespace millrace::broker
