#include "millrace/broker/group/sticky_assignor.h"

#include <algorithm>

namespace millrace::broker {

namespace {

struct Process {
    std::vector<std::string> members;
    std::size_t tasks = 0;
    std::set<TaskId> held;  // in any role: a process never holds a task twice
};

class Assignor {
public:
    explicit Assignor(const std::map<std::string, AssignorMember>& members) : members_(members) {
        for (const auto& [id, member] : members) {
            processes_[member.process_id].members.push_back(id);
            result_[id];
        }
    }

    void assign_active(const TaskSet& tasks) {
        std::map<TaskId, std::string> owner;
        std::map<TaskId, std::vector<std::string>> standbys;
        for (const auto& [id, member] : members_) {
            for (const TaskId& task : member.previous.active) owner.emplace(task, id);
            for (const TaskId& task : member.previous.standby) standbys[task].push_back(id);
        }
        Quota quota{tasks.size(), members_.size()};
        TaskSet left;
        for (const TaskId& task : tasks) {
            const auto it = owner.find(task);
            if (it == owner.end() || !quota.allows(active_count(it->second))) {
                left.insert(task);
                continue;
            }
            give_active(it->second, task, quota);
        }
        for (auto it = left.begin(); it != left.end();) {
            const std::string* best = nullptr;
            for (const std::string& id : standbys[*it])
                if (quota.allows(active_count(id)) && (!best || less_loaded(id, *best))) best = &id;
            if (!best) {
                ++it;
                continue;
            }
            give_active(*best, *it, quota);
            it = left.erase(it);
        }
        for (const TaskId& task : left) {
            const std::string* best = nullptr;
            for (const auto& [id, member] : members_)
                if (!best || less_loaded(id, *best)) best = &id;
            give_active(*best, task, quota);
        }
    }

    void assign_standbys(const TaskSet& tasks, std::int32_t replicas) {
        for (std::int32_t replica = 0; replica < replicas; ++replica)
            for (const TaskId& task : tasks) {
                const std::string* best = nullptr;
                bool best_was_there = false;
                for (const auto& [id, member] : members_) {
                    if (processes_[member.process_id].held.contains(task)) continue;
                    const bool was_there = member.previous.standby.contains(task) ||
                                           member.previous.active.contains(task);
                    if (!best || (was_there && !best_was_there) ||
                        (was_there == best_was_there && less_loaded(id, *best))) {
                        best = &id;
                        best_was_there = was_there;
                    }
                }
                if (!best) continue;  // fewer processes than copies
                result_[*best].standby.insert(task);
                note(*best, task);
            }
    }

    std::map<std::string, Tasks> take() { return std::move(result_); }

private:
    // At most ceil(tasks / members) each; once a member is full, the rest is shared by the others,
    // so that the spread between members is never more than one.
    struct Quota {
        std::size_t tasks, members;
        std::size_t each() const { return members == 0 ? tasks : (tasks + members - 1) / members; }
        bool allows(std::size_t has) const { return has < each(); }
        void given(std::size_t has_now) {
            if (has_now != each() || members <= 1) return;
            tasks -= has_now;
            --members;
        }
    };

    std::size_t active_count(const std::string& id) const { return result_.at(id).active.size(); }
    std::size_t count(const std::string& id) const {
        const Tasks& tasks = result_.at(id);
        return tasks.active.size() + tasks.standby.size();
    }
    // By load per member of the process, then by the member's own.
    bool less_loaded(const std::string& a, const std::string& b) {
        const Process& x = processes_[members_.at(a).process_id];
        const Process& y = processes_[members_.at(b).process_id];
        const std::size_t left = x.tasks * y.members.size(), right = y.tasks * x.members.size();
        if (left != right) return left < right;
        if (count(a) != count(b)) return count(a) < count(b);
        return a < b;
    }
    void give_active(const std::string& id, const TaskId& task, Quota& quota) {
        result_[id].active.insert(task);
        note(id, task);
        quota.given(active_count(id));
    }
    void note(const std::string& id, const TaskId& task) {
        Process& process = processes_[members_.at(id).process_id];
        ++process.tasks;
        process.held.insert(task);
    }

    const std::map<std::string, AssignorMember>& members_;
    std::map<std::string, Process> processes_;
    std::map<std::string, Tasks> result_;
};

}  // namespace

std::map<std::string, Tasks> assign_sticky(const std::map<std::string, AssignorMember>& members,
                                           const AssignorTopology& topology,
                                           std::int32_t standby_replicas) {
    if (members.empty()) return {};
    TaskSet all, stateful;
    for (const auto& [subtopology, count] : topology.tasks)
        for (std::int32_t partition = 0; partition < count; ++partition) {
            all.insert({subtopology, partition});
            if (topology.stateful.contains(subtopology)) stateful.insert({subtopology, partition});
        }
    Assignor assignor(members);
    assignor.assign_active(all);
    assignor.assign_standbys(stateful, standby_replicas);
    return assignor.take();
}

}  // namespace millrace::broker
