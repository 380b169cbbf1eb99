#include "millrace/base/mutant.h"

namespace millrace::mutant {

std::string_view name(Mutant m) {
    static constexpr std::string_view kNames[] = {
        "none", "answer-before-sync", "skip-producer-epoch-check", "skip-sequence-check", "replay-marker-twice",
        "offsets-outside-transaction", "state-merged-before-commit", "high-watermark-beyond-durable",
        "checkpoint-offset-too-far", "zombie-accepted-after-fence", "last-stable-offset-ignores-open",
        "torn-tail-accepted", "marker-lost-on-recovery", "abort-keeps-state", "clocks-not-committed",
        "fence-off-by-one-on-assign",
        "aborted-index-not-written",
        "snapshot-drops-open-transaction",
        "producers-not-rebuilt",
        "recovery-not-synced",
        "indexes-not-synced",
        "failed-sync-trusted",
        "stale-image-served",
        "aborted-offsets-count",
        "init-leaves-transaction-open",
        "timeout-never-aborts",
        "session-never-ends",
        "zombie-offsets-accepted",
        "aborted-batches-delivered",
        "lost-answer-is-success",
        "commit-of-unprocessed",
        "purge-past-committed",
        "restore-stops-early",
        "restore-of-uncommitted",
        "spill-loses-deletions",
        "frozen-entry-overwritten",
        "evict-unspilled",
        "stale-generation-commits",
        "assignment-not-written"};
    static_assert(std::size(kNames) == static_cast<std::size_t>(Mutant::Count));
    return kNames[static_cast<std::size_t>(m)];
}

}  // namespace millrace::mutant
