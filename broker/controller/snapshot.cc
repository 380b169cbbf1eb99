#include "millrace/broker/controller/snapshot.h"

#include <array>
#include <charconv>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/wire/batch/compression.h"
#include "millrace/wire/batch/record_batch_builder.h"
#include "millrace/wire/codec.h"

namespace millrace::broker {
namespace {

constexpr std::size_t kRecordsPerBatchMax = 1000;
constexpr std::string_view kSuffix = ".checkpoint";

Failure corrupt(std::string what) {
    return fail(ErrorCode::CorruptMessage, "snapshot: " + std::move(what));
}

std::string digits(std::int64_t number, std::size_t width) {
    std::string text = std::to_string(number);
    return std::string(width > text.size() ? width - text.size() : 0, '0') + text;
}

bool parse_digits(std::string_view text, std::int64_t& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size() && into >= 0;
}

template <class M>
Bytes encoded(const M& message) {
    ByteSink sink;
    MR_CHECK(wire::encode(message, 0, sink));
    return sink.to_bytes();
}

}  // namespace

std::string snapshot_name(SnapshotId id) {
    return digits(id.end.value(), 20) + '-' + digits(id.epoch.value(), 10) + std::string(kSuffix);
}

std::optional<SnapshotId> parse_snapshot_name(std::string_view name) {
    if (name.size() != 20 + 1 + 10 + kSuffix.size() || name[20] != '-' || !name.ends_with(kSuffix))
        return std::nullopt;
    std::int64_t end = 0, epoch = 0;
    if (!parse_digits(name.substr(0, 20), end) || !parse_digits(name.substr(21, 10), epoch) ||
        epoch > INT32_MAX)
        return std::nullopt;
    return SnapshotId{Offset{end}, LeaderEpoch{static_cast<std::int32_t>(epoch)}};
}

Bytes control_batch_of(std::span<const ControlRecord> records, Timestamp now, Offset base,
                       LeaderEpoch epoch) {
    wire::RecordBatchBuilder builder(1024);
    for (const ControlRecord& record : records) {
        std::array<std::byte, 4> key;
        store_be(key.data(), std::int16_t{0});
        store_be(key.data() + 2, static_cast<std::int16_t>(record.type));
        builder.append(now, BytesView(key), record.value.view());
    }
    return builder.finish({.base_offset = base, .leader_epoch = epoch, .control = true});
}

std::vector<ControlRecord> voter_records(std::int16_t kraft_version, const Voters& voters) {
    wire::KRaftVersionRecord version;
    version.k_raft_version = kraft_version;
    wire::VotersRecord set;
    set.voters = voters;
    return {{wire::ControlType::KRaftVersion, encoded(version)},
            {wire::ControlType::KRaftVoters, encoded(set)}};
}

ControlRecord leader_change_record(std::int32_t leader, std::span<const std::int32_t> voters,
                                   std::span<const std::int32_t> granting) {
    wire::LeaderChangeMessage message;
    message.leader_id = leader;
    for (const std::int32_t id : voters) message.voters.push_back({id, {}});
    for (const std::int32_t id : granting) message.granting_voters.push_back({id, {}});
    return {wire::ControlType::LeaderChange, encoded(message)};
}

Bytes snapshot_bytes(const Snapshot& snapshot, Timestamp now) {
    wire::SnapshotHeaderRecord header;
    header.last_contained_log_timestamp = snapshot.last_contained.value();
    std::vector<ControlRecord> first = {{wire::ControlType::SnapshotHeader, encoded(header)}};
    if (snapshot.kraft_version > 0) {
        for (ControlRecord& record : voter_records(snapshot.kraft_version, snapshot.voters))
            first.push_back(std::move(record));
    }
    ByteSink all, value;
    Offset next{0};
    const auto add = [&](const Bytes& batch, std::size_t records) {
        all.append(batch.view());
        next += static_cast<std::int64_t>(records);
    };
    add(control_batch_of(first, now, next, snapshot.id.epoch), first.size());
    std::span<const MetadataRecord> left(snapshot.records);
    while (!left.empty()) {
        const std::size_t count = std::min(left.size(), kRecordsPerBatchMax);
        wire::RecordBatchBuilder builder;
        for (const MetadataRecord& record : left.first(count)) {
            value.clear();
            encode_metadata(record, value);
            builder.append(now, {}, value.view());
        }
        add(builder.finish({.base_offset = next, .leader_epoch = snapshot.id.epoch}), count);
        left = left.subspan(count);
    }
    const ControlRecord footer{wire::ControlType::SnapshotFooter,
                               encoded(wire::SnapshotFooterRecord{})};
    add(control_batch_of({&footer, 1}, now, next, snapshot.id.epoch), 1);
    return all.to_bytes();
}

Result<Snapshot> parse_snapshot(SnapshotId id, const Bytes& bytes) {
    Snapshot snapshot;
    snapshot.id = id;
    bool begun = false, ended = false;
    wire::BatchWalker walker(bytes.view());
    while (true) {
        const std::size_t at = walker.position();
        const auto batch = walker.next();
        if (!batch) break;
        MR_TRY_VOID(batch->validate());
        if (ended) return corrupt("something follows its footer");
        const Bytes own = bytes.slice(at, batch->size());
        if (!batch->control()) {
            if (!begun) return corrupt("it has no header");
            MR_TRY(auto records, metadata_records(own));
            for (PlacedRecord& placed : records)
                snapshot.records.push_back(std::move(placed.record));
            continue;
        }
        MR_TRY(const Bytes inside, wire::uncompressed_records(own));
        wire::RecordReader reader(*batch, inside.view());
        std::array<wire::RecordView, 16> chunk;
        while (true) {
            MR_TRY(const std::size_t count, reader.read(chunk));
            if (count == 0) break;
            for (std::size_t i = 0; i < count; ++i) {
                const auto type = wire::control_type(chunk[i]);
                const BytesView value = chunk[i].value.view();
                if (type == static_cast<std::int16_t>(wire::ControlType::SnapshotHeader)) {
                    MR_TRY(const auto header, wire::decode<wire::SnapshotHeaderRecord>(value, 0));
                    snapshot.last_contained = Timestamp{header.last_contained_log_timestamp};
                    begun = true;
                } else if (type == static_cast<std::int16_t>(wire::ControlType::KRaftVersion)) {
                    MR_TRY(const auto version, wire::decode<wire::KRaftVersionRecord>(value, 0));
                    snapshot.kraft_version = version.k_raft_version;
                } else if (type == static_cast<std::int16_t>(wire::ControlType::KRaftVoters)) {
                    MR_TRY(auto voters, wire::decode<wire::VotersRecord>(value, 0));
                    snapshot.voters = std::move(voters.voters);
                } else if (type == static_cast<std::int16_t>(wire::ControlType::SnapshotFooter)) {
                    ended = true;
                }
            }
        }
    }
    MR_TRY_VOID(walker.status());
    if (!begun || !ended || walker.left() != 0) return corrupt("it is cut short");
    return snapshot;
}

}  // namespace millrace::broker
