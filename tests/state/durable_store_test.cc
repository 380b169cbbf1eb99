// Stores over sorted runs on a disk that crashes: after each crash the runs equal the fold of the
// changelog up to their checkpoint (hard-bugs E1, I20), and with the tail restored the store equals
// what was committed. In between: commits, aborts, processing above what is in flight, spills that
// fail, are given up or end late, evictions, discards.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "millrace/base/mutant.h"
#include "millrace/base/random.h"
#include "millrace/state/directory_provider.h"
#include "millrace/state/memory_provider.h"
#include "millrace/state/runs/model_runs.h"
#include "millrace/state/window/window_key.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/tests/state/store_model.h"

namespace millrace::state::test {
namespace {

class LateRunner final : public SpillRunner {  // runs a job when told to
public:
    void start(std::shared_ptr<SpillJob> job) override { jobs.push_back(std::move(job)); }
    void run_all() {
        for (auto& job : jobs) job->run();
        jobs.clear();
    }
    std::vector<std::shared_ptr<SpillJob>> jobs;
};

const Uuid kTopic{1, 2};

std::string dump(KeyValueStore& store) {
    std::string all;
    for (auto c = store.range({}, {}, true); c->valid(); c->next())
        all += std::string(as_text(c->key())) + '=' + std::string(as_text(c->value().value)) + '@' +
               std::to_string(c->value().timestamp.value()) + ' ';
    return all;
}
std::string dump(WindowStore& store) {
    std::string all;
    for (auto c = store.fetch_all(0, INT64_MAX); c->valid(); c->next())
        all += std::string(as_text(c->key())) + '/' + std::to_string(c->window_start()) + '=' +
               std::string(as_text(c->value().value)) + '@' +
               std::to_string(c->value().timestamp.value()) + ' ';
    return all + "time " + std::to_string(store.observed_stream_time());
}

std::string dump(SessionStore& store) {
    std::string all;
    for (auto c = store.find_all(0, INT64_MAX); c->valid(); c->next())
        all += std::string(as_text(c->key())) + '/' + std::to_string(c->start()) + '-' +
               std::to_string(c->end()) + '=' + std::string(as_text(c->value().value)) + ' ';
    return all + "time " + std::to_string(store.observed_stream_time());
}

struct KeyValueKind {
    using Store = KeyValueStore;
    static Result<std::unique_ptr<Store>> make(StoreProvider& provider, Random& shape) {
        return provider.key_value(
            "0_3", KeyValueSpec{.name = "counts", .fingerprint = std::to_string(shape.next() % 1)});
    }
    static void write(Store& store, Store& reference, Random& random, int step) {
        const std::string key(1 + random.below(3), static_cast<char>('a' + random.below(5)));
        const std::string value = std::to_string(step) + std::string(random.below(40), 'v');
        const MaybeBytes v = random.one_in(4) ? MaybeBytes{} : MaybeBytes(as_bytes(value));
        const HashedKey k{as_bytes(key)};
        ASSERT_EQ(row(store.get(k)), row(reference.get(k))) << key;
        store.put(k, v, Timestamp{step});
        reference.put(k, v, Timestamp{step});
        if (random.one_in(10)) {
            ASSERT_EQ(dump(store), dump(reference));
        }
    }
};

template <int Variant>  // 0 by key, 1 time ordered, 2 duplicates
struct WindowKind {
    using Store = WindowStore;
    static Result<std::unique_ptr<Store>> make(StoreProvider& provider, Random&) {
        return provider.window("0_3", WindowSpec{.name = "windows",
                                                 .window_size_ms = 10,
                                                 .retention_ms = 150'000,
                                                 .retain_duplicates = Variant == 2,
                                                 .time_ordered = Variant == 1});
    }
    static void write(Store& store, Store& reference, Random& random, int step) {
        const std::string key(1 + random.below(2), static_cast<char>('a' + random.below(3)));
        const std::string value = std::to_string(step);
        const MaybeBytes v = random.one_in(5) ? MaybeBytes{} : MaybeBytes(as_bytes(value));
        const HashedKey k{as_bytes(key)};
        const std::int64_t start = std::max<std::int64_t>(
            0, step * 200 - static_cast<std::int64_t>(random.below(100'000)));
        ASSERT_EQ(row(store.fetch(k, start)), row(reference.fetch(k, start)));
        store.put(k, start, v, Timestamp{step});
        reference.put(k, start, v, Timestamp{step});
        if (random.one_in(6)) {
            const auto rows = [&](Store& s) {
                std::string all;
                for (auto c =
                         s.fetch(as_bytes(key), start - 50'000, start + 50'000, random.one_in(2));
                     c->valid(); c->next())
                    all += std::to_string(c->window_start()) +
                           std::string(as_text(c->value().value)) + ' ';
                return all;
            };
            Random saved = random;
            const std::string mine = rows(store);
            random = saved;
            ASSERT_EQ(mine, rows(reference));
        }
        if (random.one_in(10)) {
            ASSERT_EQ(dump(store), dump(reference));
        }
    }
};

template <int Variant>  // 0 by key, 1 time ordered
struct SessionKind {
    using Store = SessionStore;
    static Result<std::unique_ptr<Store>> make(StoreProvider& provider, Random&) {
        return provider.session(
            "0_3",
            SessionSpec{.name = "sessions", .retention_ms = 150'000, .time_ordered = Variant == 1});
    }
    static void write(Store& store, Store& reference, Random& random, int step) {
        const std::string key(1 + random.below(2), static_cast<char>('a' + random.below(3)));
        const std::string value = std::to_string(step);
        const HashedKey k{as_bytes(key)};
        const std::int64_t end = std::max<std::int64_t>(
            0, step * 200 - static_cast<std::int64_t>(random.below(100'000)));
        const std::int64_t start =
            std::max<std::int64_t>(0, end - static_cast<std::int64_t>(random.below(3)));
        ASSERT_EQ(row(store.fetch(k, start, end)), row(reference.fetch(k, start, end)));
        for (Store* s : {&store, &reference}) {
            if (step % 5 == 0)
                s->remove(k, start, end, Timestamp{step});
            else
                s->put(k, start, end, as_bytes(value), Timestamp{step});
        }
        if (random.one_in(6)) {
            const auto rows = [&](Store& s, bool forward) {
                std::string all;
                for (auto c = s.find(as_bytes(key), end - 50'000, end - 1, forward); c->valid();
                     c->next())
                    all += std::to_string(c->start()) + '/' + std::to_string(c->end()) +
                           std::string(as_text(c->value().value)) + ' ';
                return all;
            };
            const bool forward = random.one_in(2);
            ASSERT_EQ(rows(store, forward), rows(reference, forward));
        }
        if (random.one_in(10)) {
            ASSERT_EQ(dump(store), dump(reference));
        }
    }
};

template <class Kind>
class Harness {
public:
    explicit Harness(std::uint64_t seed) : random(seed) {}

    void run(int steps) {
        start();
        for (int step = 0; step < steps && !testing::Test::HasFatalFailure() && wrong.empty();
             ++step) {
            switch (random.below(30)) {
                case 0:
                case 1:
                    if (!log.in_flight.empty() || sealed) break;
                    store->seal(), reference->seal(), log.seal(), sealed = true;
                    break;
                case 2:
                case 3: {
                    if (!sealed) break;
                    store->committed(), reference->committed(), log.commit(), sealed = false;
                    store->durable()->advance({kTopic, end(), LeaderEpoch{4}, Timestamp{step}});
                    provider->maintain();
                    break;
                }
                case 4:
                    if (!random.one_in(3)) break;
                    store->aborted(), reference->aborted(), log.abort(), sealed = false;
                    break;
                case 5:
                case 6:
                    provider->spill();
                    break;
                case 7:
                    runner.run_all(), provider->maintain();
                    break;
                case 8:
                    if (random.one_in(6)) crash();
                    break;
                case 9:
                    if (random.one_in(10))
                        reopen();  // a clean hand-over, perhaps while a spill is under way
                    break;
                default:
                    Kind::write(*store, *reference, random, step);
            }
            ASSERT_FALSE(store->failure());
        }
        if (wrong.empty()) crash();
    }

    Random random;
    std::string wrong;  // the first thing that a crash brought to light
    int spills = 0, crashes = 0, discards = 0;

private:
    Offset end() const { return Offset{static_cast<std::int64_t>(log.committed.size())}; }

    std::unique_ptr<typename Kind::Store> fold(std::int64_t records) {
        MemoryProvider memory;
        Random shape(0);
        auto folded = *Kind::make(memory, shape);
        restore(*folded, 0, records);
        return folded;
    }
    void restore(typename Kind::Store& into, std::int64_t from, std::int64_t to) {
        for (std::int64_t i = from; i < to; ++i) {
            const Logged& r = log.committed[static_cast<std::size_t>(i)];
            ASSERT_TRUE(into.restore(as_bytes(r.key),
                                     r.value ? MaybeBytes(as_bytes(*r.value)) : MaybeBytes{},
                                     Timestamp{r.timestamp}));
        }
    }
    void check(const std::string& what, typename Kind::Store& a, typename Kind::Store& b) {
        if (const std::string x = dump(a), y = dump(b); x != y && wrong.empty())
            wrong = what + "\n  " + x + "\n  " + y;
    }

    void start() {
        auto opened = ModelRuns::open(disk, "/state/runs");
        ASSERT_TRUE(opened) << opened.error().detail;
        runs = std::move(*opened);
        // A budget that forgets clean entries at once.
        provider = std::make_unique<DirectoryProvider>(
            *runs, runner, StateBudget{.bytes_max = 2000, .tail_records_max = 100});
        open_store();
    }
    void open_store() {
        Random shape(0);
        auto made = Kind::make(*provider, shape);
        ASSERT_TRUE(made) << made.error().detail;
        store = std::move(*made);
        std::int64_t from = 0;
        if (const auto checkpoint = store->durable()->checkpoint()) {
            ++spills;
            from = checkpoint->next.value();
            if (from > end().value()) {
                if (wrong.empty()) wrong = "the checkpoint is past the end of the changelog";
                return;
            }
            ASSERT_EQ(checkpoint->topic_id, kTopic);
            check("runs against the fold up to the checkpoint", *store, *fold(from));
            if (random.one_in(4)) {
                store->durable()->discard();
                EXPECT_FALSE(store->durable()->checkpoint());
                from = 0;
                ++discards;
            }
        }
        restore(*store, from, end().value());
        store->durable()->advance({kTopic, end(), {}, Timestamp{0}});
        if (random.one_in(2)) reference = fold(end().value());
        check("the store after restoring the tail", *store, *reference);
        store->set_changelog(&log);
    }
    void forget_uncommitted() {
        log.abort();
        sealed = false;
        reference = fold(end().value());
    }
    void crash() {
        ++crashes;
        store.reset();
        provider.reset();
        runner.jobs.clear();
        forget_uncommitted();
        disk.crash(random);
        runs.reset();
        start();
    }
    void reopen() {
        store.reset();
        forget_uncommitted();
        open_store();
        runner.run_all();
        provider->maintain();
    }

    testkit::SimDisk disk;
    LateRunner runner;
    std::unique_ptr<ModelRuns> runs;
    std::unique_ptr<DirectoryProvider> provider;
    std::unique_ptr<typename Kind::Store> store, reference = fold(0);
    ListLog log;
    bool sealed = false;
};

template <class Kind>
void run_seeds(int seeds, int steps) {
    int spills = 0, crashes = 0, discards = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
        Harness<Kind> harness(static_cast<std::uint64_t>(seed));
        harness.run(steps);
        ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed;
        ASSERT_EQ(harness.wrong, "") << "seed " << seed;
        spills += harness.spills, crashes += harness.crashes, discards += harness.discards;
    }
    EXPECT_GT(spills, seeds);  // the test reaches what it is for
    EXPECT_GT(crashes, seeds);
    EXPECT_GT(discards, 5);
}

TEST(DurableStore, KeyValueEqualsTheFoldOfItsChangelog) {
    run_seeds<KeyValueKind>(30, 1500);
}
TEST(DurableStore, WindowsEqualTheFoldOfTheirChangelog) {
    run_seeds<WindowKind<0>>(12, 1200);
}
TEST(DurableStore, TimeOrderedWindowsEqualTheFold) {
    run_seeds<WindowKind<1>>(12, 1200);
}
TEST(DurableStore, WindowsWithDuplicatesEqualTheFold) {
    run_seeds<WindowKind<2>>(12, 1200);
}

TEST(DurableStore, SessionsEqualTheFold) {
    run_seeds<SessionKind<0>>(12, 1200);
}
TEST(DurableStore, TimeOrderedSessionsEqualTheFold) {
    run_seeds<SessionKind<1>>(12, 1200);
}

class DurableStoreMutant : public testing::TestWithParam<Mutant> {};
TEST_P(DurableStoreMutant, IsFound) {
    int found = 0;
    mutant::active = GetParam();
    for (int seed = 1; seed <= 20 && found == 0; ++seed) {
        Harness<KeyValueKind> harness(static_cast<std::uint64_t>(seed));
        testing::TestPartResultArray failures;
        {
            testing::ScopedFakeTestPartResultReporter reporter(
                testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD,
                &failures);
            harness.run(1500);
        }
        if (!harness.wrong.empty() || failures.size() > 0) ++found;
    }
    mutant::active = Mutant::None;
    EXPECT_GT(found, 0);
}
INSTANTIATE_TEST_SUITE_P(All, DurableStoreMutant,
                         testing::Values(Mutant::AbortKeepsState, Mutant::CheckpointOffsetTooFar,
                                         Mutant::StateMergedBeforeCommit),
                         [](const auto& info) {
                             std::string name(mutant::name(info.param));
                             std::erase(name, '-');
                             return name;
                         });

TEST(DurableStore, RefusesOtherTypesAndNamesTheRemedy) {
    testkit::SimDisk disk;
    auto runs = *ModelRuns::open(disk, "/s");
    InlineSpillRunner runner;
    {
        DirectoryProvider provider(*runs, runner, {});
        auto store =
            *provider.key_value("0_0", KeyValueSpec{.name = "s", .fingerprint = "string/long"});
        store->put(HashedKey(as_bytes("k")), as_bytes("v"), Timestamp{1});
        store->seal();
        store->committed();
        EXPECT_FALSE(provider.spill()) << "the changelog's position is not known yet";
        store->durable()->advance({kTopic, Offset{7}, {}, Timestamp{5}});
        EXPECT_TRUE(provider.spill());
        EXPECT_EQ(store->durable()->checkpoint()->next, Offset{7});
    }
    DirectoryProvider provider(*runs, runner, {});
    auto other = provider.key_value("0_0", KeyValueSpec{.name = "s", .fingerprint = "string/int"});
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().detail.find("give the store a new name"), std::string::npos);
    EXPECT_FALSE(provider.window(
        "0_0", WindowSpec{.name = "s", .retention_ms = 1, .fingerprint = "string/long"}));
    EXPECT_TRUE(provider.key_value("0_1", KeyValueSpec{.name = "s", .fingerprint = "string/int"}))
        << "another task has no state yet";
    auto same = provider.key_value("0_0", KeyValueSpec{.name = "s", .fingerprint = "string/long"});
    ASSERT_TRUE(same);
    EXPECT_EQ(row((*same)->get(HashedKey(as_bytes("k"))))->value, "v");
    EXPECT_FALSE((*same)->get(HashedKey(as_bytes("other"))));
}

TEST(DurableStore, ColdKeysOfARunAreReadInOneGo) {
    testkit::SimDisk disk;
    auto runs = *ModelRuns::open(disk, "/s");
    InlineSpillRunner runner;
    DirectoryProvider provider(*runs, runner, {.bytes_max = 1});
    auto store = *provider.key_value("0_0", KeyValueSpec{.name = "s"});
    for (const char* k : {"a", "b", "c"})
        store->put(HashedKey(as_bytes(k)), as_bytes(k), Timestamp{1});
    std::vector<HashedKey> run{HashedKey(as_bytes("c")), HashedKey(as_bytes("x")),
                               HashedKey(as_bytes("a"))},
        missing;
    store->needs_read(run, missing);
    EXPECT_TRUE(missing.empty()) << "wholly in memory";
    store->seal();
    store->committed();
    store->durable()->advance({kTopic, Offset{3}, {}, Timestamp{5}});
    for (int i = 0; i < 3; ++i) provider.maintain();  // spills, then forgets
    EXPECT_EQ(provider.memory().committed, 0);
    store->needs_read(run, missing);
    EXPECT_EQ(missing.size(), 3u);
    ASSERT_TRUE(store->load(missing));
    missing.clear();
    store->needs_read(run, missing);
    EXPECT_TRUE(missing.empty());
    EXPECT_TRUE(store->get(run[0]));
    EXPECT_FALSE(store->get(run[1]));
}

}  // namespace
}  // namespace millrace::state::test
