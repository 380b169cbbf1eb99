#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "millrace/base/byte_order.h"
#include "millrace/io/real_disk.h"
#include "millrace/io/sync_thread.h"
#include "millrace/io/system_clock.h"
#include "millrace/io/tcp.h"

namespace millrace::io {
namespace {

Bytes frame_of(BytesView body) {
    ByteSink sink;
    append_be<std::int32_t>(sink, static_cast<std::int32_t>(body.size()));
    sink.append(body);
    return sink.to_bytes();
}

struct Echo : ConnectionEvents {  // answers each frame with itself
    std::shared_ptr<Connection> connection;
    std::string closed;
    void on_frame(Bytes frame) override { connection->send({frame_of(frame)}); }
    void on_closed(std::string reason) override { closed = reason; }
};

struct Collector : ConnectionEvents {
    std::shared_ptr<Connection> connection;
    std::vector<Bytes> frames;
    std::string closed;
    std::function<void()> on_change;
    void on_frame(Bytes frame) override {
        frames.push_back(std::move(frame));
        on_change();
    }
    void on_closed(std::string reason) override {
        closed = reason;
        on_change();
    }
};

struct Tcp : testing::Test {
    EventLoop loop{"test"};
    Echo server;
    Collector client;
    std::unique_ptr<Listener> listener;
    std::unique_ptr<Attempt> attempt;

    void begin(TcpLimits limits, std::function<void()> connected) {
        auto listening = listen(loop, {"127.0.0.1", 0}, limits, [&](std::shared_ptr<Connection> c) {
            server.connection = std::move(c);
            return &server;
        });
        ASSERT_TRUE(listening);
        listener = std::move(*listening);
        attempt =
            connect(loop, listener->address(), std::chrono::seconds(5), TcpLimits::of_client(),
                    [this, connected](auto made) -> ConnectionEvents* {
                        EXPECT_TRUE(made) << made.error().detail;
                        client.connection = *made;
                        connected();
                        return &client;
                    });
    }
};

TEST_F(Tcp, FramesOfAllSizesComeBackInOrder) {
    std::vector<Bytes> sent;
    for (std::size_t size : {1u, 5u, 1000u, 3u << 20, 70'000u, 1u, 256u << 10}) {
        MutableBlock block(size);
        for (std::size_t i = 0; i < size; ++i)
            block.data()[i] = static_cast<std::byte>(i * 31 + size);
        sent.push_back(Bytes(std::move(block)));
    }
    client.on_change = [&] {
        if (client.frames.size() == sent.size() || !client.closed.empty()) loop.stop();
    };
    begin({}, [&] {
        for (const Bytes& body : sent) client.connection->send({frame_of(body)});
    });
    loop.run();
    ASSERT_EQ(client.frames.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_TRUE(client.frames[i] == sent[i]) << i;
    client.connection->close();
}

TEST_F(Tcp, WhoDoesNotReadIsNotServedMore) {
    constexpr int kFrames = 200;
    client.on_change = [&] {
        if (client.frames.size() == kFrames || !client.closed.empty()) loop.stop();
    };
    std::size_t queued_most = 0;
    const auto hook = loop.add_turn_end("watch", [&] {
        if (server.connection)
            queued_most = std::max(queued_most, server.connection->queued_bytes());
    });
    const std::size_t size = 256 << 10;
    const auto resume = loop.make_timer("resume", [&] { client.connection->resume_reading(); });
    begin({.frame_bytes_max = 1 << 20, .queued_bytes_max = 1 << 20}, [&] {
        client.connection->pause_reading();
        MutableBlock block(size);
        std::memset(block.data(), 7, size);
        const Bytes body(std::move(block));
        for (int i = 0; i < kFrames; ++i) client.connection->send({frame_of(body)});
        resume->arm(loop.clock().now().time + std::chrono::milliseconds(20));
    });
    loop.run();
    loop.remove_turn_end(hook);
    EXPECT_EQ(client.frames.size(), kFrames);
    EXPECT_LT(queued_most, (1 << 20) + 4 * size);
    client.connection->close();
}

TEST_F(Tcp, AnAbsurdLengthClosesTheConnection) {
    client.on_change = [&] { loop.stop(); };
    begin({}, [&] {
        ByteSink sink;
        append_be<std::int32_t>(sink, -5);
        client.connection->send({sink.to_bytes()});
    });
    loop.run();
    EXPECT_FALSE(client.closed.empty());
    EXPECT_NE(server.closed.find("frame of -5 bytes"), std::string::npos) << server.closed;
}

TEST_F(Tcp, APortInUseIsNamed) {
    begin({}, [&] { loop.stop(); });
    const auto second = listen(loop, listener->address(), {}, [](auto) { return nullptr; });
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().detail.find("the port is in use"), std::string::npos)
        << second.error().detail;
    loop.run();
    client.connection->close();
}

TEST(EventLoopTest, TimersFireInOrderAndTasksComeFromOtherThreads) {
    EventLoop loop("test");
    std::vector<int> order;
    const Time now = loop.clock().now().time;
    const auto second = loop.make_timer("2", [&] { order.push_back(2), loop.stop(); });
    const auto first = loop.make_timer("1", [&] { order.push_back(1); });
    second->arm(now + std::chrono::milliseconds(4));
    first->arm(now + std::chrono::milliseconds(2));
    std::thread([&] { loop.post("0", [&] { order.push_back(0); }); }).join();
    loop.run();
    EXPECT_EQ(order, (std::vector{0, 1, 2}));
}

TEST(EventLoopTest, AStallIsCountedAndNamed) {
    EventLoop loop("test");
    loop.post("busy", [&] {
        const Time until = loop.clock().now().time + std::chrono::milliseconds(25);
        while (loop.clock().now().time < until) {
        }
        loop.stop();
    });
    loop.run();
    EXPECT_EQ(loop.stats().stalls, 1u);
    EXPECT_STREQ(loop.stats().longest_what, "busy");
}

struct Files : testing::Test {
    char path[32] = "/tmp/millrace-io-XXXXXX";
    std::string directory = ::mkdtemp(path);
    RealDisk disk;
    ~Files() override { (void)disk.remove_all(directory); }
};

TEST_F(Files, WriteReadRenameListRemove) {
    ASSERT_TRUE(disk.make_directories(directory + "/a/b"));
    ASSERT_TRUE(disk.make_directories(directory + "/a/b"));
    const auto file = disk.open(directory + "/a/f", OpenMode::Create);
    ASSERT_TRUE(file);
    const BytesView parts[] = {as_bytes("hello"), as_bytes(""), as_bytes(" world")};
    ASSERT_TRUE((*file)->write_parts(3, parts));
    EXPECT_EQ((*file)->size(), 14);
    ASSERT_TRUE((*file)->truncate(8));
    ASSERT_TRUE((*file)->sync());
    std::byte into[16];
    EXPECT_EQ(*(*file)->read(3, into), 5u);
    ASSERT_TRUE(disk.rename(directory + "/a/f", directory + "/a/g"));
    const auto entries = disk.list(directory + "/a");
    ASSERT_TRUE(entries);
    EXPECT_EQ(*entries, (std::vector<DiskEntry>{{"b", true, 0}, {"g", false, 8}}));
    EXPECT_FALSE(disk.open(directory + "/a/f", OpenMode::Write));
    ASSERT_TRUE(replace_file(disk, directory + "/a/g", as_bytes("new")));
    EXPECT_EQ(as_text(*read_file(disk, directory + "/a/g")), "new");
    ASSERT_TRUE(disk.remove_all(directory + "/a"));
    EXPECT_FALSE(disk.exists(directory + "/a"));
    EXPECT_GT(disk.free_bytes(directory), 0);
}

TEST_F(Files, OneLockAtATimeAndTheHolderIsNamed) {
    auto first = disk.lock(directory + "/.lock");
    ASSERT_TRUE(first);
    const auto second = disk.lock(directory + "/.lock");
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().detail.find(directory), std::string::npos) << second.error().detail;
    first->reset();
    EXPECT_TRUE(disk.lock(directory + "/.lock"));
}

TEST_F(Files, SyncsFinishInOrderOnTheLoop) {
    EventLoop loop("test");
    SyncThread thread(loop);
    const auto file = *disk.open(directory + "/f", OpenMode::Create);
    std::vector<int> order;
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(file->write(i, as_bytes("x")));
        thread.run([file, i] { return file->sync().map([i] { return std::int64_t{i}; }); },
                   [&, i](Result<std::int64_t> outcome) {
                       EXPECT_EQ(outcome, i);
                       EXPECT_TRUE(loop.on_thread());
                       order.push_back(i);
                       if (i == 2) loop.stop();
                   });
    }
    loop.run();
    EXPECT_EQ(order, (std::vector{0, 1, 2}));
}

}  // namespace
}  // namespace millrace::io
