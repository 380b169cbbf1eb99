#pragma once
// What groups of all kinds have in common for those who list, describe, delete and expire them.
#include <string_view>

#include "millrace/broker/group/classic_membership.h"
#include "millrace/broker/group/group_fold.h"

namespace millrace::broker {

enum class GroupType : std::uint8_t { Classic, Consumer, Share, Streams };
std::string_view group_type_name(GroupType type);  // Kafka's spelling
GroupType group_type(const Group& group);
// The protocol type that ListGroups tells.
std::string_view group_protocol_type(const Group& group, const ClassicMembership* classic);
std::string_view group_state_name(const Group& group, const ClassicMembership* classic);
bool group_is_empty(const Group& group, const ClassicMembership* classic);
// Whether members read the topic; their offsets neither expire nor may they be deleted.
bool group_reads(const Group& group, const ClassicMembership* classic, const std::string& topic);
// Of a group without members.
CoordinatorRecords group_tombstones(const std::string& group_id, const Group& group);

}  // namespace millrace::broker
