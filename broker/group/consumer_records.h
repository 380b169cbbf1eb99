#pragma once
// The records of consumer groups, as Kafka 4.4 writes them (GroupCoordinatorRecordHelpers): types
// 3, 5, 6, 7, 8, 16. Topics of an assignment stand in the order of Java's HashMap.
#include <string>

#include "millrace/broker/coordinator/fold.h"
#include "millrace/broker/group/consumer_group.h"

namespace millrace::broker {

CoordinatorRecord consumer_epoch_record(const std::string& group_id, std::int32_t epoch,
                                        std::int64_t metadata_hash);
CoordinatorRecord consumer_member_record(const std::string& group_id, const std::string& member_id,
                                         const ConsumerMember& member);  // what it said of itself
CoordinatorRecord consumer_target_epoch_record(const std::string& group_id, std::int32_t epoch,
                                               Timestamp time);
CoordinatorRecord consumer_target_record(const std::string& group_id, const std::string& member_id,
                                         const PartitionSets& target);
CoordinatorRecord consumer_assignment_record(const std::string& group_id,
                                             const std::string& member_id,
                                             const ConsumerMember& member);  // what it holds
CoordinatorRecord consumer_regex_record(const std::string& group_id, const std::string& regex,
                                        const ResolvedRegex& resolved);

CoordinatorRecord consumer_regex_tombstone(const std::string& group_id, const std::string& regex);
CoordinatorRecord consumer_partition_metadata_tombstone(const std::string& group_id);  // type 4
// Of assignment, target and member, in the order in which Kafka writes them, and needs them to
// read.
CoordinatorRecords consumer_member_tombstones(const std::string& group_id,
                                              const std::string& member_id);
// Of a whole group, members and all (ConsumerGroup.createGroupTombstoneRecords).
CoordinatorRecords consumer_group_tombstones(const std::string& group_id,
                                             const ConsumerGroup& group);

}  // namespace millrace::broker
