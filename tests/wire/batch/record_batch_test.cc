#include "millrace/wire/batch/record_batch.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "millrace/base/random.h"
#include "millrace/wire/batch/compression.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::wire {
namespace {

Bytes batch_of(int records, std::size_t value_size = 100) {
    RecordBatchBuilder builder;
    const std::string value(value_size, 'v');
    for (int i = 0; i < records; ++i) {
        const std::string key = "key-" + std::to_string(i);
        builder.append(Timestamp{1000 + i}, as_bytes(key), as_bytes(value));
    }
    return builder.finish({});
}

TEST(RecordBatch, StampingKeepsTheCrcRight) {
    const Bytes built = batch_of(10);
    MutableBlock block(built.size());
    std::memcpy(block.data(), built.data(), built.size());
    stamp_offset_and_epoch(block.data(), Offset{1'000'000'000'000}, LeaderEpoch{7});
    const auto batch = *RecordBatchView::of({block.data(), block.size()});
    EXPECT_TRUE(batch.check_crc().has_value());
    EXPECT_EQ(batch.next_offset(), Offset{1'000'000'000'010});
    EXPECT_EQ(batch.leader_epoch(), LeaderEpoch{7});

    stamp_max_timestamp(block.data(), TimestampType::LogAppendTime, Timestamp{5});
    EXPECT_TRUE(batch.check_crc().has_value());
    RecordView records[10];
    RecordReader reader(batch, batch.encoded_records());
    ASSERT_EQ(*reader.read(records), 10u);
    EXPECT_EQ(records[9].timestamp, Timestamp{5});
    EXPECT_EQ(records[9].offset, Offset{1'000'000'000'009});
}

TEST(RecordBatch, SequencesWrapToZero) {  // KIP-98
    EXPECT_EQ(sequence_plus(INT32_MAX, 1), 0);
    EXPECT_EQ(sequence_plus(INT32_MAX - 1, 5), 3);
    EXPECT_EQ(sequence_plus(3, 4), 7);
}

TEST(RecordBatch, MarkersReadBack) {
    const Bytes bytes = end_transaction_marker_batch({ControlType::Commit, 12}, ProducerId{9},
                                                     ProducerEpoch{3}, Timestamp{77});
    const auto batch = *RecordBatchView::of(bytes);
    EXPECT_TRUE(batch.validate().has_value());
    EXPECT_TRUE(batch.control() && batch.transactional());
    EXPECT_EQ(*end_transaction_marker(batch), (EndTransactionMarker{ControlType::Commit, 12}));
    EXPECT_FALSE(end_transaction_marker(*RecordBatchView::of(batch_of(1))).has_value());
}

TEST(RecordBatch, EmptyIsNotNull) {
    RecordBatchBuilder builder;
    builder.append(Timestamp{1}, BytesView(), std::nullopt);
    builder.append(Timestamp{1}, std::nullopt, BytesView());
    const Bytes bytes = builder.finish({});
    RecordView records[4];
    const auto batch = *RecordBatchView::of(bytes);
    RecordReader reader(batch, batch.encoded_records());
    ASSERT_EQ(*reader.read(records), 2u);
    EXPECT_FALSE(records[0].key.is_null());
    EXPECT_TRUE(records[0].value.is_null());
    EXPECT_TRUE(records[1].key.is_null());
    EXPECT_FALSE(records[1].value.is_null());
}

TEST(RecordBatch, RandomRecordsOfAllSizesComeBack) {
    Random random(7);
    RecordBatchBuilder builder(100);
    for (int round = 0; round < 200; ++round) {
        struct Wanted {
            std::int64_t time;
            std::string key, value, header;
        };
        std::vector<Wanted> wanted;
        const int n = 1 + static_cast<int>(random.below(300));
        for (int i = 0; i < n; ++i) {
            const auto size = [&] {
                return static_cast<std::size_t>(random.one_in(50) ? random.below(20'000)
                                                                  : random.below(70));
            };
            wanted.push_back({random.between(-1'000'000, 1'000'000'000'000),
                              std::string(size(), 'k'), std::string(size(), 'v'),
                              random.one_in(4) ? std::string(size(), 'h') : std::string()});
            const Header header{as_bytes("name"), as_bytes(wanted.back().header)};
            const std::span<const Header> headers(&header, wanted.back().header.empty() ? 0 : 1);
            builder.append(Timestamp{wanted.back().time}, as_bytes(wanted.back().key),
                           as_bytes(wanted.back().value), headers);
        }
        const std::size_t size = builder.size();
        const Bytes bytes = builder.finish({});
        EXPECT_EQ(bytes.size(), size);
        const auto batch = *RecordBatchView::of(bytes);
        ASSERT_TRUE(batch.validate().has_value());
        RecordReader reader(batch, batch.encoded_records());
        std::vector<RecordView> records(300);
        ASSERT_EQ(*reader.read(records), wanted.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            EXPECT_EQ(records[i].timestamp.value(), wanted[i].time);
            EXPECT_EQ(as_text(records[i].key.view()), wanted[i].key);
            EXPECT_EQ(as_text(records[i].value.view()), wanted[i].value);
            if (!wanted[i].header.empty()) {
                EXPECT_EQ(as_text((*records[i].headers.begin()).value.view()), wanted[i].header);
            }
        }
    }
}

// Offsets as cleaning leaves them, at every width of their delta.
TEST(RecordBatch, GapsAreRead) {
    Random random(5);
    for (const std::int32_t first : {0, 40, 63, 64, 8000, 8191, 8192, 1'048'500, INT32_MAX - 400}) {
        for (const std::uint64_t gaps_one_in : {1, 2, 20, 1000}) {
            RecordBatchBuilder builder;
            std::vector<std::int32_t> deltas;
            std::int32_t delta = first;
            bool gap = first != 0;
            for (int i = 0; i < 150; ++i) {
                builder.append_at(delta, Timestamp{1000 + i % 7}, as_bytes("key"),
                                  as_bytes("value"));
                deltas.push_back(delta);
                const bool more = random.one_in(gaps_one_in);
                gap |= more && i < 149;
                delta += more ? 2 : 1;
            }
            const Bytes bytes = builder.finish({.base_offset = Offset{100}});
            const auto batch = *RecordBatchView::of(bytes);
            std::vector<RecordView> records(150);
            RecordReader reader(batch, batch.encoded_records());
            ASSERT_EQ(*reader.read(std::span(records).subspan(0, 70)), 70u);
            ASSERT_EQ(*reader.read(std::span(records).subspan(70)), 80u);
            for (std::size_t i = 0; i < 150; ++i)
                ASSERT_EQ(records[i].offset.value(), std::int64_t{100} + deltas[i]);
            const auto seen = RecordReader(batch, batch.encoded_records()).read_over();
            ASSERT_TRUE(seen.has_value());
            EXPECT_EQ(seen->gap, gap);
            EXPECT_FALSE(seen->null_key);
            EXPECT_EQ(seen->timestamp_min, Timestamp{1000});
            EXPECT_EQ(seen->timestamp_max, Timestamp{1006});
        }
    }
}

// Out of order, but as many and up to the same end.
TEST(RecordBatch, OffsetsThatGoBackAreAGap) {
    for (const std::size_t first : {0, 1, 20, 100}) {
        Bytes bytes = batch_of(150, 10);
        MutableBlock block(bytes.size());
        std::memcpy(block.data(), bytes.data(), bytes.size());
        std::vector<std::byte*> offsets;
        RecordReader reader(*RecordBatchView::of(bytes), bytes.view().subspan(kBatchHeaderBytes));
        std::vector<RecordView> records(150);
        ASSERT_TRUE(reader.read(records));
        for (const RecordView& r : records)  // before the key and its length, two bytes behind 64
            offsets.push_back(block.data() + (r.key.data() - bytes.data()) - 1 -
                              (r.offset.value() < 64 ? 1 : 2));
        std::swap(*offsets[first], *offsets[first + 1]);
        stamp_crc(block.data());
        const auto batch = *RecordBatchView::of({block.data(), bytes.size()});
        const auto seen = RecordReader(batch, batch.encoded_records()).read_over();
        ASSERT_TRUE(seen.has_value());
        EXPECT_TRUE(seen->gap) << first;
    }
}

// Damage anywhere gives an error or other records, and never a read outside of the batch (run under
// a sanitizer too).
TEST(RecordBatch, DamageNeverReadsOutside) {
    Random random(11);
    const Bytes good = batch_of(20, 30);
    for (int round = 0; round < 6'000; ++round) {
        auto bad = std::make_unique<std::byte[]>(good.size());  // no spare bytes behind
        std::memcpy(bad.get(), good.data(), good.size());
        for (std::uint64_t i = 0, n = 1 + random.below(4); i < n; ++i)
            bad[random.below(good.size())] = static_cast<std::byte>(random.next());
        BatchWalker walker({bad.get(), good.size()});
        while (const auto batch = walker.next()) {
            (void)batch->validate();
            if (batch->codec_number() != 0) {
                (void)uncompressed_records(*batch, 1 << 20);
                continue;
            }
            (void)RecordReader(*batch, batch->encoded_records()).read_over();
            RecordReader reader(*batch, batch->encoded_records());
            RecordView records[8];
            for (;;) {
                const auto n = reader.read(records);
                if (!n || *n == 0) break;
                for (std::size_t i = 0; i < *n; ++i) {
                    EXPECT_GE(records[i].value.view().data() + 0,
                              records[i].value.is_null() ? nullptr : bad.get());
                    for (HeaderView header : records[i].headers) (void)header;
                }
            }
        }
    }
}

TEST(Compression, RoundTripsAndLimits) {
    Random random(3);
    for (Codec codec : {Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd}) {
        for (std::size_t size : {0, 1, 100, 4096, 70'000, 600'000}) {
            std::string text;
            while (text.size() < size)
                text += random.one_in(2) ? "payment" : std::to_string(random.next());
            text.resize(size);
            ByteSink packed;
            compress(codec, std::nullopt, as_bytes(text), packed);
            const auto back = decompress(codec, packed.view());
            ASSERT_TRUE(back.has_value())
                << static_cast<int>(codec) << ' ' << size << ' ' << back.error().detail;
            EXPECT_EQ(as_text(*back), text);
            EXPECT_TRUE(
                decompress(codec, packed.view(), size).has_value());  // exactly at the limit
            if (size > 0) {
                EXPECT_EQ(decompress(codec, packed.view(), size - 1).error().code,
                          ErrorCode::MessageTooLarge);
            }
            if (size > 100) {
                for (std::size_t cut : {packed.size() - 1, packed.size() / 2, std::size_t{9}})
                    EXPECT_FALSE(decompress(codec, packed.view().first(cut)).has_value())
                        << static_cast<int>(codec) << ' ' << cut;
            }
        }
    }
}

TEST(Compression, ABombCostsItsLimit) {
    const std::string zeros(8 << 20, '\0');
    for (Codec codec : {Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd}) {
        ByteSink packed;
        compress(codec, std::nullopt, as_bytes(zeros), packed);
        EXPECT_EQ(decompress(codec, packed.view(), 1 << 20).error().code,
                  ErrorCode::MessageTooLarge);
    }
}

}  // namespace
}  // namespace millrace::wire
