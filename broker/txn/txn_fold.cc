#include "millrace/broker/txn/txn_fold.h"

namespace millrace::broker {

void TxnFold::clear() {
    entries_.clear();
    skipped_ = 0;
}

void TxnFold::replay(const ReplayedRecord& record) {
    const auto key = read_transaction_key(record.key);
    if (!key) {
        ++skipped_;
        return;
    }
    if (!record.value) {
        entries_.erase(*key);
        return;
    }
    auto metadata = read_transaction_value(*record.value);
    if (!metadata) {
        ++skipped_;
        return;
    }
    if (metadata->state == TxnState::Dead) {  // about to be removed when it was written
        entries_.erase(*key);
        return;
    }
    entries_.insert_or_assign(*key, Entry{*std::move(metadata), record.offset + 1});
}

const TxnFold::Entry* TxnFold::find(const std::string& transactional_id) const {
    const auto it = entries_.find(transactional_id);
    return it == entries_.end() ? nullptr : &it->second;
}

}  // namespace millrace::broker
