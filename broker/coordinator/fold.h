#pragma once
// What a coordinator knows is a fold over the log of its partition: a handler reads the fold and
// returns records, the records are replayed into it when they are written, and again when the log
// is loaded. State changes in no other way.
#include <cstdint>
#include <optional>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"

namespace millrace::broker {

// A record to be written; without a value it is a tombstone. Key and value carry Kafka's type and
// version in front.
struct CoordinatorRecord {
    Bytes key;
    std::optional<Bytes> value;
    friend bool operator==(const CoordinatorRecord&, const CoordinatorRecord&) = default;
};
using CoordinatorRecords = std::vector<CoordinatorRecord>;

struct ProducerIdAndEpoch {
    ProducerId id{-1};
    ProducerEpoch epoch{-1};
    friend auto operator<=>(const ProducerIdAndEpoch&, const ProducerIdAndEpoch&) = default;
};

// COMMIT or ABORT of one producer's open transaction in one partition (EndTransactionMarker).
struct TxnMarker {
    ProducerIdAndEpoch producer;
    std::int32_t coordinator_epoch = 0;
    bool commit = false;
    std::int16_t transaction_version =
        0;  // 2: the epoch was bumped for this marker (KIP-890); not in the log
    friend bool operator==(const TxnMarker&, const TxnMarker&) = default;
};

struct ReplayedRecord {
    Offset offset;
    BytesView key;
    std::optional<BytesView> value;
    std::optional<ProducerIdAndEpoch>
        transaction;  // the record counts only when this producer's marker commits it
};

class Fold {
public:
    virtual ~Fold() = default;
    virtual void clear() = 0;
    // Bytes that cannot be read, and keys of unknown types, are skipped: the log may be newer than
    // we are.
    virtual void replay(const ReplayedRecord& record) = 0;
    virtual void replay(const TxnMarker& marker, Offset at) = 0;
};

}  // namespace millrace::broker
