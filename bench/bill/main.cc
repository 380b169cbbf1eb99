// bench_bill: what one record costs, counted. A broker with the input in its log and one worker,
// exactly once, in one process and one thread, in simulated time: every run takes the same steps.
//
//   bench_bill stateless|count|join [--commits N] [--directory DIR]
//
// Two commits warm it up; from there to the end of the N-th (2) commit after it everything counts:
// the broker's fetch and append, the worker's CRC check, parsing, operators, state, output and
// changelog batches with their CRC, the commit. Prints records, allocations, system calls and bytes
// written; under callgrind with --instr-atstart=no its profile holds the instructions of that
// stretch alone (`./dev bench bill` does that). What was committed must be what a plain loop makes
// of the same input.
#include <cstdio>
#include <cstdlib>
#include <gnu/libc-version.h>
#include <string>
#include <unistd.h>

#include "millrace/bench/bill/allocations.h"
#include "millrace/bench/bill/jobs.h"
#include "millrace/bench/bill/process.h"
#include "millrace/client/cluster.h"
#include "millrace/client/producer.h"
#include "millrace/dsl/compile.h"
#include "millrace/engine/worker/task_settings.h"
#include "millrace/engine/worker/worker.h"
#include "millrace/io/real_disk.h"
#include "millrace/io/stderr_log.h"
#include "millrace/state/process_state_shell.h"
#include "millrace/wire/batch/record_batch.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else  // the instructions stay uncounted
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#endif

namespace {

using namespace millrace;
using namespace millrace::bench;

constexpr std::int64_t kWarmUpCommits = 2, kRecordsPerCommit = 100'000;  // about: one each 100 ms
const client::Address kBroker{"broker", 9092};

[[noreturn]] void die(const std::string& why) {
    std::fprintf(stderr, "bench_bill: %s\n", why.c_str());
    std::exit(1);
}

class Feeder final : public Machine {
public:
    Feeder(LogSink& log, bool table, std::int64_t records)
        : cluster_({.bootstrap = {kBroker}}, log),
          producer_(cluster_, {.linger = Duration{}}, log),
          table_left_(table ? kKeys : 0),
          records_(records) {}
    void begin(Now now, client::Effects& effects) {
        cluster_.at(now);
        input_ = producer_.topic(std::string(kInput));
        producer_.topic(std::string(kOutput));
        if (table_left_ > 0) table_ = producer_.topic(std::string(kTable));
        producer_.init();
        poll(effects);
    }
    bool done() const { return made_ == records_ && producer_.flushed(); }

    void input(const client::LinkInput& in, Now now, client::Effects& effects) override {
        cluster_.step(in, now);
        poll(effects);
    }
    void tick(Now now, client::Effects& effects) override {
        cluster_.tick(now);
        poll(effects);
    }
    bool work(Now now, client::Effects& effects) override {
        if (!producer_.initialized() || producer_.partition_count(input_) == 0 ||
            made_ == records_ || producer_.full())
            return false;
        cluster_.at(now);
        for (int i = 0; i < 4096 && made_ < records_; ++i) {
            const InputRecord r =
                table_left_ > 0 ? table_record(--table_left_) : input_record(made_++);
            producer_.send(r.value[0] == 't' ? table_ : input_, 0, r.key_view(), r.value_view(),
                           r.timestamp, {});
        }
        poll(effects);
        return true;
    }

private:
    void poll(client::Effects& effects) {
        producer_.poll();
        if (producer_.trouble() != client::Trouble::None) die(producer_.error().detail);
        cluster_.drain(effects);
        effects.wake(producer_.next_due());
    }
    client::Cluster cluster_;
    client::Producer producer_;
    client::Producer::Topic input_ = 0, table_ = 0;
    std::uint64_t table_left_;
    std::int64_t records_, made_ = 0;
};

class Application final : public Machine, engine::WorkerListener {
public:
    Application(engine::WorkerConfig config, const engine::TaskTopology& topology,
                state::StoreProvider& stores, LogSink& log)
        : worker_(std::move(config), topology, stores, *this, log) {}
    void input(const client::LinkInput& in, Now now, client::Effects& effects) override {
        worker_.step(in, now, effects);
    }
    void tick(Now now, client::Effects& effects) override { worker_.tick(now, effects); }
    bool work(Now now, client::Effects& effects) override {
        if (!worker_.runnable(now)) return false;
        worker_.run(now, effects);
        return true;
    }
    void committed(std::int64_t records, Duration) override {
        if (records == 0) return;
        ++commits;
        processed += records;
    }
    void task_failed(engine::TaskId, const Error& error, bool) override { die(error.detail); }
    engine::Worker& worker() { return worker_; }
    std::int64_t commits = 0,
                 processed = 0;  // records of what is committed, and what was processed meanwhile

private:
    engine::Worker worker_;
};

struct Flags {
    BillJob job = BillJob::Stateless;
    std::int64_t commits = 2;
    std::string directory;
};

Flags parse(int argc, char** argv) {
    Flags flags;
    bool job = false;
    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        const auto value = [&]() -> const char* {
            if (i + 1 >= argc) die(flag + " needs a value");
            return argv[++i];
        };
        if (flag == "--commits")
            flags.commits = std::atoll(value());
        else if (flag == "--directory")
            flags.directory = value();
        else if (flag == "stateless" || flag == "count" || flag == "join") {
            flags.job = flag == "stateless" ? BillJob::Stateless
                        : flag == "count"   ? BillJob::Count
                                            : BillJob::Join;
            job = true;
        } else
            die("unknown argument " + flag);
    }
    if (!job) die("which job? stateless, count or join");
    if (flags.directory.empty()) {
        char made[] = "/tmp/millrace-bill-XXXXXX";
        if (!::mkdtemp(made)) die("no directory in /tmp");
        flags.directory = made;
    }
    return flags;
}

// The data batches of a partition, as its directory holds them. Nothing was aborted in this run.
Output read_back(Disk& disk, const std::string& directory) {
    Output out;
    const auto entries = disk.list(directory);
    if (!entries) die(entries.error().detail);
    for (const DiskEntry& entry : *entries) {
        if (!entry.name.ends_with(".log")) continue;
        const auto bytes = read_file(disk, join(directory, entry.name));
        if (!bytes) die(bytes.error().detail);
        wire::BatchWalker walker(*bytes);
        while (const auto batch = walker.next()) {
            if (batch->control()) continue;
            std::vector<wire::RecordView> records(static_cast<std::size_t>(batch->count()));
            if (!batch->validate() ||
                !wire::RecordReader(*batch, batch->encoded_records()).read(records))
                die("a bad batch in " + directory);
            for (const wire::RecordView& r : records) out.add(r.key.view(), r.value.view());
        }
    }
    return out;
}

struct Count {
    std::int64_t records, allocations, calls, written, commits;
};

}  // namespace

int main(int argc, char** argv) {
    const Flags flags = parse(argc, argv);
    io::StderrLog log(LogLevel::Warn);
    io::RealDisk real;
    CountedDisk disk(real);
    const std::string broker_directory = flags.directory + "/broker";
    Process process(disk, broker_directory, log);
    {
        const std::int64_t records = (kWarmUpCommits + flags.commits + 2) * kRecordsPerCommit;
        Feeder feeder(log, flags.job == BillJob::Join, records);
        process.add(feeder, [&](Now now, client::Effects& effects) { feeder.begin(now, effects); });
        process.run_until([&] { return feeder.done(); });
        process.remove(feeder);
    }

    auto streams = engine::StreamsConfig::parse({{"application.id", "bill"},
                                                 {"bootstrap.servers", "broker:9092"},
                                                 {"processing.guarantee", "exactly_once_v2"},
                                                 {"commit.interval.ms", "100"},
                                                 {"statestore.cache.max.bytes", "0"},
                                                 {"statestore.uncommitted.max.bytes", "-1"},
                                                 {"state.dir", flags.directory + "/state"}});
    if (!streams) die(streams.error().detail);
    auto settings = engine::task_settings(*streams, log);
    if (!settings) die(settings.error().detail);
    settings->future_max_ms.reset();
    const auto compiled = compile(topology(flags.job), *settings);
    if (!compiled) die(compiled.error().detail);
    auto state =
        state::ProcessState::open(disk, streams->state_dir, "bill", Uuid::from_random(1, 2));
    if (!state) die(state.error().detail);
    const auto stores = (*state)->provider({});
    engine::WorkerConfig config;
    config.streams = *streams;
    config.bootstrap = {kBroker};
    config.process_id = (*state)->process_id().to_text();
    config.member_id = Uuid::from_random(3, 4).to_string();
    Count begin{}, end{};
    std::int64_t processed = 0;
    {
        Application application(config, **compiled, *stores, log);
        const auto count = [&] {
            return Count{application.processed, allocations(), disk.use().calls,
                         disk.use().bytes_written, application.commits};
        };
        process.add(application, [&](Now now, client::Effects& effects) {
            application.worker().start(now, effects);
        });
        process.run_until([&] { return application.commits >= kWarmUpCommits; });
        begin = count();
        CALLGRIND_START_INSTRUMENTATION;
        process.run_until([&] { return application.commits >= kWarmUpCommits + flags.commits; });
        CALLGRIND_STOP_INSTRUMENTATION;
        end = count();
        process.act(application, [&](Now now, client::Effects& effects) {
            application.worker().close(now, effects);
        });
        process.run_until([&] { return application.worker().closed(); });
        if (application.worker().failure()) die(application.worker().failure()->detail);
        processed = application.worker().metrics().records_processed;
        process.remove(application);
    }
    process.stop();
    if (flags.job == BillJob::Join) processed -= static_cast<std::int64_t>(kKeys);

    const Output out = read_back(disk, broker_directory + "/" + std::string(kOutput) + "-0");
    (void)disk.remove_all(flags.directory);
    if (out != expected(flags.job, processed)) die("the output is wrong");
    std::printf("records %lld allocations %lld calls %lld written %lld commits %lld outputs %lld\n",
                static_cast<long long>(end.records - begin.records),
                static_cast<long long>(end.allocations - begin.allocations),
                static_cast<long long>(end.calls - begin.calls),
                static_cast<long long>(end.written - begin.written),
                static_cast<long long>(end.commits - begin.commits),
                static_cast<long long>(out.records));
    std::printf("made with g++ %s, glibc %s\n", __VERSION__, gnu_get_libc_version());
}
