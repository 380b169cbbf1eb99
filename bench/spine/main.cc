// bench_spine: the engine beside the limit, on one machine, in one process, alternately: both read the input from the broker's
// log on disk, check CRCs, parse, compute, write outputs and changelog with CRC, and sync once per commit, the limit as often as
// the engine did in the same round. Prints CPU seconds and their ratio; what the engine committed is read back read_committed
// and must be the limit's output.
//
//   bench_spine [stateless|count|latency] [--records N] [--keys N] [--rounds N] [--commit-ms N] [--directory DIR]
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "millrace/app/embedded_broker.h"
#include "millrace/app/kafka_streams.h"
#include "millrace/app/topic_io.h"
#include "millrace/base/random.h"
#include "millrace/bench/spine/limit.h"
#include "millrace/dsl/streams.h"
#include "millrace/io/real_disk.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/system_clock.h"

namespace {

using namespace millrace;
using namespace millrace::bench;
using namespace std::chrono_literals;

struct Flags {
    std::string what = "all", directory = "/tmp/millrace-bench";
    std::int64_t records = 4'000'000, keys = 1'000'000, event_rate = 20'000, commit_ms = 100, rate = 20'000;
    int rounds = 3;
};

double cpu_seconds() {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    const auto s = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
    return s(u.ru_utime) + s(u.ru_stime);
}
double wall_seconds() { return static_cast<double>(io::monotonic_now().value()) * 1e-9; }

void die(const std::string& why) {
    std::fprintf(stderr, "bench_spine: %s\n", why.c_str());
    std::exit(1);
}

// Clients of the bench on a loop of their own.
class Clients {
public:
    Clients(EmbeddedBroker& broker) : broker_(broker), thread_([this] { loop_.run(); }) {}
    ~Clients() {
        loop_.stop();
        thread_.join();
    }
    std::unique_ptr<app::ClientHost> make(const std::string& id) {
        client::ClusterConfig config;
        config.bootstrap = {{"embedded", 1}};
        return std::make_unique<app::ClientHost>(loop_, config, id, &broker_.host(), log_);
    }
    io::EventLoop& loop() { return loop_; }
    LogSink& log() { return log_; }

private:
    EmbeddedBroker& broker_;
    io::StderrLog log_{LogLevel::Warn};
    io::EventLoop loop_{"bench clients"};
    std::thread thread_;
};

template <class F>
void wait_for(io::EventLoop& loop, F done, double seconds, const char* what) {
    const double until = wall_seconds() + seconds;
    while (true) {
        bool yes = false;
        loop.call("done?", [&] { yes = done(); });
        if (yes) return;
        if (wall_seconds() > until) die(std::string("waited too long for ") + what);
        std::this_thread::sleep_for(5ms);
    }
}

void feed(Clients& clients, const Flags& flags, const std::string& topic) {
    std::int64_t made = 0;
    Random random(7);
    std::string value(100, ' ');
    for (char& c : value) c = static_cast<char>('!' + random.below(90));
    std::unique_ptr<app::ClientHost> host;
    std::unique_ptr<app::TopicWriter> writer;
    clients.loop().call("feed", [&] {
        host = clients.make("feeder");
        writer = std::make_unique<app::TopicWriter>(*host, std::vector<std::string>{topic}, [&]() -> std::optional<app::TopicRecord> {
            if (made == flags.records) return std::nullopt;
            char key[17];
            std::snprintf(key, sizeof key, "k%015lld", static_cast<long long>(random.below(static_cast<std::uint64_t>(flags.keys))));
            value[0] = random.one_in(2) ? 'A' : 'B';
            std::memcpy(value.data() + 1, &made, 8);
            const std::int64_t ts = 1'760'000'040'000 + made++ * 1000 / flags.event_rate;
            return app::TopicRecord{topic, 0, {}, key, value, Timestamp{ts}};
        }, 0);
        host->turn();
    });
    wait_for(clients.loop(), [&] { return writer->finished() || writer->failure(); }, 300, "the feed");
    if (writer->failure()) die(writer->failure()->detail);
    clients.loop().call("feed ends", [&] {
        writer.reset();
        host.reset();
    });
}

Topology topology(Job job, const std::string& in, const std::string& out) {
    StreamsBuilder builder;
    auto records = builder.stream<BytesView, BytesView>(in);
    if (job == Job::Stateless) {
        records.filter([](const BytesView& v) { return !v.empty() && v[0] == std::byte{'A'}; })
            .map_values([](const BytesView& v) {
                std::vector<std::byte> copy(v.begin(), v.end());
                copy[0] = std::byte{'M'};
                return copy;
            })
            .to(out);
    } else {
        records.group_by_key()
            .windowed_by(TimeWindows::of_size_with_no_grace(1min))
            .count(Materialized::as("counts"))
            .to_stream()
            .to(out);
    }
    return builder.build();
}

struct Engine {
    double cpu = 0, wall = 0;
    std::int64_t records = 0, outputs = 0, commits = 0;
    std::uint64_t checksum = 0;
};

Engine run_engine(EmbeddedBroker& broker, Clients& clients, const Flags& flags, Job job, const std::string& in, int round) {
    Engine result;
    const std::string id = std::string(job == Job::Stateless ? "stateless" : "count") + std::to_string(round), out = id + "-out";
    KafkaStreams::Options options;
    options.broker = &broker;
    options.log = &clients.log();
    options.until_end = true;
    KafkaStreams streams(topology(job, in, out),
                         {{"application.id", id},
                          {"processing.guarantee", "exactly_once_v2"},
                          {"commit.interval.ms", std::to_string(flags.commit_ms)},
                          {"statestore.cache.max.bytes", "0"},
                          {"statestore.uncommitted.max.bytes", "-1"},
                          {"state.dir", flags.directory + "/state"}},
                         options);
    const double cpu = cpu_seconds(), wall = wall_seconds();
    if (auto started = streams.start(); !started) die(started.error().detail);
    while (!streams.at_end()) {
        if (streams.failure()) die(streams.failure()->detail);
        std::this_thread::sleep_for(2ms);
    }
    result.cpu = cpu_seconds() - cpu;
    result.wall = wall_seconds() - wall;
    const auto metrics = streams.metrics();
    result.records = metrics.records_processed;
    result.commits = metrics.commits;
    streams.close();

    std::unique_ptr<app::ClientHost> host;
    std::unique_ptr<app::TopicReader> reader;
    clients.loop().call("read back", [&] {
        host = clients.make("reader");
        reader = std::make_unique<app::TopicReader>(*host, std::vector<std::string>{out}, [&](const app::TopicRecord& r) {
            result.checksum = fold(result.checksum, r.key->data(), r.key->size(), r.value->data(), r.value->size());
            ++result.outputs;
        });
        host->turn();
    });
    wait_for(clients.loop(), [&] { return reader->at_end(); }, 120, "the output to be read back");
    clients.loop().call("read back ends", [&] {
        reader.reset();
        host.reset();
    });
    return result;
}

std::vector<std::string> segments(const std::string& directory) {
    std::vector<std::string> files;
    io::RealDisk disk;
    if (auto entries = disk.list(directory)) {
        for (const DiskEntry& e : *entries) {
            if (e.name.size() > 4 && e.name.substr(e.name.size() - 4) == ".log") files.push_back(directory + '/' + e.name);
        }
    }
    if (files.empty()) die("no segment files in " + directory);
    return files;
}

int compare(EmbeddedBroker& broker, Clients& clients, const Flags& flags, Job job, const std::string& in) {
    const char* label = job == Job::Stateless ? "stateless" : "count";
    std::vector<double> ratios;
    bool equal = true;
    for (int round = 0; round < flags.rounds; ++round) {
        const Engine engine = run_engine(broker, clients, flags, job, in, round);
        LimitConfig config;
        config.job = job;
        config.inputs = segments(flags.directory + "/broker/" + in + "-0");
        config.output = flags.directory + "/limit-output.log";
        config.changelog = job == Job::Count ? flags.directory + "/limit-changelog.log" : "";
        // It syncs as often as the engine just did.
        config.records_per_commit = engine.records / std::max<std::int64_t>(1, engine.commits);
        const double cpu = cpu_seconds(), wall = wall_seconds();
        const LimitResult limit = run_limit(config);
        const double limit_cpu = cpu_seconds() - cpu, limit_wall = wall_seconds() - wall;
        const double ratio = limit_cpu / engine.cpu;
        ratios.push_back(ratio);
        const bool same = engine.checksum == limit.checksum && engine.outputs == limit.outputs;
        equal &= same;
        std::printf("%-9s limit %.3f CPU-s (%.2f M/s wall, %lld commits)  engine %.3f CPU-s (%.2f M/s wall, %lld commits)  ratio %.2f  %s\n",
                    label, limit_cpu, static_cast<double>(limit.records) / limit_wall * 1e-6, static_cast<long long>(limit.commits),
                    engine.cpu, static_cast<double>(engine.records) / engine.wall * 1e-6, static_cast<long long>(engine.commits), ratio,
                    same ? "output equal" : "OUTPUT DIFFERS");
        std::fflush(stdout);
    }
    std::sort(ratios.begin(), ratios.end());
    std::printf("%-9s ratio to the limit: min %.2f median %.2f max %.2f (goal %s)\n", label, ratios.front(),
                ratios[ratios.size() / 2], ratios.back(), job == Job::Stateless ? "0.5, at least 0.25" : "0.4, at least 0.2");
    return equal ? 0 : 1;
}

// Open loop: records at a fixed rate, each carries the time it was due; read_committed at the other end.
int latency(EmbeddedBroker& broker, Clients& clients, const Flags& flags, std::int64_t commit_ms) {
    const std::string id = "latency" + std::to_string(commit_ms), in = id + "-in", out = id + "-out";
    const std::int64_t total = flags.rate * 5;
    StreamsBuilder builder;
    builder.stream<BytesView, BytesView>(in).filter([](const BytesView& v) { return !v.empty(); }).to(out);
    std::vector<double> micros;
    std::unique_ptr<app::ClientHost> writer_host, reader_host;
    std::unique_ptr<app::TopicWriter> writer;
    std::unique_ptr<app::TopicReader> reader;
    std::int64_t made = 0;
    Time began{};
    clients.loop().call("latency", [&] {
        writer_host = clients.make("latency-writer");
        for (const std::string& t : {in, out}) writer_host->cluster().want_topic(t, true);
        writer_host->turn();
    });
    std::this_thread::sleep_for(300ms);
    KafkaStreams::Options options;
    options.broker = &broker;
    options.log = &clients.log();
    KafkaStreams streams(builder.build(),
                         {{"application.id", id},
                          {"processing.guarantee", "exactly_once_v2"},
                          {"commit.interval.ms", std::to_string(commit_ms)},
                          {"linger.ms", "0"},
                          {"fetch.max.wait.ms", "500"},
                          {"state.dir", flags.directory + "/state"}},
                         options);
    if (auto started = streams.start(); !started) die(started.error().detail);
    while (streams.state() != KafkaStreams::State::Running) std::this_thread::sleep_for(10ms);
    clients.loop().call("latency", [&] {
        reader_host = clients.make("latency-reader");
        reader = std::make_unique<app::TopicReader>(*reader_host, std::vector<std::string>{out}, [&](const app::TopicRecord& r) {
            std::int64_t due;
            std::memcpy(&due, r.value->data(), 8);
            micros.push_back(static_cast<double>(io::monotonic_now().value() - due) * 1e-3);
        });
        reader_host->turn();
        writer = std::make_unique<app::TopicWriter>(*writer_host, std::vector<std::string>{in}, [&]() -> std::optional<app::TopicRecord> {
            if (made == total) return std::nullopt;
            if (made == 0) began = io::monotonic_now();
            std::string value(100, 'x');
            const std::int64_t due = began.value() + made * 1'000'000'000 / flags.rate;
            std::memcpy(value.data(), &due, 8);
            const std::int64_t ts = static_cast<std::int64_t>(::time(nullptr)) * 1000;
            ++made;
            return app::TopicRecord{in, 0, {}, "k" + std::to_string(made % 1000), std::move(value), Timestamp{ts}};
        }, flags.rate);
        writer_host->turn();
    });
    wait_for(clients.loop(), [&] { return static_cast<std::int64_t>(micros.size()) >= total; }, 60, "the last record");
    clients.loop().call("latency ends", [&] {
        reader.reset();
        writer.reset();
        reader_host.reset();
        writer_host.reset();
    });
    streams.close();
    micros.erase(micros.begin(), micros.begin() + static_cast<std::ptrdiff_t>(micros.size() / 5));   // the first second warms up
    std::sort(micros.begin(), micros.end());
    const auto at = [&](double q) { return micros[static_cast<std::size_t>(q * static_cast<double>(micros.size() - 1))] * 1e-3; };
    std::printf("latency   commit interval %3lld ms, %lld records/s: p50 %.2f ms  p99 %.2f ms  p99.9 %.2f ms\n",
                static_cast<long long>(commit_ms), static_cast<long long>(flags.rate), at(0.5), at(0.99), at(0.999));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Flags flags;
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        const auto value = [&]() -> const char* {
            if (i + 1 >= argc) die(flag + " needs a value");
            return argv[++i];
        };
        if (flag == "--records") flags.records = std::atoll(value());
        else if (flag == "--keys") flags.keys = std::atoll(value());
        else if (flag == "--rounds") flags.rounds = std::atoi(value());
        else if (flag == "--commit-ms") flags.commit_ms = std::atoll(value());
        else if (flag == "--rate") flags.rate = std::atoll(value());
        else if (flag == "--directory") flags.directory = value();
        else if (flag == "stateless" || flag == "count" || flag == "latency" || flag == "all") flags.what = flag;
        else die("unknown argument " + flag);
    }
    io::RealDisk disk;
    (void)disk.remove_all(flags.directory);
    if (auto made = disk.make_directories(flags.directory); !made) die(made.error().detail);
    EmbeddedBroker::Options options;
    options.directory = flags.directory + "/broker";
    options.settings = {{"num.partitions", "1"}};
    auto broker = EmbeddedBroker::start(std::move(options));
    if (!broker) die(broker.error().detail);
    int failed = 0;
    {
        Clients clients(**broker);
        if (flags.what != "latency") feed(clients, flags, "input");
        if (flags.what == "all" || flags.what == "stateless") failed |= compare(**broker, clients, flags, Job::Stateless, "input");
        if (flags.what == "all" || flags.what == "count") failed |= compare(**broker, clients, flags, Job::Count, "input");
        if (flags.what == "all" || flags.what == "latency") {
            for (const std::int64_t ms : {1, 10, 100}) failed |= latency(**broker, clients, flags, ms);
        }
    }
    broker->reset();
    (void)disk.remove_all(flags.directory);
    return failed;
}
