#include "millrace/broker/group/group_kinds.h"

#include <algorithm>

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/broker/group/consumer_records.h"
#include "millrace/broker/group/consumer_shard.h"
#include "millrace/broker/group/group_records.h"
#include "millrace/broker/group/group_shard.h"
#include "millrace/wire/records/share_group.h"

namespace millrace::broker {

std::string_view group_type_name(GroupType type) {
    switch (type) {
        case GroupType::Classic:
            return "classic";
        case GroupType::Consumer:
            return "consumer";
        case GroupType::Share:
            return "share";
        case GroupType::Streams:
            return "streams";
    }
    return "";
}

GroupType group_type(const Group& group) {
    if (group.streams) return GroupType::Streams;
    if (group.consumer) return GroupType::Consumer;
    return group.foreign == ForeignProtocol::Share ? GroupType::Share : GroupType::Classic;
}

std::string_view group_protocol_type(const Group& group, const ClassicMembership* classic) {
    const GroupType type = group_type(group);
    if (type != GroupType::Classic) return group_type_name(type);
    return classic && classic->protocol_type() ? std::string_view(*classic->protocol_type())
                                               : std::string_view();
}

std::string_view group_state_name(const Group& group, const ClassicMembership* classic) {
    switch (group_type(group)) {
        case GroupType::Streams:
            return streams_group_state(*group.streams);
        case GroupType::Consumer:
            return consumer_group_state(*group.consumer);
        case GroupType::Share:
            return group.foreign_members.empty() ? "Empty" : "Stable";
        case GroupType::Classic:
            break;
    }
    return classic_state_name(classic ? classic->state() : ClassicState::Empty);
}

bool group_is_empty(const Group& group, const ClassicMembership* classic) {
    if (group_type(group) != GroupType::Classic) return !group.has_members();
    return !classic || classic->in(ClassicState::Empty);
}

bool group_reads(const Group& group, const ClassicMembership* classic, const std::string& topic) {
    switch (group_type(group)) {
        case GroupType::Streams: {
            if (!streams_group_ready(*group.streams)) return false;
            return std::ranges::any_of(
                group.streams->topology->subtopologies, [&](const auto& sub) {
                    return std::ranges::find(sub.source_topics, topic) != sub.source_topics.end() ||
                           std::ranges::any_of(
                               sub.repartition_source_topics,
                               [&](const auto& repartition) { return repartition.name == topic; });
                });
        }
        case GroupType::Consumer:
            for (const auto& [member_id, member] : group.consumer->members) {
                if (member.topics.contains(topic)) return true;
                const auto regex = group.consumer->regexes.find(member.regex);
                if (!member.regex.empty() && regex != group.consumer->regexes.end() &&
                    regex->second.topics.contains(topic))
                    return true;
            }
            return false;
        case GroupType::Share:
            return false;
        case GroupType::Classic:
            break;
    }
    return classic && classic->subscribed_to(topic);
}

CoordinatorRecords group_tombstones(const std::string& group_id, const Group& group) {
    switch (group_type(group)) {
        case GroupType::Streams:
            return streams_group_tombstones(group_id);
        case GroupType::Consumer:
            return consumer_group_tombstones(group_id, *group.consumer);
        case GroupType::Share:
            return {{encode_key(wire::ShareGroupMetadataKey{group_id}), std::nullopt}};
        case GroupType::Classic:
            break;
    }
    return {classic_group_tombstone(group_id)};
}

}  // namespace millrace::broker
