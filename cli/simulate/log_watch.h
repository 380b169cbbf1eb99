#pragma once
// Watches what a broker writes to its logs, and counts what happened by it: nothing here asks the
// broker. Also says what a write is to a commit, so that the broker can be crashed between two
// adjacent durable steps.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/wire/api.h"

namespace millrace::simulate {

enum class Step : std::uint8_t { None, Data, Offsets, Prepare, Marker, Complete, Sync };

class LogWatch {
public:
    explicit LogWatch(std::string application) : application_(std::move(application)) {}

    Step wrote(std::string_view path, BytesView bytes, Timestamp now);
    void asked(const wire::AnyRequest& request);  // a request reached the broker
    // The broker begins again with what the disk holds: what was open is not aborted by a timeout
    // any more.
    void reload(const testkit::SimDisk& disk, Timestamp now);

    // Aborts that nobody asked for, at or after start + timeout of the transaction's record.
    std::uint64_t timeout_aborts() const { return timeout_aborts_; }
    // New epochs of the application's group while a transaction of one of its members was open.
    std::uint64_t rebalances_in_transaction() const { return rebalances_in_transaction_; }
    // Aborted by its producer after the offsets were sent: state was sealed, and has to go back.
    std::uint64_t aborts_after_offsets() const { return aborts_after_offsets_; }
    bool any_open() const;  // transaction, by the log

private:
    struct Transaction {
        std::int8_t status = 0;
        bool asked =
            false;  // EndTxn or InitProducerId came since it began, or its broker began anew
        bool offsets = false;  // TxnOffsetCommit came since it began
    };
    Step transaction_record(BytesView key, BytesView value, Timestamp now);

    std::string application_;
    std::map<std::string, Transaction> transactions_;
    std::uint64_t timeout_aborts_ = 0, rebalances_in_transaction_ = 0, aborts_after_offsets_ = 0;
};

}  // namespace millrace::simulate
