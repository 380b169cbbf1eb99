#pragma once
// What a group's assignment rests on, as one number that stands in its record: XXH3 over id, name,
// partitions and racks of the topics (Kafka 4.1: coordinator.group.Utils.computeTopicHash and
// computeGroupHash).
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "millrace/broker/group/topic_lookup.h"

namespace millrace::broker {

// `racks`: of each partition's replicas, as far as their brokers have one; may be shorter than the
// topic.
std::int64_t topic_hash(const KnownTopic& topic,
                        const std::vector<std::vector<std::string>>& racks = {});
std::int64_t group_hash(const std::map<std::string, std::int64_t>& topics);  // by name; 0: none

}  // namespace millrace::broker
