#pragma once
// Frames: int32 size, header, body. What is decoded here comes without the size, which the shell
// has read to know how much to read. What is encoded has it, and comes in parts for writev: record
// batches are shares of the blocks they lie in.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/wire/api.h"
#include "millrace/wire/headers.h"

namespace millrace::wire {

struct RequestFrame {
    RequestHeader header;
    AnyRequest request;
};

// Why a frame is no request. With a header a broker can still answer: an ApiVersions request of an
// unknown version gets version 0 of the response with UNSUPPORTED_VERSION (KIP-511); for the rest
// Kafka closes the connection.
struct BadRequest {
    enum class Why { Header, UnknownKey, UnsupportedVersion, Body } why;
    std::optional<RequestHeader>
        header;  // UnknownKey: without the client id, whose form is not known
    Error error;
};
// Bytes behind the body are let be.
tl::expected<RequestFrame, BadRequest> decode_request_frame(const Bytes& frame);

std::optional<std::int32_t> response_correlation_id(
    BytesView frame);  // nothing: the frame is too short
struct ResponseFrame {
    std::int32_t correlation_id;
    AnyResponse response;
};
Result<ResponseFrame> decode_response_frame(const Bytes& frame, const Api&, std::int16_t version);

// The header's key and version are those of the request.
Result<std::vector<Bytes>> encode_request_frame(std::int32_t correlation_id,
                                                const std::optional<std::string>& client_id,
                                                const AnyRequest&);
Result<std::vector<Bytes>> encode_response_frame(std::int32_t correlation_id, const AnyResponse&);
Result<void> encode_request_frame(const RequestHeader&, const AnyRequest&,
                                  ByteSink&);  // records are copied

}  // namespace millrace::wire
