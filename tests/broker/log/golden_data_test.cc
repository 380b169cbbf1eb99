// The data directory that Apache Kafka 4.4.0 left behind: opened, and serving what its story says.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <simdjson.h>

#include "log_fixture.h"
#include "millrace/broker/log/checkpoint_file.h"
#include "millrace/wire/batch/compression.h"

namespace millrace::broker::log_test {
namespace {

const std::string kGolden = std::string(MILLRACE_TESTS_DIR) + "/golden/";

std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in.good()) << path;
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

class GoldenData : public DirectoryTest {
protected:
    void SetUp() override {
        namespace fs = std::filesystem;
        const std::string root = kGolden + "broker-data";
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            const std::string relative = "data/" + entry.path().string().substr(root.size() + 1);
            if (entry.is_directory()) {
                ASSERT_TRUE(disk.make_directories(relative).has_value());
                continue;
            }
            const std::size_t slash = relative.rfind('/');
            ASSERT_TRUE(disk.make_directories(relative.substr(0, slash)).has_value());
            const std::string content = text_of(entry.path().string());
            originals[relative.substr(5)] = content;
            auto file = *disk.open(relative, OpenMode::Create);
            ASSERT_TRUE(file->write(0, as_bytes(content)).has_value());
            ASSERT_TRUE(file->sync().has_value());
            ASSERT_TRUE(disk.sync_directory(relative.substr(0, slash)).has_value());
        }
        ASSERT_TRUE(disk.sync_directory("data").has_value());
        ASSERT_TRUE(disk.sync_directory("").has_value());
        config.cluster_id = "A9lrdoiy2cUociYaRmvAEA";
    }
    Log& golden(const std::string& topic_name, std::int32_t partition = 0) {
        const TopicPartition tp{topic_name, partition};
        const auto id = parse_partition_metadata(originals[tp.to_string() + "/partition.metadata"]);
        EXPECT_TRUE(id.has_value());
        auto opened = directory->open_log(tp, *id, topic);
        EXPECT_TRUE(opened.has_value()) << opened.error().detail;
        return **opened;
    }
    std::string content(const std::string& path) {
        const auto bytes = disk.content("data/" + path);
        return bytes ? std::string(as_text(*bytes)) : "(none)";
    }
    // Every batch of every log, through Log::read, against FileRecords' list of them. How many
    // there were.
    int compare_batches(std::size_t bytes_max) {
        simdjson::dom::parser parser;
        std::istringstream lines(text_of(kGolden + "log-files/broker-batches.tsv"));
        int batches = 0;
        std::map<std::string, Offset> at;
        for (std::string line; std::getline(lines, line);) {
            if (line.empty() || line[0] == '#') continue;
            const std::size_t a = line.find('\t'), b = line.find('\t', a + 1);
            const std::string file = line.substr(0, a);
            const std::string name = file.substr(0, file.find('/'));
            if (!file.ends_with(".log")) continue;  // raft snapshots are not segments
            SCOPED_TRACE(file + " " + line.substr(a + 1, b - a - 1));
            simdjson::dom::element json;
            EXPECT_EQ(parser.parse(line.substr(b + 1)).get(json), simdjson::SUCCESS);
            Log& log = golden(name.substr(0, name.rfind('-')),
                              std::stoi(name.substr(name.rfind('-') + 1)));
            Offset& from = at.try_emplace(name, log.log_start_offset()).first->second;
            if (int64_t(json["lastOffset"]) < from.value()) continue;  // below the log start
            const auto bytes = log.read(from, bytes_max, Offset{INT64_MAX});
            EXPECT_TRUE(bytes.has_value() && !bytes->empty());
            if (!bytes || bytes->empty()) return -1;
            const auto view = *wire::RecordBatchView::of(*bytes);
            EXPECT_EQ(view.base_offset().value(), int64_t(json["baseOffset"]));
            EXPECT_EQ(view.last_offset().value(), int64_t(json["lastOffset"]));
            EXPECT_EQ(view.producer_id().value(), int64_t(json["producerId"]));
            EXPECT_EQ(view.count(), int64_t(json["count"]));
            EXPECT_TRUE(view.validate().has_value());
            EXPECT_TRUE(wire::uncompressed_records(view).has_value());
            from = view.next_offset();
            ++batches;
        }
        return batches;
    }

    std::map<std::string, std::string> originals;
};

TEST_F(GoldenData, OpensWithoutTouchingWhatIsThere) {
    open();
    EXPECT_TRUE(directory->was_clean());
    EXPECT_EQ(directory->cluster_id(), config.cluster_id);
    EXPECT_EQ(directory->directory_id().to_string(), "zTh7AukIT7ao5vPLvwCaUw");
    EXPECT_EQ(directory->topic_partitions().size(), 10u);
    EXPECT_GT(compare_batches(1), 100);
    close();
    for (const auto& [path, original] : originals) {
        if (path.find('/') != std::string::npos) EXPECT_EQ(content(path), original) << path;
    }
}

TEST_F(GoldenData, ServesWhatTheStorySays) {
    open();
    using Texts = std::vector<std::string>;
    Log& txn = golden("txn");
    EXPECT_EQ(*read_all(txn, Offset{0}),
              (Texts{"0:1", "1:\xc3\x9ftab.", "2:2", "3:!", "4:3", "5:4",
                     "6:\xe6\x97\xa5\xe6\x9c\xacz\xc3\xbcrich", "7:!",
                     "8:\xc3\xa9.\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87", "9:5", "10:!", "11:6"}));
    EXPECT_EQ(txn.log_end_offset(), Offset{12});
    EXPECT_EQ(txn.high_watermark(), Offset{12});
    EXPECT_EQ(txn.last_stable_offset(), Offset{11}) << "txn-left-open";
    const AbortedTransaction aborted{ProducerId{2}, Offset{4}, Offset{7}, Offset{8}};
    EXPECT_EQ(*txn.aborted_transactions(Offset{0}, Offset{11}), std::vector{aborted});
    EXPECT_EQ(*txn.aborted_transactions(Offset{6}, Offset{8}), std::vector{aborted});
    EXPECT_TRUE(txn.aborted_transactions(Offset{8}, Offset{11})->empty());
    EXPECT_EQ(txn.producers().find(ProducerId{2})->epoch, ProducerEpoch{3});
    EXPECT_EQ(txn.producers().find(ProducerId{3})->transaction_start, Offset{11});

    Log& rolled = golden("rolled");
    EXPECT_EQ(rolled.segment_count(), 4u);
    EXPECT_EQ(rolled.epochs().entries(),
              (std::vector<EpochEntry>{{LeaderEpoch{0}, Offset{0}}, {LeaderEpoch{2}, Offset{18}}}));
    // Three days of records: the first of the second day is the first of the second segment.
    const auto second_day =
        rolled.offset_for_timestamp(Timestamp{1'700'000'000'000 + 12 * 3600 * 1000});
    EXPECT_EQ((*second_day)->offset, Offset{6});

    EXPECT_EQ(golden("trimmed").log_start_offset(), Offset{6}) << "DeleteRecords before offset 6";
    EXPECT_EQ(golden("trimmed").read(Offset{5}, 100, Offset{11}).error().code,
              ErrorCode::OffsetOutOfRange);
    EXPECT_EQ(golden("trimmed", 1).log_end_offset(), Offset{0});
    EXPECT_EQ(golden("codecs").log_end_offset(), Offset{26});
    EXPECT_EQ(golden("compacted").log_end_offset(), Offset{14});
    EXPECT_EQ(golden("__consumer_offsets").log_end_offset(), Offset{53});
    EXPECT_EQ(golden("__cluster_metadata").log_end_offset(), Offset{228});
    Log& append_time = golden("append-time");
    const auto bytes = *append_time.read(Offset{0}, 1000, Offset{4});
    const auto view = *wire::RecordBatchView::of(bytes);
    EXPECT_EQ(view.timestamp_type(), wire::TimestampType::LogAppendTime);
}

TEST_F(GoldenData, GoesOnWhereKafkaStopped) {
    open();
    const auto info = golden("rolled").append_as_leader(batch({{"ours"}, 1'700'300'000'000}),
                                                        client(3, 1'700'300'000'000));
    ASSERT_TRUE(info.has_value()) << info.error().detail;
    EXPECT_EQ(info->first_offset, Offset{19});
    close();
    open();
    EXPECT_EQ(golden("rolled").log_end_offset(), Offset{20});
    EXPECT_EQ(golden("rolled").latest_epoch(), LeaderEpoch{3});
    const auto parsed = parse_offset_checkpoint(content("recovery-point-offset-checkpoint"));
    EXPECT_EQ(parsed->at({"rolled", 0}), Offset{20});
    EXPECT_EQ(parsed->at({"codecs", 0}), Offset{26});
}

// After an unclean stop everything is built from the batches again, and equals Kafka's files byte
// for byte.
TEST_F(GoldenData, RebuildsKafkasFilesFromTheBatches) {
    ASSERT_TRUE(disk.remove("data/.kafka_cleanshutdown").has_value());
    ASSERT_TRUE(disk.remove("data/recovery-point-offset-checkpoint").has_value());
    for (const auto& [path, text] : originals) {
        if (path.ends_with("index") || path.ends_with("leader-epoch-checkpoint"))
            ASSERT_TRUE(disk.remove("data/" + path).has_value());
        if (path.ends_with(".snapshot")) ASSERT_TRUE(disk.remove("data/" + path).has_value());
    }
    config.log_defaults.index_interval_bytes = 1;
    open();
    EXPECT_FALSE(directory->was_clean());
    EXPECT_GT(compare_batches(1 << 20), 0);
    close();
    int same = 0;
    for (const auto& [path, original] : originals) {
        // These topics have a small index interval. (So has codecs, but a restart forgot how far
        // the last entry was away.)
        const bool small_interval = path.starts_with("txn-0/") || path.starts_with("rolled-0/");
        const bool index = path.ends_with("index");
        // Epochs that have no records yet are not in the batches.
        const bool epochs = path == "rolled-0/leader-epoch-checkpoint" ||
                            path == "codecs-0/leader-epoch-checkpoint";
        if ((index && small_interval) ||
            (path.ends_with(".txnindex") && !path.starts_with("compacted")) || epochs) {
            EXPECT_EQ(to_hex(as_bytes(content(path))), to_hex(as_bytes(original))) << path;
            ++same;
        }
    }
    EXPECT_EQ(same, 16);
    // The producers at the end of each log are those of Kafka's snapshot. (In rolled, Kafka has let
    // one expire.)
    for (const char* name :
         {"txn-0/00000000000000000012.snapshot", "codecs-0/00000000000000000026.snapshot",
          "append-time-0/00000000000000000004.snapshot"}) {
        EXPECT_EQ(to_hex(as_bytes(content(name))), to_hex(as_bytes(originals[name]))) << name;
    }
}

TEST_F(GoldenData, OpensADirectoryWithoutItsSmallFiles) {
    for (const char* name : {"recovery-point-offset-checkpoint", "replication-offset-checkpoint",
                             "log-start-offset-checkpoint"})
        ASSERT_TRUE(disk.remove(std::string("data/") + name).has_value());
    open();
    EXPECT_EQ(golden("txn").log_end_offset(), Offset{12});
    EXPECT_EQ(golden("trimmed").log_start_offset(), Offset{0});
    directory.reset();
    Random random(4);
    disk.crash(
        random);  // right away: what was there before us is believed although no journal knows it
    open();
    EXPECT_EQ(golden("txn").log_end_offset(), Offset{12});
    EXPECT_EQ(golden("__cluster_metadata").log_end_offset(), Offset{228});
}

// ---- small files
// ---------------------------------------------------------------------------------------------------

std::string unquoted(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    EXPECT_EQ(parser.parse(json).get(element), simdjson::SUCCESS) << json;
    return std::string(std::string_view(element));
}

struct SmallFile {
    std::string name, about, text, outcome, result;
};

std::vector<SmallFile> small_files() {
    std::vector<SmallFile> all;
    std::istringstream lines(text_of(kGolden + "log-files/small-files.tsv"));
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::vector<std::string> columns;
        std::istringstream row(line);
        for (std::string column; std::getline(row, column, '\t');) columns.push_back(column);
        columns.resize(5);
        SmallFile file{columns[0], columns[1], "", columns[3], columns[4]};
        if (columns[2].starts_with("hex:")) {
            std::vector<std::byte> bytes;
            if (columns[2] != "hex:-")
                EXPECT_TRUE(from_hex(std::string_view(columns[2]).substr(4), bytes));
            file.text = std::string(as_text(bytes));
        } else {
            file.text = unquoted(columns[2]);
        }
        all.push_back(file);
    }
    return all;
}

TEST(SmallFiles, AreReadAsKafkaReadsThem) {
    int seen = 0;
    for (const SmallFile& file : small_files()) {
        SCOPED_TRACE(file.name + ' ' + file.about + ' ' + file.text);
        const bool good = file.outcome.empty() || file.outcome == "ok";
        const std::string result = file.result.empty() ? "" : unquoted(file.result);
        ++seen;
        if (file.name == "recovery-point-offset-checkpoint") {
            const auto parsed = parse_offset_checkpoint(file.text);
            EXPECT_EQ(parsed.has_value(), good);
            if (!parsed) continue;
            if (file.about != "\"read\"")
                EXPECT_EQ(parse_offset_checkpoint(to_text(*parsed)).value(), *parsed);
            if (result.starts_with("{a-0="))
                EXPECT_EQ(std::to_string(parsed->at({"a", 0}).value()) + '}', result.substr(5));
            if (result == "{}") EXPECT_TRUE(parsed->empty());
        } else if (file.name == "leader-epoch-checkpoint") {
            const auto parsed = LeaderEpochCache::from_text(file.text);
            EXPECT_EQ(parsed.has_value(), good);
            if (parsed && file.outcome.empty()) EXPECT_EQ(parsed->to_text(), file.text);
        } else if (file.name == "partition.metadata") {
            const auto parsed = parse_partition_metadata(file.text);
            EXPECT_EQ(parsed.has_value(), good);
            if (parsed) EXPECT_EQ(partition_metadata_text(*parsed), file.text);
        } else if (file.name == "meta.properties") {
            const auto parsed = parse_meta_properties(file.text);
            EXPECT_EQ(parsed.has_value(), good);
            if (!parsed) continue;
            if (file.about != "\"read\"") {
                EXPECT_EQ(parsed->cluster_id, "clu:ster=\xc3\xa9");
                EXPECT_EQ(parsed->node_id, 3);
                EXPECT_EQ(parse_meta_properties(to_text(*parsed)).value(), *parsed);
            }
            EXPECT_EQ(result.find("nodeId=") != std::string::npos || file.outcome.empty(),
                      parsed->node_id.has_value());
        } else if (file.name == ".kafka_cleanshutdown") {
            const auto parsed = parse_clean_shutdown(file.text);
            if (file.outcome.empty()) EXPECT_EQ(to_text(*parsed), file.text);
            if (!file.outcome.empty())
                EXPECT_EQ(parsed ? "OptionalLong[" + std::to_string(parsed->broker_epoch) + "]"
                                 : "OptionalLong.empty",
                          result);
        } else if (file.name.ends_with(".snapshot")) {
            const auto parsed = ProducerStateTable::decode_snapshot(as_bytes(file.text));
            EXPECT_EQ(parsed.has_value(), good);
            if (parsed) EXPECT_EQ(to_hex(parsed->encode_snapshot()), to_hex(as_bytes(file.text)));
        } else if (file.name.ends_with("index")) {
            testkit::SimDisk disk;
            ASSERT_TRUE((*disk.open(file.name, OpenMode::Create))
                            ->write(0, as_bytes(file.text))
                            .has_value());
            if (file.name.ends_with(".index")) {
                OffsetIndex index(disk, file.name, Offset{100});
                ASSERT_TRUE(index.load().has_value());
                EXPECT_EQ(*index.lookup(Offset{105}), (OffsetIndexEntry{Offset{100}, 0}));
                EXPECT_EQ(*index.lookup(Offset{134}), (OffsetIndexEntry{Offset{124}, 7508}));
                EXPECT_EQ(*index.lookup(Offset{999}), (OffsetIndexEntry{Offset{154}, 10478}));
                OffsetIndex again(disk, "again", Offset{100});
                for (std::int64_t i = 0; i < index.size(); ++i)
                    again.add(index.at(i)->offset, index.at(i)->position);
                ASSERT_TRUE(again.write().has_value());
            } else if (file.name.ends_with(".timeindex")) {
                TimeIndex index(disk, file.name, Offset{100});
                ASSERT_TRUE(index.load().has_value());
                EXPECT_EQ(index.lookup(Timestamp{1700000002323})->offset, Offset{124});
                TimeIndex again(disk, "again", Offset{100});
                for (std::int64_t i = 0; i < index.size(); ++i)
                    ASSERT_TRUE(again.maybe_add(*index.at(i)).has_value());
                ASSERT_TRUE(again.maybe_add({Timestamp{1700000002879}, Offset{170}}).has_value())
                    << "the same timestamp: no entry";
                ASSERT_TRUE(again.write().has_value());
            } else {
                TransactionIndex index(disk, file.name);
                const auto entries = index.entries();
                ASSERT_TRUE(entries.has_value());
                TransactionIndex again(disk, "again");
                for (const auto& entry : **entries) ASSERT_TRUE(again.add(entry).has_value());
                ASSERT_TRUE(again.write().has_value());
            }
            EXPECT_EQ(to_hex(*disk.content("again")), to_hex(as_bytes(file.text)));
        } else {
            --seen;  // quorum-state belongs to raft
        }
    }
    EXPECT_GT(seen, 45);
}

}  // namespace
}  // namespace millrace::broker::log_test
