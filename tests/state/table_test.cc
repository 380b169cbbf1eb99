// The table's layers against std::map, with freezes and evictions in between.
#include "millrace/state/table/table.h"

#include <gtest/gtest.h>

#include "millrace/base/hash.h"
#include "millrace/base/random.h"
#include "millrace/tests/state/store_model.h"

namespace millrace::state::test {
namespace {

HashedKey hashed(std::string_view key) {  // borrows the key
    return HashedKey(as_bytes(key));
}

TEST(Table, AbortDropsOpenAndInFlight) {
    Table table;
    const auto put = [&](const char* key, const char* value) {
        table.put(hashed(key).hash, as_bytes(key), as_bytes(value), Timestamp{1});
    };
    const auto get = [&](const char* key) {
        return row(table.get(hashed(key).hash, as_bytes(key)));
    };
    put("a", "committed");
    table.seal();
    table.committed();
    put("a", "in flight");
    table.seal();
    put("a", "open");
    put("b", "open");
    EXPECT_EQ(get("a")->value, "open");
    EXPECT_EQ(as_text(table.committed_value(*table.find(hashed("a").hash, as_bytes("a")))->value),
              "committed");

    table.aborted();

    EXPECT_EQ(get("a")->value, "committed");
    EXPECT_FALSE(get("b"));
    EXPECT_EQ(table.size(), 1u);
    EXPECT_EQ(table.uncommitted_bytes(), 0);
    table.check_invariants();
}

TEST(Table, ProcessingGoesOnAboveWhatIsInFlight) {
    Table table;
    const HashedKey key = hashed("k");
    table.put(key.hash, key.key, as_bytes("1"), Timestamp{1});
    table.seal();
    table.put(key.hash, key.key, as_bytes("a value that needs a larger block than the first one"),
              Timestamp{2});
    table.committed();  // merges "1" below
    EXPECT_EQ(as_text(table.committed_value(*table.find(key.hash, key.key))->value), "1");
    table.aborted();  // drops what was above
    EXPECT_EQ(row(table.get(key.hash, key.key))->value, "1");
    table.check_invariants();
}

TEST(Table, SteadyUpdatesAllocateNothing) {
    Table table;
    const auto round = [&](int n) {
        for (int i = 0; i < 1000; ++i) {
            const std::string key = "key-" + std::to_string(i),
                              value = std::to_string(10'000'000 + n);
            table.put(hashed(key).hash, as_bytes(key), as_bytes(value), Timestamp{n});
        }
        table.seal();
        table.committed();
    };
    for (int n = 0; n < 3; ++n) round(n);
    const std::int64_t reserved = table.reserved_bytes();
    for (int n = 3; n < 50; ++n) round(n);
    EXPECT_EQ(table.reserved_bytes(), reserved);
}

// A store with sorted runs, where the runs are a map.
class TableAgainstModel : public testing::TestWithParam<int> {};

TEST_P(TableAgainstModel, EqualsAMapWithTransactions) {
    Random random(static_cast<std::uint64_t>(GetParam()));
    const bool spills = random.below(3) != 0;
    const std::uint64_t keys = 1 + random.below(400);
    Table table(spills);
    Model<std::string, Row> model;
    std::map<std::string, std::optional<Row>> runs, spilling;
    bool spill_under_way = false;
    const auto random_value = [&] {
        const std::size_t n = random.one_in(20) ? random.below(3000) : random.below(60);
        return std::string(n, static_cast<char>('a' + random.below(26)));
    };
    const auto find = [&](const std::string& key) {
        const HashedKey k = hashed(key);
        if (const Entry* e = table.find(k.hash, k.key)) return row(Table::newest(*e));
        if (table.complete()) return std::optional<Row>{};
        const auto at = runs.find(key);
        const auto stored = at == runs.end() ? std::optional<Row>{} : at->second;
        table.load_clean(k.hash, k.key, stored ? MaybeBytes(as_bytes(stored->value)) : MaybeBytes{},
                         Timestamp{stored ? stored->timestamp : -1});
        return stored;
    };
    for (int step = 0; step < 4000; ++step) {
        const std::string key =
            "k" + std::to_string(random.below(keys)) + std::string(random.below(keys) % 40, 'x');
        switch (random.below(40)) {
            case 0:
                if (!model.sealed) table.seal(), model.seal();
                break;
            case 1:
                table.committed(), model.commit();
                break;
            case 2:
                if (random.one_in(2)) table.aborted(), model.abort();
                break;
            case 3:
                if (!spills) break;
                if (!spill_under_way) {
                    spilling.clear();
                    for (const Entry* e : table.freeze()) {
                        ASSERT_FALSE(e->dead);
                        std::optional<Row> r;
                        ASSERT_NE(e->value_size, kNothing);
                        if (e->value_size != kTombstone)
                            r = Row{std::string(as_text(e->home_view())), e->timestamp};
                        ASSERT_TRUE(spilling.emplace(std::string(as_text(e->key())), r).second)
                            << "listed twice";
                    }
                    spill_under_way = true;
                } else if (random.one_in(3)) {
                    table.spill_failed();
                    spill_under_way = false;
                } else {
                    for (auto& [k, r] : spilling) runs[k] = r;
                    table.spilled();
                    spill_under_way = false;
                }
                break;
            case 4:
                table.evict(1 << 20, 4096);
                break;
            case 5:
                if (random.one_in(4) && model.open == model.committed && !model.sealed &&
                    !table.changed()) {
                    const std::string value = random_value();  // as in a restore
                    const bool deletes = random.one_in(4);
                    table.restore(hashed(key).hash, as_bytes(key),
                                  deletes ? MaybeBytes{} : as_bytes(value), Timestamp{step});
                    if (deletes)
                        model.open.erase(key);
                    else
                        model.open[key] = Row{value, step};
                    model.committed = model.open;
                }
                break;
            default:
                if (random.one_in(4)) {  // a counter, in place where it can be
                    const HashedKey k = hashed(key);
                    const auto there = model.open.find(key);
                    const bool eight = there != model.open.end() && there->second.value.size() == 8;
                    std::string next(8, '0');
                    if (eight) next = there->second.value, ++next[random.below(8)];
                    bool made = true;
                    if (Entry* e =
                            table.open(table.start(k.hash), k.hash, WholeKey{k.key}, 8, made)) {
                        ASSERT_EQ(made, there == model.open.end());
                        ASSERT_TRUE(made || eight);
                        if (!made) {
                            ASSERT_EQ(as_text(e->home_view()), there->second.value);
                        }
                        std::memcpy(e->home_value(), next.data(), 8);
                        e->timestamp = step;
                    } else {
                        find(key);
                        table.put(k.hash, k.key, as_bytes(next), Timestamp{step});
                    }
                    model.open[key] = Row{next, step};
                } else if (random.one_in(3)) {
                    const auto there = model.open.find(key);
                    ASSERT_EQ(find(key),
                              there == model.open.end() ? std::optional<Row>{} : there->second)
                        << step;
                } else if (random.one_in(4)) {
                    table.put(hashed(key).hash, as_bytes(key), {}, Timestamp{step});
                    model.open.erase(key);
                } else {
                    const std::string value = random_value();
                    table.put(hashed(key).hash, as_bytes(key), as_bytes(value), Timestamp{step});
                    model.open[key] = Row{value, step};
                }
        }
        if (step % 200 == 0) {
            table.check_invariants();
            if (table.complete()) {
                ASSERT_EQ(table.live(), static_cast<std::int64_t>(model.open.size()));
                table.for_each([&](const Entry* e) {  // below what is uncommitted
                    const auto value = table.committed_value(*e);
                    const auto there = model.committed.find(std::string(as_text(e->key())));
                    ASSERT_EQ(row(value), there == model.committed.end()
                                              ? std::optional<Row>{}
                                              : std::optional<Row>(there->second));
                });
            }
        }
    }
    for (std::uint64_t i = 0; i < keys; ++i) {
        const std::string key = "k" + std::to_string(i);
        const auto there = model.open.find(key);
        ASSERT_EQ(find(key), there == model.open.end() ? std::optional<Row>{} : there->second);
    }
    table.check_invariants();
}
INSTANTIATE_TEST_SUITE_P(Seeds, TableAgainstModel, testing::Range(0, 60));

TEST(Table, GrowsToManyKeysInSteps) {
    Table table;
    for (int i = 0; i < 200'000; ++i) {
        const HashedKey key(BytesView(reinterpret_cast<const std::byte*>(&i), sizeof i));
        table.put(key.hash, key.key, key.key, Timestamp{i});
    }
    table.seal();
    table.committed();
    EXPECT_EQ(table.size(), 200'000u);
    for (int i = 0; i < 200'000; i += 7) {
        const HashedKey key(BytesView(reinterpret_cast<const std::byte*>(&i), sizeof i));
        ASSERT_TRUE(table.get(key.hash, key.key));
        if (i % 2) table.put(key.hash, key.key, {}, Timestamp{i});
    }
    table.seal();
    table.committed();
    table.check_invariants();
}

}  // namespace
}  // namespace millrace::state::test
