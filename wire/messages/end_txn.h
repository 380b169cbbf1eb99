#pragma once
// EndTxn: key 26, versions 0-5, flexible from version 3.
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct EndTxnRequest {
    static constexpr std::string_view kName = "EndTxnRequest";
    static constexpr ApiKey kKey = ApiKey::EndTxn;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(3);

    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool committed = false;

    static constexpr void fields(auto&& f) {
        using M = EndTxnRequest;
        f("transactional_id", &M::transactional_id, {.in = since(0)});
        f("producer_id", &M::producer_id, {.in = since(0)});
        f("producer_epoch", &M::producer_epoch, {.in = since(0)});
        f("committed", &M::committed, {.in = since(0)});
    }
    bool operator==(const EndTxnRequest&) const = default;
};

struct EndTxnResponse {
    static constexpr std::string_view kName = "EndTxnResponse";
    static constexpr ApiKey kKey = ApiKey::EndTxn;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(3);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;

    static constexpr void fields(auto&& f) {
        using M = EndTxnResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("producer_id", &M::producer_id, {.in = since(5), .ignorable = true});
        f("producer_epoch", &M::producer_epoch, {.in = since(5), .ignorable = true});
    }
    bool operator==(const EndTxnResponse&) const = default;
};

}  // namespace millrace::wire
