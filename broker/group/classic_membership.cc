#include "millrace/broker/group/classic_membership.h"

#include <algorithm>
#include <utility>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/base/hash.h"

namespace millrace::broker {

std::string_view classic_state_name(ClassicState state) {
    switch (state) {
        case ClassicState::Empty:
            return "Empty";
        case ClassicState::PreparingRebalance:
            return "PreparingRebalance";
        case ClassicState::CompletingRebalance:
            return "CompletingRebalance";
        case ClassicState::Stable:
            return "Stable";
    }
    return "";
}

namespace {

// Equal votes go to the protocol that Java's HashMap would meet first: the same one that Kafka
// takes. (16 buckets: up to 12 protocols.)
std::uint32_t java_bucket(const std::string& name) {
    const auto hash = static_cast<std::uint32_t>(java_string_hash(name));
    return (hash ^ (hash >> 16)) & 15;
}

// The topics of a subscription: version 0 is a prefix of all later ones. Bytes of clients, never
// trusted.
bool read_topics(BytesView subscription, std::set<std::string>& into) {
    ByteReader reader(subscription);
    const auto version = reader.be<std::int16_t>();
    const auto count = reader.be<std::int32_t>();
    if (!reader.ok() || version < 0 || count < 0) return false;
    for (std::int32_t i = 0; i < count; ++i) {
        const auto length = reader.be<std::int16_t>();
        if (!reader.ok() || length < 0) return false;
        const BytesView topic = reader.bytes(static_cast<std::size_t>(length));
        if (!reader.ok()) return false;
        into.emplace(as_text(topic));
    }
    return true;
}

}  // namespace

const Bytes* JoinedMember::metadata(const std::string& protocol) const {
    for (const auto& one : protocols)
        if (one.name == protocol) return &one.metadata;
    return nullptr;
}

ClassicMembership::ClassicMembership(const ClassicGroup& group)
    : state_(group.members.empty() ? ClassicState::Empty : ClassicState::Stable),
      before_(state_),
      generation_(group.generation),
      protocol_(group.protocol),
      leader_(group.leader),
      state_since_(group.state_since) {
    if (!group.protocol_type.empty()) protocol_type_ = group.protocol_type;
    for (const auto& [member_id, member] : group.members) {
        JoinedMember& joined = members_[member_id];
        joined.instance_id = member.instance_id;
        joined.client_id = member.client_id;
        joined.client_host = member.client_host;
        joined.rebalance_timeout_ms = member.rebalance_timeout_ms;
        joined.session_timeout_ms = member.session_timeout_ms;
        joined.protocols = {{.name = group.protocol.value_or(""), .metadata = member.subscription}};
        joined.assignment = member.assignment;
        if (joined.instance_id) static_members_[*joined.instance_id] = member_id;
        count(joined, 1);
    }
    look_at_subscriptions();
}

JoinedMember* ClassicMembership::find(const std::string& member_id) {
    const auto it = members_.find(member_id);
    return it == members_.end() ? nullptr : &it->second;
}
const JoinedMember* ClassicMembership::find(const std::string& member_id) const {
    const auto it = members_.find(member_id);
    return it == members_.end() ? nullptr : &it->second;
}

const std::string* ClassicMembership::static_member(const std::string& instance_id) const {
    const auto it = static_members_.find(instance_id);
    return it == static_members_.end() ? nullptr : &it->second;
}

ErrorCode ClassicMembership::check_member(const std::string& member_id,
                                          const std::optional<std::string>& instance_id) const {
    if (instance_id) {
        const std::string* current = static_member(*instance_id);
        if (!current) return ErrorCode::UnknownMemberId;
        if (*current != member_id) return ErrorCode::FencedInstanceId;
    }
    return members_.contains(member_id) ? ErrorCode::None : ErrorCode::UnknownMemberId;
}

bool ClassicMembership::supports(const std::string& protocol_type,
                                 const ClassicProtocols& protocols) const {
    if (in(ClassicState::Empty)) return !protocol_type.empty() && !protocols.empty();
    if (protocol_type_ != protocol_type) return false;
    return std::ranges::any_of(protocols, [&](const auto& protocol) {
        const auto it = protocol_counts_.find(protocol.name);
        return (it == protocol_counts_.end() ? 0 : it->second) == members_.size();
    });
}

std::string ClassicMembership::select_protocol() const {
    const auto everybody_speaks = [&](const std::string& name) {
        const auto it = protocol_counts_.find(name);
        return it != protocol_counts_.end() && it->second == members_.size();
    };
    std::map<std::string, std::size_t> votes;
    for (const auto& [member_id, member] : members_)
        for (const auto& protocol : member.protocols) {
            if (!everybody_speaks(protocol.name)) continue;
            ++votes[protocol.name];
            break;
        }
    const auto best = std::ranges::max_element(votes, [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second < b.second
                                    : java_bucket(a.first) > java_bucket(b.first);
    });
    return best == votes.end() ? std::string() : best->first;
}

Duration ClassicMembership::rebalance_timeout() const {
    std::int32_t longest = 0;
    for (const auto& [member_id, member] : members_)
        longest = std::max(longest, member.rebalance_timeout_ms);
    return std::chrono::milliseconds(longest);
}

std::vector<wire::JoinGroupResponse::Member> ClassicMembership::members_for_leader() const {
    std::vector<wire::JoinGroupResponse::Member> list;
    list.reserve(members_.size());
    for (const auto& [member_id, member] : members_) {
        const Bytes* metadata = member.metadata(protocol_.value_or(""));
        list.push_back({member_id, member.instance_id, metadata ? *metadata : Bytes()});
    }
    return list;
}

ClassicGroup ClassicMembership::to_record() const {
    ClassicGroup group{.protocol_type = protocol_type_.value_or(""),
                       .generation = generation_,
                       .protocol = protocol_,
                       .leader = leader_,
                       .state_since = state_since_};
    for (const auto& [member_id, member] : members_) {
        const Bytes* metadata = member.metadata(protocol_.value_or(""));
        group.members[member_id] = {.instance_id = member.instance_id,
                                    .client_id = member.client_id,
                                    .client_host = member.client_host,
                                    .rebalance_timeout_ms = member.rebalance_timeout_ms,
                                    .session_timeout_ms = member.session_timeout_ms,
                                    .subscription = metadata ? *metadata : Bytes(),
                                    .assignment = member.assignment};
    }
    return group;
}

void ClassicMembership::count(const JoinedMember& member, int by) {
    std::set<std::string_view> seen;  // a client may name one twice
    for (const auto& protocol : member.protocols) {
        if (!seen.insert(protocol.name).second) continue;
        std::size_t& members = protocol_counts_[protocol.name];
        members += static_cast<std::size_t>(by);
        if (members == 0) protocol_counts_.erase(protocol.name);
    }
}

void ClassicMembership::set_join(JoinedMember& member, JoinAnswer join) {
    if (member.join) {  // asked again: the first answer was lost, nobody waits for it
        --awaiting_join_;
        std::exchange(member.join, nullptr)({.error_code = ErrorCode::RebalanceInProgress});
    }
    if (join) ++awaiting_join_;
    member.join = std::move(join);
}

JoinedMember& ClassicMembership::add(const std::string& member_id, const std::string& protocol_type,
                                     JoinedMember member, JoinAnswer join) {
    if (members_.empty()) protocol_type_ = protocol_type;
    if (!leader_) leader_ = member_id;
    if (member.instance_id) static_members_[*member.instance_id] = member_id;
    JoinedMember& added = members_[member_id] = std::move(member);
    count(added, 1);
    set_join(added, std::move(join));
    pending_join.erase(member_id);
    return added;
}

void ClassicMembership::remove(const std::string& member_id) {
    if (const auto it = members_.find(member_id); it != members_.end()) {
        count(it->second, -1);
        if (it->second.join) --awaiting_join_;
        if (it->second.instance_id) static_members_.erase(*it->second.instance_id);
        members_.erase(it);
    }
    if (is_leader(member_id)) {
        if (members_.empty())
            leader_.reset();
        else
            leader_ = members_.begin()->first;
    }
    pending_join.erase(member_id);
    pending_sync.erase(member_id);
}

void ClassicMembership::update(JoinedMember& member, ClassicProtocols protocols,
                               std::int32_t rebalance_timeout_ms, std::int32_t session_timeout_ms,
                               JoinAnswer join) {
    count(member, -1);
    member.protocols = std::move(protocols);
    count(member, 1);
    member.rebalance_timeout_ms = rebalance_timeout_ms;
    member.session_timeout_ms = session_timeout_ms;
    set_join(member, std::move(join));
}

JoinedMember& ClassicMembership::replace_static(const std::string& old_id,
                                                const std::string& new_id) {
    auto node = members_.extract(old_id);
    MR_CHECK(!node.empty());
    JoinedMember& old = node.mapped();
    answer_join(old, {.error_code = ErrorCode::FencedInstanceId, .member_id = old_id});
    answer_sync(old, {.error_code = ErrorCode::FencedInstanceId});
    old.is_new = false;
    node.key() = new_id;
    if (is_leader(old_id)) leader_ = new_id;
    static_members_[*old.instance_id] = new_id;
    pending_sync.erase(old_id);
    return members_.insert(std::move(node)).position->second;
}

void ClassicMembership::answer_join(JoinedMember& member, wire::JoinGroupResponse response) {
    if (member.join) take_join(member)(std::move(response));
}

JoinAnswer ClassicMembership::take_join(JoinedMember& member) {
    if (member.join) --awaiting_join_;
    return std::exchange(member.join, nullptr);
}

void ClassicMembership::answer_sync(JoinedMember& member, wire::SyncGroupResponse response) {
    if (member.sync) std::exchange(member.sync, nullptr)(std::move(response));
}

void ClassicMembership::answer_all(ErrorCode code) {
    for (auto& [member_id, member] : members_) {
        answer_join(member, {.error_code = code, .member_id = member_id});
        answer_sync(member, {.error_code = code});
    }
}

bool ClassicMembership::elect_joined_leader() {
    if (!leader_) return false;
    const JoinedMember* leader = find(*leader_);
    if (leader && leader->join) return true;
    const auto joined =
        std::ranges::find_if(members_, [](const auto& one) { return bool(one.second.join); });
    if (joined == members_.end()) return false;
    leader_ = joined->first;
    return true;
}

void ClassicMembership::set_assignments(const std::map<std::string, Bytes>& assignments) {
    for (auto& [member_id, member] : members_) {
        const auto it = assignments.find(member_id);
        member.assignment = it == assignments.end() ? Bytes() : it->second;
    }
}

void ClassicMembership::transition(ClassicState to, Timestamp now) {
    before_ = std::exchange(state_, to);
    state_since_ = now;
}

void ClassicMembership::next_generation(Timestamp now) {
    ++generation_;
    if (members_.empty()) {
        protocol_.reset();
        transition(ClassicState::Empty, now);
    } else {
        protocol_ = select_protocol();
        transition(ClassicState::CompletingRebalance, now);
    }
    look_at_subscriptions();
    pending_sync.clear();
}

void ClassicMembership::look_at_subscriptions() {
    subscribed_.reset();
    if (!uses_consumer_protocol()) return;
    if (!members_.empty() && !protocol_) return;
    std::set<std::string> topics;
    for (const auto& [member_id, member] : members_) {
        const Bytes* metadata = member.metadata(*protocol_);
        if (!metadata || !read_topics(metadata->view(), topics)) return;
    }
    subscribed_ = std::move(topics);
}

Time ClassicMembership::earliest() const {
    Time at = std::min(join_due, sync_due);
    for (const auto& [member_id, member] : members_) at = std::min(at, member.expires);
    for (const auto& [member_id, until] : pending_join) at = std::min(at, until);
    return at;
}

}  // namespace millrace::broker
