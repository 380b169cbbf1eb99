#include "millrace/broker/group/consumer_assignor.h"

#include <algorithm>

#include "millrace/broker/group/java_order.h"

namespace millrace::broker {

namespace {

std::vector<std::string> ids_like_java(const AssignedMembers& members) {
    std::vector<std::string> ids;
    for (const auto& [id, member] : members) ids.push_back(id);
    order_like_java(ids);
    return ids;
}

std::vector<Uuid> topics_like_java(const PartitionSets& sets) {
    std::vector<Uuid> ids;
    for (const auto& [topic, partitions] : sets) ids.push_back(topic);
    order_like_java(ids);
    return ids;
}

// Everybody subscribes to the same topics: quotas that differ by one at most. Members are served in
// Java's order; what a member holds within its quota stays.
class Homogeneous {
public:
    Homogeneous(const AssignedMembers& members, const AssignedTopics& topics)
        : members_(members), topics_(members.begin()->second.topics) {
        std::set<std::pair<Uuid, std::int32_t>> assigned;
        for (const auto& [id, member] : members)
            for (const auto& [topic, held] : member.previous)
                for (const std::int32_t partition : held) assigned.insert({topic, partition});
        std::vector<Uuid> order;
        for (const Uuid& topic : topics.order)
            if (topics_.contains(topic)) order.push_back(topic);
        order_like_java(order, JavaTable::Copied);
        for (const Uuid& topic : order) {
            const std::int32_t count = topics.partitions.at(topic);
            for (std::int32_t partition = 0; partition < count; ++partition)
                if (!assigned.contains({topic, partition})) free_.push_back({topic, partition});
            total_ += count;
        }
    }

    ConsumerTargets run() {
        const auto count = static_cast<std::int32_t>(members_.size());
        quota_ = total_ / count;
        extra_ = total_ % count;
        std::int32_t left = count;
        for (const std::string& id : ids_like_java(members_)) keep(id, left--);
        std::size_t next = 0;
        for (const auto& [id, room] : unfilled_)
            for (std::int32_t i = 0; i < room && next < free_.size(); ++i, ++next)
                targets_[id][free_[next].first].insert(free_[next].second);
        return std::move(targets_);
    }

private:
    // `left`: members that have not been asked yet, this one included.
    void keep(const std::string& id, std::int32_t left) {
        const AssignedMember& member = members_.at(id);
        std::int32_t room = quota_;
        bool one_more = extra_ > 0;
        if (one_more) ++room;
        PartitionSets& target = targets_[id];
        for (const Uuid& topic : topics_like_java(member.previous)) {
            if (!topics_.contains(topic)) continue;
            const auto& held = member.previous.at(topic);
            std::vector<std::int32_t> partitions(held.begin(), held.end());
            order_like_java(partitions);
            for (const std::int32_t partition : partitions) {
                if (room > 0) {
                    --room;
                    target[topic].insert(partition);
                } else {
                    free_.push_back({topic, partition});
                }
            }
        }
        // One that does not fill its extra place leaves it to somebody who may hold enough.
        if (room > 0 && one_more && left > extra_) {
            --room;
            one_more = false;
        }
        if (room > 0) unfilled_.push_back({id, room});
        if (one_more) --extra_;
    }

    const AssignedMembers& members_;
    const std::set<Uuid>& topics_;
    std::int32_t total_ = 0, quota_ = 0, extra_ = 0;
    std::vector<std::pair<Uuid, std::int32_t>> free_;
    std::vector<std::pair<std::string, std::int32_t>> unfilled_;
    ConsumerTargets targets_;
};

// Members subscribe to different topics. Free partitions go to the least loaded subscribers, then
// partitions move topic by topic from the most to the least loaded until no topic's subscribers
// differ by more than one.
class Heterogeneous {
public:
    Heterogeneous(const AssignedMembers& members, const AssignedTopics& topics)
        : members_(members), ids_(ids_like_java(members)), loads_(ids_.size()) {
        for (std::size_t m = 0; m < ids_.size(); ++m)
            for (const Uuid& topic : members.at(ids_[m]).topics) {
                Topic& one = topics_[topic];
                one.subscribers.push_back(m);
                one.owners.assign(static_cast<std::size_t>(topics.partitions.at(topic)), kNobody);
            }
        for (const auto& [id, topic] : topics_) order_.push_back(id);
        std::ranges::sort(order_, [&](const Uuid& a, const Uuid& b) { return before(a, b); });
    }

    ConsumerTargets run() {
        for (std::size_t m = 0; m < ids_.size(); ++m)
            for (const auto& [topic, held] : members_.at(ids_[m]).previous) {
                if (!members_.at(ids_[m]).topics.contains(topic)) continue;
                for (const std::int32_t partition : held)
                    if (static_cast<std::size_t>(partition) < topics_[topic].owners.size())
                        give(topics_[topic], static_cast<std::size_t>(partition), m);
            }
        for (const Uuid& id : order_) hand_out(topics_[id]);
        balance();
        ConsumerTargets targets;
        for (const std::string& id : ids_) targets[id];
        for (const auto& [id, topic] : topics_)
            for (std::size_t p = 0; p < topic.owners.size(); ++p)
                if (topic.owners[p] != kNobody)
                    targets[ids_[topic.owners[p]]][id].insert(static_cast<std::int32_t>(p));
        return targets;
    }

private:
    static constexpr std::size_t kNobody = SIZE_MAX;
    static constexpr int kRounds = 16;  // over all topics, at most

    struct Topic {
        std::vector<std::size_t> subscribers;  // in Java's order of members
        std::vector<std::size_t> owners;       // by partition
    };

    // Java compares Uuids as two signed numbers.
    static bool less(const Uuid& a, const Uuid& b) {
        if (a.high != b.high)
            return static_cast<std::int64_t>(a.high) < static_cast<std::int64_t>(b.high);
        return static_cast<std::int64_t>(a.low) < static_cast<std::int64_t>(b.low);
    }
    bool before(const Uuid& a, const Uuid& b) const {
        const Topic &x = topics_.at(a), &y = topics_.at(b);
        const double left = static_cast<double>(x.owners.size()) / x.subscribers.size();
        const double right = static_cast<double>(y.owners.size()) / y.subscribers.size();
        if (left != right) return left > right;
        if (x.subscribers.size() != y.subscribers.size())
            return x.subscribers.size() < y.subscribers.size();
        return less(a, b);
    }
    void give(Topic& topic, std::size_t partition, std::size_t member) {
        std::size_t& owner = topic.owners[partition];
        if (owner != kNobody) --loads_[owner];
        owner = member;
        ++loads_[member];
    }

    // Subscribers by load, with two ends: a range of least loaded ones that each take one more in
    // turn, and a range of most loaded ones that each give one up in turn. Ranges grow towards each
    // other as their level is reached.
    class Scale {
    public:
        Scale(const std::vector<std::size_t>& subscribers, const std::vector<std::int32_t>& loads)
            : loads_(loads), sorted_(subscribers) {
            std::ranges::sort(sorted_, [&](std::size_t a, std::size_t b) {
                return loads[a] != loads[b] ? loads[a] < loads[b] : a < b;
            });
            low_level_ = load(0) - 1;
            high_begin_ = high_end_ = static_cast<std::ptrdiff_t>(sorted_.size());
            high_level_ = load(sorted_.size() - 1) + 1;
            high_next_ = high_begin_ - 1;
        }
        std::int32_t spread() const { return load(sorted_.size() - 1) - load(0); }
        bool balanced() const { return high_level_ - low_level_ <= 1; }
        std::size_t least_loaded() {
            if (low_next_ >= low_end_) {
                ++low_level_;
                while (low_end_ < sorted_.size() && load(low_end_) == low_level_) ++low_end_;
                low_next_ = 0;
            }
            return sorted_[low_next_++];
        }
        std::size_t most_loaded() {  // kNobody: nobody is left
            if (high_next_ < high_begin_) {
                if (high_end_ <= high_begin_ && high_begin_ > 0)
                    high_level_ = load(static_cast<std::size_t>(high_begin_ - 1));
                else
                    --high_level_;
                while (high_begin_ > 0 &&
                       load(static_cast<std::size_t>(high_begin_ - 1)) == high_level_)
                    --high_begin_;
                high_next_ = high_end_ - 1;
            }
            return high_next_ < 0 ? kNobody : sorted_[static_cast<std::size_t>(high_next_--)];
        }
        void exclude_most_loaded() {  // the one named last has nothing to give
            std::swap(sorted_[static_cast<std::size_t>(high_next_ + 1)],
                      sorted_[static_cast<std::size_t>(high_end_ - 1)]);
            --high_end_;
        }

    private:
        std::int32_t load(std::size_t at) const { return loads_[sorted_[at]]; }
        const std::vector<std::int32_t>& loads_;
        std::vector<std::size_t> sorted_;
        std::size_t low_end_ = 0, low_next_ = 0;
        std::int32_t low_level_ = 0, high_level_ = 0;
        std::ptrdiff_t high_begin_ = 0, high_end_ = 0, high_next_ = 0;
    };

    void hand_out(Topic& topic) {
        if (std::ranges::find(topic.owners, kNobody) == topic.owners.end()) return;
        Scale scale(topic.subscribers, loads_);
        for (std::size_t p = 0; p < topic.owners.size(); ++p)
            if (topic.owners[p] == kNobody) give(topic, p, scale.least_loaded());
    }

    void balance() {
        std::vector<Uuid> shared;
        for (const Uuid& id : order_)
            if (topics_[id].subscribers.size() >= 2) shared.push_back(id);
        std::size_t last = SIZE_MAX;  // the topic that changed last: back there, nothing changes
        for (int round = 0; round < kRounds; ++round)
            for (std::size_t t = 0; t < shared.size(); ++t) {
                if (t == last) return;
                if (balance(topics_[shared[t]]) || last == SIZE_MAX) last = t;
            }
    }

    bool balance(Topic& topic) {
        Scale scale(topic.subscribers, loads_);
        if (scale.spread() <= 1) return false;
        std::map<std::size_t, std::vector<std::size_t>> held;
        for (std::size_t p = 0; p < topic.owners.size(); ++p) held[topic.owners[p]].push_back(p);
        bool moved = false;
        while (!scale.balanced()) {
            std::size_t from = scale.most_loaded();
            while (from != kNobody && held[from].empty()) {
                scale.exclude_most_loaded();
                from = scale.most_loaded();
            }
            if (from == kNobody) break;
            const std::size_t partition = held[from].back();
            held[from].pop_back();
            const std::size_t to = scale.least_loaded();
            if (scale.balanced()) break;
            give(topic, partition, to);
            moved = true;
        }
        return moved;
    }

    const AssignedMembers& members_;
    std::vector<std::string> ids_;
    std::vector<std::int32_t> loads_;
    std::map<Uuid, Topic> topics_;
    std::vector<Uuid> order_;
};

}  // namespace

ConsumerTargets assign_uniform(const AssignedMembers& members, const AssignedTopics& topics) {
    if (members.empty()) return {};
    if (std::ranges::all_of(members, [](const auto& one) { return one.second.topics.empty(); })) {
        ConsumerTargets targets;
        for (const auto& [id, member] : members) targets[id];
        return targets;
    }
    return topics.same_subscriptions ? Homogeneous(members, topics).run()
                                     : Heterogeneous(members, topics).run();
}

ConsumerTargets assign_range(const AssignedMembers& members, const AssignedTopics& topics) {
    std::vector<const AssignedMembers::value_type*> sorted;
    for (const auto& one : members) sorted.push_back(&one);
    std::ranges::stable_sort(sorted, [](const auto* a, const auto* b) {
        const auto &x = a->second.instance_id, &y = b->second.instance_id;
        if (x && y) return *x < *y;
        return x && !y;  // members of one kind are in the order of their ids already
    });
    struct Shares {
        std::int32_t members = 0, each = -1, extra = 0, next = 0;
    };
    std::map<Uuid, Shares> shares;
    for (const auto* one : sorted)
        for (const Uuid& topic : one->second.topics) ++shares[topic].members;
    ConsumerTargets targets;
    for (const auto* one : sorted) {
        PartitionSets& target = targets[one->first];
        for (const Uuid& topic : one->second.topics) {
            Shares& share = shares[topic];
            const std::int32_t count = topics.partitions.at(topic);
            if (share.each < 0) {
                share.each = count / share.members;
                share.extra = count % share.members;
            }
            const std::int32_t end = share.next + share.each + (share.extra-- > 0 ? 1 : 0);
            for (; share.next < end; ++share.next) target[topic].insert(share.next);
        }
    }
    return targets;
}

}  // namespace millrace::broker
