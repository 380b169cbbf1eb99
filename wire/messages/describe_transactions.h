#pragma once
// DescribeTransactions: key 65, version 0, flexible from version 0.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DescribeTransactionsRequest {
    static constexpr std::string_view kName = "DescribeTransactionsRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeTransactions;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::vector<std::string> transactional_ids;

    static constexpr void fields(auto&& f) {
        using M = DescribeTransactionsRequest;
        f("transactional_ids", &M::transactional_ids, {.in = since(0)});
    }
    bool operator==(const DescribeTransactionsRequest&) const = default;
};

struct DescribeTransactionsResponse {
    static constexpr std::string_view kName = "DescribeTransactionsResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeTransactions;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct TopicData {
        std::string topic;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = TopicData;
            f("topic", &M::topic, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const TopicData&) const = default;
    };

    struct TransactionState {
        ErrorCode error_code = ErrorCode::None;
        std::string transactional_id;
        std::string transaction_state;
        std::int32_t transaction_timeout_ms = 0;
        std::int64_t transaction_start_time_ms = 0;
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        std::vector<TopicData> topics;

        static constexpr void fields(auto&& f) {
            using M = TransactionState;
            f("error_code", &M::error_code, {.in = since(0)});
            f("transactional_id", &M::transactional_id, {.in = since(0)});
            f("transaction_state", &M::transaction_state, {.in = since(0)});
            f("transaction_timeout_ms", &M::transaction_timeout_ms, {.in = since(0)});
            f("transaction_start_time_ms", &M::transaction_start_time_ms, {.in = since(0)});
            f("producer_id", &M::producer_id, {.in = since(0)});
            f("producer_epoch", &M::producer_epoch, {.in = since(0)});
            f("topics", &M::topics, {.in = since(0)});
        }
        bool operator==(const TransactionState&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<TransactionState> transaction_states;

    static constexpr void fields(auto&& f) {
        using M = DescribeTransactionsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("transaction_states", &M::transaction_states, {.in = since(0)});
    }
    bool operator==(const DescribeTransactionsResponse&) const = default;
};

}  // namespace millrace::wire
