#pragma once
// A consumer group (KIP-848) as its records tell it, types 3 to 8 and 16 of __consumer_offsets.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "millrace/base/strong.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/records/consumer_group.h"

namespace millrace::broker {

enum class ConsumerMemberState : std::int8_t {  // numbers of the record
    Stable = 0,
    UnrevokedPartitions = 1,   // was told to give partitions up and has not yet
    UnreleasedPartitions = 2,  // waits for partitions that others still hold
    Unknown = 127,
};

using PartitionSets = std::map<Uuid, std::set<std::int32_t>>;  // by topic id; no empty sets
// Each partition with the member epoch at which it was assigned: offsets may be committed from that
// epoch on (KIP-1251).
using AssignedPartitions = std::map<Uuid, std::map<std::int32_t, std::int32_t>>;

struct ConsumerMember {
    std::optional<std::string> instance_id, rack_id;
    std::string client_id, client_host;
    std::set<std::string> topics;  // subscribed to by name
    std::string regex;             // empty: none
    std::int32_t rebalance_timeout_ms = -1;
    std::optional<std::string> server_assignor;
    // Set: the member speaks the classic protocol, and is served through JoinGroup and SyncGroup.
    std::optional<wire::ConsumerGroupMemberMetadataValue::ClassicMemberMetadata> classic;

    std::int32_t epoch = 0;  // 0: never got an assignment; -2: a static member that is away
    std::int32_t previous_epoch = 0;
    ConsumerMemberState state = ConsumerMemberState::Stable;
    AssignedPartitions assigned, revoking;

    friend bool operator==(const ConsumerMember&, const ConsumerMember&) = default;
};

struct ResolvedRegex {
    std::set<std::string> topics;
    std::int64_t version = 0;  // of the metadata image it was resolved with
    Timestamp time{0};
    friend bool operator==(const ResolvedRegex&, const ResolvedRegex&) = default;
};

struct ConsumerGroup {
    std::int32_t epoch = 1;           // before anybody subscribes to anything, as in Kafka 4.4
    std::int64_t metadata_hash = 0;   // of the topics subscribed to; 0: none of them exists
    bool partition_metadata = false;  // a record of type 4 stands, as up to Kafka 4.0
    std::map<std::string, ConsumerMember> members;
    std::int32_t target_epoch = 1;
    Timestamp target_time{0};
    std::map<std::string, PartitionSets> targets;  // by member id
    std::map<std::string, ResolvedRegex> regexes;

    // Who holds a partition, or must still give it up. Follows from the members: `hold` is told of
    // every change of one.
    using Partition = std::pair<Uuid, std::int32_t>;
    struct PartitionHash {
        std::size_t operator()(const Partition& p) const {
            return std::hash<Uuid>{}(p.first) * 31 + static_cast<std::size_t>(p.second);
        }
    };
    std::unordered_map<Partition, std::string, PartitionHash> owners;
    void hold(const std::string& member_id, const AssignedPartitions& partitions);
    void release(const std::string& member_id, const AssignedPartitions& partitions);
    bool held(const Uuid& topic, std::int32_t partition) const {
        return owners.contains({topic, partition});
    }

    const std::string* static_member(const std::string& instance_id) const;  // its member id
    std::size_t classic_members() const;
    friend bool operator==(const ConsumerGroup&, const ConsumerGroup&) = default;
};

}  // namespace millrace::broker
