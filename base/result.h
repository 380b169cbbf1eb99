#pragma once
// Expected failures: a value or an Error. `code` is Kafka's and may reach a client; `detail` is for people, no code
// reads it. MR_TRY passes a failure up; MR_TRY_VOID does so for Result<void>.
#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "millrace/base/error_code.h"

namespace millrace {

struct Error {
    ErrorCode code = ErrorCode::UnknownServerError;
    std::string detail;
    friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;
inline Failure fail(ErrorCode code, std::string detail = {}) { return Failure(Error{code, std::move(detail)}); }

}  // namespace millrace

#define MR_CONCAT_(a, b) a##b
#define MR_CONCAT(a, b) MR_CONCAT_(a, b)
#define MR_TRY_IMPL_(result, declaration, expression)                             \
    auto result = (expression);                                                   \
    if (!result) [[unlikely]] return ::tl::make_unexpected(std::move(result).error()); \
    declaration = *std::move(result)
// MR_TRY(auto batch, log.read(offset));
#define MR_TRY(declaration, ...) MR_TRY_IMPL_(MR_CONCAT(mr_try_, __LINE__), declaration, (__VA_ARGS__))
#define MR_TRY_VOID(...)                                                          \
    do {                                                                          \
        if (auto mr_try_result = (__VA_ARGS__); !mr_try_result) [[unlikely]]      \
            return ::tl::make_unexpected(std::move(mr_try_result).error());       \
    } while (false)
