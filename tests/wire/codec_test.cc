// What encoding refuses (tests/golden/rpc-more/rpc-refused.tsv says what Kafka does), frames that
// are none, shares instead of copies, limits.
#include "millrace/wire/codec.h"

#include <gtest/gtest.h>

#include "millrace/base/byte_order.h"
#include "millrace/tests/wire/golden_file.h"
#include "millrace/wire/catalog.h"
#include "millrace/wire/frame.h"
#include "millrace/wire/json.h"
#include "millrace/wire/messages/api_versions.h"
#include "millrace/wire/messages/fetch.h"
#include "millrace/wire/messages/heartbeat.h"
#include "millrace/wire/messages/init_producer_id.h"
#include "millrace/wire/messages/metadata.h"
#include "millrace/wire/messages/produce.h"
#include "millrace/wire/messages/vote.h"

namespace millrace::wire {
namespace {

using golden::bytes_of;

template <class M>
bool writes(const M& message, std::int16_t version, std::size_t bytes) {
    ByteSink sink;
    return encode(message, version, sink) && sink.size() == bytes &&
           encoded_size(message, version) == bytes;
}
template <class M>
std::string refusal(const M& message, std::int16_t version) {
    ByteSink sink;
    sink.push(std::byte{7});
    const auto done = encode(message, version, sink);
    if (done) return "";
    EXPECT_EQ(sink.size(), 1u);  // nothing half written is left
    return done.error().detail;
}

MetadataRequest topic_named(std::string name) {
    MetadataRequest request;
    request.topics->push_back({.name = std::move(name)});
    return request;
}

TEST(Encode, AStringHasAtMost32767Bytes) {
    std::string two_bytes_each;
    for (int i = 0; i < 32767; ++i) two_bytes_each += "é";
    EXPECT_TRUE(writes(topic_named(std::string(32767, 'a')), 1, 32773));
    EXPECT_TRUE(writes(topic_named(std::string(32767, 'a')), 9, 32776));
    for (const std::int16_t version : {1, 9}) {
        EXPECT_NE(refusal(topic_named(std::string(32768, 'a')), version), "");
        EXPECT_NE(refusal(topic_named(two_bytes_each), version), "");
    }
    EXPECT_EQ(
        refusal(topic_named(std::string(32768, 'a')), 1),
        "MetadataRequest version 1: .topics[0].name is a string of 32768 bytes, more than 32767");
}

TEST(Encode, AVersionThatIsNotThereIsRefused) {  // Kafka's classes do so for messages with nested
                                                 // structures only
    for (const int version : {3, 19, 99, -1})
        EXPECT_NE(refusal(FetchRequest{}, static_cast<std::int16_t>(version)), "");
    EXPECT_NE(refusal(HeartbeatRequest{}, 5), "");
    EXPECT_EQ(refusal(FetchRequest{}, 4), "");
    EXPECT_EQ(refusal(FetchRequest{}, 18), "");
}

TEST(Encode, NullWhereTheVersionKnowsNoneIsRefused) {
    MetadataRequest request;
    request.topics.reset();
    EXPECT_EQ(refusal(request, 0),
              "MetadataRequest version 0: .topics is null, but this version knows no null there");
    EXPECT_EQ(refusal(request, 1), "");
    request.topics.emplace().push_back({.name = std::nullopt});
    EXPECT_EQ(
        refusal(request, 1),
        "MetadataRequest version 1: .topics[0].name is null, but this version knows no null there");
    EXPECT_EQ(refusal(request, 10), "");
}

TEST(Encode, UnknownTaggedFieldsRiseAndNeedAFlexibleVersion) {
    const auto tried = [](std::int16_t version, UnknownTags tags) {
        FetchRequest request;
        request.cluster_id = "c";
        if (version < 12) request.cluster_id.reset();
        ByteSink sink;
        return encode(schema_of<FetchRequest>(), &request, version, sink, {.unknown = &tags})
            .has_value();
    };
    const auto tag = [](std::uint32_t number) {
        return UnknownTag{0, number, Bytes::copy("x"), "/"};
    };
    EXPECT_TRUE(tried(12, {tag(5), tag(9)}));
    EXPECT_TRUE(tried(12, {tag(0)}));  // beside the known tag 0
    EXPECT_FALSE(tried(12, {tag(9), tag(5)}));
    EXPECT_FALSE(tried(12, {tag(9), tag(9)}));
    EXPECT_FALSE(tried(11, {tag(9)}));
    EXPECT_TRUE(tried(11, {}));
}

TEST(Decode, LengthsAreCheckedBeforeMemoryIsTaken) {
    // 2^31-1 topics in 4 bytes; 2^24 topics and no bytes.
    EXPECT_EQ(decode<MetadataRequest>(bytes_of("7fffffff"), 1).error().detail,
              "MetadataRequest version 1: .topics has 2147483647 elements, but 0 bytes are left");
    EXPECT_FALSE(decode<MetadataRequest>(bytes_of("ffffffff07"), 9));
    EXPECT_FALSE(decode<MetadataRequest>(bytes_of("ffffffff0f"), 9));
    // 64 MiB of topics of two bytes each: 32 M of them would take 2 GiB.
    std::vector<std::byte> many(64 * 1024 * 1024, std::byte{0});
    std::byte* at = store_unsigned_varint(many.data(), many.size() / 2);
    for (; at + 1 < many.data() + many.size(); at += 2) at[0] = std::byte{1};
    const auto result = decode<MetadataRequest>(BytesView(many), 9);
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().detail.find("limit for its memory"), std::string::npos)
        << result.error().detail;
}

TEST(Decode, RecordsAndBytesAreSharesOfTheFrame) {
    ProduceRequest request;
    request.topic_data.push_back(
        {.name = "t", .partition_data = {{0, Records(Bytes::copy("batch"))}}});
    const auto parts = encode_request_frame(1, "me", AnyRequest::of(request, 3));
    ASSERT_TRUE(parts);
    ASSERT_EQ(parts->size(), 2u);  // the batch is the last field at version 3
    EXPECT_EQ((*parts)[1].data(),
              request.topic_data[0].partition_data[0].records.parts()[0].data());

    Records whole((*parts)[0]);
    whole.append((*parts)[1]);
    const Bytes all = whole.joined();
    const auto frame = decode_request_frame(all.slice(4, all.size() - 4));
    ASSERT_TRUE(frame);
    const auto& back = frame->request.as<ProduceRequest>();
    EXPECT_EQ(back, request);
    const std::byte* data = back.topic_data[0].partition_data[0].records.parts()[0].data();
    EXPECT_TRUE(all.data() <= data && data < all.data() + all.size());
}

TEST(Frame, AResponseOfManyBatchesIsWrittenFromThem) {
    FetchResponse response;
    Records records(Bytes::copy("first"));
    records.append(Bytes::copy("second"));
    response.responses.push_back(
        {.topic = "t", .partitions = {{.records = records}, {.records = Records::empty()}}});
    const auto parts = encode_response_frame(7, AnyResponse::of(response, 12));
    ASSERT_TRUE(parts);
    ASSERT_EQ(parts->size(), 4u);
    EXPECT_EQ(as_text((*parts)[1]), "first");
    EXPECT_EQ(as_text((*parts)[2]), "second");
    Records whole;
    for (const Bytes& part : *parts) whole.append(part);
    const Bytes all = whole.joined();
    EXPECT_EQ(load_be<std::int32_t>(all.data()), static_cast<std::int32_t>(all.size()) - 4);
    const auto back = decode_response_frame(all.slice(4, all.size() - 4), *find_api(1), 12);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->correlation_id, 7);
    EXPECT_EQ(back->response.as<FetchResponse>(), response);
}

TEST(Frame, WhatIsNoRequestSaysWhy) {
    using Why = BadRequest::Why;
    const auto why = [](const char* hex) { return decode_request_frame(bytes_of(hex)).error(); };
    EXPECT_EQ(why("-").why, Why::Header);
    EXPECT_EQ(why("00120000000000").why, Why::Header);
    const BadRequest unknown = why("7fff00000000002affff");
    EXPECT_EQ(unknown.why, Why::UnknownKey);
    EXPECT_EQ(unknown.header->correlation_id, 42);
    EXPECT_EQ(unknown.error.detail, "unknown API key 32767");
    const BadRequest version = why("0012006300000007000361626300");
    EXPECT_EQ(version.why, Why::UnsupportedVersion);
    EXPECT_EQ(version.header->client_id, "abc");
    EXPECT_EQ(version.error.code, ErrorCode::UnsupportedVersion);
    EXPECT_EQ(version.error.detail, "ApiVersions has versions 0 to 5, not 99");
    EXPECT_EQ(why("00120063000000077fff616263").why, Why::Header);  // the client id is cut
    EXPECT_EQ(why("0003000100000007ffff000000020001").why, Why::Body);
    // librdkafka 2.16 leaves bytes behind MetadataRequest 13, and Kafka does not mind.
    EXPECT_TRUE(decode_request_frame(bytes_of("0012000000000007ffff00")));
    EXPECT_TRUE(decode_request_frame(bytes_of("0012000000000007ffff")));
}

TEST(Frame, UnstableVersionsAreUnderstoodButNotServed) {
    const auto parts =
        encode_request_frame(1, std::nullopt, AnyRequest::of(InitProducerIdRequest{}, 6));
    ASSERT_TRUE(parts);
    const Bytes& frame = (*parts)[0];
    EXPECT_EQ(decode_request_frame(frame.slice(4, frame.size() - 4)).error().why,
              BadRequest::Why::UnsupportedVersion);
}

TEST(Frame, NeverCrashesOnDamagedBytes) {
    std::uint64_t state = 7;
    const auto random = [&](std::size_t below) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::size_t>(state >> 33) % below;
    };
    std::vector<Bytes> frames;
    for (const auto& row : golden::read_rows(golden::golden("rpc-more/rpc-frames.tsv.gz"))) {
        if (row[0] == "request") frames.push_back(bytes_of(row[7]));
    }
    std::size_t read = 0;
    for (int round = 0; round < 20000; ++round) {
        const Bytes& good = frames[random(frames.size())];
        std::vector<std::byte> bytes(good.data() + 4, good.data() + good.size() - random(3));
        for (std::size_t edits = 1 + random(3); edits > 0; --edits) {
            bytes[random(bytes.size())] = static_cast<std::byte>(random(256));
        }
        const auto frame = decode_request_frame(Bytes::copy(BytesView(bytes)));
        if (!frame) continue;
        ++read;
        ByteSink sink;
        const auto written = encode_request_frame(frame->header, frame->request, sink);
        EXPECT_TRUE(written) << written.error().detail;
    }
    EXPECT_GT(read, 1000u);
}

TEST(Json, ErrorsNameTheField) {
    const auto error = [](std::string_view json) {
        MetadataRequest request;
        const auto done = from_json(schema_of<MetadataRequest>(), &request, 1, json);
        return done ? "" : done.error().detail;
    };
    EXPECT_EQ(error(R"({"topics":[{"name":"a"}]})"), "");
    EXPECT_EQ(error(R"({"topics":[{"name":7}]})"),
              "MetadataRequest version 1: .topics[0].name is no text");
    EXPECT_EQ(error(R"({"topics":[{}]})"), "MetadataRequest version 1: .topics[0].name is missing");
    EXPECT_EQ(error(R"({"topics":[{"nome":""}]})"),
              "MetadataRequest version 1: .topics[0] has no field \"nome\"");
    EXPECT_NE(error("{"), "");
    VoteResponse vote;
    const auto done = from_json(
        schema_of<VoteResponse>(), &vote, 1,
        R"({"errorCode":0,"topics":[],"nodeEndpoints":[{"nodeId":1,"host":"h","port":65536}]})");
    EXPECT_EQ(
        done.error().detail,
        "VoteResponse version 1: .nodeEndpoints[0].port has value 65536, outside of its type");
}

TEST(Json, DoublesLookLikeJavas) {
    const auto text = [](double value) {
        std::string out;
        append_java_double(value, out);
        return out;
    };
    EXPECT_EQ(text(0), "0.0");
    EXPECT_EQ(text(-0.0), "-0.0");
    EXPECT_EQ(text(1), "1.0");
    EXPECT_EQ(text(100), "100.0");
    EXPECT_EQ(text(1234567.25), "1234567.25");
    EXPECT_EQ(text(9999999), "9999999.0");
    EXPECT_EQ(text(1e7), "1.0E7");
    EXPECT_EQ(text(35610943.12792969), "3.561094312792969E7");
    EXPECT_EQ(text(0.001), "0.001");
    EXPECT_EQ(text(0.00099), "9.9E-4");
    EXPECT_EQ(text(-0.5), "-0.5");
    EXPECT_EQ(text(1e23), "1.0E23");
    EXPECT_EQ(text(4.9e-324), "4.9E-324");
    EXPECT_EQ(text(9.9e-324), "9.9E-324");
    EXPECT_EQ(text(1.7976931348623157e308), "1.7976931348623157E308");
    EXPECT_EQ(text(1.0 / 0.0), "\"Infinity\"");
}

// Mutated bytes of every message: values or an error, and what decodes can be written again.
TEST(Decode, NeverCrashesOnDamagedBytes) {
    std::uint64_t state = 20261125;
    const auto random = [&](std::size_t below) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<std::size_t>(state >> 33) % below;
    };
    const std::byte kTelling[] = {std::byte{0}, std::byte{1}, std::byte{0x7f}, std::byte{0x80},
                                  std::byte{0xff}};
    std::vector<golden::Row> rows;
    for (const char* folder : {"rpc", "records"}) {
        for (const auto& file : golden::golden_files(folder)) {
            for (auto& row : golden::read_rows(file)) {
                if (row.size() > 4 && row[4] != "-" && row[4].size() < 4000 && find_message(row[0]))
                    rows.push_back(std::move(row));
            }
        }
    }
    ASSERT_GT(rows.size(), 6000u);
    std::size_t read = 0, refused = 0;
    for (int round = 0; round < 40000; ++round) {
        const golden::Row& row = rows[random(rows.size())];
        std::vector<std::byte> bytes;
        if (!from_hex(row[4], bytes)) continue;
        for (std::size_t edits = 1 + random(4); edits > 0 && !bytes.empty(); --edits) {
            const std::size_t at = random(bytes.size());
            switch (random(4)) {
                case 0:
                    bytes[at] = kTelling[random(5)];
                    break;
                case 1:
                    bytes[at] ^= static_cast<std::byte>(1u << random(8));
                    break;
                case 2:
                    bytes.resize(at);
                    break;
                default:
                    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                 kTelling[random(5)]);
                    break;
            }
        }
        const Schema* schema = find_message(row[0]);
        const auto version = static_cast<std::int16_t>(std::stoi(row[1]));
        const Bytes block = Bytes::copy(BytesView(bytes));
        const auto message = schema->make();
        UnknownTags tags;
        if (!decode(*schema, message.get(), block.view(), &block, version, &tags)) {
            ++refused;
            continue;
        }
        ++read;
        std::string json;
        EXPECT_TRUE(to_json(*schema, message.get(), version, json));
        ByteSink sink;
        const auto written = encode(*schema, message.get(), version, sink);
        ASSERT_TRUE(written) << written.error().detail;
        const Bytes again = sink.to_bytes();
        const auto second = schema->make();
        ASSERT_TRUE(decode(*schema, second.get(), again.view(), &again, version))
            << row[0] << " " << row[1];
        std::string second_json;
        EXPECT_TRUE(to_json(*schema, second.get(), version, second_json));
        EXPECT_EQ(json, second_json);
    }
    EXPECT_GT(read, 5000u);
    EXPECT_GT(refused, 5000u);
}

}  // namespace
}  // namespace millrace::wire
