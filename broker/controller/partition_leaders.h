#pragma once
// Who leads a partition when brokers come and go (Java: PartitionChangeBuilder,
// ReplicationControlManager).
#include <optional>
#include <vector>

#include "millrace/broker/controller/controller.h"

namespace millrace::broker {

// What must change so that an active broker leads: nothing when one does. `gone` counts as inactive
// and leaves the ISR; `back` counts as active. Order: the preferred replica, any ISR member, any
// eligible replica (ELR), the last known leader when ISR and ELR are empty, any replica when
// unclean.leader.election.enable; else nobody.
std::optional<wire::PartitionChangeRecord> change_leader(const ControllerState& state,
                                                         const TopicImage& topic,
                                                         std::int32_t index,
                                                         std::optional<NodeId> gone,
                                                         std::optional<NodeId> back);

// Of all partitions in which the broker has a part.
void move_leaders_away(const ControllerState& state, NodeId gone,
                       std::vector<MetadataRecord>& records);
// Of partitions that have no leader or that this broker led before: it leads them again under a new
// epoch.
void bring_leaders_back(const ControllerState& state, NodeId back,
                        std::vector<MetadataRecord>& records);

// Replicas for `count` new partitions, the leaders spread round-robin over the active brokers.
// InvalidReplicationFactor.
Result<std::vector<std::vector<NodeId>>> place_replicas(ControllerState& state, std::int32_t count,
                                                        std::int32_t replication_factor);
// The record of a new partition: ISR and leader from the active ones. Nobody active: nothing.
std::optional<wire::PartitionRecord> new_partition(const ControllerState& state,
                                                   const Uuid& topic_id, std::int32_t index,
                                                   const std::vector<NodeId>& replicas);

}  // namespace millrace::broker
