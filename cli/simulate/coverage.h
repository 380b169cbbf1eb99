#pragma once
// What a run of seeds must have been through, counted; the table is printed, and a run of 300 seeds
// in which something happened fewer than kAtLeast times fails.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::simulate {

enum class Event : std::uint8_t {
    // A crash between two adjacent durable steps of a commit: data, offsets, Prepare, sync,
    // markers, Complete.
    CrashDataOffsets,
    CrashOffsetsPrepare,
    CrashPrepareSync,
    CrashSyncMarker,
    CrashBetweenMarkers,
    CrashMarkerComplete,
    CrashCompleteSync,
    TornTailCut,
    TimeoutAbort,
    FencedProducer,
    RebalanceWithOpenTransaction,
    CrashInSpill,
    RestoreFromCheckpointAndTail,
    ClientOutlivesBrokerInTransaction,
    AbortAfterOffsets,
    MachineOutlivesFailedSync,
    BrokerCrash,
    BrokerKill,
    BrokerStop,
    WorkerCrash,
    WorkerKill,
    WorkerStop,
    WorkerDiskFault,
    UserCodeFails,
    Pause,
    CutLinks,
    DiskFull,
    SyncFailed,
    // Of the classic group: completed, committed in, and members told that they are none any more.
    GroupGeneration,
    GroupCommit,
    GroupMemberRejected,
    Count,
};
inline constexpr std::uint64_t kAtLeast = 20;

class Coverage {
public:
    void happened(Event event, std::uint64_t times = 1) {
        counts_[static_cast<std::size_t>(event)] += times;
    }
    std::uint64_t count(Event event) const { return counts_[static_cast<std::size_t>(event)]; }
    void add(const Coverage& other);
    std::string table() const;
    std::string too_rare() const;  // empty: everything happened often enough

private:
    std::array<std::uint64_t, static_cast<std::size_t>(Event::Count)> counts_{};
};

std::string_view name(Event event);

}  // namespace millrace::simulate
