// Consumer groups (KIP-848): scripts (tests/scripts/consumer), each also with every append failing
// once and with the log read again after every command; records byte for byte as Apache Kafka 4.4
// wrote them.
#include <gtest/gtest.h>

#include "millrace/base/mutant.h"
#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/broker/group/consumer_records.h"
#include "millrace/tests/broker/consumer_runner.h"
#include "millrace/tests/broker/script.h"
#include "millrace/tests/wire/golden_file.h"

namespace millrace::broker {
namespace {

GroupFold loaded(VectorLog& log) {
    GroupFold fold;
    Shard shard(fold, ShardSettings{.load_bytes_per_step = 1});
    shard.lead(log);
    while (shard.state() == ShardState::Loading) shard.load();
    return fold;
}

// Nobody else holds, or must still give up, what a member holds; the index of owners says the same.
void expect_one_owner(const GroupFold& fold) {
    for (const auto& [group_id, group] : fold.groups()) {
        if (!group.consumer) continue;
        std::map<std::pair<Uuid, std::int32_t>, std::string> owners;
        for (const auto& [member_id, member] : group.consumer->members)
            for (const AssignedPartitions* held : {&member.assigned, &member.revoking})
                for (const auto& [topic, partitions] : *held)
                    for (const auto& [partition, epoch] : partitions) {
                        const auto [it, fresh] =
                            owners.emplace(std::pair(topic, partition), member_id);
                        EXPECT_TRUE(fresh) << partition << ": " << it->second << ", " << member_id;
                    }
        EXPECT_EQ(owners.size(), group.consumer->owners.size());
        for (const auto& [partition, owner] : group.consumer->owners)
            EXPECT_EQ(owners[partition], owner);
    }
}

void expect_good(ConsumerRunner& runner, const std::string& after) {
    if (runner.group->serving("g") != ErrorCode::None) return;
    SCOPED_TRACE(after);
    EXPECT_TRUE(loaded(runner.log) == *runner.group->fold(0));
    if (mutant::active == Mutant::None) expect_one_owner(*runner.group->fold(0));
}

TEST(ConsumerGroup, Scripts) {
    for (const auto& path : scripts("consumer")) {
        ConsumerRunner runner;
        check_script(path, [&](const auto& words) {
            auto trace = runner.run(words);
            expect_good(runner, path.filename().string() + ": " + words[0]);
            return trace;
        });
    }
}

TEST(ConsumerGroup, EveryAppendMayFail) {
    for (const auto& path : scripts("consumer")) {
        ConsumerRunner whole;
        run_script(script_lines(path), [&](const auto& words) { return whole.run(words); });
        for (std::size_t at = 0; at < whole.log.appends; ++at) {
            ConsumerRunner runner;
            runner.log.fail_at = at;
            run_script(script_lines(path), [&](const auto& words) {
                auto trace = runner.run(words);
                expect_good(runner, path.filename().string() + " append " + std::to_string(at));
                return trace;
            });
        }
    }
}

TEST(ConsumerGroup, AMutantGrantsTooEarly) {
    mutant::active = Mutant::FenceOffByOneOnAssign;
    ConsumerRunner runner;
    runner.run({"topic", "a", "2"});
    runner.run({"c-join", "g", "m1", "topics=a"});
    EXPECT_NE(runner.run({"c-join", "g", "m2", "topics=a"}).back(), "m2: epoch 3, has none");
    mutant::active = Mutant::None;
}

// Whatever members come, go, change their minds, lose replies and fall silent: the group comes to
// rest, and each partition has one owner.
TEST(ConsumerGroup, ComesToRest) {
    struct Member {
        std::int32_t epoch = 0;
        std::set<std::string> owned;
        std::string topics;
        bool lost = false;  // a reply
    };
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        std::uint64_t state = seed;
        const auto random = [&](std::uint64_t below) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            return (state >> 33) % below;
        };
        ConsumerRunner runner;
        runner.run({"topic", "a", "7"});
        runner.run({"topic", "b", "3"});
        std::map<std::string, Member> members;
        const auto beat = [&](const std::string& id, bool reply_lost, bool calm) {
            Member& member = members[id];
            static const std::vector<std::string> kTopics = {"topics=a", "topics=a,b", "topics=b"};
            std::vector<std::string> command;
            if (member.topics.empty() || (!calm && seed % 2 == 1 && random(8) == 0))
                member.topics = seed % 2 == 0 ? "topics=a,b" : kTopics[random(3)];
            if (member.epoch == 0) {
                command = {"c-join", "g", id, member.topics};
                if (seed % 3 == 0) command.push_back("assignor=range");
            } else {
                std::string owned = "owned=";
                for (const std::string& tp : member.owned) owned += tp + ",";
                command = {"c-beat", "g", id, std::to_string(member.epoch), owned, member.topics};
                if (member.lost) command.push_back("full");
            }
            member.lost = reply_lost;
            const auto trace = runner.run(command);
            expect_good(runner, command[0]);
            if (reply_lost || trace.empty()) return;
            const std::string& line = trace.back();
            if (line.find(": epoch ") == std::string::npos)  // fenced: it drops all it has
                return void(member = {.topics = member.topics});
            member.epoch = std::stoi(line.substr(line.find("epoch ") + 6));
            if (const auto at = line.find(", has"); at != std::string::npos) {
                member.owned.clear();
                for (const std::string& tp : words_of(line.substr(at + 5)))
                    if (tp != "none") member.owned.insert(tp);
            }
        };
        for (int step = 0; step < 60; ++step) {
            const std::string id(1, static_cast<char>('p' + random(4)));
            switch (random(12)) {
                case 0:
                    runner.run({"c-leave", "g", id});
                    members[id] = {};
                    break;
                case 1:
                    runner.run({"tick", std::to_string(random(20'000))});
                    break;
                case 2:
                    runner.run({"restart"});
                    break;
                case 3:
                    runner.run({"fail-append"});
                    break;
                default:
                    beat(id, random(6) == 0, false);
            }
        }
        runner.log.fail_next.reset();
        for (int round = 0; round < 12; ++round) {
            runner.run({"tick", "5000"});
            for (auto& [id, member] : members) beat(id, false, true);
        }
        const auto described = runner.run({"c-describe", "g"});
        EXPECT_NE(described.front().find("Stable"), std::string::npos) << described.front();
        std::size_t held = 0;
        for (const auto& [id, member] : members) held += member.owned.size();
        EXPECT_EQ(held, runner.group->fold(0)->find("g")->consumer->owners.size());
        if (seed % 2 == 0) EXPECT_EQ(held, 10u);
    }
}

TEST(ConsumerGroup, ManyMembersAreTheirShareApart) {
    ConsumerRunner runner;
    runner.run({"topic", "a", "100"});
    for (int i = 0; i < 100; ++i) runner.run({"c-join", "g", "m" + std::to_string(i), "topics=a"});
    for (int round = 0; round < 4; ++round)
        for (int i = 0; i < 100; ++i) {
            const std::string id = "m" + std::to_string(i);
            const auto& members = runner.group->fold(0)->find("g")->consumer->members;
            const ConsumerMember& member = members.at(id);
            std::string owned = "owned=";
            for (const auto& [topic, partitions] : member.assigned)
                for (const auto& [p, epoch] : partitions) owned += "a-" + std::to_string(p) + ",";
            runner.run({"c-beat", "g", id, std::to_string(member.epoch), owned});
        }
    EXPECT_TRUE(runner.run({"c-describe", "g"}).front().starts_with("g: Stable"));
    for (const auto& [id, member] : runner.group->fold(0)->find("g")->consumer->members)
        EXPECT_EQ(member.assigned.begin()->second.size(), 1u) << id;
}

// Each record of Apache Kafka 4.4's log, read and written again, is the same bytes. (Its story:
// consumer_heartbeats.py.)
TEST(ConsumerGroupGolden, RecordsAreKafkas) {
    std::set<std::int16_t> types;
    for (const char* file : {"1.log.gz", "2.log.gz", "3.log.gz"}) {
        const std::string bytes = golden::read_file(golden::golden("consumer-groups") / file);
        GroupFold fold;
        wire::BatchWalker walker(as_bytes(bytes));
        while (const auto batch = walker.next()) {
            wire::RecordReader reader(*batch, batch->encoded_records());
            wire::RecordView record;
            std::int64_t offset = batch->base_offset().value();
            while (*reader.read({&record, 1}) == 1) {
                const BytesView key = record.key.view(), value = record.value.view();
                const bool tombstone = record.value.is_null();
                fold.replay({.offset = Offset{offset++},
                             .key = key,
                             .value = tombstone ? std::nullopt : std::optional(value)});
                const std::int16_t type = key_type(key);
                if (tombstone || type < 3 || (type > 8 && type != 16)) continue;
                types.insert(type);
                ByteReader text(key.subspan(2));
                const auto next = [&] {
                    return std::string(
                        as_text(text.bytes(static_cast<std::uint16_t>(text.be<std::int16_t>()))));
                };
                const std::string group_id = next();
                const std::string second = type == 3 || type == 6 ? "" : next();
                const ConsumerGroup& group = *fold.find(group_id)->consumer;
                CoordinatorRecord written;
                if (type == 3)
                    written = consumer_epoch_record(group_id, group.epoch, group.metadata_hash);
                if (type == 5)
                    written = consumer_member_record(group_id, second, group.members.at(second));
                if (type == 6)
                    written = consumer_target_epoch_record(group_id, group.target_epoch,
                                                           group.target_time);
                if (type == 7)
                    written = consumer_target_record(group_id, second, group.targets.at(second));
                if (type == 8)
                    written =
                        consumer_assignment_record(group_id, second, group.members.at(second));
                if (type == 16)
                    written = consumer_regex_record(group_id, second, group.regexes.at(second));
                EXPECT_EQ(as_text(written.key.view()), as_text(key)) << type;
                EXPECT_EQ(as_text(written.value->view()), as_text(value)) << type;
            }
        }
    }
    EXPECT_EQ(types, (std::set<std::int16_t>{3, 5, 6, 7, 8, 16}));
}

}  // namespace
}  // namespace millrace::broker
