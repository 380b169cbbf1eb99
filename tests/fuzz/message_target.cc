// What holds for any bytes: a message that decodes also encodes, and what was written decodes to
// the same message.
#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/tests/fuzz/fuzz.h"
#include "millrace/wire/catalog.h"
#include "millrace/wire/frame.h"
#include "millrace/wire/json.h"
#include "millrace/wire/record_codec.h"

namespace millrace::fuzz {
namespace {

using namespace millrace::wire;

constexpr std::size_t kSizeField = sizeof(std::int32_t);

Bytes joined(const std::vector<Bytes>& parts) {
    ByteSink all;
    for (const Bytes& part : parts) all.append(part.view());
    return all.to_bytes();
}

// The JSON is long for what nests deep; a look at the first megabyte's worth of input is enough.
void check_json(const Schema& schema, const void* message, std::int16_t version) {
    std::string json;
    MR_CHECK(to_json(schema, message, version, json).has_value());
    const auto copy = schema.make();
    (void)from_json(schema, copy.get(), version, json);  // text that is no UTF-8 does not come back
}

}  // namespace

int fuzz_request_frame(BytesView bytes) {
    const Bytes frame = Bytes::copy(bytes);
    const auto read = decode_request_frame(frame);
    if (!read) {
        MR_CHECK(!read.error().error.detail.empty());
        return 0;
    }
    const auto parts =
        encode_request_frame(read->header.correlation_id, read->header.client_id, read->request);
    MR_CHECK(parts.has_value());
    const Bytes written = joined(*parts);
    MR_CHECK(static_cast<std::size_t>(load_be<std::int32_t>(written.data())) ==
             written.size() - kSizeField);
    const auto again = decode_request_frame(written.slice(kSizeField, written.size() - kSizeField));
    MR_CHECK(again.has_value() && again->header == read->header);
    const auto twice =
        encode_request_frame(again->header.correlation_id, again->header.client_id, again->request);
    MR_CHECK(twice.has_value() && joined(*twice) == written);
    const Api* api = find_api(read->header.request_api_key);
    check_json(api->request(), read->request.body(), read->request.version());
    return 0;
}

int fuzz_response_frame(BytesView bytes) {
    if (bytes.size() < 4) return 0;
    const Api* api = find_api(load_be<std::int16_t>(bytes.data()));
    const auto version = load_be<std::int16_t>(bytes.data() + 2);
    if (!api || version < api->version_min || version > api->version_max) return 0;
    const Bytes frame = Bytes::copy(bytes.subspan(4));
    const auto id = response_correlation_id(frame);
    const auto read = decode_response_frame(frame, *api, version);
    if (!read) return 0;
    MR_CHECK(id && *id == read->correlation_id);
    const auto parts = encode_response_frame(read->correlation_id, read->response);
    MR_CHECK(parts.has_value());
    const Bytes written = joined(*parts);
    const auto again = decode_response_frame(written.slice(kSizeField, written.size() - kSizeField),
                                             *api, version);
    MR_CHECK(again.has_value());
    const auto twice = encode_response_frame(again->correlation_id, again->response);
    MR_CHECK(twice.has_value() && joined(*twice) == written);
    check_json(api->response(), read->response.body(), version);
    return 0;
}

int fuzz_record(BytesView bytes) {
    if (bytes.size() < 4) return 0;
    const auto schemas = all_messages();
    const Schema& schema = *schemas[load_be<std::uint16_t>(bytes.data()) % schemas.size()];
    const int versions = schema.valid.high - schema.valid.low + 1;
    const auto version = static_cast<std::int16_t>(
        schema.valid.low + load_be<std::uint16_t>(bytes.data() + 2) % versions);
    const Bytes block = Bytes::copy(bytes.subspan(4));
    (void)key_type(block);
    (void)value_version(block);
    (void)metadata_frame(block);
    const auto record = schema.make();
    const auto read = decode_record(schema, record.get(), block, &block, version);
    if (!read) return 0;
    ByteSink written;
    MR_CHECK(encode_record(schema, record.get(), *read, written).has_value());
    const auto again = schema.make();
    const auto reread = decode_record(schema, again.get(), written.view(), nullptr, *read);
    MR_CHECK(reread.has_value() && *reread == *read);
    ByteSink twice;
    MR_CHECK(encode_record(schema, again.get(), *read, twice).has_value());
    MR_CHECK(equal(twice.view(), written.view()));
    check_json(schema, record.get(), *read);
    return 0;
}

}  // namespace millrace::fuzz
