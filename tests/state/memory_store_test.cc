// Key-value and window stores in memory: order, expiry, changelog, cursors under change.
#include <gtest/gtest.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/random.h"
#include "millrace/state/memory_provider.h"
#include "millrace/state/window/window_key.h"
#include "millrace/tests/state/store_model.h"

namespace millrace::state::test {
namespace {

std::unique_ptr<KeyValueStore> kv() {
    MemoryProvider provider;
    return *provider.key_value("0_0", KeyValueSpec{"store"});
}
std::unique_ptr<WindowStore> windows(WindowSpec spec) {
    spec.name = "windows";
    MemoryProvider provider;
    return *provider.window("0_0", spec);
}
HashedKey key(const char* text) {
    return HashedKey(as_bytes(text));
}
void put(KeyValueStore& store, const char* k, const char* v, std::int64_t ts = 1) {
    store.put(key(k), v ? MaybeBytes(as_bytes(v)) : MaybeBytes{}, Timestamp{ts});
}
void put(WindowStore& store, const char* k, std::int64_t start, const char* v,
         std::int64_t ts = 1) {
    store.put(key(k), start, v ? MaybeBytes(as_bytes(v)) : MaybeBytes{}, Timestamp{ts});
}
std::string scan(KeyValueStore& store, const char* from, const char* to, bool forward = true) {
    std::string all;
    const auto bound = [](const char* b) {
        return b ? std::optional<BytesView>(as_bytes(b)) : std::nullopt;
    };
    for (auto c = store.range(bound(from), bound(to), forward); c->valid(); c->next())
        all += std::string(as_text(c->key())) + '=' + std::string(as_text(c->value().value)) + ' ';
    return all;
}
std::string rows(WindowCursor& c) {
    std::string all;
    for (; c.valid(); c.next())
        all += std::string(as_text(c.key())) + '@' + std::to_string(c.window_start()) + '=' +
               std::string(as_text(c.value().value)) + ' ';
    return all;
}
std::string rows(std::unique_ptr<WindowCursor> c) {
    return rows(*c);
}

TEST(KeyValueStore, RangesAreInUnsignedByteOrderBothEndsInclusive) {
    auto store = kv();
    for (const char* k : {"b", "a", "ab", "\xff", "c"}) put(*store, k, "1");
    EXPECT_EQ(scan(*store, nullptr, nullptr), "a=1 ab=1 b=1 c=1 \xff=1 ");
    EXPECT_EQ(scan(*store, "ab", "c"), "ab=1 b=1 c=1 ");
    EXPECT_EQ(scan(*store, "ab", "c", false), "c=1 b=1 ab=1 ");
    EXPECT_EQ(scan(*store, "c", "a"), "");
    put(*store, "b", nullptr);
    put(*store, "bb", "2");
    EXPECT_EQ(scan(*store, "ab", "c"), "ab=1 bb=2 c=1 ");
    EXPECT_EQ(store->approximate_num_entries(), 5);
}

TEST(KeyValueStore, EntriesMayBeDeletedWhileACursorGoesOverThem) {
    auto store = kv();
    for (const char* k : {"a", "b", "c", "d"}) put(*store, k, k);
    std::string seen;
    for (auto c = store->range({}, {}, true); c->valid(); c->next()) {
        seen += as_text(c->key());
        const std::string k(as_text(c->key()));
        put(*store, k.c_str(), nullptr);
        if (k == "b") put(*store, "c", nullptr), put(*store, "bb", "new");
    }
    EXPECT_EQ(seen, "abbbd");
    EXPECT_EQ(scan(*store, nullptr, nullptr), "");
}

TEST(KeyValueStore, LogsEachPutAndDelete) {
    auto store = kv();
    ListLog log;
    store->set_changelog(&log);
    put(*store, "a", "1", 5);
    put(*store, "a", nullptr, 4);
    put(*store, "never there", nullptr, 3);
    EXPECT_EQ(log.open, (std::vector<Logged>{{"a", "1", 5}, {"a", {}, 4}, {"never there", {}, 3}}));
}

constexpr std::int64_t kMinute = 60'000;

TEST(WindowStore,
     APersistentStoreRefusesAPutOnceTheSegmentIsGone) {  // twins: window-store-retention-rocksdb
    auto store = windows({.window_size_ms = 1000, .retention_ms = 10'000, .persistent = true});
    ListLog log;
    store->set_changelog(&log);
    put(*store, "a", 0, "0");
    put(*store, "a", 30'000, "30");
    put(*store, "a", 1000, "late, but the segment lives");
    EXPECT_EQ(store->expired_puts(), 0);
    EXPECT_FALSE(store->fetch(key("a"), 0)) << "hidden: 0 <= 30000 - 10000";
    EXPECT_FALSE(store->fetch(key("a"), 20'000));
    put(*store, "a", 20'001, "in");
    EXPECT_TRUE(store->fetch(key("a"), 20'001));
    put(*store, "a", 75'000, "75");
    put(*store, "a", 59'999, "segment 0 is gone: live ids are >= 65000 / 60000");
    EXPECT_EQ(store->expired_puts(), 1);
    EXPECT_EQ(log.open.size(), 6u) << "a refused put is logged all the same";
    EXPECT_EQ(rows(store->fetch_all(0, INT64_MAX)), "a@75000=75 ");
}

TEST(WindowStore, AnInMemoryStoreRefusesAtTheBound) {  // twins: window-store-retention-memory
    auto store = windows({.window_size_ms = 1000, .retention_ms = 10'000, .persistent = false});
    put(*store, "a", 30'000, "30");
    put(*store, "a", 20'000, "refused");
    put(*store, "a", 20'001, "kept");
    EXPECT_EQ(store->expired_puts(), 1);
    EXPECT_EQ(rows(store->fetch(as_bytes("a"), 0, INT64_MAX)), "a@20001=kept a@30000=30 ");
}

TEST(WindowStore, ATimeOrderedStoreShowsTheWindowAtTheBound) {  // streams-semantics §11.2
    auto store = windows({.retention_ms = 10'000, .persistent = true, .time_ordered = true});
    put(*store, "b", 19'999, "hidden");
    put(*store, "b", 20'000, "b");
    put(*store, "a", 20'001, "a");
    put(*store, "a", 30'000, "a");
    EXPECT_EQ(rows(store->fetch_all(0, INT64_MAX)), "b@20000=b a@20001=a a@30000=a ");
}

TEST(WindowStore, ScansOfAPersistentStoreGoBySegmentKeyStart) {
    auto store = windows({.retention_ms = kMinute * 10, .persistent = true});
    const std::int64_t segment = kMinute * 5;
    put(*store, "b", 10, "1");
    put(*store, "a", 20, "2");
    put(*store, "a", 5, "3");
    put(*store, "a", segment, "4");
    put(*store, "b", segment - 1, "5");
    EXPECT_EQ(rows(store->fetch_all(0, INT64_MAX)), "a@5=3 a@20=2 b@10=1 b@299999=5 a@300000=4 ");
    EXPECT_EQ(rows(store->fetch_all(0, INT64_MAX, false)),
              "a@300000=4 b@299999=5 b@10=1 a@20=2 a@5=3 ");
    EXPECT_EQ(rows(store->fetch_all(6, 20)), "a@20=2 b@10=1 ");
}

TEST(WindowStore, ScansOfAnInMemoryStoreGoByStartThenKey) {
    auto store = windows({.retention_ms = kMinute * 10, .persistent = false});
    put(*store, "b", 10, "1");
    put(*store, "a", 10, "2");
    put(*store, "ab", 10, "3");
    put(*store, "c", 5, "4");
    EXPECT_EQ(rows(store->fetch_all(0, INT64_MAX)), "c@5=4 a@10=2 ab@10=3 b@10=1 ");
}

TEST(WindowStore, DuplicatesKeepTheOrderOfThePuts) {  // streams-semantics §5.2, §11.6
    auto store = windows({.retention_ms = kMinute, .retain_duplicates = true, .persistent = true});
    ListLog log;
    store->set_changelog(&log);
    put(*store, "k", 100, "first", 7);
    put(*store, "k", 100, nullptr, 8);
    put(*store, "k", 100, "second", 9);
    put(*store, "k", 50, "earlier", 9);
    EXPECT_EQ(rows(store->fetch(as_bytes("k"), 0, 1000)), "k@50=earlier k@100=first k@100=second ");
    EXPECT_EQ(rows(store->fetch(as_bytes("k"), 0, 1000, false)),
              "k@100=second k@100=first k@50=earlier ");
    ByteSink expected;
    write_window_key(expected, as_bytes("k"), 100, 2);
    ASSERT_EQ(log.open.size(), 4u);
    EXPECT_EQ(log.open[1], (Logged{std::string(as_text(expected.view())), {}, 8}))
        << "a null uses a sequence number";
    EXPECT_EQ(to_hex(as_bytes(log.open[0].key)),
              "6b"
              "0000000000000064"
              "00000001");
}

TEST(WindowStore, AnAbortBringsBackWhatHadExpired) {
    auto store = windows({.retention_ms = kMinute, .persistent = true});
    put(*store, "a", 0, "kept");
    store->seal();
    store->committed();
    put(*store, "a", kMinute * 100, "from the future");
    EXPECT_FALSE(store->fetch(key("a"), 0));
    store->seal();
    store->aborted();
    EXPECT_EQ(store->observed_stream_time(), 0);
    EXPECT_EQ(row(store->fetch(key("a"), 0))->value, "kept");
}

TEST(WindowStore, SlidingUpdatesMayPutWhileFetching) {
    auto store = windows({.retention_ms = kMinute, .persistent = true});
    for (int i = 0; i < 5; ++i) put(*store, "k", i * 10, "v");
    std::string seen;
    for (auto c = store->fetch(as_bytes("k"), 0, 40, false); c->valid(); c->next()) {
        seen += std::to_string(c->window_start()) + ' ';
        put(*store, "k", c->window_start(),
            "a value so long that the entry needs another block of memory");
        put(*store, "k", c->window_start() + 5, "new");
        if (c->window_start() == 30) put(*store, "k", 20, nullptr);
    }
    EXPECT_EQ(seen, "40 30 10 0 ");
}

// Both kinds against a map that holds everything and applies the rules of expiry literally.
class WindowsAgainstModel : public testing::TestWithParam<int> {};

TEST_P(WindowsAgainstModel, EqualAMap) {
    Random random(static_cast<std::uint64_t>(GetParam()));
    const bool persistent = random.one_in(2), ordered = persistent && random.one_in(4),
               duplicates = random.one_in(4);
    const std::int64_t retention = 1 + static_cast<std::int64_t>(random.below(200'000));
    const std::int64_t interval = std::max<std::int64_t>(retention / 2, 60'000);
    auto store = windows({.retention_ms = retention,
                          .retain_duplicates = duplicates,
                          .persistent = persistent,
                          .time_ordered = ordered});
    ListLog log;
    store->set_changelog(&log);
    using Key = std::tuple<std::string, std::int64_t, std::int32_t>;
    Model<Key, Row> model;
    struct Clock {
        std::int64_t time = -1;
        std::int32_t seq = 0;
        std::int64_t expired = 0;
    } now, flight, saved;
    std::int64_t base = 0;
    for (int step = 0; step < 2000; ++step) {
        base += static_cast<std::int64_t>(random.below(random.one_in(50) ? 100'000 : 300));
        const std::string k(1 + random.below(3), static_cast<char>('a' + random.below(4)));
        const std::int64_t start = std::max<std::int64_t>(
            0, base - static_cast<std::int64_t>(random.below(random.one_in(5) ? 300'000 : 5000)));
        const auto hidden_below = now.time - retention + (ordered ? 0 : 1);
        const std::uint64_t choice = random.below(60);
        if (choice == 0) {
            if (!model.sealed) store->seal(), model.seal(), log.seal(), flight = now;
        } else if (choice == 1) {
            store->committed();
            if (model.sealed) saved = flight, log.commit();
            model.commit();
        } else if (choice == 2) {
            store->aborted(), model.abort(), log.abort();
            saved.expired = now.expired;
            now = saved;
        } else if (choice < 10) {
            std::vector<std::pair<Key, Row>> expected;
            const std::int64_t from = start - 2000, to = start + 2000;
            for (const auto& [key, r] : model.open)
                if (std::get<1>(key) >= std::max(from, hidden_below) && std::get<1>(key) <= to)
                    expected.emplace_back(key, r);
            const auto id = [&](const Key& key) {
                return persistent ? std::get<1>(key) / interval : 0;
            };
            const auto bytes = [&](const Key& key) {
                ByteSink sink;
                write_window_key(sink, as_bytes(std::get<0>(key)), std::get<1>(key),
                                 std::get<2>(key));
                return std::string(as_text(sink.view()));
            };
            if (choice < 6)
                std::erase_if(expected, [&](const auto& x) { return std::get<0>(x.first) != k; });
            std::sort(expected.begin(), expected.end(), [&](const auto& a, const auto& b) {
                const auto &x = a.first, &y = b.first;
                if (choice < 6)
                    return std::tuple(std::get<1>(x), std::get<2>(x)) <
                           std::tuple(std::get<1>(y), std::get<2>(y));
                if (persistent && !ordered)
                    return std::pair(id(x), bytes(x)) < std::pair(id(y), bytes(y));
                const auto joined = [](const Key& key) {
                    std::string s = std::get<0>(key);
                    ByteSink sink;
                    append_be(sink, std::get<2>(key));
                    return s + std::string(as_text(sink.view()));
                };
                return std::pair(std::get<1>(x), joined(x)) < std::pair(std::get<1>(y), joined(y));
            });
            std::string wanted;
            for (const auto& [key, r] : expected)
                wanted +=
                    std::get<0>(key) + '@' + std::to_string(std::get<1>(key)) + '=' + r.value + ' ';
            ASSERT_EQ(
                rows(choice < 6 ? store->fetch(as_bytes(k), from, to) : store->fetch_all(from, to)),
                wanted)
                << step;
        } else {
            const bool deletes = random.one_in(6);
            const std::string value = "v" + std::to_string(step);
            store->put(HashedKey(as_bytes(k)), start, deletes ? MaybeBytes{} : as_bytes(value),
                       Timestamp{step});
            if (duplicates) ++now.seq;
            if (deletes && duplicates && persistent) continue;
            now.time = std::max(now.time, start);
            const bool live = persistent ? start / interval >= (now.time - retention) / interval
                                         : start > now.time - retention;
            if (!live) {
                ++now.expired;
                continue;
            }
            const Key key{k, start, duplicates ? now.seq : 0};
            if (!deletes)
                model.open[key] = Row{value, step};
            else if (!duplicates)
                model.open.erase(key);
        }
        ASSERT_EQ(store->expired_puts(), now.expired);
        ASSERT_EQ(store->observed_stream_time(), now.time);
    }
    // A restore of the committed changelog gives the committed store.
    store->aborted();
    auto restored = windows({.retention_ms = retention,
                             .retain_duplicates = duplicates,
                             .persistent = persistent,
                             .time_ordered = ordered});
    for (const Logged& r : log.committed) {
        ASSERT_TRUE(restored->restore(as_bytes(r.key),
                                      r.value ? MaybeBytes(as_bytes(*r.value)) : MaybeBytes{},
                                      Timestamp{r.timestamp}));
    }
    EXPECT_EQ(rows(restored->fetch_all(0, INT64_MAX)), rows(store->fetch_all(0, INT64_MAX)));
    EXPECT_EQ(restored->expired_puts(), 0);
}
INSTANTIATE_TEST_SUITE_P(Seeds, WindowsAgainstModel, testing::Range(0, 40));

std::unique_ptr<SessionStore> sessions(SessionSpec spec) {
    spec.name = "sessions";
    MemoryProvider provider;
    return *provider.session("0_0", spec);
}
void put(SessionStore& store, const char* k, std::int64_t start, std::int64_t end, const char* v) {
    store.put(key(k), start, end, as_bytes(v), Timestamp{end});
}
std::string rows(std::unique_ptr<SessionCursor> c) {
    std::string all;
    for (; c->valid(); c->next())
        all += std::string(as_text(c->key())) + '@' + std::to_string(c->start()) + '/' +
               std::to_string(c->end()) + '=' + std::string(as_text(c->value().value)) + ' ';
    return all;
}

TEST(SessionStore, FindsByEarliestEndAndLatestStartInOrderOfTheEnd) {
    for (const bool persistent : {true, false}) {
        auto store = sessions({.retention_ms = kMinute * 10, .persistent = persistent});
        put(*store, "k", 10, 20, "1");
        put(*store, "k", 5, 20, "2");
        put(*store, "k", 30, 40, "3");
        put(*store, "k", 0, 3, "4");
        put(*store, "l", 10, 20, "other");
        EXPECT_EQ(rows(store->find(as_bytes("k"), 4, 30)), "k@5/20=2 k@10/20=1 k@30/40=3 ");
        EXPECT_EQ(rows(store->find(as_bytes("k"), 4, 29)), "k@5/20=2 k@10/20=1 ");
        EXPECT_EQ(rows(store->find(as_bytes("k"), 0, 100, false)),
                  "k@30/40=3 k@10/20=1 k@5/20=2 k@0/3=4 ");
        store->remove(key("k"), 10, 20, Timestamp{50});
        EXPECT_FALSE(store->fetch(key("k"), 10, 20));
        EXPECT_EQ(row(store->fetch(key("k"), 5, 20))->value, "2");
    }
}

TEST(SessionStore, ScansGoByTheOrderOfTheKind) {
    const auto fill = [](SessionStore& store) {
        put(store, "b", 10, 20, "1");
        put(store, "a", 15, 20, "2");
        put(store, "a", 0, 400'000, "3");
        put(store, "c", 0, 5, "4");
    };
    auto rocks = sessions({.retention_ms = kMinute * 10});
    auto memory = sessions({.retention_ms = kMinute * 10, .persistent = false});
    auto ordered = sessions({.retention_ms = kMinute * 10, .time_ordered = true});
    for (SessionStore* store : {rocks.get(), memory.get(), ordered.get()}) fill(*store);
    EXPECT_EQ(rows(rocks->find_all(0, INT64_MAX)), "a@15/20=2 b@10/20=1 c@0/5=4 a@0/400000=3 ");
    EXPECT_EQ(rows(memory->find_all(0, INT64_MAX)), "c@0/5=4 a@15/20=2 b@10/20=1 a@0/400000=3 ");
    EXPECT_EQ(rows(ordered->find_all(0, INT64_MAX)), "c@0/5=4 b@10/20=1 a@15/20=2 a@0/400000=3 ");
    EXPECT_EQ(rows(ordered->find_all(6, 20)), "b@10/20=1 a@15/20=2 ");
}

TEST(SessionStore, ExpiresByItsEnd) {
    auto store = sessions({.retention_ms = 10'000, .persistent = false});
    put(*store, "k", 0, 30'000, "1");
    put(*store, "k", 0, 20'000, "refused");
    put(*store, "k", 0, 20'001, "kept");
    EXPECT_EQ(store->expired_puts(), 1);
    EXPECT_EQ(rows(store->find(as_bytes("k"), 0, INT64_MAX)), "k@0/20001=kept k@0/30000=1 ");
    ListLog log;
    auto rocks = sessions({.retention_ms = 10'000});
    rocks->set_changelog(&log);
    put(*rocks, "k", 2, 130'000, "1");
    put(*rocks, "k", 1, 3, "refused");
    EXPECT_EQ(rocks->expired_puts(), 1);
    EXPECT_EQ(to_hex(as_bytes(log.open.at(1).key)),
              "6b"
              "0000000000000003"
              "0000000000000001")
        << "logged all the same";
    auto ordered = sessions({.retention_ms = 10'000, .time_ordered = true});
    put(*ordered, "k", 0, 30'000, "1");
    put(*ordered, "k", 0, 15'000, "past retention");
    EXPECT_EQ(rows(ordered->find_all(0, INT64_MAX)), "k@0/15000=past retention k@0/30000=1 ")
        << "the scan hides nothing";
    EXPECT_EQ(rows(ordered->find(as_bytes("k"), 0, INT64_MAX)), "k@0/30000=1 ");
}

}  // namespace
}  // namespace millrace::state::test
