#include "millrace/broker/coordinator/runtime.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "millrace/base/check.h"
#include "millrace/base/hash.h"
#include "millrace/wire/batch/compression.h"

namespace millrace::broker {

namespace {

constexpr std::size_t kRecordsAtOnce = 64;
}  // namespace

ErrorCode translate_append_error(ErrorCode code) {
    switch (code) {
        case ErrorCode::UnknownTopicOrPartition:
        case ErrorCode::NotEnoughReplicas:
        case ErrorCode::NotEnoughReplicasAfterAppend:
        case ErrorCode::RequestTimedOut:
            return ErrorCode::CoordinatorNotAvailable;
        case ErrorCode::NotLeaderOrFollower:
        case ErrorCode::KafkaStorageError:
            return ErrorCode::NotCoordinator;
        case ErrorCode::MessageTooLarge:
        case ErrorCode::RecordListTooLarge:
        case ErrorCode::InvalidFetchSize:
            return ErrorCode::UnknownServerError;
        default:
            return code;
    }
}

std::int32_t coordinator_partition(std::string_view key, std::int32_t partitions) {
    const std::int32_t hash = java_string_hash(key);
    const std::int32_t positive = hash == INT32_MIN ? 0 : hash < 0 ? -hash : hash;
    return partitions <= 0 ? 0 : positive % partitions;
}

std::size_t encoded_bytes(const CoordinatorRecords& records) {
    std::size_t bytes = 0;
    for (const CoordinatorRecord& record : records)
        bytes += wire::RecordBatchBuilder::record_size_bound(
            record.key.size(), record.value ? record.value->size() : 0);
    return bytes;
}

void Shard::lead(PartitionLog& log) {
    log_ = &log;
    start_loading();
}

void Shard::resign() {
    state_ = ShardState::NotOurs;
    fold_.clear();
    runs_.clear();
    for (auto& [end, completion] : std::exchange(appended_, {}))
        completion(ErrorCode::NotCoordinator);
    auto waiting = std::exchange(committed_, {});
    for (auto& [end, completion] : waiting) completion(ErrorCode::NotCoordinator);
}

ErrorCode Shard::serving() const {
    switch (state_) {
        case ShardState::NotOurs:
            return ErrorCode::NotCoordinator;
        case ShardState::Loading:
            return ErrorCode::CoordinatorLoadInProgress;
        case ShardState::Active:
            return ErrorCode::None;
    }
    return ErrorCode::NotCoordinator;
}

void Shard::start_loading() {
    fold_.clear();
    runs_.clear();
    load_error_.reset();
    state_ = ShardState::Loading;
    next_ = log_->log_start();
}

bool Shard::load() {
    if (state_ != ShardState::Loading) return false;
    if (load_error_) start_loading();
    if (next_ < log_->log_end()) {
        auto bytes = log_->read(next_, settings_.load_bytes_per_step);
        if (!bytes) {
            load_error_ = std::move(bytes).error();
            return false;
        }
        wire::BatchWalker walker(bytes->view());
        while (auto batch = walker.next()) {
            if (batch->next_offset() <= next_)
                continue;  // read() begins with the batch that holds the offset
            replay_batch(*batch);
            if (load_error_) return false;
            next_ = batch->next_offset();
        }
        if (auto status = walker.status(); !status || walker.position() == 0) {
            load_error_ =
                status ? Error{ErrorCode::CorruptMessage, "the log ends before its end offset"}
                       : std::move(status).error();
            return false;
        }
        if (next_ < log_->log_end()) return false;
    }
    next_ = log_->log_end();
    state_ = ShardState::Active;
    return true;
}

void Shard::replay_batch(const wire::RecordBatchView& batch) {
    if (batch.control()) {  // other control types are not ours
        const auto marker = wire::end_transaction_marker(batch);
        if (!marker) return;
        fold_.replay(TxnMarker{.producer = {batch.producer_id(), batch.producer_epoch()},
                               .coordinator_epoch = marker->coordinator_epoch,
                               .commit = marker->type == wire::ControlType::Commit},
                     batch.base_offset());
        return;
    }
    Bytes unpacked;
    BytesView records = batch.encoded_records();
    if (batch.codec_number() != 0) {  // a log written by another broker may be compressed
        auto result = wire::uncompressed_records(batch);
        if (!result) {
            load_error_ = std::move(result).error();
            return;
        }
        unpacked = *std::move(result);
        records = unpacked.view();
    }
    wire::RecordReader reader(batch, records);
    std::array<wire::RecordView, kRecordsAtOnce> some;
    for (;;) {
        const auto count = reader.read(some);
        if (!count || *count == 0)
            return;  // damaged records are skipped: the CRC was checked when the log was opened
        for (std::size_t i = 0; i < *count; ++i) {
            const wire::RecordView& record = some[i];
            ReplayedRecord replayed{.offset = record.offset, .key = record.key.view()};
            if (!record.value.is_null()) replayed.value = record.value.view();
            if (batch.transactional())
                replayed.transaction =
                    ProducerIdAndEpoch{batch.producer_id(), batch.producer_epoch()};
            fold_.replay(replayed);
        }
    }
}

void Shard::write(const CoordinatorRecords& records, Timestamp now) {
    write_run(records, std::nullopt, now);
}

void Shard::write(const CoordinatorRecords& records, ProducerIdAndEpoch transaction,
                  Timestamp now) {
    write_run(records, transaction, now);
}

void Shard::write_run(const CoordinatorRecords& records,
                      std::optional<ProducerIdAndEpoch> transaction, Timestamp now) {
    MR_CHECK(state_ == ShardState::Active);
    if (records.empty()) return;
    enter_busy();
    const std::size_t bytes = encoded_bytes(records);
    if (runs_.empty() || runs_.back().marker || runs_.back().transaction != transaction ||
        runs_.back().bytes + bytes > settings_.batch_bytes_max)
        runs_.push_back(Run{.transaction = transaction, .time = now});
    Run& run = runs_.back();
    run.bytes += bytes;
    for (const CoordinatorRecord& record : records) {
        ReplayedRecord replayed{
            .offset = next_, .key = record.key.view(), .transaction = transaction};
        if (record.value) replayed.value = record.value->view();
        fold_.replay(replayed);
        ++next_;
        run.records.push_back(record);
    }
}

void Shard::write(const TxnMarker& marker, Timestamp now) {
    MR_CHECK(state_ == ShardState::Active);
    enter_busy();
    runs_.push_back(Run{.marker = marker, .time = now});
    fold_.replay(marker, next_);
    ++next_;
}

void Shard::when_committed(Offset end, Completion completion) {
    enter_busy();
    committed_.emplace(end, std::move(completion));
}
void Shard::when_appended(Completion completion) {
    enter_busy();
    appended_.emplace_back(next_, std::move(completion));
}

Bytes Shard::build(const Run& run) {
    if (run.marker)
        return wire::end_transaction_marker_batch(
            {.type = run.marker->commit ? wire::ControlType::Commit : wire::ControlType::Abort,
             .coordinator_epoch = run.marker->coordinator_epoch},
            run.marker->producer.id, run.marker->producer.epoch, run.time);
    for (const CoordinatorRecord& record : run.records)
        builder_.append(run.time, record.key,
                        record.value ? wire::NullableView(*record.value) : wire::NullableView());
    wire::BatchSettings settings;
    settings.base_sequence = settings_.base_sequence;
    if (run.transaction) {
        settings.producer_id = run.transaction->id;
        settings.producer_epoch = run.transaction->epoch;
        settings.transactional = true;
        settings.base_sequence = 0;
    }
    return builder_.finish(settings);
}

void Shard::enter_busy() {
    if (!busy_ || listed_) return;
    listed_ = true;
    busy_->push_back(this);
}

void flush_busy(std::vector<Shard*>& busy, const std::function<void(Shard&)>& failed) {
    for (std::size_t i = 0; i < busy.size(); ++i)  // a completion may make another one busy
        if (!busy[i]->flush()) failed(*busy[i]);
    std::erase_if(busy, [](Shard* shard) {
        if (!shard->idle()) return false;
        shard->left_busy();
        return true;
    });
}

bool Shard::flush() {
    do {  // a completion may write more: its records leave in the same flush
        if (!append_runs()) return false;
        tell_appended();
        release();
    } while (!runs_.empty() || !appended_.empty());
    return true;
}

bool Shard::append_runs() {
    if (state_ != ShardState::Active) return true;
    auto runs = std::exchange(runs_, {});
    for (const Run& run : runs) {
        const Offset expected = log_->log_end();
        const std::int64_t count = run.marker ? 1 : static_cast<std::int64_t>(run.records.size());
        const auto at = log_->append(build(run));
        if (at && at->first == expected && at->end == expected + count) continue;
        // Nothing behind the log's end ever was. (Another offset than expected means that somebody
        // else wrote: what we replayed stands elsewhere in the log, so it is read again.)
        lose(at ? ErrorCode::NotCoordinator : translate_append_error(at.error().code),
             expected + count);
        return false;
    }
    return true;
}

void Shard::lose(ErrorCode code, Offset run_end) {
    const Offset end = log_->log_end();
    std::vector<std::pair<Offset, Completion>> lost = std::exchange(appended_, {});
    const auto in_log = std::stable_partition(lost.begin(), lost.end(),
                                              [&](const auto& one) { return one.first > end; });
    appended_.assign(std::move_iterator(in_log), std::move_iterator(lost.end()));
    lost.erase(in_log, lost.end());
    const auto first = committed_.upper_bound(end);
    for (auto it = first; it != committed_.end(); ++it)
        lost.emplace_back(it->first, std::move(it->second));
    committed_.erase(first, committed_.end());
    start_loading();
    for (auto& [waited, completion] : lost)
        completion(waited <= run_end ? code : ErrorCode::CoordinatorNotAvailable);
    tell_appended();
    release();
}

void Shard::tell_appended() {
    for (auto& [end, completion] : std::exchange(appended_, {})) completion(ErrorCode::None);
}

void Shard::release() {
    if (state_ == ShardState::NotOurs) return;
    const Offset end = log_->committed_end();
    while (!committed_.empty() && committed_.begin()->first <= end) {
        auto first =
            committed_.extract(committed_.begin());  // a completion may write, and wait, again
        first.mapped()(ErrorCode::None);
    }
}

}  // namespace millrace::broker
