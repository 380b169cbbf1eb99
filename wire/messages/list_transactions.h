#pragma once
// ListTransactions: key 66, versions 0-2, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ListTransactionsRequest {
    static constexpr std::string_view kName = "ListTransactionsRequest";
    static constexpr ApiKey kKey = ApiKey::ListTransactions;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    std::vector<std::string> state_filters;
    std::vector<std::int64_t> producer_id_filters;
    std::int64_t duration_filter = -1;
    std::optional<std::string> transactional_id_pattern;

    static constexpr void fields(auto&& f) {
        using M = ListTransactionsRequest;
        f("state_filters", &M::state_filters, {.in = since(0)});
        f("producer_id_filters", &M::producer_id_filters, {.in = since(0)});
        f("duration_filter", &M::duration_filter, {.in = since(1)});
        f("transactional_id_pattern", &M::transactional_id_pattern,
          {.in = since(2), .nullable = since(2)});
    }
    bool operator==(const ListTransactionsRequest&) const = default;
};

struct ListTransactionsResponse {
    static constexpr std::string_view kName = "ListTransactionsResponse";
    static constexpr ApiKey kKey = ApiKey::ListTransactions;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    struct TransactionState {
        std::string transactional_id;
        std::int64_t producer_id = 0;
        std::string transaction_state;

        static constexpr void fields(auto&& f) {
            using M = TransactionState;
            f("transactional_id", &M::transactional_id, {.in = since(0)});
            f("producer_id", &M::producer_id, {.in = since(0)});
            f("transaction_state", &M::transaction_state, {.in = since(0)});
        }
        bool operator==(const TransactionState&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<std::string> unknown_state_filters;
    std::vector<TransactionState> transaction_states;

    static constexpr void fields(auto&& f) {
        using M = ListTransactionsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("unknown_state_filters", &M::unknown_state_filters, {.in = since(0)});
        f("transaction_states", &M::transaction_states, {.in = since(0)});
    }
    bool operator==(const ListTransactionsResponse&) const = default;
};

}  // namespace millrace::wire
