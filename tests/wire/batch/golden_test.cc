// Batches as the Java library writes them: read, compared with its description, and built again.
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "millrace/wire/batch/compression.h"
#include "millrace/wire/batch/record_batch.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::wire {
namespace {

struct Vector {
    std::string label, json, hex;
};

std::vector<Vector> vectors(const std::string& file) {
    std::ifstream in(std::string(MILLRACE_TESTS_DIR) + "/golden/batches/" + file);
    EXPECT_TRUE(in.good()) << file;
    std::vector<Vector> all;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        const auto a = line.find('\t'), b = line.rfind('\t');
        all.push_back({line.substr(0, a), line.substr(a + 1, b - a - 1), line.substr(b + 1)});
    }
    return all;
}

Bytes unhex(const std::string& hex) {
    std::vector<std::byte> bytes;
    if (hex != "-") {
        EXPECT_TRUE(from_hex(hex, bytes));
    }
    return Bytes::copy(BytesView(bytes));
}

std::string text(const NullableView& bytes) {
    if (bytes.is_null()) return "null";
    return bytes.size() == 0 ? "-" : to_hex(bytes.view());
}

std::vector<RecordView> read_all(const RecordBatchView& batch, BytesView records,
                                 std::size_t chunk) {
    RecordReader reader(batch, records);
    std::vector<RecordView> all, some(chunk);
    for (;;) {
        const auto n = reader.read(some);
        EXPECT_TRUE(n.has_value()) << n.error().detail;
        if (!n || *n == 0) return all;
        all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*n));
    }
}

void expect_same(const RecordBatchView& batch, simdjson::dom::element json, BytesView records) {
    EXPECT_EQ(batch.base_offset().value(), int64_t(json["baseOffset"]));
    EXPECT_EQ(batch.last_offset().value(), int64_t(json["lastOffset"]));
    EXPECT_EQ(batch.size(), uint64_t(json["sizeInBytes"]));
    EXPECT_EQ(batch.leader_epoch().value(), int64_t(json["partitionLeaderEpoch"]));
    char crc[9];
    std::snprintf(crc, sizeof crc, "%08x", batch.crc());
    EXPECT_EQ(std::string_view(crc), std::string_view(json["crc"]));
    static constexpr std::string_view kCodecs[] = {"none", "gzip", "snappy", "lz4", "zstd"};
    EXPECT_EQ(kCodecs[batch.codec_number()], std::string_view(json["compression"]));
    EXPECT_EQ(
        batch.timestamp_type() == TimestampType::LogAppendTime ? "LogAppendTime" : "CreateTime",
        std::string_view(json["timestampType"]));
    EXPECT_EQ(batch.transactional(), bool(json["transactional"]));
    EXPECT_EQ(batch.control(), bool(json["control"]));
    EXPECT_EQ(batch.base_timestamp().value(), int64_t(json["baseTimestamp"]));
    EXPECT_EQ(batch.max_timestamp().value(), int64_t(json["maxTimestamp"]));
    if (json["deleteHorizonMs"].is_null()) {
        EXPECT_FALSE(batch.delete_horizon().has_value());
    } else
        EXPECT_EQ(batch.delete_horizon()->value(), int64_t(json["deleteHorizonMs"]));
    EXPECT_EQ(batch.producer_id().value(), int64_t(json["producerId"]));
    EXPECT_EQ(batch.producer_epoch().value(), int64_t(json["producerEpoch"]));
    EXPECT_EQ(batch.base_sequence(), int64_t(json["baseSequence"]));
    EXPECT_EQ(batch.last_sequence(), int64_t(json["lastSequence"]));
    EXPECT_EQ(batch.count(), int64_t(json["count"]));

    const auto read = read_all(batch, records, 7);
    simdjson::dom::array list = json["records"];
    ASSERT_EQ(read.size(), list.size());
    std::size_t i = 0;
    for (simdjson::dom::element expected : list) {
        const RecordView& record = read[i++];
        EXPECT_EQ(record.offset.value(), int64_t(expected["offset"]));
        EXPECT_EQ(record.timestamp.value(), int64_t(expected["timestamp"]));
        EXPECT_EQ(text(record.key), std::string_view(expected["key"]));
        EXPECT_EQ(text(record.value), std::string_view(expected["value"]));
        simdjson::dom::array headers = expected["headers"];
        ASSERT_EQ(record.headers.count(), headers.size());
        auto header = record.headers.begin();
        for (simdjson::dom::element pair : headers) {
            EXPECT_EQ(as_text((*header).key), std::string_view(pair.at(0)));
            EXPECT_EQ(text((*header).value), std::string_view(pair.at(1)));
            ++header;
        }
        EXPECT_EQ(header, record.headers.end());
        if (batch.base_sequence() >= 0) {
            EXPECT_EQ(sequence_plus(batch.base_sequence(),
                                    static_cast<std::int32_t>(record.offset - batch.base_offset())),
                      int64_t(expected["sequence"]));
        }
        std::string_view control;
        if (expected["controlType"].get(control) == simdjson::SUCCESS &&
            (control == "COMMIT" || control == "ABORT")) {
            const auto marker = end_transaction_marker(batch);
            ASSERT_TRUE(marker.has_value());
            EXPECT_EQ(marker->type, control == "COMMIT" ? ControlType::Commit : ControlType::Abort);
            EXPECT_EQ(marker->coordinator_epoch, int64_t(expected["coordinatorEpoch"]));
        }
    }
}

// The same batch from its records: byte for byte when nothing is compressed.
Bytes rebuild(const RecordBatchView& batch, BytesView records, Codec codec) {
    MutableBlock raw(batch.size());  // log append time hides the records' own timestamps: take the
                                     // bit away to see them
    std::memcpy(raw.data(), batch.bytes().data(), batch.size());
    store_be(raw.data() + 21, static_cast<std::uint16_t>(batch.attributes() & ~8));
    const Bytes plain(std::move(raw));
    RecordBatchBuilder builder(64);  // grows
    builder.set_base_timestamp(batch.base_timestamp());
    bool odd = true;
    for (const RecordView& record : read_all(*RecordBatchView::of(plain), records, 256)) {
        const auto delta = static_cast<std::int32_t>(record.offset - batch.base_offset());
        std::vector<Header> headers;
        for (HeaderView header : record.headers) headers.push_back({header.key, header.value});
        if (delta == builder.count() && (odd = !odd))
            builder.append(record.timestamp, record.key, record.value, record.headers);
        else
            builder.append_at(delta, record.timestamp, record.key, record.value, headers);
    }
    BatchSettings settings{.base_offset = batch.base_offset(),
                           .leader_epoch = batch.leader_epoch(),
                           .codec = codec,
                           .timestamp_type = batch.timestamp_type(),
                           .log_append_time = batch.max_timestamp(),
                           .producer_epoch = batch.producer_epoch(),
                           .base_sequence = batch.base_sequence(),
                           .transactional = batch.transactional(),
                           .control = batch.control(),
                           .last_offset_delta = batch.last_offset_delta(),
                           .delete_horizon = batch.delete_horizon().has_value()};
    if (batch.has_producer_id()) settings.producer_id = batch.producer_id();
    return builder.finish(settings);
}

TEST(RecordBatchGolden, ReadsAndWritesWhatJavaWrites) {
    simdjson::dom::parser parser;
    int batches = 0;
    for (const Vector& vector : vectors("batches.tsv")) {
        SCOPED_TRACE(vector.label);
        const Bytes bytes = unhex(vector.hex);
        simdjson::dom::element json;
        ASSERT_EQ(parser.parse(vector.json).get(json), simdjson::SUCCESS);
        BatchWalker walker(bytes);
        for (simdjson::dom::element expected : json.get_array()) {
            const auto batch = walker.next();
            ASSERT_TRUE(batch.has_value());
            EXPECT_TRUE(batch->validate().has_value());
            const auto records = uncompressed_records(Bytes::copy(batch->bytes()));
            ASSERT_TRUE(records.has_value()) << records.error().detail;
            expect_same(*batch, expected, *records);

            if (batch->codec() == Codec::None && batch->count() > 0) {
                EXPECT_EQ(to_hex(rebuild(*batch, *records, Codec::None)), to_hex(batch->bytes()));
            }
            for (Codec codec : {Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd}) {
                if (batch->control()) continue;
                const Bytes packed = rebuild(*batch, *records, codec);
                const auto again = RecordBatchView::of(packed);
                ASSERT_TRUE(again.has_value());
                EXPECT_TRUE(again->validate().has_value());
                const auto unpacked = uncompressed_records(packed);
                ASSERT_TRUE(unpacked.has_value()) << unpacked.error().detail;
                EXPECT_TRUE(equal(*unpacked, *records));
            }
            ++batches;
        }
        EXPECT_FALSE(walker.next().has_value());
        EXPECT_TRUE(walker.status().has_value());
        EXPECT_EQ(walker.left(), 0u);
    }
    EXPECT_EQ(batches, 82);
}

TEST(RecordBatchGolden, EmptiedBatchesAreBuiltToo) {
    for (const Vector& vector : vectors("batches.tsv")) {
        if (vector.label != "none/empty-batch-left-by-cleaning") continue;
        const Bytes bytes = unhex(vector.hex);
        const Bytes built = RecordBatchBuilder().finish({.base_offset = Offset{40},
                                                         .leader_epoch = LeaderEpoch{9},
                                                         .producer_id = ProducerId{77},
                                                         .producer_epoch = ProducerEpoch{3},
                                                         .base_sequence = 12,
                                                         .last_offset_delta = 1});
        std::string want = to_hex(bytes), got = to_hex(built);
        // Cleaning keeps the old max timestamp (and so the CRC differs); the builder has none to
        // keep.
        want.replace(34, 8, 8, '-').replace(70, 16, 16, '-');
        got.replace(34, 8, 8, '-').replace(70, 16, 16, '-');
        EXPECT_EQ(got, want);
    }
}

TEST(RecordBatchGolden, DamagedBatchesAreRefusedWhereJavaRefusesThem) {
    simdjson::dom::parser parser;
    int seen = 0;
    for (const Vector& vector : vectors("batches-broken.tsv")) {
        SCOPED_TRACE(vector.label + ' ' + vector.json);
        ++seen;
        const Bytes bytes = unhex(vector.hex);
        simdjson::dom::element json;
        ASSERT_EQ(parser.parse(vector.json).get(json), simdjson::SUCCESS);
        BatchWalker walker(bytes);
        std::vector<RecordBatchView> batches;
        while (auto batch = walker.next()) batches.push_back(*batch);
        const std::string_view walked = json["batches"];
        if (walked.starts_with("ok ")) {
            if (!vector.label.starts_with(
                    "magic-")) {  // Java still walks magic 0 and 1, which brokers refuse
                EXPECT_TRUE(walker.status().has_value());
                EXPECT_EQ(batches.size(), std::stoul(std::string(walked.substr(3))));
            } else {
                EXPECT_EQ(walker.status().error().code, ErrorCode::UnsupportedForMessageFormat);
            }
        } else if (vector.label != "length-field-2147483647") {  // there Java's arithmetic
                                                                 // overflows: for us, cut short
            EXPECT_FALSE(walker.status().has_value());
        }
        simdjson::dom::array valid = json["valid"], records = json["records"];
        for (std::size_t i = 0; i < batches.size(); ++i) {
            const std::string_view crc = valid.at(i), read = records.at(i);
            EXPECT_EQ(batches[i].check_crc().has_value(), crc == "ok 1");
            std::size_t total = 0;
            std::string failure;
            const auto unpacked =
                batches[i].codec_number() > 4
                    ? Result<Bytes>(fail(ErrorCode::UnsupportedCompressionType, "codec"))
                    : uncompressed_records(Bytes::copy(batches[i].bytes()));
            if (unpacked) {
                RecordReader reader(batches[i], *unpacked);
                std::vector<RecordView> some(1);
                for (;;) {
                    const auto n = reader.read(some);
                    if (!n) failure = "InvalidRecord " + n.error().detail;
                    if (!n || *n == 0) break;
                    total += *n;
                    for (HeaderView header : some[0].headers) (void)header;
                }
            } else {
                failure = unpacked.error().detail;
            }
            EXPECT_EQ(failure.empty(), read.starts_with("ok ")) << failure;
            if (failure.empty() && read.starts_with("ok ")) {
                EXPECT_EQ(total, std::stoul(std::string(read.substr(3))));
            }
        }
    }
    EXPECT_EQ(seen, 121);
}

}  // namespace
}  // namespace millrace::wire
