#pragma once
// A data directory on a simulated disk, and small words to write and read it.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "millrace/broker/log/log_directory.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::broker::log_test {

inline const Uuid kTopicId{0x1111222233334444, 0x5555666677778888};

inline LogDirectoryConfig small_config() {
    LogDirectoryConfig config;
    config.path = "data";
    config.cluster_id = "cluster";
    config.node_id = 1;
    config.directory_id = {1, 2};
    config.journal_file_bytes = 16 << 10;
    config.large_append_bytes = 8 << 10;
    config.reserve_bytes = 4 << 10;
    return config;
}

struct BatchOf {
    std::vector<std::string> values;
    std::int64_t timestamp = 1000;
    std::int64_t producer = -1;
    std::int16_t epoch = 0;
    std::int32_t sequence = 0;
    bool transactional = false;
};

inline Bytes batch(const BatchOf& b) {
    wire::RecordBatchBuilder builder(64);
    std::int64_t time = b.timestamp;
    for (const std::string& value : b.values)
        builder.append(Timestamp{time++}, as_bytes("k"), as_bytes(value));
    wire::BatchSettings settings;
    if (b.producer >= 0) {
        settings.producer_id = ProducerId{b.producer};
        settings.producer_epoch = ProducerEpoch{b.epoch};
        settings.base_sequence = b.sequence;
        settings.transactional = b.transactional;
    }
    return builder.finish(settings);
}

inline Bytes marker(wire::ControlType type, std::int64_t producer, std::int16_t epoch,
                    std::int32_t coordinator = 0) {
    return wire::end_transaction_marker_batch({type, coordinator}, ProducerId{producer},
                                              ProducerEpoch{epoch}, Timestamp{2000});
}

inline AppendOptions client(std::int32_t epoch = 0, std::int64_t now = 1000) {
    return {.leader_epoch = LeaderEpoch{epoch}, .now = Timestamp{now}};
}
inline AppendOptions coordinator(std::int32_t epoch = 0) {
    return {.leader_epoch = LeaderEpoch{epoch},
            .now = Timestamp{1000},
            .origin = AppendOrigin::Coordinator};
}

// "offset:value" of all data records from `from` on; control records as "offset:!".
inline Result<std::vector<std::string>> read_all(Log& log, Offset from,
                                                 std::size_t bytes_max = 1 << 20,
                                                 Offset up_to = Offset{INT64_MAX}) {
    std::vector<std::string> all;
    for (;;) {
        MR_TRY(const Bytes bytes, log.read(from, bytes_max, up_to));
        if (bytes.empty()) return all;
        wire::BatchWalker walker(bytes);
        while (const auto b = walker.next()) {
            MR_TRY_VOID(b->validate());
            wire::RecordReader reader(*b, b->encoded_records());
            std::vector<wire::RecordView> records(static_cast<std::size_t>(b->count()));
            MR_TRY(const std::size_t n, reader.read(records));
            for (std::size_t i = 0; i < n; ++i) {
                if (records[i].offset < from) continue;
                all.push_back(std::to_string(records[i].offset.value()) + ':' +
                              (b->control() ? "!" : std::string(as_text(records[i].value.view()))));
            }
            from = b->next_offset();
        }
    }
}

class DirectoryTest : public ::testing::Test {
protected:
    testkit::SimDisk disk;
    NullLog sink;
    std::unique_ptr<LogDirectory> directory;
    LogDirectoryConfig config = small_config();
    LogConfig topic;

    void open() {
        auto opened = LogDirectory::open(disk, config, sink);
        ASSERT_TRUE(opened.has_value()) << opened.error().detail;
        directory = *std::move(opened);
    }
    Log& log(const std::string& name = "t", std::int32_t partition = 0) {
        auto opened = directory->open_log({name, partition}, kTopicId, topic);
        EXPECT_TRUE(opened.has_value()) << opened.error().detail;
        return **opened;
    }
    // End of a turn: everything is synced, until nothing is left to sync.
    void settle() {
        LogEffects effects;
        directory->flush(effects);
        for (std::size_t i = 0; i < effects.syncs.size(); ++i) {
            const SyncRequest request = effects.syncs[i];
            directory->synced(request.id, request.run(disk), effects);
        }
    }
    void close() {
        const auto closed = directory->close(7);
        ASSERT_TRUE(closed.has_value()) << closed.error().detail;
        directory.reset();
    }
};

}  // namespace millrace::broker::log_test
