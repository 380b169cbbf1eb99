#pragma once
// Incremental fetch sessions (KIP-227; Java: FetchManager, FetchSession): the broker remembers what
// a client fetches and what it was last told, so that requests and answers name only what changed.
//   (id 0, epoch 0) makes one; (0, -1) wants none; (id, -1) ends it; (id, n) goes on.
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/random.h"
#include "millrace/base/result.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/messages/fetch.h"

namespace millrace::broker {

struct FetchedPartition {  // what one client fetches of one partition, and what it was told last
    std::string topic;
    Uuid topic_id;
    std::int32_t partition = 0;
    std::int64_t fetch_offset = 0;
    std::int32_t max_bytes = 0;
    std::int32_t current_leader_epoch = -1;
    std::int32_t last_fetched_epoch = -1;
    std::int64_t told_high_watermark = -1, told_log_start = -1;
};

struct FetchSession {
    std::int32_t id = 0;
    std::int32_t next_epoch = 1;
    bool by_topic_id = false;
    Time last_used;
    std::list<FetchedPartition>
        partitions;  // in the order they are served: who gave data goes last
};

class FetchSessions {
public:
    FetchSessions(std::size_t slots_max, std::uint64_t seed)
        : slots_max_(slots_max), random_(seed) {}
    static constexpr Duration kStale = std::chrono::minutes(2);

    struct Begun {
        std::shared_ptr<FetchSession> session;  // never null; one that is not kept has id 0
        bool incremental = false;               // the answer names only what changed
    };
    // FetchSessionIdNotFound, InvalidFetchSessionEpoch, FetchSessionTopicIdError.
    Result<Begun> begin(const wire::FetchRequest& request, std::int16_t version, Now now);
    std::size_t size() const { return sessions_.size(); }

private:
    bool make_room(Now now);

    std::size_t slots_max_;
    Random random_;
    std::map<std::int32_t, std::shared_ptr<FetchSession>> sessions_;
};

}  // namespace millrace::broker
