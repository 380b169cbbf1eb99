#pragma once
// Fetches that wait for data (Java: DelayedFetch). A parked fetch stands in the set of every
// partition it names; when one of them gets something readable it is looked at again.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "millrace/broker/broker.h"
#include "millrace/broker/replica/fetch_session.h"
#include "millrace/broker/replica/partition.h"

namespace millrace::broker {

struct WaitingFetch {
    Request request;
    std::shared_ptr<FetchSession> session;
    bool incremental = false;
    std::pair<Time, std::uint64_t> deadline;  // Deadlines::Id
};

struct Fetches {
    std::map<FetchId, WaitingFetch> waiting;
    std::uint64_t next_id = 1;
};

void handle_fetch(Broker::State& broker, const Request& request);
// A partition got something readable: fetches that have enough are answered.
void wake_fetches(Broker::State& broker, Partition& partition);
// A partition is gone: every fetch that waits for it is answered with what there is.
void flush_fetches(Broker::State& broker, Partition& partition);

}  // namespace millrace::broker
