#include "millrace/bench/bill/jobs.h"

#include <cstdio>
#include <cstring>
#include <unordered_map>

#include "millrace/base/byte_order.h"
#include "millrace/base/hash.h"
#include "millrace/base/random.h"

namespace millrace {

namespace bench {
// Of the join: the first 60 bytes of the left value, the first 40 of the right one.
struct Joined {
    std::array<std::byte, 100> bytes;
};
struct JoinedSerde {
    Result<void> read(BytesView bytes, Joined& into) const {
        if (bytes.size() != into.bytes.size())
            return fail(ErrorCode::InvalidRecord, "not 100 bytes");
        std::memcpy(into.bytes.data(), bytes.data(), bytes.size());
        return {};
    }
    void write(const Joined& from, ByteSink& into) const { into.append(BytesView(from.bytes)); }
};
}  // namespace bench

template <>
struct DefaultSerde<bench::Joined> {
    static auto make() { return serde<bench::Joined>(bench::JoinedSerde{}); }
};

namespace bench {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kWindowMs = 60'000, kBegin = 29'333'334 * kWindowMs;  // 2025

std::array<char, 16> key_text(std::uint64_t key) {
    char text[17];
    std::snprintf(text, sizeof text, "k%015llu", static_cast<unsigned long long>(key));
    std::array<char, 16> out;
    std::memcpy(out.data(), text, 16);
    return out;
}

Joined join(BytesView left, BytesView right) {
    Joined joined;
    std::memcpy(joined.bytes.data(), left.data(), 60);
    std::memcpy(joined.bytes.data() + 60, right.data(), 40);
    return joined;
}
bool kept(BytesView value) {
    return value[0] == std::byte{'A'};
}
BytesView mapped(BytesView value) {
    return value.subspan(1);
}

}  // namespace

InputRecord input_record(std::int64_t n) {
    Random random(static_cast<std::uint64_t>(n) + 1);
    InputRecord record;
    record.key = key_text(random.below(kKeys));
    std::memset(record.value.data(), 'v', record.value.size());
    record.value[0] = random.one_in(2) ? 'A' : 'B';
    std::memcpy(record.value.data() + 8, &n, sizeof n);
    record.timestamp = Timestamp{kBegin + n * kWindowMs / kWindowRecords};
    return record;
}

InputRecord table_record(std::uint64_t key) {
    InputRecord record;
    record.key = key_text(key);
    std::memset(record.value.data(), 't', record.value.size());
    std::memcpy(record.value.data() + 8, &key, sizeof key);
    record.timestamp = Timestamp{kBegin - 1};
    return record;
}

Topology topology(BillJob job) {
    StreamsBuilder builder;
    auto records = builder.stream<BytesView, BytesView>(std::string(kInput));
    const std::string out(kOutput);
    switch (job) {
        case BillJob::Stateless:
            records.filter([](const BytesView& v) { return kept(v); })
                .map_values([](const BytesView& v) { return mapped(v); })
                .to(out);
            break;
        case BillJob::Count:
            records.group_by_key()
                .windowed_by(TimeWindows::of_size_with_no_grace(1min))
                .count(Materialized::as("counts"))
                .to_stream()
                .to(out);
            break;
        case BillJob::Join:
            records
                .join(
                    builder.table<BytesView, BytesView>(std::string(kTable)),
                    [](const BytesView& left, const BytesView& right) { return join(left, right); })
                .to(out);
            break;
    }
    return builder.build();
}

void Output::add(BytesView key, BytesView value) {
    ++records;
    checksum = (checksum ^ hash_bytes(key)) * 0x9e3779b97f4a7c15ULL;
    checksum = (checksum ^ hash_bytes(value)) * 0xd6e8feb86659fd93ULL;
}

Output expected(BillJob job, std::int64_t records) {
    Output out;
    std::unordered_map<std::string, std::int64_t> counts;
    for (std::int64_t n = 0; n < records; ++n) {
        const InputRecord record = input_record(n);
        if (job == BillJob::Stateless) {
            if (kept(record.value_view())) out.add(record.key_view(), mapped(record.value_view()));
        } else if (job == BillJob::Join) {
            std::uint64_t key = std::strtoull(record.key.data() + 1, nullptr, 10);
            const InputRecord right = table_record(key);
            out.add(record.key_view(),
                    BytesView(join(record.value_view(), right.value_view()).bytes));
        } else {  // the windowed key: the key, then the window's start
            std::array<std::byte, 24> key;
            std::memcpy(key.data(), record.key.data(), 16);
            store_be(key.data() + 16, record.timestamp.value() / kWindowMs * kWindowMs);
            std::array<std::byte, 8> value;
            store_be(value.data(), ++counts[std::string(as_text(BytesView(key)))]);
            out.add(BytesView(key), BytesView(value));
        }
    }
    return out;
}

}  // namespace bench

}  // namespace millrace
