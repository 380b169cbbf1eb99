// What append_quick takes, it writes as append() does; and it takes what is usual.
#include "millrace/wire/batch/append_quick.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "millrace/base/random.h"

namespace millrace::wire {

TEST(RecordBatchBuilder, TheQuickWayWritesTheSameBytes) {
    Random random(1);
    std::vector<std::byte> source(20000);
    for (auto& b : source) b = static_cast<std::byte>(random.next());
    std::int64_t quick_ones = 0, all = 0;
    for (int round = 0; round < 300; ++round) {
        RecordBatchBuilder slow(1 << 16), quick(1 << 16);
        const std::uint64_t longest = std::uint64_t{1} << (round % 14),
                            furthest = std::uint64_t{1} << (round % 45);
        for (int i = 0; i < 200; ++i) {
            const auto part = [&] {
                if (random.one_in(10)) return NullableView();
                const std::size_t n = random.below(longest);
                return NullableView(BytesView(source.data() + random.below(source.size() - n), n));
            };
            const NullableView key = part(), value = part();
            const Timestamp time{1'700'000'000'000 +
                                 static_cast<std::int64_t>(random.below(furthest)) -
                                 static_cast<std::int64_t>(furthest / 2)};
            slow.append(time, key, value);
            const std::size_t before = quick.size();
            ++all;
            if (quick.append_quick(time, key, value)) {
                ++quick_ones;
                EXPECT_LE(quick.size() - before,
                          RecordBatchBuilder::record_size_bound(key.size(), value.size()));
            } else {
                ASSERT_EQ(quick.size(), before);
                quick.append(time, key, value);
            }
        }
        EXPECT_EQ(slow.finish({}), quick.finish({})) << round;
    }
    EXPECT_GT(quick_ones, all / 2);
}

// Every length at which a varint of the record grows, of key, value, and both together.
TEST(RecordBatchBuilder, TheQuickWayKnowsTheLengthOfEachLength) {
    const std::vector<std::byte> source(9000, std::byte{'x'});
    for (const std::int64_t step : {0, 1, 63, 64, 8191, 8192, 300'000}) {
        RecordBatchBuilder slow(1 << 22), quick(1 << 22);
        std::int64_t refused = 0, too_long = 0;
        std::int64_t time = 1'700'000'000'000;
        for (std::size_t n = 0; n < 8300; n += n < 300 ? 1 : 37) {
            for (const std::size_t key : {std::size_t{0}, n / 3, n}) {
                const NullableView k(BytesView(source.data(), key)),
                    v(BytesView(source.data(), n - key));
                time += n % 2 ? step : -step;
                too_long += n > RecordBatchBuilder::kQuickBytesMax;
                slow.append(Timestamp{time}, k, v);
                if (!quick.append_quick(Timestamp{time}, k, v)) {
                    ++refused;
                    quick.append(Timestamp{time}, k, v);
                }
                ASSERT_EQ(slow.size(), quick.size()) << n << ' ' << key << ' ' << step;
            }
        }
        EXPECT_EQ(refused, 1 + too_long) << "the first, and what is too long";
        EXPECT_EQ(slow.finish({}), quick.finish({}));
    }
}

TEST(RecordBatchBuilder, TheQuickWayKeepsToTheSizeAsked) {
    RecordBatchBuilder builder(1 << 16);
    builder.set_size_max(1000);
    const std::vector<std::byte> value(100);
    EXPECT_FALSE(builder.append_quick(Timestamp{1}, BytesView(value), BytesView(value)));
    builder.append(Timestamp{1}, BytesView(value), BytesView(value));
    while (builder.append_quick(Timestamp{1}, BytesView(value), BytesView(value))) {
    }
    EXPECT_LE(builder.size(), 1000u);
    EXPECT_GT(builder.size(), 1000u - RecordBatchBuilder::record_size_bound(100, 100));
    (void)builder.finish({});
    EXPECT_FALSE(builder.append_quick(Timestamp{1}, BytesView(value), BytesView(value)));
}

// Runs of records that are alike, with a few that are not: the bytes of append(), whatever changes
// between two of them, over every width of the offset.
TEST(RecordBatchBuilder, ARunWritesTheSameBytes) {
    struct Given {
        std::int64_t time;
        NullableView key, value;
    };
    Random random(3);
    std::vector<std::byte> source(20000);
    for (auto& b : source) b = static_cast<std::byte>(random.next());
    std::int64_t quick_ones = 0, all = 0;
    for (int round = 0; round < 400; ++round) {
        RecordBatchBuilder slow(1 << 14), quick(1 << 14);  // grows on the way, or is full
        if (round % 5 == 0) quick.set_size_max(1 + random.below(100'000));
        const std::uint64_t odd_one_in = 1 + random.below(200),
                            furthest = std::uint64_t{1} << (round % 18);
        std::size_t key_size = random.below(40), value_size = random.below(round % 3 ? 120 : 9000);
        std::vector<Given> run;
        for (int i = 0; i < (round % 20 == 0 ? 9000 : 300); ++i) {
            if (random.one_in(odd_one_in))
                (random.one_in(2) ? key_size : value_size) = random.below(300);
            const auto part = [&](std::size_t n) {
                return NullableView(BytesView(source.data() + random.below(source.size() - n), n));
            };
            run.push_back({1'700'000'000'000 + static_cast<std::int64_t>(random.below(furthest)) -
                               (random.one_in(9) ? 200 : 0),
                           random.one_in(500) ? NullableView() : part(key_size), part(value_size)});
        }
        for (const Given& g : run) slow.append(Timestamp{g.time}, g.key, g.value);
        for (std::size_t at = 0; at < run.size();) {
            const std::size_t n = std::min(run.size() - at, std::size_t{256});
            const std::size_t done = quick.append_run(n, [&](std::size_t i, QuickRecord& r) {
                const Given& g = run[at + i];
                r = {g.time, g.key.data(), g.key.size(), g.value.data(), g.value.size()};
                return !g.key.is_null();
            });
            ASSERT_LE(done, n);
            quick_ones += static_cast<std::int64_t>(done);
            at += done;
            if (done == n) continue;
            quick.append(Timestamp{run[at].time}, run[at].key, run[at].value);
            ++at;
        }
        all += static_cast<std::int64_t>(run.size());
        ASSERT_EQ(slow.count(), quick.count());
        ASSERT_EQ(slow.finish({}), quick.finish({})) << round;
    }
    EXPECT_GT(quick_ones, all / 4);
}

}  // namespace millrace::wire
