#include "millrace/wire/frame.h"

#include <fmt/core.h>

#include "millrace/base/byte_order.h"
#include "millrace/wire/codec.h"

namespace millrace::wire {
namespace {

tl::unexpected<BadRequest> bad(BadRequest::Why why, std::optional<RequestHeader> header,
                               Error error) {
    return tl::unexpected(BadRequest{why, std::move(header), std::move(error)});
}

// The size in front, and the sink cut where batches go in between.
Result<std::vector<Bytes>> parts_of(ByteSink& sink, std::vector<Splice> splices) {
    std::size_t size = sink.size() - sizeof(std::int32_t);
    for (const Splice& splice : splices) size += splice.data.size();
    if (size > INT32_MAX)
        return fail(ErrorCode::MessageTooLarge, fmt::format("a frame of {} bytes", size));
    store_be(sink.data(), static_cast<std::int32_t>(size));
    const Bytes own = sink.to_bytes();
    if (splices.empty()) return std::vector<Bytes>{own};
    std::vector<Bytes> parts;
    parts.reserve(2 * splices.size() + 1);
    std::size_t at = 0;
    for (Splice& splice : splices) {
        if (splice.at > at) parts.push_back(own.slice(at, splice.at - at));
        at = splice.at;
        parts.push_back(std::move(splice.data));
    }
    if (at < own.size()) parts.push_back(own.slice(at, own.size() - at));
    return parts;
}

Result<const Api*> api_of(const AnyMessage& message) {
    const Api* api = find_api(static_cast<std::int16_t>(message.key()));
    if (!api) return fail(ErrorCode::InvalidRequest, "no message to send");
    return api;
}

Result<void> put_request(const RequestHeader& header, const AnyRequest& request, ByteSink& sink,
                         std::vector<Splice>* splices) {
    MR_TRY(const Api* api, api_of(request));
    MR_CHECK(request.tag() == api->request().tag);
    MR_TRY_VOID(encode(header, request_header_version(*api, request.version()), sink));
    return encode(api->request(), request.body(), request.version(), sink, {.splices = splices});
}

}  // namespace

tl::expected<RequestFrame, BadRequest> decode_request_frame(const Bytes& frame) {
    using Why = BadRequest::Why;
    ByteReader reader(frame.view());
    RequestHeader header;
    header.request_api_key = reader.be<std::int16_t>();
    header.request_api_version = reader.be<std::int16_t>();
    header.correlation_id = reader.be<std::int32_t>();
    header.client_id.reset();
    if (!reader.ok()) {
        return bad(Why::Header, {},
                   {ErrorCode::InvalidRequest,
                    fmt::format("a frame of {} bytes has no header", frame.size())});
    }
    const Api* api = find_api(header.request_api_key);
    if (!api) {
        return bad(
            Why::UnknownKey, header,
            {ErrorCode::InvalidRequest, fmt::format("unknown API key {}", header.request_api_key)});
    }
    const std::int16_t version = header.request_api_version;
    const auto read = decode(schema_of<RequestHeader>(), &header, frame.view(), &frame,
                             request_header_version(*api, version));
    if (!read) return bad(Why::Header, {}, read.error());
    if (version < api->version_min || version > api->version_max) {
        return bad(Why::UnsupportedVersion, header,
                   {ErrorCode::UnsupportedVersion,
                    fmt::format("{} has versions {} to {}, not {}", api->name, api->version_min,
                                api->version_max, version)});
    }
    // Bytes behind the last field are let be, as in Kafka: librdkafka 2.16 sends three of them with
    // MetadataRequest 13.
    auto request =
        decode_any(api->request(), frame.slice(*read, frame.size() - *read), version, false);
    if (!request) return bad(Why::Body, header, std::move(request).error());
    return RequestFrame{std::move(header), *std::move(request)};
}

std::optional<std::int32_t> response_correlation_id(BytesView frame) {
    if (frame.size() < sizeof(std::int32_t)) return {};
    return load_be<std::int32_t>(frame.data());
}

Result<ResponseFrame> decode_response_frame(const Bytes& frame, const Api& api,
                                            std::int16_t version) {
    ResponseHeader header;
    MR_TRY(const std::size_t read, decode(schema_of<ResponseHeader>(), &header, frame.view(),
                                          &frame, response_header_version(api, version)));
    MR_TRY(AnyResponse response,
           api.decode_response(frame.slice(read, frame.size() - read), version));
    return ResponseFrame{header.correlation_id, std::move(response)};
}

Result<void> encode_request_frame(const RequestHeader& header, const AnyRequest& request,
                                  ByteSink& sink) {
    const std::size_t begin = sink.size();
    sink.grow(sizeof(std::int32_t));
    auto done = put_request(header, request, sink, nullptr);
    const std::size_t size = sink.size() - begin - sizeof(std::int32_t);
    if (done && size > INT32_MAX)
        done = fail(ErrorCode::MessageTooLarge, fmt::format("a frame of {} bytes", size));
    if (!done)
        sink.shrink_to(begin);
    else
        store_be(sink.data() + begin, static_cast<std::int32_t>(size));
    return done;
}

Result<std::vector<Bytes>> encode_request_frame(std::int32_t correlation_id,
                                                const std::optional<std::string>& client_id,
                                                const AnyRequest& request) {
    ByteSink sink;
    std::vector<Splice> splices;
    sink.grow(sizeof(std::int32_t));
    const RequestHeader header{static_cast<std::int16_t>(request.key()), request.version(),
                               correlation_id, client_id};
    MR_TRY_VOID(put_request(header, request, sink, &splices));
    return parts_of(sink, std::move(splices));
}

Result<std::vector<Bytes>> encode_response_frame(std::int32_t correlation_id,
                                                 const AnyResponse& response) {
    MR_TRY(const Api* api, api_of(response));
    MR_CHECK(response.tag() == api->response().tag);
    ByteSink sink;
    std::vector<Splice> splices;
    sink.grow(sizeof(std::int32_t));
    MR_TRY_VOID(encode(ResponseHeader{correlation_id},
                       response_header_version(*api, response.version()), sink));
    MR_TRY_VOID(
        encode(api->response(), response.body(), response.version(), sink, {.splices = &splices}));
    return parts_of(sink, std::move(splices));
}

}  // namespace millrace::wire
