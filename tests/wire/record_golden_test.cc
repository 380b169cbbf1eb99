// Payloads of records against what Apache Kafka's own classes write: tests/golden/records.
#include <map>

#include <gtest/gtest.h>

#include "millrace/tests/wire/golden_file.h"
#include "millrace/tests/wire/json_edit.h"
#include "millrace/wire/catalog.h"
#include "millrace/wire/json.h"
#include "millrace/wire/record_codec.h"
#include "millrace/wire/records/consumer_protocol.h"
#include "millrace/wire/records/metadata_record.h"
#include "millrace/wire/records/offsets.h"
#include "millrace/wire/records/transaction_log.h"

namespace millrace::wire {
namespace {

using golden::bytes_of;
using golden::read_rows;
using golden::Row;

std::vector<Row> rows(const std::string& file) {
    return read_rows(golden::golden("records/" + file + ".tsv.gz"));
}

// `framed`: with what stands in front of the record; unknown tagged fields are dropped then.
void expect_vector(const Row& row, bool framed) {
    SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2]);
    const Schema* schema = find_message(row[0]);
    ASSERT_NE(schema, nullptr);
    const auto version = static_cast<std::int16_t>(std::stoi(row[1]));
    const Bytes bytes = bytes_of(row[4]);
    const auto record = schema->make();
    if (framed) {
        const auto read = decode_record(*schema, record.get(), bytes.view(), &bytes, version);
        ASSERT_TRUE(read) << read.error().detail;
        EXPECT_EQ(*read, version);
    } else {
        const auto read = decode(*schema, record.get(), bytes.view(), &bytes, version);
        ASSERT_TRUE(read) << read.error().detail;
        EXPECT_EQ(*read, bytes.size());
    }
    std::string json;
    ASSERT_TRUE(to_json(*schema, record.get(), version, json));
    EXPECT_EQ(json, row[3]);

    const auto from_text = schema->make();
    const auto parsed = from_json(*schema, from_text.get(), version, row[3]);
    ASSERT_TRUE(parsed) << parsed.error().detail;
    for (const auto* from : {record.get(), from_text.get()}) {
        ByteSink again;
        const auto written = framed ? encode_record(*schema, from, version, again)
                                    : encode(*schema, from, version, again);
        ASSERT_TRUE(written) << written.error().detail;
        if (row.size() == 5) {
            EXPECT_EQ(to_hex(again.view()), to_hex(bytes.view()));
        }
    }
}

TEST(RecordGolden, CoordinatorsMetadataProtocolAndTheRest) {
    std::size_t vectors = 0;
    for (const char* file :
         {"coordinators", "metadata", "consumer-protocol", "remote-log-metadata", "data"}) {
        for (const Row& row : rows(file)) {
            expect_vector(row, std::string_view(file) != "data");
            ++vectors;
        }
    }
    EXPECT_EQ(vectors, 1216u);
}

TEST(RecordGolden, EveryMetadataRecordByItsFrame) {
    for (const Row& row : rows("metadata")) {
        SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2]);
        const auto record = decode_metadata_record(bytes_of(row[4]));
        ASSERT_TRUE(record) << record.error().detail;
        EXPECT_EQ(name(*record), row[0]);
        if (row.size() > 5) continue;  // has unknown tagged fields
        ByteSink sink;
        ASSERT_TRUE(
            encode_metadata_record(*record, static_cast<std::int16_t>(std::stoi(row[1])), sink));
        EXPECT_EQ(to_hex(sink.view()), row[4]);
        sink.clear();
        ASSERT_TRUE(
            encode_metadata_record(*record, sink));  // at the lowest version that can say it
        EXPECT_EQ(*decode_metadata_record(sink.to_bytes()), *record);
    }
}

TEST(RecordGolden, BrokenMetadataFramesAreRefused) {
    for (const Row& row : rows("metadata-broken")) {
        EXPECT_FALSE(decode_metadata_record(bytes_of(row[1]))) << row[0];
    }
}

TEST(RecordGolden, FieldsOutsideOfAVersionAreDroppedOrRefused) {
    std::map<std::pair<std::string, std::string>, Row> one;
    for (const char* file : {"coordinators", "metadata", "consumer-protocol", "data"}) {
        for (const Row& row : rows(file)) {
            if (row[2] == "ONE" || row[2] == "DEFAULTS") one[{row[0], row[1]}] = row;
        }
    }
    for (const Row& row : rows("outside-version")) {
        SCOPED_TRACE(row[0] + " " + row[1] + " " + row[2] + " " + row[3]);
        const Schema* schema = find_message(row[0]);
        const Row& base = one.at({row[0], row[1]});
        const auto version = static_cast<std::int16_t>(std::stoi(row[1]));
        const auto record = schema->make();
        ByteSink sink;
        auto done = from_json(*schema, record.get(), version,
                              testing_json::with_field(base[3], row[2], row[3]));
        if (done) done = encode_record(*schema, record.get(), version, sink);
        EXPECT_EQ(done.has_value(), row[4] == "dropped") << (done ? "" : done.error().detail);
        if (done) {
            EXPECT_EQ(to_hex(sink.view()), base[4]);
        }
    }
}

TEST(RecordGolden, TheTransactionLogByItsFeatureLevel) {
    for (const Row& row : rows("transaction-log")) {
        SCOPED_TRACE(row[0]);
        const auto key = decode_record<TransactionLogKey>(bytes_of(row[2]));
        ASSERT_TRUE(key) << key.error().detail;
        const Bytes value_bytes = bytes_of(row[3]);
        const auto value = decode_record<TransactionLogValue>(value_bytes);
        ASSERT_TRUE(value) << value.error().detail;
        const std::int16_t version = value_version(value_bytes.view()).value();
        EXPECT_EQ(
            "{\"transactionalId\":" +
                [&] {
                    std::string text;
                    append_json_text(key->transactional_id, text);
                    return text;
                }() +
                ",\"valueVersion\":" + std::to_string(version) +
                ",\"value\":" + to_json(*value, version).value() + "}",
            row[1]);
        ByteSink sink;
        ASSERT_TRUE(encode_record(*key, 0, sink));
        EXPECT_EQ(to_hex(sink.view()), row[2]);
        sink.clear();
        ASSERT_TRUE(encode_record(*value, version, sink));
        EXPECT_EQ(to_hex(sink.view()), row[3]);
    }
}

TEST(RecordGolden, TheConsumerProtocolReadsWhatIsNewerThanItself) {
    for (const Row& row : rows("consumer-protocol-api")) {
        SCOPED_TRACE(row[0]);
        const Bytes bytes = bytes_of(row[2]);
        const std::int16_t version = std::min<std::int16_t>(value_version(bytes.view()).value(), 3);
        if (row[0].starts_with("subscription")) {
            const auto subscription = decode_record<ConsumerProtocolSubscription>(bytes);
            ASSERT_TRUE(subscription) << subscription.error().detail;
            EXPECT_EQ(to_json(*subscription, version).value(), row[1]);
        } else {
            const auto assignment = decode_record<ConsumerProtocolAssignment>(bytes);
            ASSERT_TRUE(assignment) << assignment.error().detail;
            EXPECT_EQ(to_json(*assignment, version).value(), row[1]);
        }
    }
}

TEST(RecordCodec, TheWrongTypeOrVersionIsRefused) {
    ByteSink sink;
    ASSERT_TRUE(
        encode_record(OffsetCommitKey{.group = "g", .topic = "t", .partition = 3}, 0, sink));
    const Bytes key = sink.to_bytes();
    EXPECT_EQ(key_type(key.view()), 1);
    EXPECT_EQ(decode_record<OffsetCommitKey>(key)->partition, 3);
    EXPECT_FALSE(decode_record<GroupMetadataKey>(key));
    EXPECT_FALSE(decode_record<OffsetCommitValue>(bytes_of("0005")));
    EXPECT_FALSE(decode_record<OffsetCommitValue>(bytes_of("00")));
    EXPECT_EQ(key_type({}), std::nullopt);
}

TEST(RecordCodec, TheLowestVersionCarriesAllThatIsSet) {
    RegisterBrokerRecord broker;
    EXPECT_EQ(lowest_version(broker), 0);
    broker.in_controlled_shutdown = true;
    EXPECT_EQ(lowest_version(broker), 1);
    broker.log_dirs = {Uuid{1, 2}};
    EXPECT_EQ(lowest_version(broker), 3);
    broker.cordoned_log_dirs = std::vector<Uuid>{};
    EXPECT_EQ(lowest_version(broker), 4);
}

}  // namespace
}  // namespace millrace::wire
