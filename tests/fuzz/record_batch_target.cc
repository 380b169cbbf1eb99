// What holds for any bytes: the walker stays inside them, a batch that validates reads the same in
// chunks of 1 and of many, its records lie inside its block, and what was read can be written and
// read again.
#include <algorithm>
#include <array>

#include "millrace/base/check.h"
#include "millrace/tests/fuzz/fuzz.h"
#include "millrace/wire/batch/compression.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::fuzz {
namespace {

using namespace millrace::wire;

constexpr std::size_t kUnpackedBytesMax = 1 << 20;

bool inside(BytesView part, BytesView whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

bool same(const RecordView& a, const RecordView& b) {
    return a.offset == b.offset && a.timestamp == b.timestamp && a.key == b.key &&
           a.value == b.value && a.headers.count() == b.headers.count() &&
           equal(a.headers.encoded(), b.headers.encoded());
}

struct ReadAll {
    std::vector<RecordView> records;
    bool whole = false;
};
ReadAll read_all(const RecordBatchView& batch, BytesView records, std::size_t chunk) {
    ReadAll all;
    std::vector<RecordView> some(chunk);
    RecordReader reader(batch, records);
    for (;;) {
        const auto n = reader.read(some);
        if (!n) return all;
        if (*n == 0) break;
        all.records.insert(all.records.end(), some.begin(),
                           some.begin() + static_cast<std::ptrdiff_t>(*n));
    }
    all.whole = true;
    return all;
}

void check_record(const RecordView& record, BytesView block) {
    MR_CHECK(inside(record.key.view(), block) && inside(record.value.view(), block));
    MR_CHECK(inside(record.headers.encoded(), block));
    std::uint32_t seen = 0;
    for (const HeaderView& header : record.headers) {
        MR_CHECK(inside(header.key, block) && inside(header.value.view(), block));
        ++seen;
    }
    MR_CHECK(seen == record.headers.count());
}

// Reading over them says what reading them says.
void check_summary(const RecordBatchView& batch, BytesView records, const ReadAll& all) {
    const auto over = RecordReader(batch, records).read_over();
    MR_CHECK(over.has_value() == all.whole);
    if (!over || all.records.empty()) return;
    RecordsSummary seen{all.records[0].timestamp, all.records[0].timestamp};
    Offset expected = batch.base_offset();
    for (const RecordView& record : all.records) {
        seen.timestamp_min = std::min(seen.timestamp_min, record.timestamp);
        seen.timestamp_max = std::max(seen.timestamp_max, record.timestamp);
        seen.null_key |= record.key.is_null();
        seen.gap |= record.offset != expected;
        expected = Offset{
            static_cast<std::int64_t>(static_cast<std::uint64_t>(record.offset.value()) + 1)};
    }
    MR_CHECK(over->timestamp_min == seen.timestamp_min);
    MR_CHECK(over->timestamp_max == seen.timestamp_max);
    MR_CHECK(over->null_key == seen.null_key && over->gap == seen.gap);
}

void write_again(const RecordBatchView& batch, const std::vector<RecordView>& records) {
    RecordBatchBuilder builder(256);
    builder.set_base_timestamp(batch.base_timestamp());
    for (const RecordView& record : records)
        builder.append(record.timestamp, record.key, record.value, record.headers);
    const Bytes written = builder.finish({.base_offset = batch.base_offset()});
    const auto again = RecordBatchView::of(written);
    MR_CHECK(again.has_value() && again->validate().has_value() && again->size() == written.size());
    const ReadAll back = read_all(*again, again->encoded_records(), 7);
    MR_CHECK(back.whole && back.records.size() == records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        RecordView expected = records[i];
        expected.offset = batch.base_offset() + static_cast<std::int64_t>(i);  // the builder counts
        MR_CHECK(same(expected, back.records[i]));
    }
}

void check_batch(const RecordBatchView& batch) {
    (void)batch.last_sequence();
    (void)end_transaction_marker(batch);
    if (!batch.validate()) return;
    MR_CHECK(batch.check_crc().has_value());
    const auto records = uncompressed_records(batch, kUnpackedBytesMax);
    if (!records) return;
    MR_CHECK(records->size() <= std::max(kUnpackedBytesMax, batch.size()));
    const ReadAll ones = read_all(batch, *records, 1);
    const ReadAll many = read_all(batch, *records, 256);
    // Of a chunk that fails nothing is given, so only the small one sees all that came before.
    MR_CHECK(ones.whole == many.whole && ones.records.size() >= many.records.size());
    for (std::size_t i = 0; i < many.records.size(); ++i)
        MR_CHECK(same(ones.records[i], many.records[i]));
    check_summary(batch, *records, ones);
    for (const RecordView& record : ones.records) check_record(record, *records);
    if (ones.whole) write_again(batch, ones.records);
}

void walk(BytesView bytes) {
    BatchWalker walker(bytes);
    std::size_t before = 0;
    while (const auto batch = walker.next()) {
        MR_CHECK(walker.position() > before && walker.position() <= bytes.size());
        MR_CHECK(inside(batch->bytes(), bytes));
        before = walker.position();
        check_batch(*batch);
    }
    (void)walker.status();
}

}  // namespace

int fuzz_record_batch(BytesView bytes) {
    walk(bytes);
    // A mutation all but always breaks the CRC. With it set right, what lies behind is reached too.
    const Bytes own = Bytes::copy(bytes);
    std::vector<std::byte> repaired(bytes.begin(), bytes.end());
    repaired.resize(repaired.size() + kSpareBytes);
    BatchWalker walker(own);
    while (const auto batch = walker.next())
        stamp_crc(repaired.data() + (batch->bytes().data() - own.data()));
    walk({repaired.data(), bytes.size()});
    (void)RecordBatchView::of(bytes);
    return 0;
}

int fuzz_compression(BytesView bytes) {
    if (bytes.empty()) return 0;
    const auto codec = static_cast<Codec>(std::to_integer<unsigned>(bytes[0]) & 7);
    const auto plain = decompress(codec, bytes.subspan(1), kUnpackedBytesMax);
    if (!plain) return 0;
    MR_CHECK(plain->size() <= kUnpackedBytesMax);
    ByteSink packed;
    compress(codec, {}, *plain, packed);
    const auto again = decompress(codec, packed.view(), kUnpackedBytesMax);
    MR_CHECK(again.has_value() && *again == *plain);
    return 0;
}

}  // namespace millrace::fuzz
