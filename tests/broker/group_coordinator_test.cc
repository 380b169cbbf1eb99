// The group coordinator: scripts (tests/scripts/group), each also with every append failing once,
// and with the log read again after every command.
#include <gtest/gtest.h>

#include "millrace/base/mutant.h"
#include "millrace/tests/broker/group_runner.h"
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

// I15: no task is held by two members at a time, what they must still give up included.
void expect_one_owner(const GroupFold& fold) {
    for (const auto& [group_id, group] : fold.groups()) {
        if (!group.streams) continue;
        std::map<TaskId, std::string> owners;
        for (const auto& [member_id, member] : group.streams->members)
            for (const ActiveTasks* held : {&member.active, &member.active_revoking})
                for (const auto& [task, epoch] : *held) {
                    const auto [it, fresh] = owners.emplace(task, member_id);
                    EXPECT_TRUE(fresh)
                        << task.to_string() << " is held by " << it->second << " and " << member_id;
                }
    }
}

void expect_good(GroupRunner& runner, const std::string& after) {
    if (runner.group->serving("g") != ErrorCode::None) return;
    SCOPED_TRACE(after);
    EXPECT_TRUE(loaded(runner.log) == *runner.group->fold(0));
    if (mutant::active == Mutant::None) expect_one_owner(*runner.group->fold(0));
}

TEST(GroupCoordinator, Scripts) {
    for (const auto& path : scripts("group")) {
        GroupRunner runner;
        check_script(path, [&](const auto& words) { return runner.run(words); });
    }
}

TEST(GroupCoordinator, TheFoldIsTheLogAfterEveryCommand) {
    for (const auto& path : scripts("group")) {
        GroupRunner runner;
        run_script(script_lines(path), [&](const auto& words) {
            auto trace = runner.run(words);
            expect_good(runner, path.filename().string() + ": " + words[0]);
            return trace;
        });
    }
}

TEST(GroupCoordinator, EveryAppendMayFail) {
    for (const auto& path : scripts("group")) {
        GroupRunner whole;
        run_script(script_lines(path), [&](const auto& words) { return whole.run(words); });
        for (std::size_t at = 0; at < whole.log.appends; ++at) {
            GroupRunner runner;
            runner.log.fail_at = at;
            run_script(script_lines(path), [&](const auto& words) {
                auto trace = runner.run(words);
                expect_good(runner, path.filename().string() + " append " + std::to_string(at));
                return trace;
            });
        }
    }
}

// G1, I16: whatever members come, go, lose replies and fall silent, the group comes to rest, and
// each task has one owner.
TEST(GroupCoordinator, ComesToRest) {
    struct Member {
        std::int32_t epoch = 0;
        TaskSet owned;
        bool away = false;
    };
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        std::uint64_t state = seed;
        const auto random = [&](std::uint64_t below) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            return (state >> 33) % below;
        };
        GroupRunner runner;
        runner.run({"topic", "in", "7"});
        std::map<std::string, Member> members;
        const auto take = [&](Member& member, const std::string& line) {
            if (line.find(": epoch ") ==
                std::string::npos) {  // fenced, or unknown: it drops all it has
                member = {};
                return;
            }
            member.epoch = std::stoi(line.substr(line.find("epoch ") + 6));
            if (const auto at = line.find(", active"); at != std::string::npos) {
                member.owned.clear();
                const auto words = words_of(line.substr(at + 8, line.find(',', at + 2) - at - 8));
                for (const std::string& task : words)
                    if (task != "none")
                        member.owned.insert({task.substr(0, task.find('_')),
                                             std::stoi(task.substr(task.find('_') + 1))});
            }
        };
        const auto beat = [&](const std::string& id, bool reply_lost) {
            Member& member = members[id];
            std::vector<std::string> command;
            if (member.epoch == 0) {
                command = {"join", "app", id};
            } else {
                std::string owned = "owned=";
                for (const TaskId& task : member.owned) owned += task.to_string() + ",";
                command = {"beat", "app", id, std::to_string(member.epoch), owned};
            }
            const auto trace = runner.run(command);
            expect_good(runner, command[0]);
            if (!reply_lost && !trace.empty()) take(member, trace.back());
        };
        for (int step = 0; step < 60; ++step) {
            const std::string id(1, static_cast<char>('a' + random(4)));
            switch (random(12)) {
                case 0:
                    runner.run({"leave", "app", id});
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
                    beat(id, random(6) == 0);
            }
        }
        runner.log.fail_next.reset();
        for (int round = 0; round < 12; ++round) {
            runner.run({"tick", "5000"});
            for (auto& [id, member] : members) beat(id, false);
        }
        const auto described = runner.run({"describe", "app"});
        EXPECT_NE(described.front().find("Stable"), std::string::npos) << described.front();
        TaskSet all;
        std::size_t most = 0, least = 100;
        for (const auto& [id, member] : members) {
            all.insert(member.owned.begin(), member.owned.end());
            most = std::max(most, member.owned.size());
            least = std::min(least, member.owned.size());
        }
        EXPECT_EQ(all.size(), 7u);
        EXPECT_LE(most - least, 1u);
    }
}

TEST(GroupCoordinator, DictatesShortIntervalsWhileTheGroupSettles) {
    GroupRunner runner;
    runner.config.streams_settling_heartbeat_interval_ms = 500;
    runner.start();
    runner.run({"topic", "in", "2"});
    EXPECT_EQ(runner.run({"join", "app", "a"}).back(),
              "a: epoch 2, active 0_0 0_1, again in 500 ms");
    EXPECT_EQ(runner.run({"join", "app", "b"}).back(), "b: epoch 3, active none, again in 100 ms");
    runner.run({"beat", "app", "a", "2", "owned=0_0"});
    EXPECT_EQ(runner.run({"beat", "app", "b", "3"}).back(),
              "b: epoch 3, active 0_1, again in 500 ms");
    runner.run({"tick", "5000"});
    EXPECT_EQ(runner.run({"beat", "app", "b", "3"}).back(), "b: epoch 3");  // Kafka's five seconds
}

TEST(GroupCoordinator, Mutants) {
    const auto changes = [](Mutant m) {
        mutant::active = m;
        bool changed = false;
        for (const auto& path : scripts("group")) {
            GroupRunner runner;
            std::string expected;
            for (const std::string& line : script_lines(path)) expected += line + '\n';
            changed |= run_script(script_lines(path),
                                  [&](const auto& words) { return runner.run(words); }) != expected;
        }
        mutant::active = Mutant::None;
        return changed;
    };
    EXPECT_FALSE(changes(Mutant::None));
    EXPECT_TRUE(changes(Mutant::OffsetsOutsideTransaction));
    EXPECT_TRUE(changes(Mutant::FenceOffByOneOnAssign));
}

TEST(GroupGolden, TheLogOfABrokerOfKafkaLoads) {  // its story: tests/golden/broker-data
    VectorLog log;
    log.load_file(
        golden::golden("broker-data/__consumer_offsets-0/00000000000000000000.log").string());
    ASSERT_EQ(log.log_end(), Offset{53});
    const GroupFold fold = loaded(log);
    EXPECT_EQ(fold.skipped(), 0u);
    const auto offset = [&](const std::string& group, const TopicPartition& tp) {
        const Group* found = fold.find(group);
        return found && found->offsets.contains(tp) ? found->offsets.at(tp).offset : -1;
    };
    EXPECT_EQ(offset("group-txn", {"codecs", 0}), 7);  // 9 was aborted
    EXPECT_EQ(offset("group-classic", {"codecs", 0}), 25);
    EXPECT_EQ(fold.find("group-classic")->offsets.at({"codecs", 0}).metadata, "meta-é");
    EXPECT_EQ(offset("group-consumer", {"rolled", 0}), 18);
    EXPECT_TRUE(fold.find("group-consumer")->consumer);
    EXPECT_EQ(fold.find("group-share")->foreign, ForeignProtocol::Share);
    const Group* app = fold.find("streams-app");
    ASSERT_TRUE(app && app->streams);
    EXPECT_EQ(app->streams->epoch, 4);
    EXPECT_EQ(app->streams->target_epoch, 4);
    EXPECT_EQ(app->streams->validated_topology_epoch, 0);
    EXPECT_TRUE(app->streams->members.empty());
    ASSERT_TRUE(app->streams->topology);
    EXPECT_EQ(app->streams->topology->subtopologies.size(), 2u);
    EXPECT_EQ(app->offsets.at({"words", 0}).offset, 12);
    EXPECT_EQ(app->offsets.at({"words", 0}).leader_epoch, 0);
}

TEST(GroupGolden, ABrokerOfKafkasDirectoryIsServed) {
    GroupRunner runner;
    runner.log.load_file(
        golden::golden("broker-data/__consumer_offsets-0/00000000000000000000.log").string());
    runner.start();
    EXPECT_EQ(runner.run({"fetch", "group-txn", "codecs-0"}).front(), "offsets codecs-0=7");
    EXPECT_EQ(runner.run({"join", "group-consumer", "m"}).front(), "m: GROUP_ID_NOT_FOUND");
    runner.run({"topic", "in", "1"});
    // The group is empty: another program may take its place.
    EXPECT_EQ(runner.run({"join", "streams-app", "m"}).back(), "m: epoch 5, active 0_0");
    expect_good(runner, "join");
}

}  // namespace
}  // namespace millrace::broker
