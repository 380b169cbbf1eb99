#pragma once
// The records of groups, as Kafka 4.4 writes them (StreamsCoordinatorRecordHelpers,
// GroupCoordinatorRecordHelpers).
#include <string>

#include "millrace/broker/group/group_fold.h"

namespace millrace::broker {

// Types 17, 19, 20, 21, 22, 23 and 1.
CoordinatorRecord streams_group_record(const std::string& group_id,
                                       const StreamsGroup& group);  // epoch and what it rests on
CoordinatorRecord streams_member_record(const std::string& group_id, const std::string& member_id,
                                        const StreamsMember& member);  // what it said of itself
CoordinatorRecord streams_topology_record(const std::string& group_id,
                                          const wire::StreamsGroupTopologyValue& topology);
CoordinatorRecord streams_target_epoch_record(const std::string& group_id, std::int32_t epoch,
                                              Timestamp time);
CoordinatorRecord streams_target_record(const std::string& group_id, const std::string& member_id,
                                        const Tasks& tasks);
CoordinatorRecord streams_assignment_record(const std::string& group_id,
                                            const std::string& member_id,
                                            const StreamsMember& member);  // what it holds
// Tombstones of assignment, target and member, in the order in which Kafka writes them.
CoordinatorRecords streams_member_tombstones(const std::string& group_id,
                                             const std::string& member_id);
CoordinatorRecord streams_target_tombstone(const std::string& group_id,
                                           const std::string& member_id);

CoordinatorRecords streams_group_tombstones(
    const std::string& group_id);  // of a group without members
// Type 2, version 3: a generation with its assignments, or an empty group.
CoordinatorRecord classic_group_record(const std::string& group_id, const ClassicGroup& group);
CoordinatorRecord classic_group_tombstone(const std::string& group_id);

CoordinatorRecord offset_record(const std::string& group_id, const TopicPartition& tp,
                                const CommittedOffset& offset);
CoordinatorRecord offset_tombstone(const std::string& group_id, const TopicPartition& tp);

}  // namespace millrace::broker
