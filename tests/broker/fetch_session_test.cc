#include "millrace/broker/replica/fetch_session.h"

#include <gtest/gtest.h>

namespace millrace::broker {
namespace {

wire::FetchRequest asking(std::int32_t id, std::int32_t epoch,
                          std::vector<std::int32_t> partitions) {
    wire::FetchRequest request;
    request.session_id = id;
    request.session_epoch = epoch;
    if (partitions.empty()) return request;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    for (const std::int32_t partition : partitions)
        topic.partitions.push_back({.partition = partition, .fetch_offset = 7});
    return request;
}

ErrorCode code_of(const Result<FetchSessions::Begun>& begun) {
    return begun ? ErrorCode::None : begun.error().code;
}

TEST(FetchSessions, AnIncrementalRequestNamesOnlyWhatChanged) {  // KIP-227
    FetchSessions sessions(10, 1);
    const auto full = sessions.begin(asking(0, 0, {0, 1, 2}), 12, {});
    ASSERT_TRUE(full);
    EXPECT_FALSE(full->incremental);
    const std::int32_t id = full->session->id;
    ASSERT_NE(id, 0);

    auto next = asking(id, 1, {3});
    next.topics[0].partitions.push_back({.partition = 1, .fetch_offset = 9});
    next.forgotten_topics_data.push_back({.topic = "t", .partitions = {0}});
    const auto begun = sessions.begin(next, 12, {});
    ASSERT_TRUE(begun);
    EXPECT_TRUE(begun->incremental);
    std::vector<std::pair<std::int32_t, std::int64_t>> fetched;
    for (const FetchedPartition& p : begun->session->partitions)
        fetched.emplace_back(p.partition, p.fetch_offset);
    EXPECT_EQ(fetched,
              (std::vector<std::pair<std::int32_t, std::int64_t>>{{1, 9}, {2, 7}, {3, 7}}));
}

TEST(FetchSessions, WrongEpochsAndIdsAreRefused) {
    FetchSessions sessions(10, 1);
    const std::int32_t id = sessions.begin(asking(0, 0, {0}), 12, {})->session->id;
    EXPECT_EQ(code_of(sessions.begin(asking(id, 2, {}), 12, {})),
              ErrorCode::InvalidFetchSessionEpoch);
    EXPECT_EQ(code_of(sessions.begin(asking(id, 1, {}), 13, {})),
              ErrorCode::FetchSessionTopicIdError);
    EXPECT_EQ(code_of(sessions.begin(asking(id + 1, 1, {}), 12, {})),
              ErrorCode::FetchSessionIdNotFound);
    EXPECT_EQ(code_of(sessions.begin(asking(id, 1, {}), 12, {})), ErrorCode::None);
    EXPECT_EQ(sessions.begin(asking(id, -1, {0}), 12, {})->session->id, 0);  // ends it
    EXPECT_EQ(code_of(sessions.begin(asking(id, 2, {}), 12, {})),
              ErrorCode::FetchSessionIdNotFound);
}

TEST(FetchSessions, AFullCacheGivesSessionZeroUntilOneIsStale) {
    FetchSessions sessions(1, 1);
    EXPECT_NE(sessions.begin(asking(0, 0, {0}), 12, {})->session->id, 0);
    EXPECT_EQ(sessions.begin(asking(0, 0, {0}), 12, {})->session->id, 0);
    const Now later{Time{0} + FetchSessions::kStale};
    EXPECT_NE(sessions.begin(asking(0, 0, {0}), 12, later)->session->id, 0);
    EXPECT_EQ(sessions.size(), 1u);
}

}  // namespace
}  // namespace millrace::broker
