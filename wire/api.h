#pragma once
// Typed requests and responses behind one handle, so that in one process they travel without being
// encoded (the loopback channel) and over TCP are encoded at the edge. A message struct names its
// key: `static constexpr ApiKey kKey`.
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "millrace/base/bytes.h"
#include "millrace/base/check.h"
#include "millrace/base/result.h"
#include "millrace/wire/api_key.h"

namespace millrace::wire {

struct Schema;

class AnyMessage {  // a shared, immutable message body of a known api and version
public:
    AnyMessage() = default;
    template <class M>
    static AnyMessage of(M message, std::int16_t version) {
        AnyMessage any;
        any.key_ = M::kKey;
        any.version_ = version;
        any.tag_ = tag<M>();
        any.body_ = std::make_shared<const M>(std::move(message));
        return any;
    }
    ApiKey key() const { return key_; }
    std::int16_t version() const { return version_; }
    bool empty() const { return body_ == nullptr; }
    template <class M>
    bool is() const {
        return tag_ == tag<M>();
    }
    template <class M>
    const M& as() const {
        MR_CHECK(is<M>());
        return *static_cast<const M*>(body_.get());
    }
    const void* body() const { return body_.get(); }
    const void* tag() const { return tag_; }

    // For code that knows a message by its Schema only: `tag` is tag<M>() of the body's type.
    static AnyMessage of_body(ApiKey key, std::int16_t version, const void* tag,
                              std::shared_ptr<const void> body) {
        AnyMessage any;
        any.key_ = key;
        any.version_ = version;
        any.tag_ = tag;
        any.body_ = std::move(body);
        return any;
    }
    template <class M>
    static const void* tag() {
        static constexpr char kTag = 0;
        return &kTag;
    }

private:
    ApiKey key_{};
    std::int16_t version_ = 0;
    const void* tag_ = nullptr;
    std::shared_ptr<const void> body_;
};
using AnyRequest = AnyMessage;
using AnyResponse = AnyMessage;

// One row per API that this build knows. `decode_*` read exactly one body; trailing bytes of a
// request are an error, those of a response are ignored, as in Kafka. Fields of type Records and
// Bytes are slices of `body`'s block: no copy.
struct Api {
    ApiKey key;
    std::string_view name;                  // "Produce"
    std::int16_t version_min, version_max;  // stable versions of Kafka 4.4.0
    std::int16_t flexible_since;            // INT16_MAX: never
    Result<AnyRequest> (*decode_request)(const Bytes& body, std::int16_t version);
    Result<AnyResponse> (*decode_response)(const Bytes& body, std::int16_t version);
    Result<void> (*encode_request)(const AnyRequest&, ByteSink&);
    Result<void> (*encode_response)(const AnyResponse&, ByteSink&);
    const Schema& (*request)();  // for JSON, frames and tests
    const Schema& (*response)();
};
std::span<const Api> apis();            // ascending by key
const Api* find_api(std::int16_t key);  // null: unknown

// Header versions (KIP-482): request 1 or 2, response 0 or 1; ApiVersions responses are always 0.
std::int16_t request_header_version(const Api&, std::int16_t version);
std::int16_t response_header_version(const Api&, std::int16_t version);

// What the thunks above do.
Result<AnyMessage> decode_any(const Schema&, const Bytes& body, std::int16_t version, bool whole);
Result<void> encode_any(const Schema&, const AnyMessage&, ByteSink&);

}  // namespace millrace::wire
