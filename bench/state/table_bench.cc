// What an update of a state table costs: count by a 16-byte key, 8-byte counts (design §3.10; the
// limits it is held against are 20-50 ns for a cold key with prefetching). Run:
// build/release/bin/bench_state --benchmark_filter=Table
#include <cstdio>
#include <numeric>
#include <vector>

#include <benchmark/benchmark.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/hash.h"
#include "millrace/base/random.h"
#include "millrace/state/kv/table_key_value_store.h"
#include "millrace/state/window/segmented_window_store.h"

namespace millrace::state {
namespace {

struct Keys {
    explicit Keys(std::size_t n) : bytes(n * 16) {
        Random random(1);
        for (std::size_t i = 0; i < n * 2; ++i) {
            const std::uint64_t word = random.next();
            std::memcpy(bytes.data() + i * 8, &word, 8);
        }
    }
    BytesView operator[](std::size_t i) const { return {bytes.data() + i * 16, 16}; }
    std::vector<std::byte> bytes;
};

// Random keys in the order in which a batch would bring them: side by side.
struct Stream {
    Stream(const Keys& keys, std::size_t n) : bytes(kLength * 16) {
        Random random(2);
        for (std::size_t i = 0; i < kLength; ++i)
            std::memcpy(bytes.data() + i * 16, keys[random.below(n)].data(), 16);
    }
    BytesView next() {
        at = at + 1 == kLength ? 0 : at + 1;
        return {bytes.data() + at * 16, 16};
    }
    static constexpr std::size_t kLength = 1 << 20;
    std::vector<std::byte> bytes;
    std::size_t at = 0;
};

void count(KeyValueStore& store, const HashedKey& key) {
    std::int64_t n = 0;
    if (const auto v = store.get(key)) n = load_be<std::int64_t>(v->value.data());
    std::byte value[8];
    store_be(value, n + 1);
    store.put(key, BytesView(value), Timestamp{n});
}

// Get and put of a random existing key, a commit every `commit` updates, runs of 256 records
// announced first.
void TableCount(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto commit = static_cast<std::size_t>(state.range(1));
    const bool prefetch = state.range(2) != 0;
    Keys keys(n);
    TableKeyValueStore store(KeyValueSpec{"counts"});
    for (std::size_t i = 0; i < n; ++i) count(store, HashedKey(keys[i]));
    store.seal();
    store.committed();
    Stream stream(keys, n);
    std::vector<HashedKey> run;
    std::size_t since = 0;
    for (auto _ : state) {
        run.clear();
        for (int i = 0; i < 256; ++i) {
            run.emplace_back(stream.next());
            if (prefetch) store.prefetch(run.back());
        }
        for (const HashedKey& key : run) count(store, key);
        if ((since += 256) >= commit) {
            store.seal();
            store.committed();
            since = 0;
        }
    }
    state.SetItemsProcessed(state.iterations() * 256);
}
BENCHMARK(TableCount)
    ->ArgNames({"keys", "commit", "prefetch"})
    ->Args({1000, 10'000, 1})
    ->Args({1'000'000, 10'000, 0})
    ->Args({1'000'000, 10'000, 1})
    ->Args({5'000'000, 10'000, 1})
    ->Args({1'000'000, 1'000'000, 1});

void TableInsert(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    Keys keys(n);
    for (auto _ : state) {
        TableKeyValueStore store(KeyValueSpec{"counts"});
        for (std::size_t i = 0; i < n; ++i)
            store.put(HashedKey(keys[i]), keys[i].first(8), Timestamp{1});
        benchmark::DoNotOptimize(store.approximate_num_entries());
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(TableInsert)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// A tumbling count: fetch and put of (key, window), two live windows.
void WindowCount(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    Keys keys(n);
    SegmentedWindowStore store(
        WindowSpec{.name = "w", .window_size_ms = 60'000, .retention_ms = 70'000});
    Stream stream(keys, n);
    std::int64_t time = 0;
    std::size_t since = 0;
    std::vector<HashedKey> run;
    for (auto _ : state) {
        run.clear();
        time += 10;
        const std::int64_t start = time / 60'000 * 60'000;
        for (int i = 0; i < 256; ++i) {
            run.emplace_back(stream.next());
            store.prefetch(run.back(), start);
        }
        for (const HashedKey& key : run) {
            std::int64_t count = 0;
            if (const auto v = store.fetch(key, start))
                count = load_be<std::int64_t>(v->value.data());
            std::byte value[8];
            store_be(value, count + 1);
            store.put(key, start, BytesView(value), Timestamp{time});
        }
        if ((since += 256) >= 10'000) {
            store.seal();
            store.committed();
            since = 0;
        }
    }
    state.SetItemsProcessed(state.iterations() * 256);
}
BENCHMARK(WindowCount)->Arg(1000)->Arg(1'000'000);

}  // namespace
}  // namespace millrace::state

BENCHMARK_MAIN();
