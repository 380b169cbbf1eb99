// What a heartbeat of a consumer group says, and whether it may say so (GroupCoordinatorService's
// checks).
#include <algorithm>
#include <utility>

#include "millrace/broker/group/consumer_shard.h"

namespace millrace::broker {

namespace {

using HeartbeatRequest = wire::ConsumerGroupHeartbeatRequest;

bool blank(const std::string& text) {  // String.trim().isEmpty()
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

}  // namespace

// What the member says of itself; fields that it left out stay.
ConsumerMember GroupCoordinator::ConsumerBeat::member_after(const ConsumerMember& before) const {
    ConsumerMember member = before;
    if (request.instance_id) member.instance_id = request.instance_id;
    if (request.rack_id) member.rack_id = request.rack_id;
    if (request.rebalance_timeout_ms != -1)
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    if (request.server_assignor) member.server_assignor = request.server_assignor;
    if (request.subscribed_topic_names)
        member.topics = {request.subscribed_topic_names->begin(),
                         request.subscribed_topic_names->end()};
    if (request.subscribed_topic_regex) member.regex = *request.subscribed_topic_regex;
    member.client_id = client_id;
    member.client_host = client_host;
    member.classic = classic;
    return member;
}

std::optional<PartitionSets> GroupCoordinator::ConsumerBeat::owned() const {
    if (!request.topic_partitions) return std::nullopt;
    PartitionSets owned;
    for (const auto& topic : *request.topic_partitions)
        owned[topic.topic_id].insert(topic.partitions.begin(), topic.partitions.end());
    return owned;
}

void GroupCoordinator::ConsumerBeat::refuse(ErrorCode code, std::string detail) const {
    wire::ConsumerGroupHeartbeatResponse response;
    response.error_code = code;
    if (!detail.empty()) response.error_message = std::move(detail);
    answer(std::move(response));
}

Result<void> GroupCoordinator::validate_consumer_heartbeat(const HeartbeatRequest& request,
                                                           std::int16_t version) const {
    const auto invalid = [](std::string detail) {
        return fail(ErrorCode::InvalidRequest, std::move(detail));
    };
    if ((version >= 1 || request.member_epoch > 0 || request.member_epoch == kLeave) &&
        blank(request.member_id))
        return invalid("MemberId can't be empty.");
    if (blank(request.group_id)) return invalid("GroupId can't be empty.");
    if (request.instance_id && blank(*request.instance_id))
        return invalid("InstanceId can't be empty.");
    if (request.rack_id && blank(*request.rack_id)) return invalid("RackId can't be empty.");
    if (request.member_epoch == 0) {
        if (request.rebalance_timeout_ms == -1)
            return invalid("RebalanceTimeoutMs must be provided in first request.");
        if (!request.topic_partitions || !request.topic_partitions->empty())
            return invalid("TopicPartitions must be empty when (re-)joining.");
        if (!request.subscribed_topic_names && !request.subscribed_topic_regex)
            return invalid(
                "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when "
                "(re-)joining.");
    } else if (request.member_epoch == kLeaveStatic) {
        if (!request.instance_id) return invalid("InstanceId can't be null.");
    } else if (request.member_epoch < kLeaveStatic) {
        return invalid("MemberEpoch is invalid.");
    }
    if (request.server_assignor &&
        std::ranges::find(config_.consumer_assignors, *request.server_assignor) ==
            config_.consumer_assignors.end()) {
        std::string served;
        for (const std::string& name : config_.consumer_assignors)
            served += (served.empty() ? "" : ", ") + name;
        return fail(ErrorCode::UnsupportedAssignor,
                    "ServerAssignor " + *request.server_assignor +
                        " is not supported. Supported assignors: " + served + ".");
    }
    return {};
}

}  // namespace millrace::broker
