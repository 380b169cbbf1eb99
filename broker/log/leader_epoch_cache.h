#pragma once
// Where each leader epoch of a log begins (Java: LeaderEpochFileCache; KIP-101, KIP-279). Epochs
// and offsets both rise.
//   leader-epoch-checkpoint: lines "0", count, then "epoch startOffset"
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/result.h"
#include "millrace/base/strong.h"

namespace millrace::broker {

struct EpochEntry {
    LeaderEpoch epoch;
    Offset start_offset;
    friend bool operator==(const EpochEntry&, const EpochEntry&) = default;
};

struct EpochEnd {
    LeaderEpoch epoch;
    Offset end_offset;
    friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

class LeaderEpochCache {
public:
    // Notes that `epoch` begins at `start`; entries that contradict it (not older, or not before
    // it) go.
    void assign(LeaderEpoch epoch, Offset start);
    std::optional<LeaderEpoch> latest_epoch() const;
    std::optional<LeaderEpoch> epoch_at(Offset offset) const;
    // The largest epoch <= asked and its end: the next epoch's start, or log_end when it is the
    // latest. Asked above the latest: nothing (Java answers -1, -1). Asked below the first: the
    // asked epoch and the first's start.
    std::optional<EpochEnd> end_offset_for(LeaderEpoch asked, Offset log_end) const;
    void truncate_from_end(Offset end);      // entries that begin at or past it
    void truncate_from_start(Offset start);  // the entry that holds `start` begins there now
    void clear() { entries_.clear(), dirty_ = true; }
    const std::vector<EpochEntry>& entries() const { return entries_; }

    std::string to_text() const;
    static Result<LeaderEpochCache> from_text(std::string_view text);
    bool dirty() const { return dirty_; }  // differs from the file
    void written() { dirty_ = false; }

private:
    std::vector<EpochEntry> entries_;
    bool dirty_ = false;
};

}  // namespace millrace::broker
