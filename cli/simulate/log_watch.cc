#include "millrace/cli/simulate/log_watch.h"

#include <array>

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/wire/batch/record_batch.h"
#include "millrace/wire/messages/end_txn.h"
#include "millrace/wire/messages/init_producer_id.h"
#include "millrace/wire/messages/txn_offset_commit.h"
#include "millrace/wire/records/streams_group.h"
#include "millrace/wire/records/transaction_log.h"

namespace millrace::simulate {

namespace {

// TransactionState in the record's status byte.
constexpr std::int8_t kOngoing = 1, kPrepareCommit = 2, kPrepareAbort = 3, kCompleteCommit = 4,
                      kCompleteAbort = 5;

template <class F>
void each_record(BytesView batches, F f) {
    wire::BatchWalker walker(batches);
    std::array<wire::RecordView, 16> records;
    while (const auto batch = walker.next()) {
        if (batch->control()) continue;
        wire::RecordReader reader(*batch, batch->encoded_records());
        while (true) {
            const auto n = reader.read(records);
            if (!n || *n == 0) break;
            for (std::size_t i = 0; i < *n; ++i) f(records[i]);
        }
    }
}

}  // namespace

Step LogWatch::transaction_record(BytesView key, BytesView value, Timestamp now) {
    const auto id = broker::decode_key<wire::TransactionLogKey>(key);
    if (!id) return Step::None;
    const auto record = broker::decode_value<wire::TransactionLogValue>(value);
    if (!record) {
        transactions_.erase(id->transactional_id);
        return Step::None;
    }
    Transaction& transaction = transactions_[id->transactional_id];
    const std::int8_t status = record->transaction_status;
    if (status == kOngoing && transaction.status != kOngoing)
        transaction.asked = transaction.offsets = false;
    if (status == kPrepareAbort && transaction.status == kOngoing && !transaction.asked &&
        record->transaction_start_timestamp_ms + record->transaction_timeout_ms <= now.value())
        ++timeout_aborts_;
    transaction.status = status;
    if (status == kPrepareCommit || status == kPrepareAbort) return Step::Prepare;
    return status == kCompleteCommit || status == kCompleteAbort ? Step::Complete : Step::None;
}

Step LogWatch::wrote(std::string_view path, BytesView bytes, Timestamp now) {
    if (!path.ends_with(".log")) return Step::None;
    const auto batch = wire::RecordBatchView::of(bytes);
    if (!batch) return Step::None;
    if (path.find("__transaction_state-") != std::string_view::npos) {
        Step last = Step::None;
        each_record(bytes, [&](const wire::RecordView& record) {
            last = transaction_record(record.key.view(), record.value.view(), now);
        });
        return last;
    }
    const bool offsets = path.find("__consumer_offsets-") != std::string_view::npos;
    if (offsets && !batch->transactional()) {
        each_record(bytes, [&](const wire::RecordView& record) {
            const auto key = broker::decode_key<wire::StreamsGroupMetadataKey>(record.key.view());
            if (!key || record.value.is_null()) return;
            for (const auto& [id, transaction] : transactions_) {
                if (transaction.status != kOngoing || !id.starts_with(application_ + '-')) continue;
                ++rebalances_in_transaction_;
                break;
            }
        });
    }
    if (path.find("__cluster_metadata") != std::string_view::npos || !batch->transactional())
        return Step::None;
    if (batch->control()) return Step::Marker;
    return offsets ? Step::Offsets : Step::Data;
}

void LogWatch::asked(const wire::AnyRequest& request) {
    if (request.is<wire::TxnOffsetCommitRequest>()) {
        const auto found =
            transactions_.find(request.as<wire::TxnOffsetCommitRequest>().transactional_id);
        if (found != transactions_.end()) found->second.offsets = true;
        return;
    }
    std::string id;
    if (request.is<wire::EndTxnRequest>()) id = request.as<wire::EndTxnRequest>().transactional_id;
    if (request.is<wire::InitProducerIdRequest>())
        id = request.as<wire::InitProducerIdRequest>().transactional_id.value_or("");
    if (const auto found = transactions_.find(id); found != transactions_.end()) {
        if (request.is<wire::EndTxnRequest>() && !request.as<wire::EndTxnRequest>().committed &&
            found->second.offsets && !found->second.asked)
            ++aborts_after_offsets_;
        found->second.asked = true;
    }
}

void LogWatch::reload(const testkit::SimDisk& disk, Timestamp now) {
    transactions_.clear();
    const std::uint64_t aborts = timeout_aborts_;
    for (const std::string& path : disk.paths()) {
        if (path.find("__transaction_state-") == std::string::npos || !path.ends_with(".log"))
            continue;
        each_record(*disk.content(path), [&](const wire::RecordView& record) {
            transaction_record(record.key.view(), record.value.view(), now);
        });
    }
    timeout_aborts_ = aborts;
    for (auto& [id, transaction] : transactions_) transaction.asked = true;
}

bool LogWatch::any_open() const {
    for (const auto& [id, transaction] : transactions_)
        if (transaction.status == kOngoing) return true;
    return false;
}

}  // namespace millrace::simulate
