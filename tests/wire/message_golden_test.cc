// Requests, responses and headers against what Apache Kafka's own classes write: tests/golden/rpc.
#include <map>

#include <gtest/gtest.h>

#include "millrace/tests/wire/golden_file.h"
#include "millrace/tests/wire/json_edit.h"
#include "millrace/wire/api.h"
#include "millrace/wire/catalog.h"
#include "millrace/wire/codec.h"
#include "millrace/wire/frame.h"
#include "millrace/wire/json.h"

namespace millrace::wire {
namespace {

using golden::bytes_of;
using golden::golden_files;
using golden::read_rows;
using golden::Row;

std::int16_t version_of(const Row& row) {
    return static_cast<std::int16_t>(std::stoi(row[1]));
}

std::string tags_json(const UnknownTags& tags) {
    std::string json = "[";
    for (const UnknownTag& tag : tags) {
        if (json.size() > 1) json += ',';
        json += "{\"path\":\"" + tag.path + "\",\"tag\":" + std::to_string(tag.tag) +
                ",\"data\":\"" + to_hex(tag.data) + "\"}";
    }
    return json + "]";
}

void expect_vector(const Row& row) {
    SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2]);
    const Schema* schema = find_message(row[0]);
    ASSERT_NE(schema, nullptr);
    const std::int16_t version = version_of(row);
    const Bytes bytes = bytes_of(row[4]);

    const auto message = schema->make();
    UnknownTags tags;
    const auto read = decode(*schema, message.get(), bytes.view(), &bytes, version, &tags);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(*read, bytes.size());
    std::string json;
    const auto printed = to_json(*schema, message.get(), version, json);
    ASSERT_TRUE(printed) << printed.error().detail;
    EXPECT_EQ(json, row[3]);
    if (row.size() > 5) {
        EXPECT_EQ(tags_json(tags), row[5]);
    }

    ByteSink again;
    const auto written = encode(*schema, message.get(), version, again, {.unknown = &tags});
    ASSERT_TRUE(written) << written.error().detail;
    EXPECT_EQ(to_hex(again.view()), to_hex(bytes.view()));

    const auto from_text = schema->make();
    const auto parsed = from_json(*schema, from_text.get(), version, row[3]);
    ASSERT_TRUE(parsed) << parsed.error().detail;
    ByteSink from_text_bytes;
    ASSERT_TRUE(encode(*schema, from_text.get(), version, from_text_bytes));
    EXPECT_EQ(encoded_size(*schema, from_text.get(), version).value(), from_text_bytes.size());
    if (tags.empty()) {
        EXPECT_EQ(to_hex(from_text_bytes.view()), to_hex(bytes.view()));
    }
}

TEST(MessageGolden, EveryMessageAtEveryVersionInBothDirections) {
    std::size_t vectors = 0;
    for (const auto& file : golden_files("rpc")) {
        for (const Row& row : read_rows(file)) {
            expect_vector(row);
            ++vectors;
        }
    }
    EXPECT_EQ(vectors, 6064u);
}

TEST(MessageGolden, TheTableOfApisIsKafkas) {
    std::size_t served = 0;
    for (const Row& row : read_rows(golden::golden("rpc-more/apis.tsv"))) {
        const auto key = static_cast<std::int16_t>(std::stoi(row[0]));
        const Api* api = find_api(key);
        if (row[3] == "-1") {  // removed
            EXPECT_EQ(api, nullptr) << row[1];
            continue;
        }
        ASSERT_NE(api, nullptr) << row[1];
        ++served;
        EXPECT_EQ(api->name, row[1]);
        EXPECT_EQ(static_cast<std::int16_t>(api->key), key);
        EXPECT_EQ(api->version_min, std::stoi(row[2])) << row[1];
        EXPECT_EQ(api->version_max, std::stoi(row[3])) << row[1];
        std::string requests, responses;
        for (int v = std::stoi(row[2]); v <= std::stoi(row[4]); ++v) {
            const auto version = static_cast<std::int16_t>(v);
            const std::string in_front = (requests.empty() ? "" : " ") + std::to_string(v) + ":";
            requests += in_front + std::to_string(request_header_version(*api, version));
            responses += in_front + std::to_string(response_header_version(*api, version));
        }
        EXPECT_EQ(requests, row[7]) << row[1];
        EXPECT_EQ(responses, row[8]) << row[1];
    }
    EXPECT_EQ(served, apis().size());
    EXPECT_EQ(served, 91u);
    EXPECT_EQ(find_api(-1), nullptr);
    EXPECT_EQ(find_api(95), nullptr);
}

std::string joined_hex(const std::vector<Bytes>& parts) {
    std::string hex;
    for (const Bytes& part : parts) hex += to_hex(part.view());
    return hex;
}

// request|response, key, version, header version, header JSON, body kind, body JSON, bytes
// Headers whose unknown tagged fields we drop are left out of the comparison of bytes.
TEST(MessageGolden, WholeFrames) {
    std::size_t compared = 0;
    for (const Row& row : read_rows(golden::golden("rpc-more/rpc-frames.tsv.gz"))) {
        SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2]);
        const Api* api = find_api(static_cast<std::int16_t>(std::stoi(row[1])));
        ASSERT_NE(api, nullptr);
        const auto version = static_cast<std::int16_t>(std::stoi(row[2]));
        const Bytes whole = bytes_of(row[7]);
        const Bytes frame = whole.slice(4, whole.size() - 4);
        std::string body;
        UnknownTags dropped;
        const Schema& header_schema =
            *find_message(row[0] == "request" ? "RequestHeader" : "ResponseHeader");
        ASSERT_TRUE(decode(header_schema, header_schema.make().get(), frame.view(), &frame,
                           static_cast<std::int16_t>(std::stoi(row[3])), &dropped));
        if (dropped.empty()) ++compared;
        if (row[0] == "request") {
            const auto decoded = decode_request_frame(frame);
            if (version > api->version_max) {  // unstable: understood, but not served
                EXPECT_EQ(decoded.error().why, BadRequest::Why::UnsupportedVersion);
                continue;
            }
            ASSERT_TRUE(decoded) << decoded.error().error.detail;
            EXPECT_EQ(
                to_json(decoded->header, static_cast<std::int16_t>(std::stoi(row[3]))).value(),
                row[4]);
            ASSERT_TRUE(to_json(api->request(), decoded->request.body(), version, body));
            const RequestHeader& header = decoded->header;
            const auto parts =
                encode_request_frame(header.correlation_id, header.client_id, decoded->request);
            ASSERT_TRUE(parts) << parts.error().detail;
            if (dropped.empty()) EXPECT_EQ(joined_hex(*parts), row[7]);
            ByteSink copied;
            ASSERT_TRUE(encode_request_frame(header, decoded->request, copied));
            if (dropped.empty()) EXPECT_EQ(to_hex(copied.view()), row[7]);
        } else {
            const auto decoded = decode_response_frame(frame, *api, version);
            ASSERT_TRUE(decoded) << decoded.error().detail;
            EXPECT_EQ(response_correlation_id(frame.view()), decoded->correlation_id);
            ASSERT_TRUE(to_json(api->response(), decoded->response.body(), version, body));
            const auto parts = encode_response_frame(decoded->correlation_id, decoded->response);
            ASSERT_TRUE(parts) << parts.error().detail;
            if (dropped.empty()) EXPECT_EQ(joined_hex(*parts), row[7]);
        }
        EXPECT_EQ(body, row[6]);
    }
    EXPECT_GT(compared, 400u);
}

using Samples = std::map<std::pair<std::string, std::string>,
                         Row>;  // by message and version: ONE, else DEFAULTS

Samples samples() {
    Samples found;
    for (const auto& file : golden_files("rpc")) {
        for (const Row& row : read_rows(file)) {
            if (row[2] == "ONE" || row[2] == "DEFAULTS") found[{row[0], row[1]}] = row;
        }
    }
    return found;
}

TEST(MessageGolden, FieldsOutsideOfAVersionAreDroppedOrRefused) {
    const Samples base = samples();
    for (const Row& row : read_rows(golden::golden("rpc-more/rpc-outside-version.tsv.gz"))) {
        SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2] + " " + row[3]);
        const Schema* schema = find_message(row[0]);
        const Row& one = base.at({row[0], row[1]});
        const std::string json = testing_json::with_field(one[3], row[2], row[3]);
        const auto message = schema->make();
        ByteSink sink;
        auto done = from_json(*schema, message.get(), version_of(row), json);
        if (done) done = encode(*schema, message.get(), version_of(row), sink);
        EXPECT_EQ(done.has_value(), row[4] == "dropped")
            << json << (done ? "" : "\n" + done.error().detail);
        if (done) {
            EXPECT_EQ(to_hex(sink.view()), one[4] == "-" ? "" : one[4]);
        }
    }
}

// Damaged bytes give what they give in Java: the same values, or an error.
TEST(MessageGolden, DamagedBytes) {
    for (const Row& row : read_rows(golden::golden("rpc-more/rpc-broken.tsv.gz"))) {
        SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2] + " " + row[3]);
        const Schema* schema = find_message(row[0]);
        const Bytes bytes = bytes_of(row[3]);
        const auto message = schema->make();
        const auto read = decode(*schema, message.get(), bytes.view(), &bytes, version_of(row));
        if (row[4] == "error") {
            EXPECT_FALSE(read);
            continue;
        }
        ASSERT_TRUE(read) << read.error().detail;
        EXPECT_EQ("ok left:" + std::to_string(bytes.size() - *read), row[4]);
        std::string json;
        ASSERT_TRUE(to_json(*schema, message.get(), version_of(row), json));
        EXPECT_EQ(json, row[5]);
    }
}

}  // namespace
}  // namespace millrace::wire
