#include "millrace/broker/controller/partition_leaders.h"

#include <algorithm>

namespace millrace::broker {
namespace {

constexpr NodeId kNobody{-1};

bool contains(const std::vector<NodeId>& list, NodeId id) {
    return std::find(list.begin(), list.end(), id) != list.end();
}

std::vector<std::int32_t> numbers(const std::vector<NodeId>& ids) {
    std::vector<std::int32_t> list;
    for (const NodeId id : ids) list.push_back(id.value());
    return list;
}

Uuid directory_of(const ControllerState& state, NodeId id) {  // zero: the broker will say
    const BrokerImage* b = state.image.broker(id);
    return b && b->log_dirs.size() == 1 ? b->log_dirs.front() : Uuid{};
}

}  // namespace

std::optional<wire::PartitionChangeRecord> change_leader(const ControllerState& state,
                                                         const TopicImage& topic,
                                                         std::int32_t index,
                                                         std::optional<NodeId> gone,
                                                         std::optional<NodeId> back) {
    const PartitionImage& p = topic.partitions[static_cast<std::size_t>(index)];
    const auto active = [&](NodeId id) {
        return id != gone && (id == back || state.is_active(id));
    };
    const bool with_elr = state.image.feature("eligible.leader.replicas.version") > 0;

    std::vector<NodeId> isr = p.isr, elr = p.elr, last_known = p.last_known_elr;
    NodeId leader = p.leader.value_or(kNobody);
    bool unclean = false;
    if (gone && contains(isr, *gone) &&
        (isr.size() > 1 || with_elr)) {  // without ELR the last member stays
        std::erase(isr, *gone);
        const TopicConfig config = state.image.topic_config(topic.name, state.self, *state.config);
        const auto min_isr = std::min<std::size_t>(
            static_cast<std::size_t>(config.min_insync_replicas), p.replicas.size());
        if (with_elr && isr.size() < min_isr && !contains(elr, *gone)) elr.push_back(*gone);
        if (with_elr && isr.empty()) last_known = {*gone};
    }
    const bool fine = leader != kNobody && active(leader) && contains(isr, leader);
    if (!fine) {
        leader = kNobody;
        for (const NodeId id : p.replicas) {  // the first is the preferred one
            if (leader == kNobody && active(id) && contains(isr, id)) leader = id;
        }
        const auto become_only = [&](NodeId id) {
            leader = id;
            isr = {id};
            std::erase(elr, id);
        };
        for (const NodeId id : p.replicas) {
            if (leader == kNobody && active(id) && contains(elr, id)) become_only(id);
        }
        if (leader == kNobody && isr.empty() && elr.empty() && last_known.size() == 1 &&
            active(last_known.front()) && contains(p.replicas, last_known.front())) {  // KIP-966
            become_only(last_known.front());
        }
        if (leader == kNobody && state.image.topic_config(topic.name, state.self, *state.config)
                                     .unclean_leader_election_enable) {
            for (const NodeId id : p.replicas) {
                if (leader == kNobody && active(id)) {
                    become_only(id);
                    unclean = true;
                }
            }
        }
        if (leader != kNobody) {
            const TopicConfig config =
                state.image.topic_config(topic.name, state.self, *state.config);
            const auto min_isr = std::min<std::size_t>(
                static_cast<std::size_t>(config.min_insync_replicas), p.replicas.size());
            if (isr.size() >= min_isr) elr.clear();
            last_known.clear();
        }
    }
    const NodeId before = p.leader.value_or(kNobody);
    if (leader == before && isr == p.isr && elr == p.elr && last_known == p.last_known_elr)
        return std::nullopt;
    wire::PartitionChangeRecord change;
    change.topic_id = topic.id;
    change.partition_id = index;
    if (leader != before) change.leader = leader.value();
    if (isr != p.isr) change.isr = numbers(isr);
    if (elr != p.elr) change.eligible_leader_replicas = numbers(elr);
    if (last_known != p.last_known_elr) change.last_known_elr = numbers(last_known);
    if (unclean) change.leader_recovery_state = 1;
    return change;
}

void move_leaders_away(const ControllerState& state, NodeId gone,
                       std::vector<MetadataRecord>& records) {
    for (const auto& [name, topic] : state.image.topics()) {
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            const PartitionImage& p = topic.partitions[i];
            if (p.leader != gone && !contains(p.isr, gone)) continue;
            if (auto change = change_leader(state, topic, static_cast<std::int32_t>(i), gone, {}))
                records.emplace_back(*std::move(change));
        }
    }
}

void bring_leaders_back(const ControllerState& state, NodeId back,
                        std::vector<MetadataRecord>& records) {
    for (const auto& [name, topic] : state.image.topics()) {
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            const PartitionImage& p = topic.partitions[i];
            if (!contains(p.replicas, back)) continue;
            if (p.leader == back) {
                // It kept its seat because nobody else could take it: a new process, a new epoch.
                wire::PartitionChangeRecord change;
                change.topic_id = topic.id;
                change.partition_id = static_cast<std::int32_t>(i);
                change.leader = back.value();
                records.emplace_back(std::move(change));
            } else if (!p.leader) {
                if (auto change =
                        change_leader(state, topic, static_cast<std::int32_t>(i), {}, back))
                    records.emplace_back(*std::move(change));
            }
        }
    }
}

Result<std::vector<std::vector<NodeId>>> place_replicas(ControllerState& state, std::int32_t count,
                                                        std::int32_t replication_factor) {
    std::vector<NodeId> active;
    for (const auto& [id, broker] : state.image.brokers()) {
        if (state.is_active(id)) active.push_back(id);
    }
    const auto factor = static_cast<std::size_t>(replication_factor);
    if (active.empty()) {
        return fail(ErrorCode::InvalidReplicationFactor,
                    "Unable to replicate the partition " + std::to_string(replication_factor) +
                        " time(s): All brokers are currently fenced.");
    }
    if (factor > active.size()) {
        return fail(ErrorCode::InvalidReplicationFactor,
                    "Unable to replicate the partition " + std::to_string(replication_factor) +
                        " time(s): The target replication factor of " +
                        std::to_string(replication_factor) + " cannot be reached because only " +
                        std::to_string(active.size()) +
                        " broker(s) are registered or some brokers have all their log directories "
                        "cordoned.");
    }
    // Leaders go round; the followers of each round stand one further, so that a lost broker's load
    // spreads.
    const std::size_t n = active.size();
    std::size_t first = state.random.below(n);
    std::vector<std::vector<NodeId>> placed;
    for (std::int32_t i = 0; i < count; ++i) {
        const std::size_t at = first + static_cast<std::size_t>(i);
        const std::size_t shift = n > 1 ? (static_cast<std::size_t>(i) / n) % (n - 1) : 0;
        std::vector<NodeId> replicas{active[at % n]};
        for (std::size_t r = 1; r < factor; ++r)
            replicas.push_back(active[(at + 1 + (shift + r - 1) % (n - 1)) % n]);
        placed.push_back(std::move(replicas));
    }
    return placed;
}

std::optional<wire::PartitionRecord> new_partition(const ControllerState& state,
                                                   const Uuid& topic_id, std::int32_t index,
                                                   const std::vector<NodeId>& replicas) {
    PartitionImage p;
    p.replicas = replicas;
    for (const NodeId id : replicas) {
        p.directories.push_back(directory_of(state, id));
        if (state.is_active(id)) p.isr.push_back(id);
    }
    if (p.isr.empty()) return std::nullopt;
    p.leader = p.isr.front();
    return partition_record(topic_id, index, p);
}

}  // namespace millrace::broker
