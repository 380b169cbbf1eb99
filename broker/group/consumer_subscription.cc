// What a consumer group subscribes to: its members' topics and regular expressions, their hash, and
// the targets that follow from them.
#include <algorithm>

#include "millrace/broker/group/consumer_shard.h"
#include "millrace/broker/group/java_order.h"
#include "millrace/broker/group/topic_hash.h"

namespace millrace::broker {

void ConsumerMembers::each(
    const std::function<void(const std::string&, const ConsumerMember&)>& visit) const {
    bool visited = !id_;
    for (const auto& [id, member] : group_.members) {
        if (!visited && *id_ <= id) {
            visit(*id_, *member_);
            visited = true;
        }
        if ((id_ && id == *id_) || without_.contains(id)) continue;
        visit(id, member);
    }
    if (!visited) visit(*id_, *member_);
}

std::map<std::string, std::size_t> ConsumerMembers::regexes() const {
    std::map<std::string, std::size_t> counts;
    each([&](const std::string&, const ConsumerMember& member) {
        if (!member.regex.empty()) ++counts[member.regex];
    });
    return counts;
}

std::string ConsumerMembers::preferred_assignor(const std::string& otherwise) const {
    std::map<std::string, std::size_t> votes;
    each([&](const std::string&, const ConsumerMember& member) {
        if (member.server_assignor) ++votes[*member.server_assignor];
    });
    std::vector<std::string> names;
    for (const auto& [name, count] : votes) names.push_back(name);
    order_like_java(names);  // of those with equal votes the first
    const auto most = std::ranges::max_element(
        names, {}, [&](const std::string& name) { return votes.at(name); });
    return most == names.end() ? otherwise : *most;
}

std::set<std::string> subscribed_names(const ConsumerMember& member,
                                       const std::map<std::string, ResolvedRegex>& regexes) {
    std::set<std::string> names = member.topics;
    if (const auto it = regexes.find(member.regex); !member.regex.empty() && it != regexes.end())
        names.insert(it->second.topics.begin(), it->second.topics.end());
    return names;
}

std::int64_t subscription_hash(const ConsumerMembers& members,
                               const std::map<std::string, ResolvedRegex>& regexes,
                               const TopicLookup& topics) {
    std::set<std::string> names;
    std::set<std::string> expressions;
    members.each([&](const std::string&, const ConsumerMember& member) {
        names.insert(member.topics.begin(), member.topics.end());
        if (!member.regex.empty()) expressions.insert(member.regex);
    });
    for (const std::string& regex : expressions)
        if (const auto it = regexes.find(regex); it != regexes.end())
            names.insert(it->second.topics.begin(), it->second.topics.end());
    std::map<std::string, std::int64_t> hashes;
    for (const std::string& name : names)
        if (const auto topic = topics.find(name))
            hashes[name] = topic_hash(*topic, topics.racks(topic->id));
    return group_hash(hashes);
}

ConsumerTargets consumer_targets(const ConsumerGroup& group, const ConsumerMembers& members,
                                 const std::map<std::string, ResolvedRegex>& regexes,
                                 const std::optional<std::string>& replaces,
                                 const std::string& replacement, const std::string& assignor,
                                 const TopicLookup& topics) {
    std::map<std::string, std::optional<KnownTopic>> known;
    AssignedMembers assigned;
    AssignedTopics of;
    std::optional<std::pair<std::set<std::string>, std::string>> subscription;
    members.each([&](const std::string& id, const ConsumerMember& member) {
        AssignedMember& one = assigned[id];
        one.instance_id = member.instance_id;
        for (const std::string& name : subscribed_names(member, regexes)) {
            const auto [it, is_new] = known.try_emplace(name);
            if (is_new) it->second = topics.find(name);
            if (!it->second) continue;
            one.topics.insert(it->second->id);
            of.partitions[it->second->id] = it->second->partitions;
        }
        const auto there = group.targets.find(replaces && id == replacement ? *replaces : id);
        if (there != group.targets.end()) one.previous = there->second;
        std::pair asked(member.topics, member.regex);
        if (!subscription) subscription = asked;
        of.same_subscriptions = of.same_subscriptions && *subscription == asked;
    });
    std::vector<std::string> names;
    for (const auto& [name, topic] : known)
        if (topic) names.push_back(name);
    order_like_java(names, JavaTable::Copied);
    for (const std::string& name : names) of.order.push_back(known.at(name)->id);
    return assignor == kRangeAssignor ? assign_range(assigned, of) : assign_uniform(assigned, of);
}

}  // namespace millrace::broker
