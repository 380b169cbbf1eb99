#pragma once
// The seam between a worker and what is durable of a store (design §3.10). The worker alone decides whether a checkpoint is
// valid (it asks the broker) and where restore starts; the store alone decides when it spills.
//
//   make_task:  durable() -> checkpoint()? -> valid: restore from `next` | else discard() and restore from the beginning
//   commit:     committed(), then advance({topic id, changelog end of that commit, epoch, now})
//   spill:      entries committed so far and the last advance() go to the sorted runs in one atomic step
//
// Restored records count as committed; after the restore the worker calls advance() with where it ended.
#include <optional>

#include "millrace/base/strong.h"
#include "millrace/base/uuid.h"

namespace millrace::state {

struct Checkpoint {
    Uuid topic_id;                      // of the changelog topic; zero: the broker is too old to tell
    Offset next{};                      // every changelog record below it is in the runs, and none at or above it
    std::optional<LeaderEpoch> epoch;   // the leader epoch at `next`
    Timestamp written{};                // wall clock; a checkpoint older than delete.retention.ms is void
    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

class DurableState {
public:
    virtual ~DurableState() = default;
    virtual std::optional<Checkpoint> checkpoint() const = 0;   // of what the runs hold; nothing: they are empty
    virtual void advance(const Checkpoint& committed) = 0;      // what all calls of committed() and restore() so far cover
    virtual void discard() = 0;   // the runs (and what memory holds) are void: begin empty, before any restore()
};

}  // namespace millrace::state
