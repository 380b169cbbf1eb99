#include "millrace/testkit/sim/sim_disk.h"

#include <gtest/gtest.h>

namespace millrace::testkit {
namespace {

std::string text_of(SimDisk& disk, std::string_view path) {
    const auto content = disk.content(path);
    return content ? std::string(as_text(*content)) : "(none)";
}

std::shared_ptr<File> create(SimDisk& disk, std::string_view path, std::string_view text) {
    auto file = *disk.open(path, OpenMode::Create);
    EXPECT_TRUE(file->write(0, as_bytes(text)).has_value());
    return file;
}

TEST(SimDisk, WhatIsSyncedSurvives) {
    SimDisk disk;
    Random random(1);
    ASSERT_TRUE(disk.make_directories("data/a").has_value());
    auto file = create(disk, "data/a/f", "hello");
    ASSERT_TRUE(file->sync().has_value());
    ASSERT_TRUE(disk.sync_directory("data/a").has_value());
    ASSERT_TRUE(disk.sync_directory("data").has_value());
    ASSERT_TRUE(disk.sync_directory("").has_value());
    for (int i = 0; i < 20; ++i) {
        disk.crash(random);
        EXPECT_EQ(text_of(disk, "data/a/f"), "hello");
    }
    EXPECT_FALSE(file->write(0, as_bytes("x")).has_value())
        << "a file from before the crash is dead";
}

TEST(SimDisk, NamesNeedTheirDirectorySynced) {
    int there = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        SimDisk disk;
        Random random(seed);
        ASSERT_TRUE(disk.make_directories("data").has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(create(disk, "data/f", "hello")->sync().has_value());
        disk.crash(random);
        const std::string text = text_of(disk, "data/f");
        EXPECT_TRUE(text == "hello" || text == "(none)") << text;
        there += text == "hello";
    }
    EXPECT_GT(there, 5);
    EXPECT_LT(there, 55);
}

TEST(SimDisk, UnsyncedBlocksAreKeptInAnyCombination) {
    bool kept = false, lost = false, torn = false;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        SimDisk disk;
        Random random(seed);
        auto file = create(disk, "f", std::string(8192, 'a'));
        ASSERT_TRUE(file->sync().has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        ASSERT_TRUE(file->write(0, as_bytes(std::string(8192, 'b'))).has_value());
        disk.crash(random);
        const std::string text = text_of(disk, "f");
        ASSERT_EQ(text.size(), 8192u);
        for (std::size_t block = 0; block < 8192; block += 512)
            EXPECT_EQ(text.substr(block, 512), std::string(512, text[block]))
                << "torn inside of a sector";
        const bool has_old = text.find('a') != std::string::npos,
                   has_new = text.find('b') != std::string::npos;
        kept |= !has_old;
        lost |= !has_new;
        torn |= has_old && has_new;
    }
    EXPECT_TRUE(kept && lost && torn);
}

TEST(SimDisk, AFailedSyncPoisonsTheFile) {
    SimDisk disk;
    auto file = create(disk, "f", "hello");
    disk.fail_operation(0, DiskOp::Sync, "EIO");
    EXPECT_EQ(file->sync().error().code, ErrorCode::KafkaStorageError);
    EXPECT_FALSE(file->sync().has_value()) << "never good again";
    EXPECT_FALSE(file->write(0, as_bytes("x")).has_value());
}

TEST(SimDisk, AFullDiskWritesWhatFits) {
    SimDisk disk;
    disk.set_capacity(10);
    auto file = *disk.open("f", OpenMode::Create);
    EXPECT_FALSE(file->write(0, as_bytes("0123456789abc")).has_value());
    EXPECT_EQ(text_of(disk, "f"), "0123456789");
    EXPECT_EQ(disk.free_bytes(""), 0);
    EXPECT_TRUE(file->write(2, as_bytes("xx")).has_value()) << "overwriting needs no room";
    EXPECT_TRUE(disk.remove("f").has_value());
    EXPECT_EQ(disk.free_bytes(""), 10);
}

TEST(SimDisk, ReplaceFileIsAtomic) {
    bool old_seen = false, new_seen = false;
    for (std::uint64_t steps = 0; steps < 12; ++steps) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            SimDisk disk;
            Random random(seed);
            ASSERT_TRUE(disk.make_directories("d").has_value());
            ASSERT_TRUE(disk.sync_directory("").has_value());
            ASSERT_TRUE(replace_file(disk, "d/f", as_bytes("old")).has_value());
            disk.freeze_after(steps);
            const bool done = replace_file(disk, "d/f", as_bytes("new content")).has_value();
            disk.crash(random);
            const std::string text = text_of(disk, "d/f");
            EXPECT_TRUE(text == "old" || text == "new content") << text;
            if (done) {
                EXPECT_EQ(text, "new content");
            }
            old_seen |= text == "old";
            new_seen |= text == "new content";
        }
    }
    EXPECT_TRUE(old_seen && new_seen);
}

TEST(SimDisk, RenamingADirectoryMovesWhatIsInIt) {
    SimDisk disk;
    ASSERT_TRUE(disk.make_directories("d/t-0").has_value());
    ASSERT_TRUE(disk.make_directories("d/t-01").has_value());
    create(disk, "d/t-0/f", "x");
    ASSERT_TRUE(disk.rename("d/t-0", "d/t-0-delete").has_value());
    EXPECT_EQ(text_of(disk, "d/t-0-delete/f"), "x");
    EXPECT_EQ(disk.list("d")->size(), 2u);
    EXPECT_FALSE(disk.remove("d/t-0-delete").has_value()) << "not empty";
    EXPECT_TRUE(disk.remove_all("d/t-0-delete").has_value());
    EXPECT_EQ(disk.list("d")->size(), 1u);
}

TEST(SimDisk, OneProcessHoldsTheLock) {
    SimDisk disk;
    ASSERT_TRUE(disk.make_directories("d").has_value());
    auto lock = disk.lock("d");
    ASSERT_TRUE(lock.has_value());
    EXPECT_FALSE(disk.lock("d").has_value());
    lock->reset();
    EXPECT_TRUE(disk.lock("d").has_value());
}

TEST(SimDisk, EqualRunsHaveEqualTraces) {
    const auto run = [](std::string_view text) {
        Trace trace;
        SimDisk disk(&trace);
        create(disk, "f", text);
        return trace.hash();
    };
    EXPECT_EQ(run("a"), run("a"));
    EXPECT_NE(run("a"), run("b"));
}

}  // namespace
}  // namespace millrace::testkit
