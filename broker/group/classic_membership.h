#pragma once
// Who is in a classic group now (Kafka: ClassicGroup, ClassicGroupMember): members with what they
// can speak, who waits for the end of the join or of the sync, and the clocks of all that. It
// stands beside the fold: a generation is written when its leader's assignments come, so a
// coordinator that loads its log begins with the last complete one, whose members have a whole
// session.
//
//                 first join           all joined, or time is up       assignments written
//   Empty ---------------> PreparingRebalance ------> CompletingRebalance ------> Stable
//     ^                    |     ^         ^------------------|                     |
//     |-- nobody is left --|     |---- a join, a leave, a session that ended -------|
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/broker/group/classic_group.h"
#include "millrace/wire/messages/join_group.h"
#include "millrace/wire/messages/sync_group.h"

namespace millrace::broker {

enum class ClassicState : std::uint8_t { Empty, PreparingRebalance, CompletingRebalance, Stable };
std::string_view classic_state_name(ClassicState state);  // Kafka's spelling

using JoinAnswer = std::function<void(wire::JoinGroupResponse)>;
using SyncAnswer = std::function<void(wire::SyncGroupResponse)>;
using ClassicProtocols = std::vector<wire::JoinGroupRequest::Protocol>;

struct JoinedMember {
    std::optional<std::string> instance_id;
    std::string client_id, client_host;
    std::int32_t rebalance_timeout_ms = -1, session_timeout_ms = 0;
    ClassicProtocols protocols;  // in the order it prefers
    Bytes assignment;

    bool is_new = false;           // has not been told that it joined
    JoinAnswer join;               // waits for the end of the join
    SyncAnswer sync;               // waits for the leader's assignments
    Time expires = Time::never();  // its session; never: nothing is expected of who waits

    const Bytes* metadata(const std::string& protocol) const;
};

class ClassicMembership {
public:
    // A group without members, made now; and one as the log has it.
    explicit ClassicMembership(Timestamp now) : state_since_(now) {}
    explicit ClassicMembership(const ClassicGroup& group);

    // ---- read by everybody, changed by the functions below ----
    ClassicState state() const { return state_; }
    bool in(ClassicState state) const { return state_ == state; }
    ClassicState state_before() const { return before_; }
    std::int32_t generation() const { return generation_; }
    const std::optional<std::string>& protocol_type() const { return protocol_type_; }
    const std::optional<std::string>& protocol() const { return protocol_; }
    const std::optional<std::string>& leader() const { return leader_; }
    std::optional<Timestamp> state_since() const { return state_since_; }
    const std::map<std::string, JoinedMember>& members() const { return members_; }
    JoinedMember* find(const std::string& member_id);
    const JoinedMember* find(const std::string& member_id) const;
    const std::string* static_member(const std::string& instance_id) const;  // its member id
    bool is_leader(const std::string& member_id) const { return leader_ == member_id; }
    bool uses_consumer_protocol() const { return protocol_type_ == "consumer"; }
    // None, UnknownMemberId, FencedInstanceId (KIP-345).
    ErrorCode check_member(const std::string& member_id,
                           const std::optional<std::string>& instance_id) const;
    // Whether somebody with these protocols may be in the group.
    bool supports(const std::string& protocol_type, const ClassicProtocols& protocols) const;
    std::string select_protocol() const;  // by vote; not of a group without members
    std::size_t awaiting_join() const { return awaiting_join_; }
    bool all_joined() const { return members_.size() == awaiting_join_ && pending_join.empty(); }
    Duration rebalance_timeout() const;  // the longest of the members
    std::vector<wire::JoinGroupResponse::Member> members_for_leader() const;
    ClassicGroup to_record() const;  // as it is to be written
    // The topics that members of the consumer protocol subscribe to; nothing: not known.
    const std::optional<std::set<std::string>>& subscribed_topics() const { return subscribed_; }
    // A group whose topics are not known may be subscribed to any.
    bool subscribed_to(const std::string& topic) const {
        return subscribed_ ? subscribed_->contains(topic) : uses_consumer_protocol();
    }

    // ---- membership ----
    JoinedMember& add(const std::string& member_id, const std::string& protocol_type,
                      JoinedMember member, JoinAnswer join);
    void remove(const std::string& member_id);
    void update(JoinedMember& member, ClassicProtocols protocols, std::int32_t rebalance_timeout_ms,
                std::int32_t session_timeout_ms, JoinAnswer join);
    // A static member comes back under a new id; who waits under the old one is told that it is
    // fenced.
    JoinedMember& replace_static(const std::string& old_id, const std::string& new_id);
    void answer_join(JoinedMember& member, wire::JoinGroupResponse response);
    JoinAnswer take_join(JoinedMember& member);  // to answer it later; it no longer waits
    static void answer_sync(JoinedMember& member, wire::SyncGroupResponse response);
    void answer_all(ErrorCode code);  // everybody who waits
    // The leader, or another who has joined again. False: nobody has.
    bool elect_joined_leader();
    void set_assignments(const std::map<std::string, Bytes>& assignments);  // empty where missing

    // ---- states ----
    void transition(ClassicState to, Timestamp now);
    void next_generation(Timestamp now);  // to CompletingRebalance, or Empty

    std::map<std::string, Time> pending_join;  // ids given away, not used yet (KIP-394)
    std::set<std::string> pending_sync;        // must send SyncGroup for this generation

    // ---- clocks ----
    Time join_due = Time::never();  // the end of the join
    struct InitialDelay {           // of an empty group's first join: goes on while members come
        Duration delay, remaining;
    };
    std::optional<InitialDelay> initial;
    bool member_added = false;  // since the delay began
    Time sync_due = Time::never();
    Time due = Time::never();  // the earliest of all clocks, or earlier
    Time earliest() const;

private:
    void count(const JoinedMember& member, int by);
    void set_join(JoinedMember& member, JoinAnswer join);
    void look_at_subscriptions();

    ClassicState state_ = ClassicState::Empty, before_ = ClassicState::Empty;
    std::int32_t generation_ = 0;
    std::optional<std::string> protocol_type_, protocol_, leader_;
    std::optional<Timestamp> state_since_;
    std::map<std::string, JoinedMember> members_;
    std::map<std::string, std::string> static_members_;   // by instance id
    std::map<std::string, std::size_t> protocol_counts_;  // how many members speak each
    std::size_t awaiting_join_ = 0;
    std::optional<std::set<std::string>> subscribed_;
};

}  // namespace millrace::broker
