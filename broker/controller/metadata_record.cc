#include "millrace/broker/controller/metadata_record.h"

#include <array>

#include "millrace/base/check.h"
#include "millrace/wire/batch/compression.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::broker {

// At the versions of metadata.version 33. Of most there is one; BrokerRegistrationChange is written
// at the lowest that can say what it says, as Kafka does.
void encode_metadata(const MetadataRecord& record, ByteSink& into) {
    Result<void> encoded;
    if (std::holds_alternative<wire::RegisterBrokerRecord>(record)) {
        encoded = wire::encode_metadata_record(record, 4, into);
    } else if (std::holds_alternative<wire::PartitionRecord>(record) ||
               std::holds_alternative<wire::PartitionChangeRecord>(record)) {
        encoded = wire::encode_metadata_record(record, 2, into);
    } else {
        encoded = wire::encode_metadata_record(record, into);
    }
    MR_CHECK(encoded);
}

Bytes metadata_batch(std::span<const MetadataRecord> records, Timestamp now) {
    wire::RecordBatchBuilder builder;
    ByteSink value;
    for (const MetadataRecord& record : records) {
        value.clear();
        encode_metadata(record, value);
        builder.append(now, {}, value.view());
    }
    return builder.finish({});
}

Result<std::vector<PlacedRecord>> metadata_records(const Bytes& batch) {
    MR_TRY(const auto view, wire::RecordBatchView::of(batch.view()));
    std::vector<PlacedRecord> placed;
    if (view.control()) return placed;
    MR_TRY(const Bytes records, wire::uncompressed_records(batch));
    wire::RecordReader reader(view, records.view());
    std::array<wire::RecordView, 64> chunk;
    while (true) {
        MR_TRY(const std::size_t count, reader.read(chunk));
        if (count == 0) return placed;
        for (std::size_t i = 0; i < count; ++i) {
            if (chunk[i].value.is_null())
                return fail(ErrorCode::CorruptMessage, "a metadata record without a value");
            MR_TRY(MetadataRecord record,
                   wire::decode_metadata_record(Bytes::copy(chunk[i].value.view())));
            placed.push_back({chunk[i].offset, std::move(record)});
        }
    }
}

}  // namespace millrace::broker
