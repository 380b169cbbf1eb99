#include "millrace/cli/simulate/coverage.h"

namespace millrace::simulate {

std::string_view name(Event event) {
    static constexpr std::string_view kNames[] = {
        "crash between data and offsets of a commit",
        "crash between offsets and Prepare",
        "crash between Prepare and its sync",
        "crash between the sync and the first marker",
        "crash between two markers",
        "crash between the last marker and Complete",
        "crash between Complete and its sync",
        "a torn tail cut",
        "a timeout abort",
        "a fenced producer",
        "a rebalance with an open transaction",
        "a crash in a spill",
        "a restore from checkpoint plus tail",
        "a client that outlives the broker inside a transaction",
        "an abort after the offsets were sent",
        "a start after a failed sync on the same running machine",
        "broker crash (power)",
        "broker kill",
        "broker stop",
        "worker crash (power)",
        "worker kill",
        "worker stop",
        "a disk fault of a worker",
        "user code fails",
        "pause",
        "links cut",
        "disk full",
        "sync failed",
        "a generation of the classic group",
        "a commit in the classic group",
        "a member of the classic group rejected",
    };
    static_assert(std::size(kNames) == static_cast<std::size_t>(Event::Count));
    return kNames[static_cast<std::size_t>(event)];
}

void Coverage::add(const Coverage& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::string Coverage::table() const {
    std::string text;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        std::string n = std::to_string(counts_[i]);
        text += std::string(n.size() < 8 ? 8 - n.size() : 0, ' ') + n + "  " +
                std::string(name(static_cast<Event>(i))) + '\n';
    }
    return text;
}

std::string Coverage::too_rare() const {
    std::string text;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        if (counts_[i] >= kAtLeast) continue;
        text += (text.empty() ? "" : ", ") + std::string(name(static_cast<Event>(i))) + " (" +
                std::to_string(counts_[i]) + ')';
    }
    return text;
}

}  // namespace millrace::simulate
