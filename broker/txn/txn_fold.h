#pragma once
// The fold over one partition of __transaction_state: transactional id -> metadata.
#include <map>
#include <string>

#include "millrace/broker/coordinator/fold.h"
#include "millrace/broker/txn/txn_metadata.h"

namespace millrace::broker {

class TxnFold final : public Fold {
public:
    struct Entry {
        TxnMetadata metadata;
        Offset end{0};  // behind the last record of this id: answers that saw it wait for that
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    void clear() override;
    void replay(const ReplayedRecord& record) override;
    void replay(const TxnMarker&, Offset) override {}  // there are none in this topic

    const Entry* find(const std::string& transactional_id) const;
    const std::map<std::string, Entry>& entries() const { return entries_; }
    std::size_t skipped() const { return skipped_; }  // records that we could not read
    friend bool operator==(const TxnFold& a, const TxnFold& b) { return a.entries_ == b.entries_; }

private:
    std::map<std::string, Entry> entries_;
    std::size_t skipped_ = 0;
};

}  // namespace millrace::broker
