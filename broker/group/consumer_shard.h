#pragma once
// Inside the group coordinator: what stands beside the fold of a consumer group, and what a
// heartbeat comes to.
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "millrace/broker/group/consumer_assignor.h"
#include "millrace/broker/group/group_shard.h"

namespace millrace::broker {

struct GroupCoordinator::ConsumerBeat {
    wire::ConsumerGroupHeartbeatRequest request;
    std::string client_id, client_host;
    std::function<void(wire::ConsumerGroupHeartbeatResponse)> answer;

    // Set: a JoinGroup in the form of a heartbeat.
    std::optional<wire::ConsumerGroupMemberMetadataValue::ClassicMemberMetadata> classic;
    bool rejoins = false;  // ... of a static member that says its id

    bool joining() const { return request.member_epoch == 0; }
    ConsumerMember member_after(const ConsumerMember& before) const;
    std::optional<PartitionSets> owned() const;  // nothing: it did not say
    // It said all of itself, as members do that join or missed a reply: they are told all.
    bool full() const {
        return request.rebalance_timeout_ms != -1 &&
               (request.subscribed_topic_names || request.subscribed_topic_regex) &&
               request.topic_partitions;
    }
    void refuse(ErrorCode code, std::string detail) const;
};

struct GroupCoordinator::ConsumerDecision {
    CoordinatorRecords records;
    std::string group_id, member_id;
    std::optional<std::string> replaces;  // a static member's former id
    ConsumerMember before, member;        // as the fold has it; as it becomes
    bool is_new = false;                  // before it, nobody of this id was a member
    bool subscription_changed = false;
    std::map<std::string, ResolvedRegex> regexes;  // of the group, as they become
    std::int32_t epoch = 0, target_epoch = 0;      // of the group
    PartitionSets target;                          // of the member
};

// The members of a group as a decision leaves them: one more or one replaced, or some fewer.
class ConsumerMembers {
public:
    explicit ConsumerMembers(const ConsumerGroup& group) : group_(group) {}
    ConsumerMembers& with(const std::string& id, const ConsumerMember& member,
                          const std::optional<std::string>& replaces = {}) {
        id_ = &id;
        member_ = &member;
        if (replaces) without_.insert(*replaces);
        return *this;
    }
    ConsumerMembers& without(const std::vector<std::string>& ids) {
        without_.insert(ids.begin(), ids.end());
        return *this;
    }
    void each(const std::function<void(const std::string&, const ConsumerMember&)>& visit) const;
    // How many members subscribe to each regular expression.
    std::map<std::string, std::size_t> regexes() const;
    // The assignor that most of them ask for.
    std::string preferred_assignor(const std::string& otherwise) const;

private:
    const ConsumerGroup& group_;
    const std::string* id_ = nullptr;
    const ConsumerMember* member_ = nullptr;
    std::set<std::string> without_;
};

std::set<std::string> subscribed_names(const ConsumerMember& member,
                                       const std::map<std::string, ResolvedRegex>& regexes);
// The hash of the topics that somebody subscribes to.
std::int64_t subscription_hash(const ConsumerMembers& members,
                               const std::map<std::string, ResolvedRegex>& regexes,
                               const TopicLookup& topics);
ConsumerTargets consumer_targets(const ConsumerGroup& group, const ConsumerMembers& members,
                                 const std::map<std::string, ResolvedRegex>& regexes,
                                 const std::optional<std::string>& replaces,
                                 const std::string& replacement, const std::string& assignor,
                                 const TopicLookup& topics);

std::string_view consumer_group_state(const ConsumerGroup& group);

}  // namespace millrace::broker
