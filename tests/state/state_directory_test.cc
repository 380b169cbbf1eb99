#include "millrace/state/state_directory.h"

#include <gtest/gtest.h>

#include "millrace/testkit/sim/sim_disk.h"

namespace millrace::state::test {
namespace {

const Uuid kFirst{0x7fea6c9291de46fdULL, 0xb3fe3643b2abcc52ULL}, kSecond{5, 6};

std::string detail(const Result<std::unique_ptr<StateDirectory>>& r) {
    return r ? "" : r.error().detail;
}

TEST(StateDirectory, KeepsTheProcessIdOverRestartsAsKafkaWritesIt) {
    testkit::SimDisk disk;
    {
        auto directory = StateDirectory::open(disk, "/var/state", "streams-app", kFirst);
        ASSERT_TRUE(directory) << detail(directory);
        EXPECT_EQ((*directory)->process_id(), kFirst);
        EXPECT_EQ((*directory)->path(), "/var/state/streams-app");
    }
    EXPECT_EQ(
        as_text(read_file(disk, "/var/state/streams-app/kafka-streams-process-metadata")->view()),
        "{\"processId\":\"7fea6c92-91de-46fd-b3fe-3643b2abcc52\"}");  // files/streams-state/small-files.tsv
    auto again = StateDirectory::open(disk, "/var/state", "streams-app", kSecond);
    ASSERT_TRUE(again) << detail(again);
    EXPECT_EQ((*again)->process_id(), kFirst);
}

TEST(StateDirectory, IsHeldByOneProcess) {
    testkit::SimDisk disk;
    auto first = StateDirectory::open(disk, "/s", "app", kFirst);
    ASSERT_TRUE(first);
    EXPECT_FALSE(StateDirectory::open(disk, "/s", "app", kSecond));
    EXPECT_TRUE(StateDirectory::open(disk, "/s", "app-2", kSecond));
    first->reset();
    EXPECT_TRUE(StateDirectory::open(disk, "/s", "app", kSecond));
}

TEST(StateDirectory, RefusesWhatIsNotItsOwn) {
    testkit::SimDisk disk;
    { ASSERT_TRUE(StateDirectory::open(disk, "/s", "app", kFirst)); }
    ASSERT_TRUE(disk.rename("/s/app/millrace-format", "/s/kept"));
    ASSERT_TRUE(disk.make_directories("/s/app/0_1/rocksdb/counts"));
    EXPECT_NE(detail(StateDirectory::open(disk, "/s", "app", kFirst)).find("Java Streams worker"),
              std::string::npos);
    ASSERT_TRUE(replace_file(disk, "/s/app/millrace-format", as_bytes("1\nother\n")));
    EXPECT_NE(detail(StateDirectory::open(disk, "/s", "app", kFirst)).find("another application"),
              std::string::npos);
    ASSERT_TRUE(replace_file(disk, "/s/app/millrace-format", as_bytes("2\napp\n")));
    EXPECT_NE(detail(StateDirectory::open(disk, "/s", "app", kFirst)).find("newer version"),
              std::string::npos);
    EXPECT_FALSE(StateDirectory::open(disk, "/s", "../app", kFirst));
}

TEST(StateDirectory, RemembersTheTypesOfItsStores) {  // also of one that was never spilled
    testkit::SimDisk disk;
    {
        auto directory = StateDirectory::open(disk, "/s", "app", kFirst);
        ASSERT_TRUE((*directory)->use_types({{"counts", "bytes -> int64"}, {"gone", "x"}}));
        ASSERT_TRUE((*directory)->use_types({{"counts", "bytes -> int64"}}));
    }
    auto directory = StateDirectory::open(disk, "/s", "app", kFirst);
    ASSERT_TRUE((*directory)->use_types({{"counts", "bytes -> int64"}, {"more", "y"}}));
    const auto refused = (*directory)->use_types({{"counts", "bytes -> double"}});
    ASSERT_FALSE(refused);
    for (const char* says : {"store 'counts'", "bytes -> int64, now bytes -> double", "reset"})
        EXPECT_NE(refused.error().detail.find(says), std::string::npos) << refused.error().detail;
    EXPECT_FALSE((*directory)->use_types({{"gone", "z"}}));
    EXPECT_FALSE((*directory)->use_types({{"more", "z"}}));
}

TEST(StateDirectory, AnUnreadableProcessFileGivesANewId) {
    testkit::SimDisk disk;
    { ASSERT_TRUE(StateDirectory::open(disk, "/s", "app", kFirst)); }
    for (const char* text : {"", "{", "{\"processId\":\"", "{\"processId\":17}",
                             "{\"processId\":\"7fea6c92-91de-46fd-b3fe-3643b2abcc5x\"}"}) {
        ASSERT_TRUE(replace_file(disk, "/s/app/kafka-streams-process-metadata", as_bytes(text)));
        auto opened = StateDirectory::open(disk, "/s", "app", kSecond);
        ASSERT_TRUE(opened) << text;
        EXPECT_EQ((*opened)->process_id(), kSecond) << text;
    }
}

}  // namespace
}  // namespace millrace::state::test
