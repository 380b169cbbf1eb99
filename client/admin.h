#pragma once
// Requests that a worker makes beside producing and fetching. Each repeats what can be tried again
// (with backoff, leaders and coordinators looked up anew) until the answer is final or `give_up`;
// `done` is called once, unless the scope ends.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/result.h"
#include "millrace/client/cluster.h"
#include "millrace/client/producer.h"

namespace millrace::client {

inline constexpr std::int64_t kLatest = -1, kEarliest = -2;  // timestamps of ListOffsets

struct ListedOffset {
    Offset offset{};
    std::optional<LeaderEpoch> epoch;
};
// The topics' metadata must be wanted by someone. With read_committed, kLatest is the last stable
// offset.
void list_offsets(Cluster& cluster, const Scope& scope, std::vector<TopicPartition> partitions,
                  std::int64_t timestamp, bool read_committed,
                  std::function<void(Result<std::map<TopicPartition, ListedOffset>>)> done,
                  Time give_up = Time::never());

struct CommittedOffset {
    Offset offset{};
    std::optional<LeaderEpoch> epoch;
    std::string metadata;
};
// Partitions without a committed offset are left out. Waits for offsets of open transactions
// (RequireStable, KIP-447).
void fetch_committed(Cluster& cluster, const Scope& scope, std::function<GroupMetadata()> group,
                     std::vector<TopicPartition> partitions,
                     std::function<void(Result<std::map<TopicPartition, CommittedOffset>>)> done,
                     Time give_up = Time::never());

// Raises log start offsets; the first error that is final, if any.
void delete_records(Cluster& cluster, const Scope& scope, std::map<TopicPartition, Offset> before,
                    std::function<void(Result<void>)> done, Time give_up = Time::never());

}  // namespace millrace::client
