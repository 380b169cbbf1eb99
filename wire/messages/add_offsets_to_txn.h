#pragma once
// AddOffsetsToTxn: key 25, versions 0-4, flexible from version 3.
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AddOffsetsToTxnRequest {
    static constexpr std::string_view kName = "AddOffsetsToTxnRequest";
    static constexpr ApiKey kKey = ApiKey::AddOffsetsToTxn;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(3);

    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::string group_id;

    static constexpr void fields(auto&& f) {
        using M = AddOffsetsToTxnRequest;
        f("transactional_id", &M::transactional_id, {.in = since(0)});
        f("producer_id", &M::producer_id, {.in = since(0)});
        f("producer_epoch", &M::producer_epoch, {.in = since(0)});
        f("group_id", &M::group_id, {.in = since(0)});
    }
    bool operator==(const AddOffsetsToTxnRequest&) const = default;
};

struct AddOffsetsToTxnResponse {
    static constexpr std::string_view kName = "AddOffsetsToTxnResponse";
    static constexpr ApiKey kKey = ApiKey::AddOffsetsToTxn;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(3);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;

    static constexpr void fields(auto&& f) {
        using M = AddOffsetsToTxnResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
    }
    bool operator==(const AddOffsetsToTxnResponse&) const = default;
};

}  // namespace millrace::wire
