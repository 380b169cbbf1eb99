#pragma once
// Tasks of a streams group: (subtopology, partition), in three roles.
#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace millrace::broker {

struct TaskId {
    std::string subtopology;
    std::int32_t partition = 0;
    std::string to_string() const { return subtopology + '_' + std::to_string(partition); }
    friend auto operator<=>(const TaskId&, const TaskId&) = default;
};
using TaskSet = std::set<TaskId>;

struct Tasks {
    TaskSet active, standby, warmup;
    bool empty() const { return active.empty() && standby.empty() && warmup.empty(); }
    friend bool operator==(const Tasks&, const Tasks&) = default;
};

// Whether any of `a` stands in `b` in the same role; whether all of them do.
bool contains_any(const Tasks& b, const Tasks& a);
bool contains_all(const Tasks& b, const Tasks& a);

// An active task remembers the member epoch at which it was assigned: offsets of its inputs may be
// committed from that epoch on (KIP-1251).
using ActiveTasks = std::map<TaskId, std::int32_t>;

}  // namespace millrace::broker
