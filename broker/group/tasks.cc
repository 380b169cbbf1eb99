#include "millrace/broker/group/tasks.h"

#include <algorithm>

namespace millrace::broker {

namespace {
bool intersects(const TaskSet& a, const TaskSet& b) {
    return std::ranges::any_of(a, [&](const TaskId& task) { return b.contains(task); });
}
}  // namespace

bool contains_any(const Tasks& b, const Tasks& a) {
    return intersects(a.active, b.active) || intersects(a.standby, b.standby) ||
           intersects(a.warmup, b.warmup);
}

bool contains_all(const Tasks& b, const Tasks& a) {
    return std::ranges::includes(b.active, a.active) &&
           std::ranges::includes(b.standby, a.standby) && std::ranges::includes(b.warmup, a.warmup);
}

}  // namespace millrace::broker
