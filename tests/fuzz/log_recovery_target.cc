// A data directory is written, stopped in some way, damaged in some way, and opened again. What
// must hold, whatever the damage: an error that says what is wrong, or a directory that serves, of
// every log, batches that were appended to it, in their order, with the bytes they had; it takes
// appends, and opens once more after a clean stop with the same ends.
//
//   byte 0      seed of what is written
//   byte 1      how it stops: 0 clean, 1 killed, 2 power cut, 3 nothing was ever synced by us
//   then        damages of 8 bytes: which file (modulo), kind, where (uint32, modulo), what
//   (uint16)
#include <algorithm>
#include <map>
#include <string>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/base/log_line.h"
#include "millrace/broker/log/log_directory.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/tests/fuzz/fuzz.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::fuzz {
namespace {

using namespace millrace::broker;
using testkit::SimDisk;

constexpr std::size_t kDamageBytes = 8, kDamagesMax = 8;
constexpr Timestamp kNow{1'700'000'000'000};
const std::string kPath = "data";

// What a batch is known by: all that its CRC covers. Values are unique within a run.
std::string body_of(const wire::RecordBatchView& batch) {
    return std::string(as_text(batch.bytes().subspan(17)));
}

struct Appended {
    std::vector<std::string> bodies;  // in order
};
using Expected = std::map<TopicPartition, Appended>;

LogDirectoryConfig settings() {
    LogDirectoryConfig config;
    config.path = kPath;
    config.cluster_id = "fuzz-cluster-aaaaaaaaa";
    config.directory_id = Uuid{1, 2};
    config.journal_file_bytes = 16 << 10;
    config.large_append_bytes = 2 << 10;
    config.reserve_bytes = 0;
    config.log_defaults.segment_bytes = 3000;
    config.log_defaults.index_interval_bytes = 200;
    return config;
}

Bytes next_batch(Random& random, std::uint64_t& serial, std::optional<ProducerId> transactional,
                 std::int32_t& sequence) {
    wire::RecordBatchBuilder builder(512);
    const std::uint64_t records = 1 + random.below(4);
    for (std::uint64_t i = 0; i < records; ++i) {
        const std::string value =
            "value " + std::to_string(serial++) + std::string(random.below(80), 'v');
        builder.append(kNow + static_cast<std::int64_t>(random.below(100)), as_bytes("key"),
                       as_bytes(value));
    }
    wire::BatchSettings how;
    if (transactional) {
        how.producer_id = *transactional;
        how.producer_epoch = ProducerEpoch{0};
        how.base_sequence = sequence;
        how.transactional = true;
        sequence += static_cast<std::int32_t>(records);
    }
    if (random.one_in(4)) how.codec = wire::Codec::Lz4;
    return builder.finish(how);
}

void run_syncs(SimDisk& disk, LogDirectory& directory, LogEffects& effects) {
    while (!effects.syncs.empty()) {
        const auto requests = std::exchange(effects.syncs, {});
        for (const SyncRequest& request : requests)
            directory.synced(request.id, request.run(disk), effects);
    }
    effects.durable_moved.clear();
}

// Three logs: plain data, large appends, a transaction that commits and one that stays open.
Expected write_directory(SimDisk& disk, Random& random, unsigned stop) {
    NullLog sink;
    Expected expected;
    auto opened = LogDirectory::open(disk, settings(), sink);
    MR_CHECK(opened.has_value());
    LogDirectory& directory = **opened;
    std::vector<Log*> logs;
    for (std::int32_t i = 0; i < 3; ++i) {
        auto log =
            directory.open_log({"topic-" + std::to_string(i), i},
                               Uuid{7, static_cast<std::uint64_t>(i + 1)}, settings().log_defaults);
        MR_CHECK(log.has_value());
        logs.push_back(*log);
    }
    std::uint64_t serial = 0;
    std::int32_t sequence = 0;
    LogEffects effects;
    const std::uint64_t turns = 1 + random.below(12);
    for (std::uint64_t turn = 0; turn < turns; ++turn) {
        for (Log* log : logs) {
            const bool transactional = log == logs[2];
            std::uint64_t batches = random.below(4);
            if (log == logs[1] && random.one_in(3)) batches = 12;  // a large append
            for (; batches > 0; --batches) {
                const bool marker = transactional && random.one_in(4);
                const Bytes batch =
                    marker ? wire::end_transaction_marker_batch(
                                 {random.one_in(2) ? wire::ControlType::Commit
                                                   : wire::ControlType::Abort,
                                  0},
                                 ProducerId{5}, ProducerEpoch{0}, kNow)
                           : next_batch(random, serial,
                                        transactional ? std::optional(ProducerId{5}) : std::nullopt,
                                        sequence);
                AppendOptions options{
                    .leader_epoch = LeaderEpoch{static_cast<std::int32_t>(turn / 4)}, .now = kNow};
                if (marker) options.origin = AppendOrigin::Coordinator;
                const auto info = log->append_as_leader(batch, options);
                MR_CHECK(info.has_value());
                // Stamped in place or copied: the body is what the log holds.
                const auto held = log->read(info->first_offset, 1, Offset{INT64_MAX});
                MR_CHECK(held.has_value());
                expected[log->topic_partition()].bodies.push_back(
                    body_of(*wire::RecordBatchView::of(*held)));
            }
            log->set_high_watermark(log->durable_end());
        }
        directory.flush(effects);
        if (stop != 3 && !random.one_in(4)) run_syncs(disk, directory, effects);
        if (random.one_in(5)) directory.tick({Time{}, kNow}, effects);
        if (random.one_in(8))
            (void)logs[0]->set_log_start_offset(Offset{static_cast<std::int64_t>(random.below(4))});
    }
    if (stop == 0) {
        run_syncs(disk, directory, effects);
        MR_CHECK(directory.close(9).has_value());
    }
    return expected;
}

void rewrite(SimDisk& disk, const std::string& path, const std::vector<std::byte>& content) {
    const auto file = disk.open(path, OpenMode::Create);
    if (!file) return;
    (void)(*file)->truncate(0);
    (void)(*file)->write(0, BytesView(content));
}

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

void damage(SimDisk& disk, BytesView how) {
    const auto paths = disk.paths();
    if (paths.empty()) return;
    const std::string& path = paths[std::to_integer<std::size_t>(how[0]) % paths.size()];
    auto content = *disk.content(path);
    const auto what = load_be<std::uint16_t>(how.data() + 6);
    const std::size_t at =
        content.empty() ? 0 : load_be<std::uint32_t>(how.data() + 2) % content.size();
    switch (std::to_integer<unsigned>(how[1]) % 8) {
        case 0:  // bits
            if (!content.empty()) content[at] ^= std::byte(what == 0 ? 1 : what);
            break;
        case 1:  // a number
            for (std::size_t i = 0; i < 8 && at + i < content.size(); ++i)
                content[at + i] =
                    std::byte(i < 6 ? (what & 1 ? 0xff : 0) : what >> (i == 6 ? 8 : 0));
            break;
        case 2:
            content.resize(at);
            break;
        case 3:
            content.resize(content.size() + what % 5000, std::byte(what >> 8));
            break;
        case 4:
            (void)disk.remove(path);
            return;
        case 5: {  // a piece of it again, somewhere
            const std::vector<std::byte> own = content;
            const std::size_t n = std::min<std::size_t>(what % 400, own.size() - at);
            content.insert(
                content.begin() + static_cast<std::ptrdiff_t>(what % (content.size() + 1)),
                own.begin() + static_cast<std::ptrdiff_t>(at),
                own.begin() + static_cast<std::ptrdiff_t>(at + n));
            break;
        }
        case 6: {  // another file's content; not of another log, whose batches name no topic
            const std::string& other = paths[what % paths.size()];
            if (folder_of(other) != folder_of(path)) return;
            content = *disk.content(other);
            break;
        }
        default: {
            static constexpr std::string_view kNames[] = {
                "/00000000000000000000.log",      "/00000000000000000007.log",
                "/99999999999999999999.log",      "/00000000000000000000.index",
                "/09223372036854775807.log",      "/00000000000000000003.snapshot",
                "/leader-epoch-checkpoint",       "/partition.metadata",
                "/00000000000000000000.log.swap", "/00000000000000000000.timeindex",
                "/00000000000000000000.txnindex"};
            if (folder_of(path) == kPath) return;
            const std::string to = folder_of(path) + std::string(kNames[what % std::size(kNames)]);
            if (to != path) (void)disk.rename(path, to);
            return;
        }
    }
    rewrite(disk, path, content);
}

// Every batch that is served was appended, in this order, each at most once. How many were there.
std::size_t check_log(Log& log, const Appended& appended) {
    std::size_t next = 0, served = 0;
    Offset at = log.log_start_offset();
    MR_CHECK(at <= log.log_end_offset() && log.high_watermark() <= log.log_end_offset());
    (void)log.offset_for_timestamp(kNow);
    (void)log.offset_of_max_timestamp();
    (void)log.aborted_transactions(at, log.log_end_offset());
    (void)log.last_stable_offset();
    while (at < log.log_end_offset()) {
        const auto bytes = log.read(at, 2000, Offset{INT64_MAX});
        if (!bytes) break;  // a cold place that is damaged: an error is the answer
        MR_CHECK(!bytes->empty());
        wire::BatchWalker walker(*bytes);
        while (const auto batch = walker.next()) {
            MR_CHECK(batch->check_crc().has_value());
            MR_CHECK(batch->last_offset() >= at && batch->last_offset() < log.log_end_offset());
            const auto found =
                std::find(appended.bodies.begin() + static_cast<std::ptrdiff_t>(next),
                          appended.bodies.end(), body_of(*batch));
            MR_CHECK(found != appended.bodies.end());
            next = static_cast<std::size_t>(found - appended.bodies.begin()) + 1;
            at = batch->next_offset();
            ++served;
        }
        MR_CHECK(walker.left() == 0);
    }
    return served;
}

void check_opens(SimDisk& disk, const Expected& expected, Random& random) {
    NullLog sink;
    std::map<TopicPartition, Offset> ends;
    {
        auto opened = LogDirectory::open(disk, settings(), sink);
        if (!opened) {
            MR_CHECK(!opened.error().detail.empty());
            return;
        }
        LogDirectory& directory = **opened;
        std::uint64_t serial = 1'000'000;
        std::int32_t sequence = 0;
        bool all_good = true;
        for (std::int32_t i = 0; i < 3; ++i) {
            const TopicPartition tp{"topic-" + std::to_string(i), i};
            auto log = directory.open_log(tp, Uuid{7, static_cast<std::uint64_t>(i + 1)},
                                          settings().log_defaults);
            if (!log) {
                MR_CHECK(!log.error().detail.empty());
                all_good = false;
                continue;
            }
            const auto appended = expected.find(tp);
            check_log(**log, appended == expected.end() ? Appended{} : appended->second);
            const auto info =
                (*log)->append_as_leader(next_batch(random, serial, {}, sequence),
                                         {.leader_epoch = LeaderEpoch{99}, .now = kNow});
            if (info) {
                const auto back = (*log)->read(info->first_offset, 1, Offset{INT64_MAX});
                MR_CHECK(back.has_value() && !back->empty());
            }
            ends[tp] = (*log)->log_end_offset();
        }
        LogEffects effects;
        directory.flush(effects);
        run_syncs(disk, directory, effects);
        if (!directory.close(10)) return;
        if (!all_good) return;
    }
    auto again = LogDirectory::open(disk, settings(), sink);
    MR_CHECK(again.has_value() && (*again)->was_clean());
    for (const auto& [tp, end] : ends) {
        auto log = (*again)->open_log(tp, Uuid{7, static_cast<std::uint64_t>(tp.partition + 1)},
                                      settings().log_defaults);
        MR_CHECK(log.has_value());
        MR_CHECK((*log)->log_end_offset() == end);
    }
}

}  // namespace

int fuzz_log_recovery(BytesView bytes) {
    if (bytes.size() < 2) return 0;
    Random random(std::to_integer<std::uint64_t>(bytes[0]) + 1);
    const unsigned stop = std::to_integer<unsigned>(bytes[1]) % 4;
    SimDisk disk;
    const Expected expected = write_directory(disk, random, stop);
    if (stop >= 2)
        disk.crash(random);
    else
        disk.kill_process();
    for (std::size_t i = 0; i < kDamagesMax && bytes.size() >= 2 + (i + 1) * kDamageBytes; ++i)
        damage(disk, bytes.subspan(2 + i * kDamageBytes, kDamageBytes));
    check_opens(disk, expected, random);
    return 0;
}

}  // namespace millrace::fuzz
