#pragma once
// Drives consumer groups (KIP-848) by words, on top of what GroupRunner knows.
//   c-join GROUP MEMBER [topics=a,b] [regex=r] [instance=i] [assignor=a]
//   c-beat GROUP MEMBER EPOCH [owned=a-0,a-1] [topics=a,b] [regex=r] [full]      owned= says:
//   nothing c-leave GROUP MEMBER [instance=i]    c-away GROUP MEMBER instance=i    c-describe GROUP
//   group-config GROUP KEY VALUE
#include "millrace/tests/broker/group_runner.h"

namespace millrace::broker {

class ConsumerRunner : public GroupRunner {
public:
    Words run(const Words& w) {
        if (!w[0].starts_with("c-") && w[0] != "group-config") return GroupRunner::run(w);
        trace.clear();
        if (w[0] == "group-config")
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
            trace.push_back("  " + m.member_id + " epoch " + std::to_string(m.member_epoch) +
                            " has" + listed(m.assignment.topic_partitions) + ", is to have" +
                            listed(m.target_assignment.topic_partitions) +
                            (m.member_type == 0 ? ", classic" : ""));
    }
};

}  // namespace millrace::broker
