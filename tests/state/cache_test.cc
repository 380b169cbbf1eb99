// The record cache: what a flush emits, and reads through it (streams-semantics §4.4).
#include <gtest/gtest.h>

#include "millrace/base/random.h"
#include "millrace/state/cache/caching_key_value_store.h"
#include "millrace/state/cache/caching_window_store.h"
#include "millrace/state/memory_provider.h"
#include "millrace/tests/state/store_model.h"

namespace millrace::state::test {
namespace {

std::string text(MaybeBytes b) {
    return b ? std::string(as_text(*b)) : "null";
}

class Recorder final : public CacheListener {
public:
    bool wants_old_values() const override { return old_values; }
    BytesView headers() const override { return as_bytes(current_headers); }
    void flushed(const CacheFlush& f) override {
        seen += std::string(as_text(window ? key_of_window_key(f.key) : f.key)) + ':' +
                text(f.value) + '@' + std::to_string(f.timestamp.value());
        if (f.old_value) seen += " was " + text(f.old_value->value);
        if (!f.headers.empty()) seen += " [" + std::string(as_text(f.headers)) + ']';
        seen += "; ";
    }
    bool old_values = false, window = false;
    std::string current_headers, seen;
};

struct Fixture {
    CacheBudget budget;
    Recorder recorder;
    ListLog log;
    std::unique_ptr<CachingKeyValueStore> store;
    Fixture() {
        MemoryProvider provider;
        store = std::make_unique<CachingKeyValueStore>(
            *provider.key_value("0_0", KeyValueSpec{"s"}), &budget);
        store->set_listener(&recorder);
        store->set_changelog(&log);
    }
    void put(const char* key, const char* value, std::int64_t ts) {
        store->put(HashedKey(as_bytes(key)), value ? MaybeBytes(as_bytes(value)) : MaybeBytes{},
                   Timestamp{ts});
    }
    std::string get(const char* key) {
        const auto v = store->get(HashedKey(as_bytes(key)));
        return v ? text(v->value) : "none";
    }
    void commit() {
        store->flush();
        store->seal();
        store->committed();
    }
};

TEST(Cache, AFlushEmitsEachKeysLastValueInOrderOfTheLastUpdates) {
    Fixture f;
    f.put("a", "1", 1);
    f.recorder.current_headers = "h";
    f.put("b", "1", 2);
    f.recorder.current_headers = "";
    f.put("a", "2", 3);
    EXPECT_EQ(f.get("a"), "2");
    EXPECT_EQ(f.recorder.seen, "");
    EXPECT_TRUE(f.log.open.empty());
    f.commit();
    EXPECT_EQ(f.recorder.seen, "b:1@2 [h]; a:2@3; ");
    EXPECT_EQ(f.log.open, (std::vector<Logged>{{"b", "1", 2}, {"a", "2", 3}}));
    EXPECT_EQ(f.budget.bytes, 0);
}

TEST(Cache, AKeyMadeAndDeletedBetweenTwoFlushesLeavesNothing) {
    Fixture f;
    f.put("a", "1", 1);
    f.put("a", nullptr, 2);
    EXPECT_EQ(f.get("a"), "none");
    f.commit();
    EXPECT_EQ(f.recorder.seen, "");
    EXPECT_TRUE(f.log.open.empty());
    f.put("a", "1", 3);
    f.commit();
    f.put("a", nullptr, 4);
    f.commit();
    EXPECT_EQ(f.recorder.seen, "a:1@3; a:null@4; ");
}

TEST(Cache, OldValuesComeFromTheStoreBelow) {
    Fixture f;
    f.recorder.old_values = true;
    f.put("a", "1", 1);
    f.put("a", "2", 2);
    f.commit();
    f.put("a", "3", 3);
    f.put("a", "4", 4);
    f.commit();
    f.put("a", nullptr, 5);
    f.commit();
    EXPECT_EQ(f.recorder.seen, "a:2@2; a:4@4 was 2; a:null@5 was 4; ");
}

TEST(Cache, PastTheBudgetTheCacheThatWasWrittenIsFlushed) {
    Fixture f;
    f.budget.max_bytes = 119;
    f.put("a", "1", 1);
    f.put("b", "1", 2);
    EXPECT_EQ(f.recorder.seen, "");
    f.put("c", "1", 3);
    EXPECT_EQ(f.recorder.seen, "a:1@1; b:1@2; c:1@3; ");
    EXPECT_EQ(f.budget.bytes, 0);
    EXPECT_EQ(f.get("a"), "1");
}

TEST(Cache, AnAbortClearsIt) {
    Fixture f;
    f.put("a", "1", 1);
    f.store->aborted();
    EXPECT_EQ(f.get("a"), "none");
    f.commit();
    EXPECT_EQ(f.recorder.seen, "");
}

TEST(Cache, CursorsMergeCacheAndStore) {
    Random random(7);
    Fixture f;
    std::map<std::string, std::string> model;
    for (int step = 0; step < 3000; ++step) {
        const std::string key(1 + random.below(3), static_cast<char>('a' + random.below(6)));
        if (random.one_in(40)) {
            f.commit();
        } else if (random.one_in(10)) {
            const std::string from(1, static_cast<char>('a' + random.below(6))),
                to(2, static_cast<char>('a' + random.below(6)));
            const bool forward = random.one_in(2);
            std::string expected, seen;
            for (const auto& [k, v] : model)
                if (k >= from && k <= to)
                    expected =
                        forward ? expected + k + '=' + v + ' ' : k + '=' + v + ' ' + expected;
            for (auto c = f.store->range(as_bytes(from), as_bytes(to), forward); c->valid();
                 c->next())
                seen += std::string(as_text(c->key())) + '=' + text(c->value().value) + ' ';
            ASSERT_EQ(seen, expected);
        } else if (random.one_in(4)) {
            f.put(key.c_str(), nullptr, step);
            model.erase(key);
        } else {
            const std::string value = std::to_string(step);
            f.put(key.c_str(), value.c_str(), step);
            model[key] = value;
        }
    }
}

TEST(Cache, WindowsMergeInTheOrderOfTheStoreBelow) {
    for (const bool persistent : {true, false}) {
        Random random(9);
        MemoryProvider provider;
        const WindowSpec spec{.name = "w", .retention_ms = 100'000'000, .persistent = persistent};
        CachingWindowStore cached(*provider.window("0_0", spec), spec, nullptr);
        auto plain = *provider.window("0_0", spec);
        const auto rows = [](std::unique_ptr<WindowCursor> c) {
            std::string all;
            for (; c->valid(); c->next())
                all += std::string(as_text(c->key())) + '@' + std::to_string(c->window_start()) +
                       '=' + text(c->value().value) + ' ';
            return all;
        };
        for (int step = 0; step < 2000; ++step) {
            const std::string key(1 + random.below(2), static_cast<char>('a' + random.below(3)));
            const auto start = static_cast<std::int64_t>(random.below(40)) * 5'000'000;
            if (random.one_in(30)) {
                cached.flush();
                for (WindowStore* s : {static_cast<WindowStore*>(&cached), plain.get()})
                    s->seal(), s->committed();
            } else if (random.one_in(8)) {
                const bool forward = random.one_in(2);
                ASSERT_EQ(rows(cached.fetch_all(0, start, forward)),
                          rows(plain->fetch_all(0, start, forward)));
                ASSERT_EQ(rows(cached.fetch(as_bytes(key), 0, start, forward)),
                          rows(plain->fetch(as_bytes(key), 0, start, forward)));
            } else {
                const std::string value = std::to_string(step);
                const MaybeBytes v = random.one_in(4) ? MaybeBytes{} : MaybeBytes(as_bytes(value));
                // 100,000 s of retention hide nothing here: cache and store then agree on what is
                // visible.
                cached.put(HashedKey(as_bytes(key)), start % 90'000'000, v, Timestamp{step});
                plain->put(HashedKey(as_bytes(key)), start % 90'000'000, v, Timestamp{step});
                ASSERT_EQ(row(cached.fetch(HashedKey(as_bytes(key)), start % 90'000'000)),
                          row(plain->fetch(HashedKey(as_bytes(key)), start % 90'000'000)));
            }
        }
    }
}

}  // namespace
}  // namespace millrace::state::test
