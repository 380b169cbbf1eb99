#pragma once
// InitProducerId: key 22, versions 0-5 (6 is unstable: understood, not served), flexible from
// version 2.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct InitProducerIdRequest {
    static constexpr std::string_view kName = "InitProducerIdRequest";
    static constexpr ApiKey kKey = ApiKey::InitProducerId;
    static constexpr Versions kStable = between(0, 5);
    static constexpr Versions kValid = between(0, 6), kFlexible = since(2);

    std::optional<std::string> transactional_id = "";
    std::int32_t transaction_timeout_ms = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    bool enable2_pc = false;
    bool keep_prepared_txn = false;

    static constexpr void fields(auto&& f) {
        using M = InitProducerIdRequest;
        f("transactional_id", &M::transactional_id, {.in = since(0), .nullable = since(0)});
        f("transaction_timeout_ms", &M::transaction_timeout_ms, {.in = since(0)});
        f("producer_id", &M::producer_id, {.in = since(3)});
        f("producer_epoch", &M::producer_epoch, {.in = since(3)});
        f("enable2_pc", &M::enable2_pc, {.in = since(6)});
        f("keep_prepared_txn", &M::keep_prepared_txn, {.in = since(6)});
    }
    bool operator==(const InitProducerIdRequest&) const = default;
};

struct InitProducerIdResponse {
    static constexpr std::string_view kName = "InitProducerIdResponse";
    static constexpr ApiKey kKey = ApiKey::InitProducerId;
    static constexpr Versions kValid = between(0, 6), kFlexible = since(2);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = 0;
    std::int64_t ongoing_txn_producer_id = -1;
    std::int16_t ongoing_txn_producer_epoch = -1;

    static constexpr void fields(auto&& f) {
        using M = InitProducerIdResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0), .ignorable = true});
        f("error_code", &M::error_code, {.in = since(0)});
        f("producer_id", &M::producer_id, {.in = since(0)});
        f("producer_epoch", &M::producer_epoch, {.in = since(0)});
        f("ongoing_txn_producer_id", &M::ongoing_txn_producer_id, {.in = since(6)});
        f("ongoing_txn_producer_epoch", &M::ongoing_txn_producer_epoch, {.in = since(6)});
    }
    bool operator==(const InitProducerIdResponse&) const = default;
};

}  // namespace millrace::wire
