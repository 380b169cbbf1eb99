// What the engine's own share of a record costs: batches in memory, through a task, into a record
// batch builder.
//   operators stateless|count|records N     N millions of records; prints ns per record
// Instructions: valgrind --tool=callgrind --toggle-collect='*StreamTask::process*' operators
// stateless 1
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "millrace/dsl/compile.h"
#include "millrace/dsl/streams.h"
#include "millrace/state/memory_provider.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace {

using namespace millrace;

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

// `keys` distinct 16-byte keys, 100-byte values.
std::vector<Bytes> make_batches(std::size_t batches, std::size_t per_batch, std::uint64_t keys) {
    std::vector<Bytes> made;
    wire::RecordBatchBuilder builder(256 * 1024);
    std::uint64_t random = 88172645463325252ULL;
    std::int64_t timestamp = 1'700'000'000'000;
    char key[17], value[100];
    std::memset(value, 'v', sizeof value);
    for (std::size_t b = 0; b < batches; ++b) {
        for (std::size_t i = 0; i < per_batch; ++i) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            std::snprintf(key, sizeof key, "%016llx",
                          static_cast<unsigned long long>(random % keys));
            value[0] = static_cast<char>('a' + random % 2);
            builder.append(Timestamp{timestamp += i % 64 == 0}, as_bytes(std::string_view(key, 16)),
                           as_bytes(std::string_view(value, 100)));
        }
        made.push_back(builder.finish({}));
    }
    return made;
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
            .windowed_by(TimeWindows::of_size_and_grace(1min, 10s))
            .count()
            .to_stream()
            .to("out");
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
    state::MemoryProvider stores;
    const auto task = (*compiled)->make_task({0, 0}, sink, stores);
    const Now now{};
    if (auto ready = task->initialize({}, now); !ready)
        return std::puts(ready.error().detail.c_str()), 1;
    task->set_lag(0, 0);

    constexpr std::size_t kPerBatch = 500;
    const auto batches = make_batches(200, kPerBatch, keys);
    const auto rounds = static_cast<std::size_t>(millions * 1e6 / (200 * kPerBatch));
    std::chrono::nanoseconds spent{};
    std::uint64_t records = 0;
    for (std::size_t round = 0; round < rounds + 1; ++round) {
        for (const Bytes& batch : batches) {
            task->enqueue(
                0, {batch, Offset{0}, Offset{static_cast<std::int64_t>(kPerBatch)}, std::nullopt});
            const auto from = std::chrono::steady_clock::now();
            while (task->processable(now)) {
                if (auto done = task->process({}, now); !done)
                    return std::puts(done.error().detail.c_str()), 1;
            }
            if (round > 0) {
                spent += std::chrono::steady_clock::now() - from;
                records += kPerBatch;
            }
        }
        task->seal();
        task->committed();
    }
    std::printf("%s: %.1f ns a record, %llu sent\n", mode.c_str(),
                static_cast<double>(spent.count()) /
                    static_cast<double>(std::max<std::uint64_t>(1, records)),
                static_cast<unsigned long long>(sink.records));
}
