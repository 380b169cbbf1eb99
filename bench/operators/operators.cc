// What the engine's own share of a record costs: batches in memory, through a task, into a record
// batch builder; stores with a table that spills behind them, though nothing is spilled.
//   operators stateless|records|count|join N [KEYS]     N millions of records after as many to warm
//   up; prints ns per record
// Instructions a record, the figure to look at on a shared machine (what is collected is the engine
// with the commits of its stores, of all records but those that warm up):
//   valgrind --tool=callgrind --collect-atstart=no --toggle-collect='measured(*' operators count 1
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "millrace/dsl/compile.h"
#include "millrace/dsl/streams.h"
#include "millrace/state/directory_provider.h"
#include "millrace/state/runs/model_runs.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace {

using namespace millrace;

constexpr std::size_t kPerBatch = 500, kBatchesPerCommit = 40;

class Sink final : public engine::RecordCollector {
public:
    Topic topic(const std::string&) override { return 0; }
    std::int32_t partition_count(Topic) override { return 1; }
    void send(Topic, std::int32_t, state::MaybeBytes key, state::MaybeBytes value,
              Timestamp timestamp, BytesView) override {
        builder_.append(timestamp, key, value);
        ++records;
        if (builder_.size() > 60'000) builder_.clear();
    }
    std::uint64_t records = 0;

private:
    wire::RecordBatchBuilder builder_{64 * 1024};
};

// 16-byte keys, 100-byte values, 20,000 records a second of event time.
class Input {
public:
    explicit Input(std::uint64_t keys) : keys_(keys) { std::memset(value_, 'v', sizeof value_); }
    Bytes next() {
        for (std::size_t i = 0; i < kPerBatch; ++i) {
            random_ ^= random_ << 13;
            random_ ^= random_ >> 7;
            random_ ^= random_ << 17;
            append(random_ % keys_);
        }
        return builder_.finish({});
    }
    void append(std::uint64_t key_number) {
        static constexpr char kDigits[] = "0123456789abcdef";
        char key[16];
        for (std::size_t i = 16; i-- > 0; key_number >>= 4) key[i] = kDigits[key_number & 15];
        value_[0] = static_cast<char>('a' + (random_ >> 40) % 2);
        builder_.append(Timestamp{1'760'000'040'000 + made_++ / 20},
                        as_bytes(std::string_view(key, 16)),
                        as_bytes(std::string_view(value_, 100)));
    }
    Bytes finish() { return builder_.finish({}); }

private:
    wire::RecordBatchBuilder builder_{256 * 1024};
    std::uint64_t keys_, random_ = 88172645463325252ULL;
    std::int64_t made_ = 0;
    char value_[100];
};

// What is between two commits. By name, for --toggle-collect.
[[gnu::noinline]] bool measured(engine::Task& task, state::DirectoryProvider& stores) {
    const Now now{};
    while (task.processable(now)) {
        if (auto done = task.process({}, now); !done)
            return std::puts(done.error().detail.c_str()), false;
    }
    task.seal();
    task.committed();
    stores.maintain();
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "stateless";
    const double millions = argc > 2 ? std::atof(argv[2]) : 4;
    const std::uint64_t keys = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1'000'000;
    StreamsBuilder builder;
    auto in = builder.stream<BytesView, BytesView>("in");
    using namespace std::chrono_literals;
    if (mode == "count") {
        in.group_by_key()
            .windowed_by(TimeWindows::of_size_with_no_grace(1min))
            .count()
            .to_stream()
            .to("out");
    } else if (mode == "join") {
        const auto table = builder.table<BytesView, BytesView>("table");
        in.join(table, [](const BytesView& a, const BytesView& b) {
              return a.size() > b.size() ? a : b;
          }).to("out");
    } else {
        in.filter([](BytesView v) { return v[0] == std::byte{'a'}; })
            .map_values([](BytesView v) { return v.subspan(1); })
            .to("out");
    }
    engine::TaskSettings settings;
    settings.future_max_ms.reset();
    settings.record_by_record = mode == "records";
    const auto compiled = compile(builder.build(), settings);
    Sink sink;
    testkit::SimDisk disk;
    auto runs = state::ModelRuns::open(disk, "/runs");
    state::InlineSpillRunner runner;
    state::DirectoryProvider stores(**runs, runner, {std::int64_t{1} << 40, std::int64_t{1} << 40});
    const auto task = (*compiled)->make_task({0, 0}, sink, stores);
    const Now now{};
    if (auto ready = task->initialize({}, now); !ready)
        return std::puts(ready.error().detail.c_str()), 1;
    for (std::size_t i = 0; i < task->inputs().size(); ++i) task->set_lag(i, 0);

    Input input(keys);
    std::size_t stream = 0;
    std::int64_t offset = 0;
    const auto enqueue = [&](std::size_t to, Bytes batch) {
        task->enqueue(to, {std::move(batch), Offset{0},
                           Offset{offset += static_cast<std::int64_t>(kPerBatch)}, std::nullopt});
    };
    if (mode == "join") {
        stream = task->inputs()[0].topic == "in" ? 0 : 1;
        Input rows(keys);
        for (std::uint64_t k = 0; k < keys;) {
            for (std::size_t i = 0; i < kPerBatch && k < keys; ++i) rows.append(k++);
            enqueue(1 - stream, rows.finish());
        }
        while (task->processable(now)) (void)task->process({}, now);
        task->seal();
        task->committed();
    }
    const auto commits = static_cast<std::size_t>(millions * 1e6 / (kPerBatch * kBatchesPerCommit));
    std::chrono::nanoseconds spent{};
    for (std::size_t commit = 0; commit < 2 * commits; ++commit) {
        for (std::size_t b = 0; b < kBatchesPerCommit; ++b) enqueue(stream, input.next());
        if (commit < commits) {
            while (task->processable(now)) (void)task->process({}, now);
            task->seal();
            task->committed();
            continue;
        }
        const auto from = std::chrono::steady_clock::now();
        if (!measured(*task, stores)) return 1;
        spent += std::chrono::steady_clock::now() - from;
    }
    std::printf("%s: %.1f ns a record, %llu sent\n", mode.c_str(),
                static_cast<double>(spent.count()) /
                    static_cast<double>(commits * kPerBatch * kBatchesPerCommit),
                static_cast<unsigned long long>(sink.records));
    task->close();
}
