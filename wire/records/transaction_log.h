#pragma once
// __transaction_state. Value version 0 at transaction.version 0, 1 from 1.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/wire/fields.h"

namespace millrace::wire {

struct TransactionLogKey {
    static constexpr std::string_view kName = "TransactionLogKey";
    static constexpr std::int16_t kType = 0;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string transactional_id;

    static constexpr void fields(auto&& f) {
        using M = TransactionLogKey;
        f("transactional_id", &M::transactional_id, {.in = only(0)});
    }
    bool operator==(const TransactionLogKey&) const = default;
};

struct TransactionLogValue {
    static constexpr std::string_view kName = "TransactionLogValue";
    static constexpr std::int16_t kType = 0;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(1);

    struct PartitionsSchema {
        std::string topic;
        std::vector<std::int32_t> partition_ids;

        static constexpr void fields(auto&& f) {
            using M = PartitionsSchema;
            f("topic", &M::topic, {.in = since(0)});
            f("partition_ids", &M::partition_ids, {.in = since(0)});
        }
        bool operator==(const PartitionsSchema&) const = default;
    };

    std::int64_t producer_id = 0;
    std::int64_t previous_producer_id = -1;
    std::int64_t next_producer_id = -1;
    std::int16_t producer_epoch = 0;
    std::int16_t next_producer_epoch = -1;
    std::int32_t transaction_timeout_ms = 0;
    std::int8_t transaction_status = 0;
    std::optional<std::vector<PartitionsSchema>> transaction_partitions =
        std::vector<PartitionsSchema>{};
    std::int64_t transaction_last_update_timestamp_ms = 0;
    std::int64_t transaction_start_timestamp_ms = 0;
    std::int16_t client_transaction_version = 0;

    static constexpr void fields(auto&& f) {
        using M = TransactionLogValue;
        f("producer_id", &M::producer_id, {.in = since(0)});
        f("previous_producer_id", &M::previous_producer_id,
          {.in = since(1), .tagged = since(1), .tag = 0});
        f("next_producer_id", &M::next_producer_id, {.in = since(1), .tagged = since(1), .tag = 1});
        f("producer_epoch", &M::producer_epoch, {.in = since(0)});
        f("next_producer_epoch", &M::next_producer_epoch,
          {.in = since(1), .tagged = since(1), .tag = 3});
        f("transaction_timeout_ms", &M::transaction_timeout_ms, {.in = since(0)});
        f("transaction_status", &M::transaction_status, {.in = since(0)});
        f("transaction_partitions", &M::transaction_partitions,
          {.in = since(0), .nullable = since(0)});
        f("transaction_last_update_timestamp_ms", &M::transaction_last_update_timestamp_ms,
          {.in = since(0)});
        f("transaction_start_timestamp_ms", &M::transaction_start_timestamp_ms, {.in = since(0)});
        f("client_transaction_version", &M::client_transaction_version,
          {.in = since(1), .tagged = since(1), .tag = 2});
    }
    bool operator==(const TransactionLogValue&) const = default;
};

}  // namespace millrace::wire
