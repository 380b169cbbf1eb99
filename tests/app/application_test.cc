// Applications with real threads and a real disk: workers on the broker's loop and on threads of their own, over loopback and
// TCP. Waits for events, never for time; runs under ThreadSanitizer too (label threads).
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "millrace/app/client_host.h"
#include "millrace/app/embedded_broker.h"
#include "millrace/app/kafka_streams.h"
#include "millrace/app/topic_io.h"
#include "millrace/dsl/streams.h"
#include "millrace/io/event_loop.h"

namespace millrace {
namespace {

using namespace std::chrono_literals;

// What the log sinks of a process see, from any thread.
class CollectedLog final : public LogSink {
public:
    void write(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
        const std::lock_guard lock(mutex_);
        lines_.push_back(format_line(event, fields));

    }
    bool has(std::string_view part) {
        const std::lock_guard lock(mutex_);
        for (const std::string& line : lines_) {
            if (line.find(part) != std::string::npos) return true;
        }
        return false;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> lines_;
};

// A broker, a client loop on a thread of its own, and what a reader of `counts` has seen: the last value of each key.
class Application : public ::testing::Test {
protected:
    void SetUp() override {
        directory_ = std::filesystem::temp_directory_path() / ("millrace-app-" + std::to_string(::getpid()) + "-" +
                     ::testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(directory_);
        start_broker();
    }
    void TearDown() override {
        stop_clients();
        broker_.reset();
        std::filesystem::remove_all(directory_);
    }
    void start_broker(std::map<std::string, std::string> more = {}) {
        more.insert({{"num.partitions", "4"}, {"listeners", "PLAINTEXT://127.0.0.1:0"}});
        auto broker = EmbeddedBroker::start({.directory = (directory_ / "broker").string(), .settings = more, .log = &log_});
        ASSERT_TRUE(broker.has_value()) << broker.error().detail;
        broker_ = std::move(*broker);
        clients_ = std::make_unique<io::EventLoop>("clients", &log_);
        thread_ = clients_->spawn();
        clients_->call("reader", [this] {
            client::ClusterConfig config;
            config.bootstrap = {{"embedded", 0}};
            host_ = std::make_unique<app::ClientHost>(*clients_, config, "test", &broker_->host(), log_);
        });
    }
    void stop_clients() {
        if (!clients_) return;
        clients_->call("end", [this] {
            reader_.reset();
            writer_.reset();
            host_.reset();
        });
        clients_->stop();
        thread_.join();
        clients_.reset();
    }
    // Puts `n` more words into `words`, of 10 keys, and waits until they are acknowledged.
    void feed(int n) {
        std::mutex mutex;
        std::condition_variable changed;
        bool done = false;
        int left = n;
        clients_->call("feed", [&] {
            writer_ = std::make_unique<app::TopicWriter>(*host_, std::vector<std::string>{"words"}, [this, &left] {
                if (left == 0) return std::optional<app::TopicRecord>{};
                const int i = fed_++;
                --left;
                return std::optional(app::TopicRecord{"words", 0, {}, "word-" + std::to_string(i % 10), "x", Timestamp{1'000 + i}});
            }, 0);
            host_->add([&] {
                if (done || !writer_ || !(writer_->finished() || writer_->failure())) return;
                const std::lock_guard lock(mutex);
                done = true;
                changed.notify_all();
            }, [] { return Time::never(); });
            host_->turn();
        });
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return done; });
        lock.unlock();
        clients_->call("fed", [this] {
            EXPECT_FALSE(writer_->failure());
            client::ClusterConfig config;   // the host's machines refer to this call's locals: a new host
            config.bootstrap = {{"embedded", 0}};
            reader_.reset();
            writer_.reset();
            host_.reset();
            host_ = std::make_unique<app::ClientHost>(*clients_, config, "test", &broker_->host(), log_);
            counts_.clear();
            reader_ = std::make_unique<app::TopicReader>(*host_, std::vector<std::string>{"counts"},
                                                         [this](const app::TopicRecord& r) { seen(r); });
            host_->turn();
        });
    }
    void seen(const app::TopicRecord& record) {
        const std::lock_guard lock(mutex_);
        const int count = std::stoi(*record.value);
        EXPECT_EQ(count, counts_[*record.key] + 1) << *record.key << ": each update once, in order";
        counts_[*record.key] = count;
        changed_.notify_all();
    }
    // Blocks until the reader has seen the counts of everything that was fed, exactly once.
    bool all_counted() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 60s, [this] {
            int sum = 0;
            for (const auto& [key, n] : counts_) sum += n;
            return sum == fed_;
        });
    }
    std::map<std::string, std::string> settings(const std::string& state = "state") {
        return {{"application.id", "app"}, {"state.dir", (directory_ / state).string()}, {"commit.interval.ms", "20"},
                {"processing.guarantee", "exactly_once_v2"}, {"statestore.cache.max.bytes", "0"}};
    }
    Topology counting(std::function<void()> each = nullptr) {
        StreamsBuilder builder;
        builder.stream<std::string, std::string>("words")
            .peek([each](const std::string&, const std::string&) { if (each) each(); })
            .group_by_key()
            .count(Materialized::as("words-seen"))
            .to_stream()
            .map_values([](std::int64_t n) { return std::to_string(n); })
            .to("counts");
        return builder.build();
    }

    CollectedLog log_;
    std::filesystem::path directory_;
    std::unique_ptr<EmbeddedBroker> broker_;
    std::unique_ptr<io::EventLoop> clients_;
    std::thread thread_;
    std::unique_ptr<app::ClientHost> host_;
    std::unique_ptr<app::TopicWriter> writer_;
    std::unique_ptr<app::TopicReader> reader_;
    int fed_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, int> counts_;
};

TEST_F(Application, CountsOnTheBrokersLoop) {
    feed(400);
    KafkaStreams streams(counting(), settings(), {.broker = broker_.get(), .log = &log_});
    EXPECT_EQ(streams.state(), KafkaStreams::State::Created);
    ASSERT_TRUE(streams.start().has_value());
    EXPECT_TRUE(all_counted());
    EXPECT_EQ(streams.metrics().records_processed, 400);
    EXPECT_FALSE(log_.has("a task failed")) << "the output topic is made by the broker: the task waits for it";
    EXPECT_TRUE(streams.close());
    EXPECT_EQ(streams.state(), KafkaStreams::State::NotRunning);
    EXPECT_FALSE(streams.failure());
}

TEST_F(Application, ThreeThreadsShareTheTasks) {
    feed(400);
    auto with_threads = settings();
    with_threads["num.stream.threads"] = "3";
    KafkaStreams streams(counting(), with_threads, {.broker = broker_.get(), .log = &log_});
    ASSERT_TRUE(streams.start().has_value());
    EXPECT_TRUE(all_counted());
    feed(400);
    EXPECT_TRUE(all_counted());
    EXPECT_TRUE(streams.close());
}

TEST_F(Application, AnotherTakesOverWhatOneLeavesOverTcp) {
    feed(400);
    auto first_settings = settings("one"), second_settings = settings("two");
    first_settings["bootstrap.servers"] = second_settings["bootstrap.servers"] = broker_->address();
    auto first = std::make_unique<KafkaStreams>(counting(), first_settings, KafkaStreams::Options{.log = &log_});
    KafkaStreams second(counting(), second_settings, {.log = &log_});
    ASSERT_TRUE(first->start().has_value());
    EXPECT_TRUE(all_counted());
    ASSERT_TRUE(second.start().has_value());
    feed(400);
    EXPECT_TRUE(all_counted());
    EXPECT_TRUE(first->close());
    first.reset();
    feed(400);
    EXPECT_TRUE(all_counted());
    EXPECT_TRUE(second.close());
}

TEST_F(Application, ASlowLambdaMovesItsWorkerOffTheBrokersLoop) {
    feed(100);
    std::atomic<int> calls{0};
    std::mutex gate;
    std::condition_variable opened;
    bool open = false;
    // The first record blocks its thread, as a slow database would: the worker has to move. A later one waits until the
    // broker's loop has served somebody else: on that loop it never would.
    KafkaStreams streams(counting([&] {
        const int call = ++calls;
        if (call == 1) std::this_thread::sleep_for(60ms);
        if (call == 60) {
            std::unique_lock lock(gate);
            opened.wait_for(lock, 30s, [&] { return open; });
            EXPECT_TRUE(open) << "the worker still held the broker's loop";
        }
    }), settings(), {.broker = broker_.get(), .log = &log_});
    ASSERT_TRUE(streams.start().has_value());
    // The group's loop serves us while the lambda waits.
    std::thread other([&] {
        while (calls < 60) std::this_thread::yield();
        broker_->loop().call("still alive", [] {});
        const std::lock_guard lock(gate);
        open = true;
        opened.notify_all();
    });
    EXPECT_TRUE(all_counted());
    other.join();
    EXPECT_TRUE(log_.has("moves to a thread of its own"));
    EXPECT_FALSE(log_.has("a task failed"));
    EXPECT_TRUE(streams.close());
}

// Longer than its session: another member would have got its tasks, and its commit would have failed.
TEST_F(Application, ALambdaThatBlocksDoesNotLoseTheSession) {
    stop_clients();
    broker_.reset();
    start_broker({{"group.streams.min.session.timeout.ms", "3000"}, {"group.streams.session.timeout.ms", "3000"},
                  {"group.streams.min.heartbeat.interval.ms", "200"}, {"group.streams.heartbeat.interval.ms", "200"}});
    feed(200);
    for (const bool tcp : {true, false}) {
        auto two_threads = settings(tcp ? "tcp" : "loopback");
        two_threads["num.stream.threads"] = "2";
        two_threads["bootstrap.servers"] = broker_->address();
        std::atomic<bool> blocked{false};
        KafkaStreams streams(counting([&] {
            if (!blocked.exchange(true)) std::this_thread::sleep_for(5s);
        }), two_threads, {.broker = tcp ? nullptr : broker_.get(), .log = &log_});
        ASSERT_TRUE(streams.start().has_value());
        EXPECT_TRUE(all_counted());
        feed(200);
        EXPECT_TRUE(all_counted());
        EXPECT_TRUE(streams.close());
        EXPECT_FALSE(log_.has("fenced by the group"));
        EXPECT_FALSE(log_.has("its session ended"));
    }
}

TEST_F(Application, GoesOnWithItsStateAfterARestartOfEverything) {
    feed(300);
    {
        KafkaStreams streams(counting(), settings(), {.broker = broker_.get(), .log = &log_});
        ASSERT_TRUE(streams.start().has_value());
        EXPECT_TRUE(all_counted());
        EXPECT_TRUE(streams.close());
    }
    stop_clients();
    ASSERT_TRUE(broker_->stop().has_value());
    broker_.reset();
    start_broker();
    {
        KafkaStreams streams(counting(), settings(), {.broker = broker_.get(), .log = &log_});
        ASSERT_TRUE(streams.start().has_value());
        feed(300);
        EXPECT_TRUE(all_counted());
    }   // destroyed, not closed
    std::filesystem::remove_all(directory_ / "state");   // a lost state directory
    KafkaStreams streams(counting(), settings(), {.broker = broker_.get(), .log = &log_});
    ASSERT_TRUE(streams.start().has_value());
    feed(300);
    EXPECT_TRUE(all_counted());
}

TEST_F(Application, RefusesAStateDirectoryThatIsInUseOrAnothers) {
    KafkaStreams first(counting(), settings(), {.broker = broker_.get(), .log = &log_});
    ASSERT_TRUE(first.start().has_value());
    KafkaStreams second(counting(), settings(), {.broker = broker_.get(), .log = &log_});
    const auto in_use = second.start();
    ASSERT_FALSE(in_use.has_value());
    EXPECT_NE(in_use.error().detail.find("in use"), std::string::npos) << in_use.error().detail;
    EXPECT_TRUE(first.close());
    EXPECT_TRUE(second.close());

    auto wrong = settings();
    wrong["commit.interval.ms"] = "soon";
    KafkaStreams third(counting(), wrong, {.broker = broker_.get(), .log = &log_});
    const auto refused = third.start();
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().detail.find("commit.interval.ms"), std::string::npos) << refused.error().detail;
}

}  // namespace
}  // namespace millrace
