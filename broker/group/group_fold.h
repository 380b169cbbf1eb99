#pragma once
// The fold over one partition of __consumer_offsets: committed offsets; consumer, classic and
// streams groups, and the little that must be known of share groups (so that nobody takes their
// name).
#include <map>
#include <optional>
#include <set>
#include <string>

#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"
#include "millrace/broker/coordinator/fold.h"
#include "millrace/broker/group/classic_group.h"
#include "millrace/broker/group/consumer_group.h"
#include "millrace/broker/group/tasks.h"
#include "millrace/wire/records/streams_group.h"

namespace millrace::broker {

struct CommittedOffset {
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;  // -1: not known
    std::string metadata;
    Timestamp commit_time{-1};
    std::optional<Timestamp> expire_time;  // clients of before 2.1 set it
    Uuid topic_id;                         // zero: not known
    Offset position{0};                    // of its record in the log: the higher one wins
    friend bool operator==(const CommittedOffset&, const CommittedOffset&) = default;
};
using CommittedOffsets = std::map<TopicPartition, CommittedOffset>;

enum class StreamsMemberState : std::int8_t {  // numbers of the record
    Stable = 1,
    UnrevokedTasks = 2,   // was told to give tasks up and has not yet
    UnreleasedTasks = 3,  // waits for tasks that others still hold
    Unknown = 127,
};

struct StreamsMember {
    std::optional<std::string> instance_id, rack_id;
    std::string client_id, client_host;
    std::int32_t rebalance_timeout_ms = -1;
    std::int32_t topology_epoch = 0;
    std::string process_id;
    std::optional<std::pair<std::string, std::uint16_t>> user_endpoint;
    std::vector<std::pair<std::string, std::string>> client_tags;  // as sent

    std::int32_t epoch = 0;  // 0: never got an assignment; -2: a static member that is away
    std::int32_t previous_epoch = 0;
    StreamsMemberState state = StreamsMemberState::Stable;
    ActiveTasks active, active_revoking;
    TaskSet standby, standby_revoking, warmup, warmup_revoking;

    Tasks assigned() const;  // without epochs
    Tasks revoking() const;
    friend bool operator==(const StreamsMember&, const StreamsMember&) = default;
};

// Members that joined over loopback say so here, where Kafka keeps an address ("/127.0.0.1"):
// Kafka's tools show it, and no address can look like it. They die with the broker's process.
inline constexpr std::string_view kLoopbackHost = "loopback";

struct StreamsGroup {
    std::int32_t epoch = 0;
    std::int64_t metadata_hash = 0;  // 0: no topology
    std::int32_t validated_topology_epoch = -1;
    std::map<std::string, std::string>
        assignment_configs;  // what the last assignment was made with
    std::optional<wire::StreamsGroupTopologyValue> topology;
    std::map<std::string, StreamsMember> members;
    std::int32_t target_epoch = 0;
    Timestamp target_time{0};
    std::map<std::string, Tasks> targets;  // by member id

    const std::string* static_member(const std::string& instance_id) const;  // its member id
    friend bool operator==(const StreamsGroup&, const StreamsGroup&) = default;
};

// Protocols that are not served yet.
enum class ForeignProtocol : std::uint8_t { None, Share };

struct Group {
    // At most one of these; none of them: a simple group, which only has offsets.
    std::optional<StreamsGroup> streams;
    std::optional<ConsumerGroup> consumer;
    std::optional<ClassicGroup> classic;
    ForeignProtocol foreign = ForeignProtocol::None;
    std::set<std::string> foreign_members;
    CommittedOffsets offsets;
    struct Pending {
        ProducerEpoch epoch;
        CommittedOffsets offsets;
        friend bool operator==(const Pending&, const Pending&) = default;
    };
    std::map<ProducerId, Pending> pending;  // transactional offsets that wait for their marker
    Offset membership_end{0},
        offsets_end{0};  // behind the last record of each kind: answers that saw it wait for that

    bool simple() const {
        return !streams && !consumer && !classic && foreign == ForeignProtocol::None;
    }
    bool empty() const { return simple() && offsets.empty() && pending.empty(); }
    bool has_members() const;  // as the log has it
    bool has_pending(const TopicPartition& tp) const;
    friend bool operator==(const Group&, const Group&) = default;
};

class GroupFold final : public Fold {
public:
    void clear() override;
    void replay(const ReplayedRecord& record) override;
    void replay(const TxnMarker& marker, Offset at) override;

    const Group* find(const std::string& group_id) const;
    const std::map<std::string, Group>& groups() const { return groups_; }
    std::size_t skipped() const {
        return skipped_;
    }  // records of unknown types, or that we could not read
    friend bool operator==(const GroupFold& a, const GroupFold& b) {
        return a.groups_ == b.groups_;
    }

private:
    void replay_offset(const ReplayedRecord& record, bool legacy);
    void replay_streams(std::int16_t type, const ReplayedRecord& record);
    void replay_consumer(std::int16_t type, const ReplayedRecord& record);  // consumer_fold.cc
    void replay_classic(const ReplayedRecord& record);                      // classic_replay.cc
    void replay_foreign(std::int16_t type, const ReplayedRecord& record);
    void drop_if_empty(const std::string& group_id);

    std::map<std::string, Group> groups_;
    std::map<ProducerId, std::set<std::string>>
        pending_groups_;  // where a producer has pending offsets
    std::size_t skipped_ = 0;
};

}  // namespace millrace::broker
