// The application that tests/chaos kills: two inputs, a repartition, windows over out-of-order
// data, a join.
//   chaos_app feed --bootstrap-server H:P --rate R    the input, until SIGTERM; then prints how
//   many orders it made chaos_app [--output-prefix P] [flags of every application] the topology;
//   prints a line per restore
#include <cstdio>
#include <cstdlib>

#include "millrace/app/runner.h"
#include "millrace/app/topic_io.h"
#include "millrace/base/hash.h"
#include "millrace/base/random.h"
#include "millrace/io/signals.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/system_clock.h"

namespace {

using namespace millrace;
using namespace std::chrono_literals;

constexpr std::int32_t kPartitions = 4;
constexpr std::int64_t kUsers = 2000;

struct Order {
    std::int64_t seq = 0;
    std::string item;
    std::int64_t amount = 0;
};
struct User {
    std::string name;
    std::int64_t level = 0;
};
struct Joined {
    std::int64_t seq = 0, amount = 0;
    std::string name;
};

Topology topology(const std::string& prefix) {
    StreamsBuilder builder;
    auto orders = builder.stream<std::string, Order>("orders");
    auto users = builder.table<std::string, User>("users");
    orders
        .join(users,
              [](const Order& o, const User& u) {
                  return Joined{o.seq, o.amount, u.name};
              })
        .to(prefix + "joined");
    orders.group_by_key()
        .windowed_by(
            TimeWindows::of_size_and_grace(1s, 500ms))  // out-of-order orders, some too late
        .count(Materialized::as("per-user"))
        .to_stream()
        .to(prefix + "per-user");
    orders
        .group_by([](const Order& o) { return o.item; },
                  Grouped::as("by-item"))  // an item comes from one partition
        .windowed_by(TimeWindows::of_size_and_grace(10s, 24h))
        .count(Materialized::as("per-item"))
        .to_stream()
        .to(prefix + "per-item");
    return builder.build();
}

std::string user(std::uint64_t n) {
    return "user-" + std::to_string(n);
}

int feed(const CommandLine& line) {
    std::int64_t rate = 20'000;
    bool over = false;
    for (std::size_t i = 0; i + 1 < line.rest.size(); ++i) {
        if (line.rest[i] == "--rate") rate = std::atoll(line.rest[i + 1].c_str());
    }
    const auto bootstrap = app::parse_bootstrap(line.bootstrap_server.value_or(""));
    if (!bootstrap) {
        std::fprintf(stderr, "%s\n", bootstrap.error().detail.c_str());
        return 2;
    }
    io::StderrLog log(LogLevel::Error);
    io::EventLoop loop("feed", &log);
    client::ClusterConfig config;
    config.bootstrap = *bootstrap;
    config.seed = io::entropy();
    config.reconnect_backoff_max = 100ms;
    app::ClientHost host(loop, config, "chaos-feed", nullptr, log);
    Random random(11);
    std::int64_t made = -kUsers;
    app::TopicWriter writer(
        host,
        {"users", "orders", "joined", "per-user", "per-item", "ref-joined", "ref-per-user",
         "ref-per-item"},
        [&]() -> std::optional<app::TopicRecord> {
            if (over && made >= 0) return std::nullopt;
            const std::int64_t n = made++;
            if (n < 0) {
                const std::string key = user(static_cast<std::uint64_t>(n + kUsers));
                return app::TopicRecord{"users",
                                        0,
                                        {},
                                        key,
                                        "{\"name\":\"name of " + key + "\",\"level\":1}",
                                        Timestamp{1'760'000'000'000}};
            }
            const std::string key = user(random.below(kUsers));
            std::int64_t ts = 1'760'000'100'000 + n / 20;
            if (random.one_in(5)) ts -= random.between(0, 700);
            if (random.one_in(50)) ts -= random.between(1'500, 5'000);
            const std::string item = "p" +
                                     std::to_string(partition_for_key(as_bytes(key), kPartitions)) +
                                     "-i" + std::to_string(random.below(20));
            return app::TopicRecord{"orders",
                                    0,
                                    {},
                                    key,
                                    "{\"seq\":" + std::to_string(n) + ",\"item\":\"" + item +
                                        "\",\"amount\":" + std::to_string(random.below(1000)) + "}",
                                    Timestamp{ts}};
        },
        rate);
    host.add(
        [&] {
            if (writer.finished() || writer.failure()) loop.stop();
        },
        [] { return Time::never(); });
    loop.post("begin", [&host] { host.turn(); });
    auto signals = io::watch_stop_signals(loop, [&](int) {
        over = true;
        host.turn();
    });
    loop.run();
    signals.reset();
    if (writer.failure()) {
        std::fprintf(stderr, "the feed stopped: %s\n", writer.failure()->detail.c_str());
        return 1;
    }
    std::printf("%lld\n", static_cast<long long>(made));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    auto line = CommandLine::parse(argc, argv, {{"--rate", true}, {"--output-prefix", true}});
    if (!line) {
        std::fprintf(stderr, "%s\n", line.error().detail.c_str());
        return 2;
    }
    if (!line->rest.empty() && line->rest.front() == "feed") return feed(*line);
    std::string prefix;
    for (std::size_t i = 0; i + 1 < line->rest.size(); ++i) {
        if (line->rest[i] == "--output-prefix") prefix = line->rest[i + 1];
    }
    line->settings.try_emplace("application.id", "chaos");
    line->settings.try_emplace("processing.guarantee", "exactly_once_v2");
    line->settings.try_emplace("statestore.cache.max.bytes", "0");
    line->broker_settings.try_emplace("num.partitions", std::to_string(kPartitions));
    line->broker_settings.try_emplace("log.retention.ms", "-1");
    auto runner = app::Runner::prepare(topology(prefix), *line);
    Result<void> going;
    if (runner) {
        (*runner)->streams().set_restore_listener([](const KafkaStreams::RestoreStatus& s) {
            std::printf("%s %s %s %lld of %lld\n", s.done ? "restored" : "restoring",
                        s.task.c_str(), s.store.c_str(), static_cast<long long>(s.restored),
                        static_cast<long long>(s.total));
            std::fflush(stdout);
        });
        going = (*runner)->go();
    }
    if (!runner || !going) {
        std::fprintf(stderr, "%s\n", (runner ? going.error() : runner.error()).detail.c_str());
        return 1;
    }
    return (*runner)->wait();
}
