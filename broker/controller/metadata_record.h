#pragma once
// The records of `__cluster_metadata` in batches. A batch is the atomic unit; larger sets are
// bracketed by Begin- and EndTransaction records.
#include <optional>
#include <span>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"
#include "millrace/wire/batch/record_batch.h"
#include "millrace/wire/records/metadata_record.h"

namespace millrace::broker {

using wire::MetadataRecord;

// Always one that we made: it cannot fail.
void encode_metadata(const MetadataRecord& record, ByteSink& into);
Bytes metadata_batch(std::span<const MetadataRecord> records, Timestamp now);

struct PlacedRecord {
    Offset offset;
    MetadataRecord record;
};
// The records of a batch that is no control batch. CorruptMessage; UnsupportedVersion for what this
// build does not know.
Result<std::vector<PlacedRecord>> metadata_records(const Bytes& batch);

// Holds back the records of a metadata transaction until it ends (K6): others see all of them or
// none.
class MetadataTransaction {
public:
    // Calls apply(placed) for what becomes visible, in log order.
    template <class Apply>
    Result<void> take(PlacedRecord placed, Apply&& apply) {
        if (std::holds_alternative<wire::BeginTransactionRecord>(placed.record)) {
            if (open_)
                return fail(ErrorCode::CorruptMessage,
                            "a metadata transaction begins within another");
            open_ = true;
        } else if (std::holds_alternative<wire::EndTransactionRecord>(placed.record)) {
            if (!open_)
                return fail(ErrorCode::CorruptMessage,
                            "a metadata transaction ends that did not begin");
            open_ = false;
            for (PlacedRecord& held : held_) MR_TRY_VOID(apply(held));
            held_.clear();
        } else if (std::holds_alternative<wire::AbortTransactionRecord>(placed.record)) {
            if (!open_)
                return fail(ErrorCode::CorruptMessage,
                            "a metadata transaction is aborted that did not begin");
            open_ = false;
            held_.clear();
        } else if (open_) {
            held_.push_back(std::move(placed));
        } else {
            MR_TRY_VOID(apply(placed));
        }
        return {};
    }
    bool open() const { return open_; }
    void clear() {
        open_ = false;
        held_.clear();
    }

private:
    bool open_ = false;
    std::vector<PlacedRecord> held_;
};

}  // namespace millrace::broker
