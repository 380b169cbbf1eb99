#pragma once
// SaslHandshake: key 17, versions 0-1, never flexible.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct SaslHandshakeRequest {
    static constexpr std::string_view kName = "SaslHandshakeRequest";
    static constexpr ApiKey kKey = ApiKey::SaslHandshake;
    static constexpr Versions kValid = between(0, 1), kFlexible = kNever;

    std::string mechanism;

    static constexpr void fields(auto&& f) {
        using M = SaslHandshakeRequest;
        f("mechanism", &M::mechanism, {.in = since(0)});
    }
    bool operator==(const SaslHandshakeRequest&) const = default;
};

struct SaslHandshakeResponse {
    static constexpr std::string_view kName = "SaslHandshakeResponse";
    static constexpr ApiKey kKey = ApiKey::SaslHandshake;
    static constexpr Versions kValid = between(0, 1), kFlexible = kNever;

    ErrorCode error_code = ErrorCode::None;
    std::vector<std::string> mechanisms;

    static constexpr void fields(auto&& f) {
        using M = SaslHandshakeResponse;
        f("error_code", &M::error_code, {.in = since(0)});
        f("mechanisms", &M::mechanisms, {.in = since(0)});
    }
    bool operator==(const SaslHandshakeResponse&) const = default;
};

}  // namespace millrace::wire
