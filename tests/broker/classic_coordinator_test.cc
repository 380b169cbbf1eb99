// Classic groups below the broker: appends that fail, and the records as Kafka wrote them.
#include <gtest/gtest.h>

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/broker/group/group_records.h"
#include "millrace/tests/broker/group_runner.h"
#include "millrace/tests/broker/vector_log.h"
#include "millrace/tests/wire/golden_file.h"
#include "millrace/wire/records/offsets.h"

namespace millrace::broker {
namespace {

using namespace std::chrono_literals;

// Two members and a static one, through a life of a group; whoever is refused goes on as if nothing
// had been.
struct Life {
    VectorLog log;
    TopicMap topics;
    NullLog lines;
    GroupCoordinator group{GroupConfig{.partitions = 1, .initial_rebalance_delay_ms = 0}, topics,
                           lines};
    Now now{Time{1'000'000'000}, Timestamp{1'700'000'000'000}};
    RequestContext context{.client_id = "c", .client_host = "/127.0.0.1"};
    int open = 0;  // requests that were not answered
    std::map<std::string, wire::JoinGroupResponse> told;

    Life() {
        topics.add("t", 1);
        group.lead(0, log);
        settle();
    }
    void settle() {
        for (int turn = 0; turn < 10; ++turn) {
            group.tick(now);
            group.flush(now);
            (void)group.take_effects();
        }
    }
    void pass(Duration time) {
        now = {now.time + time, now.wall + time / 1ms};
        settle();
    }
    void join(const std::string& who, std::optional<std::string> instance = {}) {
        wire::JoinGroupRequest request;
        request.group_id = "g";
        request.session_timeout_ms = 10'000;
        request.rebalance_timeout_ms = 20'000;
        request.member_id = told.contains(who) && !instance ? told[who].member_id : "";
        request.group_instance_id = std::move(instance);
        request.protocol_type = "consumer";
        request.protocols = {{"range", Bytes::copy("x")}};
        ++open;
        group.join_group(request, 5, context, now, [this, who](wire::JoinGroupResponse response) {
            --open;
            if (!response.member_id.empty()) told[who] = std::move(response);
        });
        settle();
    }
    void sync(const std::string& who) {
        wire::SyncGroupRequest request;
        request.group_id = "g";
        request.generation_id = told[who].generation_id;
        request.member_id = told[who].member_id;
        for (const auto& member : told[who].members)
            request.assignments.push_back({member.member_id, Bytes::copy("share")});
        ++open;
        group.sync_group(request, 3, now, [this](wire::SyncGroupResponse) { --open; });
        settle();
    }
    void commit(const std::string& who) {
        wire::OffsetCommitRequest request;
        request.group_id = "g";
        request.generation_id_or_member_epoch = told[who].generation_id;
        request.member_id = told[who].member_id;
        request.topics.push_back({.name = "t", .partitions = {{.committed_offset = 1}}});
        ++open;
        group.offset_commit(request, 8, now, [this](wire::OffsetCommitResponse) { --open; });
        settle();
    }
    void leave(const std::string& who) {
        ++open;
        group.leave_group({.group_id = "g", .members = {{.member_id = told[who].member_id}}}, now,
                          [this](wire::LeaveGroupResponse) { --open; });
        settle();
    }
    void remove() {
        ++open;
        group.delete_group("g", now,
                           [this](wire::DeleteGroupsResponse::DeletableGroupResult) { --open; });
        settle();
    }
    void live() {
        join("a");
        join("a");
        sync("a");
        commit("a");
        join("b");
        join("b");
        join("a");
        sync("b");
        sync("a");
        commit("b");
        join("s", "instance");
        join("a");
        join("b");
        sync("a");
        sync("b");
        sync("s");
        join("s", "instance");  // again, without a rebalance
        leave("b");
        pass(5s);
        leave("a");
        pass(15s);
        leave("s");
        commit("nobody");
        pass(60s);
        remove();
        pass(600s);
    }
};

TEST(ClassicCoordinator, EveryAppendMayFail) {
    Life good;
    good.live();
    EXPECT_EQ(good.open, 0);
    const std::size_t appends = good.log.appends;
    EXPECT_GE(appends, 8u);
    for (std::size_t at = 0; at < appends; ++at) {
        SCOPED_TRACE(at);
        Life life;
        life.log.fail_at = at;
        life.live();
        EXPECT_EQ(life.open, 0);  // nobody waits for ever
        // What is known is what is in the log.
        GroupCoordinator other(GroupConfig{.partitions = 1}, life.topics, life.lines);
        other.lead(0, life.log);
        while (other.serving("g") != ErrorCode::None) other.tick(life.now);
        EXPECT_EQ(*life.group.fold(0), *other.fold(0));
    }
}

TEST(ClassicCoordinator, WritesWhatKafkaWrote) {
    VectorLog log;
    log.load_file(
        golden::golden("broker-data/__consumer_offsets-0/00000000000000000000.log").string());
    int records = 0;
    for (const Bytes& bytes : log.batches()) {
        const auto batch = wire::RecordBatchView::of(bytes.view());
        ASSERT_TRUE(batch);
        if (batch->control()) continue;
        wire::RecordReader reader(*batch, batch->encoded_records());
        wire::RecordView record;
        while (*reader.read({&record, 1}) == 1) {
            if (key_type(record.key.view()) != 2 || record.value.is_null()) continue;
            GroupFold fold;
            fold.replay(
                {.offset = record.offset, .key = record.key.view(), .value = record.value.view()});
            const auto& [group_id, group] = *fold.groups().begin();
            const auto ours = classic_group_record(group_id, *group.classic);
            EXPECT_EQ(ours.key, Bytes::copy(record.key.view()));
            EXPECT_EQ(*ours.value, Bytes::copy(record.value.view()));
            ++records;
        }
    }
    EXPECT_GE(records, 2);
}

}  // namespace
}  // namespace millrace::broker
