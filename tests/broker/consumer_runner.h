#pragma once
// Drives consumer groups (KIP-848) by words, on top of what GroupRunner knows.
//   c-join GROUP MEMBER [topics=a,b] [regex=r] [instance=i] [assignor=a]
//   c-beat GROUP MEMBER EPOCH [owned=a-0,a-1] [topics=a,b] [regex=r] [full]      owned= says:
//   nothing c-leave GROUP MEMBER [instance=i]    c-away GROUP MEMBER instance=i    c-describe GROUP
//   group-config GROUP KEY VALUE
// Members that speak the classic protocol, by names of ours; answers come when a rebalance is over.
//   k-join GROUP NAME topics=a,b [owned=a-0] [instance=i]    k-sync GROUP NAME [NAME=a-0,a-1 ...]
//   k-beat GROUP NAME    k-leave GROUP NAME
#include <gtest/gtest.h>

#include "millrace/base/byte_order.h"
#include "millrace/tests/broker/group_runner.h"
#include "millrace/wire/codec.h"
#include "millrace/wire/records/consumer_protocol.h"

namespace millrace::broker {

class ConsumerRunner : public GroupRunner {
public:
    Words run(const Words& w) {
        if (!w[0].starts_with("c-") && !w[0].starts_with("k-") && w[0] != "group-config")
            return GroupRunner::run(w);
        trace.clear();
        if (w[0].starts_with("k-"))
            classic(w);
        else if (w[0] == "group-config")
            topics.configs[{w[1], w[2]}] = w[3];
        else if (w[0] == "c-describe")
            group->consumer_describe(w[1], [this](Described g) { told(g); });
        else
            heartbeat(w);
        settle();
        return trace;
    }

private:
    using Described = wire::ConsumerGroupDescribeResponse::DescribedGroup;

    static std::vector<std::string> parts(const std::string& text) {
        std::vector<std::string> result;
        std::string one;
        for (const char c : text + ',') {
            if (c != ',')
                one += c;
            else if (!one.empty())
                result.push_back(std::exchange(one, {}));
        }
        return result;
    }

    struct ClassicMember {
        std::string id;
        std::int32_t generation = -1;
        std::string protocol;
    };

    void classic(const Words& w) {
        ClassicMember& member = classic_members_[w[2]];
        const RequestContext context{.client_id = "k", .client_host = "/127.0.0.1"};
        if (w[0] == "k-join") {
            wire::JoinGroupRequest request{.group_id = w[1],
                                           .session_timeout_ms = 10'000,
                                           .rebalance_timeout_ms = 30'000,
                                           .member_id = member.id,
                                           .protocol_type = "consumer"};
            wire::ConsumerProtocolSubscription subscription;
            for (std::size_t i = 3; i < w.size(); ++i) {
                const auto equals = w[i].find('=');
                const std::string key = w[i].substr(0, equals), value = w[i].substr(equals + 1);
                if (key == "topics") subscription.topics = parts(value);
                if (key == "instance") request.group_instance_id = value;
                if (key != "owned") continue;
                for (const std::string& tp : parts(value))
                    subscription.owned_partitions.push_back(
                        {tp.substr(0, tp.rfind('-')), {std::stoi(tp.substr(tp.rfind('-') + 1))}});
            }
            request.protocols = {{"range", protocol_bytes(subscription)}};
            group->join_group(
                request, 3, context, now,
                [this, name = w[2]](const wire::JoinGroupResponse& response) {
                    if (response.error_code != ErrorCode::None)
                        return trace.push_back(name + ": " +
                                               std::string(millrace::name(response.error_code)));
                    classic_members_[name] = {response.member_id, response.generation_id,
                                              response.protocol_name.value_or("")};
                    trace.push_back(name + ": generation " +
                                    std::to_string(response.generation_id) +
                                    (response.leader == response.member_id ? ", leads" : ""));
                });
        } else if (w[0] == "k-sync") {
            wire::SyncGroupRequest request{.group_id = w[1],
                                           .generation_id = member.generation,
                                           .member_id = member.id,
                                           .protocol_type = "consumer",
                                           .protocol_name = member.protocol};
            for (std::size_t i = 3; i < w.size(); ++i) {
                const auto equals = w[i].find('=');
                wire::ConsumerProtocolAssignment assignment;
                for (const std::string& tp : parts(w[i].substr(equals + 1)))
                    assignment.assigned_partitions.push_back(
                        {tp.substr(0, tp.rfind('-')), {std::stoi(tp.substr(tp.rfind('-') + 1))}});
                request.assignments.push_back(
                    {classic_members_[w[i].substr(0, equals)].id, protocol_bytes(assignment)});
            }
            group->sync_group(
                request, 5, now, [this, name = w[2]](const wire::SyncGroupResponse& response) {
                    std::string text = name + ":";
                    if (response.error_code != ErrorCode::None)
                        return trace.push_back(text + " " +
                                               std::string(millrace::name(response.error_code)));
                    const auto assignment = wire::decode<wire::ConsumerProtocolAssignment>(
                        response.assignment.view().subspan(2), 1);
                    for (const auto& topic : assignment->assigned_partitions)
                        for (const std::int32_t p : topic.partitions)
                            text += " " + topic.topic + "-" + std::to_string(p);
                    trace.push_back(text);
                });
        } else if (w[0] == "k-beat") {
            const ErrorCode code = group->classic_heartbeat(
                {.group_id = w[1], .generation_id = member.generation, .member_id = member.id},
                now);
            trace.push_back(w[2] + ": " + std::string(name(code)));
        } else if (w[0] == "k-leave") {
            wire::LeaveGroupRequest request{.group_id = w[1]};
            request.members = {{.member_id = member.id}};
            group->leave_group(
                request, now, [this, name = w[2]](const wire::LeaveGroupResponse& response) {
                    const ErrorCode code = response.members.empty()
                                               ? response.error_code
                                               : response.members.front().error_code;
                    trace.push_back(name + " left: " + std::string(millrace::name(code)));
                });
            member = {};
        }
    }

    template <class Message>
    static Bytes protocol_bytes(const Message& message) {
        ByteSink sink;
        append_be<std::int16_t>(sink, 1);
        EXPECT_TRUE(wire::encode(message, 1, sink).has_value());
        return sink.to_bytes();
    }

    std::string shown(const std::string& member_id) const {  // ids of classic members are random
        for (const auto& [name, member] : classic_members_)
            if (member.id == member_id) return name;
        return member_id;
    }
    std::map<std::string, ClassicMember> classic_members_;

    void heartbeat(const Words& w) {
        wire::ConsumerGroupHeartbeatRequest request;
        const RequestContext context{.client_id = "c", .client_host = "/127.0.0.1"};
        request.group_id = w[1];
        request.member_id = w[2];
        std::size_t options = 3;
        if (w[0] == "c-join") {
            request.rebalance_timeout_ms = 30'000;
            request.topic_partitions.emplace();
        } else if (w[0] == "c-beat") {
            request.member_epoch = std::stoi(w[options++]);
        } else {
            request.member_epoch = w[0] == "c-leave" ? -1 : -2;
        }
        for (std::size_t i = options; i < w.size(); ++i) {
            const auto equals = w[i].find('=');
            const std::string key = w[i].substr(0, equals), value = w[i].substr(equals + 1);
            if (key == "topics") request.subscribed_topic_names = parts(value);
            if (key == "full")
                request.rebalance_timeout_ms = 30'000;  // after a reply that was lost
            if (key == "regex") request.subscribed_topic_regex = value;
            if (key == "instance") request.instance_id = value;
            if (key == "assignor") request.server_assignor = value;
            if (key != "owned") continue;
            request.topic_partitions.emplace();
            for (const std::string& tp : parts(value)) {
                const auto dash = tp.rfind('-');
                request.topic_partitions->push_back(
                    {topics.find(std::string_view(tp).substr(0, dash))->id,
                     {std::stoi(tp.substr(dash + 1))}});
            }
        }
        group->consumer_heartbeat(
            request, 1, context, now,
            [this, id = w[2]](const wire::ConsumerGroupHeartbeatResponse& response) {
                std::string text = id + ": ";
                if (response.error_code != ErrorCode::None) {
                    trace.push_back(text + std::string(name(response.error_code)));
                    return;
                }
                text += "epoch " + std::to_string(response.member_epoch);
                if (response.assignment)
                    text += ", has" + listed(response.assignment->topic_partitions);
                trace.push_back(text);
            });
    }

    template <class Topics>
    std::string listed(const Topics& assigned) const {
        std::map<std::string, std::string> sorted;
        for (const auto& topic : assigned) {
            const auto known = topics.find(topic.topic_id);
            const std::string topic_name = known ? known->name : "gone";
            for (const std::int32_t p : topic.partitions)
                sorted[topic_name] += " " + topic_name + "-" + std::to_string(p);
        }
        std::string text;
        for (const auto& [topic, partitions] : sorted) text += partitions;
        return text.empty() ? " none" : text;
    }

    void told(const Described& g) {
        std::string text = g.group_id + ": " + g.group_state;
        if (g.error_code != ErrorCode::None)
            text += " " + std::string(name(g.error_code));
        else
            text += " epoch " + std::to_string(g.group_epoch) + " target " +
                    std::to_string(g.assignment_epoch) + " " + g.assignor_name;
        trace.push_back(text);
        for (const auto& m : g.members)
            trace.push_back("  " + shown(m.member_id) + " epoch " + std::to_string(m.member_epoch) +
                            " has" + listed(m.assignment.topic_partitions) + ", is to have" +
                            listed(m.target_assignment.topic_partitions) +
                            (m.member_type == 0 ? ", classic" : ""));
    }
};

}  // namespace millrace::broker
