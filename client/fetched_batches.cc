#include "millrace/client/fetched_batches.h"

#include <algorithm>

#include "millrace/base/mutant.h"
#include "millrace/wire/batch/compression.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::client {

Result<Bytes> uncompressed_batch(const Bytes& batch) {
    MR_TRY(const auto view, wire::RecordBatchView::of(batch));
    if (view.codec_number() == 0) return batch;
    MR_TRY(const Bytes records, wire::uncompressed_records(view));
    MutableBlock block(wire::kBatchHeaderBytes + records.size());
    std::memcpy(block.data(), batch.data(), wire::kBatchHeaderBytes);
    std::memcpy(block.data() + wire::kBatchHeaderBytes, records.data(), records.size());
    store_be<std::int32_t>(block.data() + 8,
                           static_cast<std::int32_t>(block.size() - wire::kBatchLogOverhead));
    store_be<std::uint16_t>(block.data() + 21, static_cast<std::uint16_t>(view.attributes() & ~7u));
    wire::stamp_crc(block.data());
    return Bytes(std::move(block));
}

Result<std::vector<FetchedBatches>> split_batches(const wire::FetchResponse::PartitionData& data,
                                                  Offset position, SplitOptions options) {
    std::vector<wire::FetchResponse::AbortedTransaction> aborted;
    if (options.read_committed && data.aborted_transactions) aborted = *data.aborted_transactions;
    std::sort(aborted.begin(), aborted.end(),
              [](const auto& a, const auto& b) { return a.first_offset < b.first_offset; });
    std::size_t next_aborted = 0;
    std::vector<std::int64_t>
        dropping;  // producers between their first aborted offset and their marker

    std::vector<FetchedBatches> out;
    Offset from = position, next = position;
    std::optional<LeaderEpoch> epoch;
    bool moved = false;
    std::size_t left = 0;
    for (const Bytes& part : data.records.parts()) {
        std::size_t run_begin = 0, run_end = 0;  // whole data batches not handed out yet
        const auto end_run = [&] {
            if (run_end > run_begin) {
                out.push_back({part.slice(run_begin, run_end - run_begin), from, next, epoch});
                from = next;
            }
            run_begin = run_end = 0;
        };
        wire::BatchWalker walker(part);
        while (const auto batch = walker.next()) {
            const std::size_t end = walker.position(), begin = end - batch->size();
            if (batch->next_offset() <= position) continue;  // before what was asked for
            if (options.check_crcs) MR_TRY_VOID(batch->check_crc());
            bool drop = batch->control();
            if (!aborted.empty() && batch->has_producer_id()) {
                const std::int64_t producer = batch->producer_id().value();
                while (next_aborted < aborted.size() &&
                       aborted[next_aborted].first_offset <= batch->last_offset().value())
                    dropping.push_back(aborted[next_aborted++].producer_id);
                const auto in = std::find(dropping.begin(), dropping.end(), producer);
                if (batch->control()) {
                    const auto marker = wire::end_transaction_marker(*batch);
                    if (marker && marker->type == wire::ControlType::Abort && in != dropping.end())
                        dropping.erase(in);
                } else if (batch->transactional() && in != dropping.end() &&
                           !mutant::on(Mutant::AbortedBatchesDelivered)) {
                    drop = true;
                }
            }
            const bool packed = !drop && batch->codec_number() != 0;
            if (drop || packed || (run_end > run_begin && run_end != begin)) end_run();
            next = batch->next_offset();
            moved = true;
            if (batch->leader_epoch().value() >= 0) epoch = batch->leader_epoch();
            if (packed) {
                MR_TRY(Bytes plain, uncompressed_batch(part.slice(begin, end - begin)));
                out.push_back({std::move(plain), from, next, epoch});
                from = next;
            } else if (!drop) {
                if (run_end == run_begin) run_begin = begin;
                run_end = end;
            }
        }
        end_run();
        MR_TRY_VOID(walker.status());
        left += walker.left();
    }
    if (!moved && left > 0)
        return fail(ErrorCode::MessageTooLarge, "a batch at offset " +
                                                    std::to_string(position.value()) +
                                                    " is larger than the fetch size");
    if (moved && (out.empty() || out.back().next != next))
        out.push_back({Bytes(), from, next, epoch});
    return out;
}

}  // namespace millrace::client
