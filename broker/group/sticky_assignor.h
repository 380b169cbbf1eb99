#pragma once
// The "sticky" task assignor of streams groups (Kafka: StickyTaskAssignor): active tasks stay where
// they were, then go to former standbys, then to the process with the least load per member, there
// to the member with the fewest. Standbys of stateful tasks stand on other processes. Pure, and
// deterministic: ties go to the smaller name.
#include <map>
#include <string>

#include "millrace/broker/group/tasks.h"

namespace millrace::broker {

struct AssignorMember {
    std::string process_id;
    Tasks previous;  // its target before
};

struct AssignorTopology {
    std::map<std::string, std::int32_t> tasks;  // per subtopology
    std::set<std::string> stateful;             // subtopologies with changelogs
};

std::map<std::string, Tasks> assign_sticky(const std::map<std::string, AssignorMember>& members,
                                           const AssignorTopology& topology,
                                           std::int32_t standby_replicas);

}  // namespace millrace::broker
