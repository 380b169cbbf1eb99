// The sorted runs in RocksDB against their model: the same answers, also after being killed in the
// middle of an ingest.
#include "millrace/state/rocks/rocks_runs.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "millrace/base/random.h"
#include "millrace/state/directory_provider.h"
#include "millrace/state/runs/model_runs.h"
#include "millrace/state/spill/spill_thread_shell.h"
#include "millrace/testkit/sim/sim_disk.h"

namespace millrace::state::test {
namespace {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string name = testing::TempDir() + "millrace-runs-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
    std::string path;
};

std::string random_key(Random& random) {
    return std::string(
        1 + random.below(3),
        static_cast<char>(random.one_in(5) ? 0xf0 + random.below(16) : 'a' + random.below(4)));
}

// The n-th batch of a seed: the same whoever makes it. `told` hears of each step.
std::vector<FamilyBatch> batches_of(std::uint64_t seed, int n, const std::function<void()>& told) {
    Random random(seed * 1000 + static_cast<std::uint64_t>(n));
    std::vector<FamilyBatch> batches;
    for (const char* family : {"counts", "windows", kOffsetsFamily}) {
        FamilyBatch batch{family, {}, {}};
        if (random.one_in(3)) {
            std::string a = random_key(random), b = random_key(random);
            if (b < a) std::swap(a, b);
            batch.removed.push_back({a, b});
        }
        std::map<std::string, std::string> content;
        for (std::uint64_t i = random.below(20); i > 0; --i)
            content[random_key(random)] = random.one_in(4) ? "" : std::to_string(random.next());
        if (family == std::string(kOffsetsFamily)) content["n"] = std::to_string(n);
        batch.fill = [content, told](RunWriter& writer) -> Result<void> {
            for (const auto& [key, value] : content) {
                if (value.empty())
                    MR_TRY_VOID(writer.remove(as_bytes(key)));
                else
                    MR_TRY_VOID(writer.put(as_bytes(key), as_bytes(value)));
            }
            told();
            return {};
        };
        batches.push_back(std::move(batch));
    }
    return batches;
}

std::string dump(Runs& runs, const std::string& family) {
    std::string all;
    auto cursor = *runs.cursor(family);
    for (cursor->seek({}); cursor->valid(); cursor->next())
        all += to_hex(cursor->key()) + '=' + std::string(as_text(cursor->value())) + ' ';
    EXPECT_TRUE(cursor->status());
    return all;
}
std::string dump(Runs& runs) {
    return dump(runs, "counts") + '/' + dump(runs, "windows") + '/' + dump(runs, kOffsetsFamily);
}

const auto kGo = [] { return true; };

TEST(RocksRuns, AnswerAsTheModelDoes) {
    TemporaryDirectory directory;
    testkit::SimDisk disk;
    auto rocks = make_rocks_runs(directory.path, {});
    auto model = *ModelRuns::open(disk, "/m");
    EXPECT_TRUE(rocks->empty());
    EXPECT_FALSE(std::filesystem::exists(directory.path + "/rocksdb"))
        << "opened only when there is something to open";
    Random random(3);
    for (int n = 0; n < 12; ++n) {
        if (random.one_in(5)) {
            EXPECT_FALSE(rocks->ingest(batches_of(7, 1000 + n, [] {}), [] { return false; }))
                << "given up";
        }
        ASSERT_TRUE(rocks->ingest(batches_of(7, n, [] {}), kGo));
        ASSERT_TRUE(model->ingest(batches_of(7, n, [] {}), kGo));
        ASSERT_EQ(dump(*rocks), dump(*model)) << n;
        std::set<std::string> some;
        for (int i = 0; i < 10; ++i) some.insert(random_key(random));
        std::vector<BytesView> keys;
        for (const std::string& key : some) keys.push_back(as_bytes(key));
        std::vector<std::optional<Bytes>> a, b;
        ASSERT_TRUE(rocks->multi_get("counts", keys, a));
        ASSERT_TRUE(model->multi_get("counts", keys, b));
        ASSERT_EQ(a, b);
        auto x = *rocks->cursor("windows");
        auto y = *model->cursor("windows");
        const std::string bound = random_key(random);
        for (auto* cursor : {x.get(), y.get()})
            random.one_in(1), cursor->seek_before(as_bytes(bound));
        while (x->valid() && y->valid()) {
            ASSERT_TRUE(equal(x->key(), y->key()));
            x->previous(), y->previous();
        }
        ASSERT_EQ(x->valid(), y->valid());
        x.reset();
        if (n % 5 == 4) {
            rocks.reset();
            rocks = make_rocks_runs(directory.path, {});
            EXPECT_FALSE(rocks->empty());
        }
    }
    EXPECT_TRUE(std::filesystem::is_empty(directory.path + "/staging"));
}

TEST(RocksRuns, AKilledIngestIsThereOrNot) {
    constexpr std::uint64_t kSeed = 11;
    Random random(kSeed);
    TemporaryDirectory directory;
    int done = 0, unheard = 0;  // ingests that returned; that were there although nobody had heard
    for (int round = 0; round < 5; ++round) {
        int pipe[2];
        ASSERT_EQ(::pipe(pipe), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            const auto tell = [&](char what) {
                if (::write(pipe[1], &what, 1) != 1) ::_exit(1);
            };
            auto runs = make_rocks_runs(directory.path, {});
            for (int n = done;; ++n) {
                if (!runs->ingest(batches_of(kSeed, n, [&] { tell('.'); }),
                                  [&] { return tell('g'), true; }))
                    ::_exit(2);
                tell('d');
            }
        }
        ::close(pipe[1]);
        char what = 0;
        for (std::uint64_t left = 1 + random.below(18); left > 0 && ::read(pipe[0], &what, 1) == 1;
             --left)
            done += what == 'd';
        ::kill(child, SIGKILL);
        while (::read(pipe[0], &what, 1) == 1) done += what == 'd';  // what it said before it died
        ::close(pipe[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);

        auto rocks = make_rocks_runs(directory.path, {});
        testkit::SimDisk disk;
        auto model = *ModelRuns::open(disk, "/m");
        for (int n = 0; n < done; ++n) ASSERT_TRUE(model->ingest(batches_of(kSeed, n, [] {}), kGo));
        const std::string found = dump(*rocks);
        if (found != dump(*model)) {
            ASSERT_TRUE(model->ingest(batches_of(kSeed, done, [] {}), kGo));
            ASSERT_EQ(found, dump(*model))
                << "neither the ingests that returned nor those and the next one";
            ++done;
            ++unheard;
        }
    }
    EXPECT_GT(done, 3);
}

TEST(RocksRuns, WhatCannotBeReadIsBegunAnew) {
    TemporaryDirectory directory;
    {
        auto runs = make_rocks_runs(directory.path, {});
        ASSERT_TRUE(runs->ingest(batches_of(1, 0, [] {}), kGo));
        runs->condemn("a checksum did not match");
        EXPECT_NE(dump(*runs), "//") << "the process that found out goes on reading";
    }
    {
        auto runs = make_rocks_runs(directory.path, {});
        EXPECT_TRUE(runs->empty());
        ASSERT_TRUE(runs->ingest(batches_of(1, 0, [] {}), kGo));
        EXPECT_FALSE(runs->empty());
    }
    for (const auto& entry : std::filesystem::directory_iterator(directory.path + "/rocksdb"))
        if (entry.path().filename().string().starts_with("MANIFEST"))
            std::filesystem::resize_file(entry.path(), 10);
    auto runs = make_rocks_runs(directory.path, {});
    std::vector<std::optional<Bytes>> found;
    const BytesView key = as_bytes("n");
    ASSERT_TRUE(runs->multi_get(kOffsetsFamily, {&key, 1}, found));
    EXPECT_FALSE(found[0]);
    EXPECT_TRUE(runs->ingest(batches_of(1, 1, [] {}), kGo));
}

// A worker's stores on RocksDB with a spill thread: what was spilled while the store was written to
// is there after a restart.
TEST(RocksRuns, StoresSpillOnAThread) {
    TemporaryDirectory directory;
    const auto key = [](int i) { return "key-" + std::to_string(i % 5000); };
    int committed = 0;
    {
        auto runs = make_rocks_runs(directory.path, {});
        auto thread = make_spill_thread();
        DirectoryProvider provider(*runs, *thread, {.bytes_max = 200'000});
        auto store = *provider.key_value("0_0", KeyValueSpec{.name = "s"});
        for (int i = 0; i < 60'000; ++i) {
            const std::string k = key(i), v = std::to_string(i);
            if (i >= 5000) {
                ASSERT_EQ(as_text(store->get(HashedKey(as_bytes(k)))->value),
                          std::to_string(i - 5000));
            }
            store->put(HashedKey(as_bytes(k)), as_bytes(v), Timestamp{i});
            if (i % 500 == 499) {
                store->seal();
                store->committed();
                committed = i + 1;
                store->durable()->advance({Uuid{1, 2}, Offset{committed}, {}, Timestamp{0}});
                provider.maintain();
                while (i == 29'999 && provider.spilling())
                    std::this_thread::yield(), provider.maintain();
            }
        }
        store->put(HashedKey(as_bytes("key-0")), as_bytes("never committed"), Timestamp{1});
        EXPECT_FALSE(provider.last_failure());
    }
    auto runs = make_rocks_runs(directory.path, {});
    InlineSpillRunner runner;
    DirectoryProvider provider(*runs, runner, {});
    auto store = *provider.key_value("0_0", KeyValueSpec{.name = "s"});
    const auto checkpoint = store->durable()->checkpoint();
    ASSERT_TRUE(checkpoint);
    const int next = static_cast<int>(checkpoint->next.value());
    EXPECT_GT(next, 0);
    EXPECT_LE(next, committed);
    for (int i = next - 5000; i < next; ++i)
        ASSERT_EQ(as_text(store->get(HashedKey(as_bytes(key(i))))->value), std::to_string(i));
    int rows = 0;
    for (auto c = store->range({}, {}, true); c->valid(); c->next()) ++rows;
    EXPECT_EQ(rows, 5000);
}

}  // namespace
}  // namespace millrace::state::test
