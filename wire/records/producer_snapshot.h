#pragma once
// The .snapshot file of a partition's producers: int16 version 1, then this. The CRC-32C covers
// what follows it.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ProducerSnapshot {
    static constexpr std::string_view kName = "ProducerSnapshot";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(1), kFlexible = kNever;

    struct ProducerEntry {
        std::int64_t producer_id = 0;
        std::int16_t epoch = 0;
        std::int32_t last_sequence = 0;
        std::int64_t last_offset = 0;
        std::int32_t offset_delta = 0;
        std::int64_t timestamp = 0;
        std::int32_t coordinator_epoch = 0;
        std::int64_t current_txn_first_offset = 0;

        static constexpr void fields(auto&& f) {
            using M = ProducerEntry;
            f("producer_id", &M::producer_id, {.in = since(1)});
            f("epoch", &M::epoch, {.in = since(1)});
            f("last_sequence", &M::last_sequence, {.in = since(1)});
            f("last_offset", &M::last_offset, {.in = since(1)});
            f("offset_delta", &M::offset_delta, {.in = since(1)});
            f("timestamp", &M::timestamp, {.in = since(1)});
            f("coordinator_epoch", &M::coordinator_epoch, {.in = since(1)});
            f("current_txn_first_offset", &M::current_txn_first_offset, {.in = since(1)});
        }
        bool operator==(const ProducerEntry&) const = default;
    };

    std::uint32_t crc = 0;
    std::vector<ProducerEntry> producer_entries;

    static constexpr void fields(auto&& f) {
        using M = ProducerSnapshot;
        f("crc", &M::crc, {.in = since(1)});
        f("producer_entries", &M::producer_entries, {.in = since(1)});
    }
    bool operator==(const ProducerSnapshot&) const = default;
};

}  // namespace millrace::wire
