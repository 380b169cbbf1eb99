#pragma once
// The three jobs of the bill, their input, and what must come out.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"
#include "millrace/dsl/streams.h"

namespace millrace::bench {

enum class BillJob { Stateless, Count, Join };
inline constexpr std::string_view kInput = "input", kTable = "table", kOutput = "output";

// The measure of issue and README, 1 M keys and 20,000 records a second of event time, at a
// twelfth: as many records to a window as there are to a key, so the same share of new entries.
inline constexpr std::uint64_t kKeys = 83'333;
inline constexpr std::int64_t kWindowRecords = 100'000;

struct InputRecord {  // 16-byte key, 100 opaque bytes
    std::array<char, 16> key;
    std::array<char, 100> value;
    Timestamp timestamp;
    BytesView key_view() const { return as_bytes({key.data(), key.size()}); }
    BytesView value_view() const { return as_bytes({value.data(), value.size()}); }
};
InputRecord input_record(std::int64_t n);
InputRecord table_record(std::uint64_t key);  // for every key, before the first of the input

Topology topology(BillJob job);

// The output of the first `records` of the input: how many, and a checksum in which their order
// counts.
struct Output {
    std::int64_t records = 0;
    std::uint64_t checksum = 0;
    void add(BytesView key, BytesView value);
    friend bool operator==(const Output&, const Output&) = default;
};
Output expected(BillJob job, std::int64_t records);

}  // namespace millrace::bench
