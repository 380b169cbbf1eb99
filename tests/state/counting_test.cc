// count() of a store is get, one more, and put: two stores side by side, one counted in runs, the
// other record by record; in memory, and with everything spilled and forgotten at each commit.
#include <gtest/gtest.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/random.h"
#include "millrace/state/directory_provider.h"
#include "millrace/state/memory_provider.h"
#include "millrace/state/runs/model_runs.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/tests/state/store_model.h"

namespace millrace::state::test {
namespace {

struct Place {  // one store and what is around it
    explicit Place(bool spilled) {
        if (!spilled) return;
        runs = *ModelRuns::open(disk, "/runs");
        directory = std::make_unique<DirectoryProvider>(
            *runs, runner, StateBudget{.bytes_max = 1, .tail_records_max = 1});
    }
    StoreProvider& provider() {
        return directory ? static_cast<StoreProvider&>(*directory) : memory;
    }
    void commit(StateStore& store) {
        store.committed();
        log.commit();
        if (!directory) return;
        store.durable()->advance(Checkpoint{{}, Offset{++offset}, {}});
        directory->maintain();
    }

    testkit::SimDisk disk;
    InlineSpillRunner runner;
    std::unique_ptr<ModelRuns> runs;
    MemoryProvider memory;
    std::unique_ptr<DirectoryProvider> directory;
    ListLog log;
    std::int64_t offset = 0;
};

struct Input {
    std::string key;
    std::int64_t timestamp, start;
};

struct Seen {  // what count() hands on
    std::string key, value;
    std::int64_t timestamp;
    friend bool operator==(const Seen&, const Seen&) = default;
};

Seen seen(BytesView key, BytesView value, std::int64_t timestamp) {
    return {std::string(as_text(key)), std::string(as_text(value)), timestamp};
}

std::vector<Counted> counted(const std::vector<Input>& inputs) {
    std::vector<Counted> run;
    for (const Input& input : inputs)
        run.push_back({as_bytes(input.key), hash_bytes(as_bytes(input.key)), input.timestamp, {}});
    return run;
}

// One record the long way, as an operator does it.
template <class Get, class Put>
Seen one_more(const Input& input, const std::string& stored_key, Get&& get, Put&& put) {
    std::uint64_t count = 1;
    std::int64_t timestamp = input.timestamp;
    if (const std::optional<ValueAndTimestamp> old = get()) {
        if (old->value.size() == 8) count += load_be<std::uint64_t>(old->value.data());
        timestamp = std::max(timestamp, old->timestamp.value());
    }
    std::byte value[8];
    store_be(value, count);
    put(BytesView(value), Timestamp{timestamp});
    return seen(as_bytes(stored_key), BytesView(value), timestamp);
}

class Counting : public testing::TestWithParam<int> {};

// `count(store, inputs, into)`: false when the store does not. `other(store, key, value)`: puts
// something that is no counter, or deletes.
template <class Store, class Count, class ByOne, class Other, class All>
void compare(int seed, bool spilled, Place& a, Place& b, Store& counting, Store& plain,
             Count&& count, ByOne&& by_one, Other&& other, All&& all) {
    Random random(static_cast<std::uint64_t>(seed) * 2 + spilled);
    counting.set_changelog(&a.log);
    plain.set_changelog(&b.log);
    bool sealed = false;
    std::int64_t now = 100'000;
    for (int step = 0; step < 600; ++step) {
        const auto choice = random.below(12);
        const std::string some = "key " + std::to_string(random.below(60));
        if (choice == 0 && !sealed) {
            counting.seal(), plain.seal(), a.log.seal(), b.log.seal();
            sealed = true;
        } else if (choice == 1 && sealed) {
            a.commit(counting), b.commit(plain);
            sealed = false;
        } else if (choice == 2 && random.one_in(3)) {
            counting.aborted(), plain.aborted(), a.log.abort(), b.log.abort();
            sealed = false;
        } else if (choice == 3) {
            const std::string value(random.below(3) * 5, 'x');
            for (Store* store : {&counting, &plain})
                other(*store, some, now, value.empty() ? MaybeBytes{} : as_bytes(value));
        } else {
            now += static_cast<std::int64_t>(random.below(20'000));
            const auto start = std::max<std::int64_t>(
                                   0, now / 10'000 - static_cast<std::int64_t>(
                                                         random.below(random.one_in(4) ? 20 : 2))) *
                               10'000;
            std::vector<Input> inputs;
            for (std::uint64_t n = 1 + random.below(30); n > 0; --n)
                inputs.push_back({"key " + std::to_string(random.below(60)),
                                  start + static_cast<std::int64_t>(random.below(10'000)), start});
            std::vector<Seen> expected, got;
            if (count(counting, inputs, got)) {
                for (const Input& input : inputs) expected.push_back(by_one(plain, input));
                ASSERT_EQ(got, expected) << step;
            } else {
                for (Store* store : {&counting, &plain})
                    for (const Input& input : inputs) by_one(*store, input);
            }
        }
        ASSERT_EQ(a.log.open, b.log.open) << step;
        if (step % 20 == 0) {
            ASSERT_EQ(all(counting), all(plain)) << step;
        }
    }
    EXPECT_EQ(a.log.committed, b.log.committed);
    EXPECT_GT(a.log.committed.size(), 0u);
    EXPECT_EQ(counting.expired_puts(), plain.expired_puts());
}

TEST_P(Counting, OfAKeyValueStore) {
    for (const bool spilled : {false, true}) {
        Place a(spilled), b(spilled);
        const KeyValueSpec spec{.name = "counts"};
        auto counting = *a.provider().key_value("0_0", spec);
        auto plain = *b.provider().key_value("0_0", spec);
        const auto count = [](KeyValueStore& store, const std::vector<Input>& inputs,
                              std::vector<Seen>& got) {
            auto run = counted(inputs);
            EXPECT_TRUE(store.count(run));
            for (const Counted& c : run)
                got.push_back(seen(c.key, BytesView(c.count), c.timestamp));
            return true;
        };
        const auto by_one = [](KeyValueStore& store, const Input& input) {
            const HashedKey key(as_bytes(input.key));
            return one_more(
                input, input.key, [&] { return store.get(key); },
                [&](BytesView value, Timestamp t) { store.put(key, value, t); });
        };
        const auto other = [](KeyValueStore& store, const std::string& key, std::int64_t time,
                              MaybeBytes value) {
            store.put(HashedKey(as_bytes(key)), value, Timestamp{time});
        };
        const auto all = [](KeyValueStore& store) {
            std::vector<Seen> rows;
            for (auto c = store.range({}, {}, true); c->valid(); c->next())
                rows.push_back(seen(c->key(), c->value().value, c->value().timestamp.value()));
            return rows;
        };
        compare(GetParam(), spilled, a, b, *counting, *plain, count, by_one, other, all);
    }
}

TEST_P(Counting, OfAWindowStore) {
    for (const bool spilled : {false, true}) {
        Place a(spilled), b(spilled);
        const WindowSpec spec{.name = "counts",
                              .window_size_ms = 10'000,
                              .retention_ms = 50'000,
                              .persistent = spilled || GetParam() % 2 == 0};
        auto counting = *a.provider().window("0_0", spec);
        auto plain = *b.provider().window("0_0", spec);
        const auto count = [](WindowStore& store, const std::vector<Input>& inputs,
                              std::vector<Seen>& got) {
            auto run = counted(inputs);
            if (!store.count(run, inputs[0].start)) return false;
            for (const Counted& c : run)
                got.push_back(seen(c.key, BytesView(c.count), c.timestamp));
            return true;
        };
        const auto by_one = [](WindowStore& store, const Input& input) {
            const HashedKey key(as_bytes(input.key));
            ByteSink stored;
            stored.append(input.key);
            append_be(stored, input.start);
            append_be(stored, std::int32_t{0});
            return one_more(
                input, std::string(as_text(stored.view())),
                [&] { return store.fetch(key, input.start); },
                [&](BytesView value, Timestamp t) { store.put(key, input.start, value, t); });
        };
        const auto other = [](WindowStore& store, const std::string& key, std::int64_t time,
                              MaybeBytes value) {
            store.put(HashedKey(as_bytes(key)), time / 10'000 * 10'000, value, Timestamp{time});
        };
        const auto all = [](WindowStore& store) {
            std::vector<Seen> rows;
            for (auto c = store.fetch_all(0, INT64_MAX); c->valid(); c->next())
                rows.push_back(seen(c->key(), c->value().value, c->window_start()));
            return rows;
        };
        compare(GetParam(), spilled, a, b, *counting, *plain, count, by_one, other, all);
    }
}
INSTANTIATE_TEST_SUITE_P(Seeds, Counting, testing::Range(0, 20));

}  // namespace
}  // namespace millrace::state::test
