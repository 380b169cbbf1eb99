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
    Count,
};

namespace mutant {
inline Mutant active = Mutant::None;   // set once by `simulate` before anything runs
inline bool on(Mutant m) { return active == m; }
std::string_view name(Mutant m);
}  // namespace mutant

}  // namespace millrace
