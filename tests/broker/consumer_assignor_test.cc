// The server-side assignors and the topic hash against what Apache Kafka 4.4 answers
// (tests/golden/consumer-assignors).
#include "millrace/broker/group/consumer_assignor.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "millrace/broker/group/topic_hash.h"
#include "millrace/tests/wire/golden_file.h"

namespace millrace::broker {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
    if (!text.empty() && text.back() == at) parts.emplace_back();
    return parts;
}

Uuid uuid(const std::string& text) {
    Uuid id;
    EXPECT_TRUE(Uuid::parse(text, id)) << text;
    return id;
}

PartitionSets sets(const std::string& text) {
    PartitionSets result;
    for (const std::string& topic : split(text, '+')) {
        const std::size_t equals = topic.rfind('=');
        for (const std::string& p : split(topic.substr(equals + 1), '.'))
            result[uuid(topic.substr(0, equals))].insert(std::stoi(p));
    }
    return result;
}

std::vector<std::vector<std::string>> vectors(const std::string& kind) {
    std::vector<std::vector<std::string>> lines;
    for (auto& row : golden::read_rows(golden::golden("consumer-assignors") / "vectors.tsv.gz"))
        if (row.at(0) == kind) lines.push_back(std::move(row));
    EXPECT_FALSE(lines.empty()) << kind;
    return lines;
}

void expect_kafkas_answers(const std::string& assignor) {
    for (const auto& line : vectors(assignor)) {
        AssignedTopics topics;
        for (const std::string& topic : split(line.at(1), ',')) {
            const Uuid id = uuid(topic.substr(0, topic.rfind('=')));
            topics.partitions[id] = std::stoi(topic.substr(topic.rfind('=') + 1));
            topics.order.push_back(id);
        }
        std::ranges::sort(topics.order, [](const Uuid& a, const Uuid& b) {  // Uuid.compareTo
            const auto key = [](const Uuid& id) {
                return std::pair(static_cast<std::int64_t>(id.high),
                                 static_cast<std::int64_t>(id.low));
            };
            return key(a) < key(b);
        });
        AssignedMembers members;
        for (const std::string& text : split(line.at(2), ',')) {
            const auto parts = split(text, ':');
            const auto names = split(parts.at(0), '/');
            AssignedMember& member = members[names.at(0)];
            if (names.size() > 1) member.instance_id = names[1];
            for (const std::string& topic : split(parts.at(1), '+'))
                member.topics.insert(uuid(topic));
            member.previous = sets(parts.at(2));
        }
        topics.same_subscriptions = std::ranges::all_of(members, [&](const auto& one) {
            return one.second.topics == members.begin()->second.topics;
        });
        ConsumerTargets expected;
        for (const std::string& text : split(line.at(3), ',')) {
            const auto parts = split(text, ':');
            expected[parts.at(0)] = sets(parts.at(1));
        }
        const ConsumerTargets got = assignor == kRangeAssignor ? assign_range(members, topics)
                                                               : assign_uniform(members, topics);
        EXPECT_EQ(got, expected) << line.at(2) << "\n" << line.at(3);
    }
}

TEST(ConsumerAssignor, RangeAssignsAsKafkaDoes) {
    expect_kafkas_answers("range");
}
TEST(ConsumerAssignor, UniformAssignsAsKafkaDoes) {
    expect_kafkas_answers("uniform");
}

TEST(ConsumerAssignor, NobodySubscribesToAnything) {
    const AssignedMembers members{{"a", {}}, {"b", {}}};
    EXPECT_EQ(assign_uniform(members, {}), (ConsumerTargets{{"a", {}}, {"b", {}}}));
    EXPECT_EQ(assign_range(members, {}), (ConsumerTargets{{"a", {}}, {"b", {}}}));
    EXPECT_TRUE(assign_uniform({}, {}).empty());
}

TEST(TopicHash, IsKafkas) {
    for (const auto& line : vectors("hash")) {
        std::vector<std::vector<std::string>> racks;
        for (const std::string& partition : split(line.at(4), ';'))
            racks.push_back(split(partition, '+'));
        EXPECT_EQ(topic_hash({line.at(2), uuid(line.at(1)), std::stoi(line.at(3))}, racks),
                  std::stoll(line.at(5)))
            << line.at(2);
    }
    EXPECT_EQ(group_hash({{"a", 1}, {"b", -7}, {"c", 99}}),
              std::stoll(vectors("group").at(0).at(2)));
    EXPECT_EQ(group_hash({}), 0);
}

}  // namespace
}  // namespace millrace::broker
