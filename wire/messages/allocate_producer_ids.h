#pragma once
// AllocateProducerIds: key 67, version 0, flexible from version 0.
#include <cstdint>
#include <string>
#include <string_view>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AllocateProducerIdsRequest {
    static constexpr std::string_view kName = "AllocateProducerIdsRequest";
    static constexpr ApiKey kKey = ApiKey::AllocateProducerIds;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t broker_id = 0;
    std::int64_t broker_epoch = -1;

    static constexpr void fields(auto&& f) {
        using M = AllocateProducerIdsRequest;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
    }
    bool operator==(const AllocateProducerIdsRequest&) const = default;
};

struct AllocateProducerIdsResponse {
    static constexpr std::string_view kName = "AllocateProducerIdsResponse";
    static constexpr ApiKey kKey = ApiKey::AllocateProducerIds;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::int64_t producer_id_start = 0;
    std::int32_t producer_id_len = 0;

    static constexpr void fields(auto&& f) {
        using M = AllocateProducerIdsResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("producer_id_start", &M::producer_id_start, {.in = since(0)});
        f("producer_id_len", &M::producer_id_len, {.in = since(0)});
    }
    bool operator==(const AllocateProducerIdsResponse&) const = default;
};

}  // namespace millrace::wire
