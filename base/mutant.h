#pragma once
// Mutants: one-line bugs on the real path behind a switch of the simulator, to show that its invariants find them.
// Usage: if (mutant::on(Mutant::AnswerBeforeSync)) ... Off in every program but `simulate`.
#include <cstdint>
#include <string_view>

namespace millrace {

enum class Mutant : std::uint8_t {
    None,
    AnswerBeforeSync,            // acks=all is answered before the journal is synced
    SkipProducerEpochCheck,      // an old producer epoch may append
    SkipSequenceCheck,           // a duplicate batch is appended again
    ReplayMarkerTwice,           // a transaction marker is written twice
    OffsetsOutsideTransaction,   // TxnOffsetCommit takes effect at once
    StateMergedBeforeCommit,     // open state entries count as committed when EndTxn is sent
    HighWatermarkBeyondDurable,  // readers see what is not synced
    CheckpointOffsetTooFar,      // the spill's changelog offset is one too high
    ZombieAcceptedAfterFence,    // InitProducerId does not bump the epoch
    LastStableOffsetIgnoresOpen, // read_committed sees open transactions
    TornTailAccepted,            // recovery keeps a batch with a bad CRC
    MarkerLostOnRecovery,        // the coordinator does not resend markers after a restart
    AbortKeepsState,             // an aborted transaction's state entries stay
    ClocksNotCommitted,          // operator clocks are not in the offset metadata
    FenceOffByOneOnAssign,       // a task is granted before its owner gave it up
    AbortedIndexNotWritten,      // a rolled segment forgets what was aborted in it
    SnapshotDropsOpenTransaction, // a producer snapshot says nothing of open transactions
    ProducersNotRebuilt,         // producers are as the last snapshot says, not what came after
    RecoveryNotSynced,           // what recovery found is served without a sync
    IndexesNotSynced,            // a checkpoint syncs rolled segments without their indexes
    FailedSyncTrusted,           // after a failed sync the page cache is believed
    StaleImageServed,            // partitions are led by an image that is behind
    AbortedOffsetsCount,         // offsets of an aborted transaction count
    InitLeavesTransactionOpen,   // InitProducerId bumps the epoch and aborts nothing
    TimeoutNeverAborts,          // transactions do not time out
    SessionNeverEnds,            // members that are gone keep their tasks
    ZombieOffsetsAccepted,       // TxnOffsetCommit does not look at the member epoch
    AbortedBatchesDelivered,     // the fetcher does not drop aborted batches
    LostAnswerIsSuccess,         // a batch whose answer was lost counts as written
    CommitOfUnprocessed,         // the position committed is one too far
    PurgePastCommitted,          // a repartition topic is purged up to what was fetched
    RestoreStopsEarly,           // the last record of a changelog is not restored
    RestoreOfUncommitted,        // aborted changelog records are restored
    SpillLosesDeletions,         // a spill writes no deletions
    FrozenEntryOverwritten,      // a commit goes home under a running spill
    EvictUnspilled,              // committed entries that are in no run are evicted
    StaleGenerationCommits,      // a member of a generation that is over may commit offsets
    AssignmentNotWritten,        // a classic group's generation is complete, but not in the log
    Count,
};

namespace mutant {
inline Mutant active = Mutant::None;   // set once by `simulate` before anything runs
inline bool on(Mutant m) { return active == m; }
std::string_view name(Mutant m);
}  // namespace mutant

}  // namespace millrace
