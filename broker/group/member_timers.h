#pragma once
// What time does to the members of one group, whatever its protocol: a session ends when nothing is
// heard, and who was told to give something up has so long for it.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "millrace/base/clock.h"

namespace millrace::broker {

class MemberTimers {
public:
    // True: the next tick may have to come earlier. A session that only grows longer needs none.
    bool heard(const std::string& member_id, Time session_ends) {
        const auto [it, is_new] = sessions_.try_emplace(member_id, session_ends);
        const bool earlier = is_new || session_ends < it->second;
        it->second = session_ends;
        return earlier;
    }
    // Asked again in the same member epoch, the first deadline stands.
    bool must_revoke(const std::string& member_id, std::int32_t epoch, Time until) {
        const auto it = revoking_.find(member_id);
        if (it != revoking_.end() && it->second.epoch == epoch) return false;
        revoking_[member_id] = {until, epoch};
        return true;
    }
    void has_revoked(const std::string& member_id) { revoking_.erase(member_id); }
    void forget(const std::string& member_id) {
        sessions_.erase(member_id);
        revoking_.erase(member_id);
    }

    std::vector<std::string> silent(Time now) const {
        std::vector<std::string> ids;
        for (const auto& [id, at] : sessions_)
            if (at <= now) ids.push_back(id);
        return ids;
    }
    std::vector<std::string> slow(Time now) const {  // those that are heard of
        std::vector<std::string> ids;
        for (const auto& [id, revoking] : revoking_)
            if (const auto it = sessions_.find(id);
                revoking.until <= now && it != sessions_.end() && it->second > now)
                ids.push_back(id);
        return ids;
    }
    Time next_wake() const {
        Time wake = Time::never();
        for (const auto& [id, at] : sessions_) wake = std::min(wake, at);
        for (const auto& [id, revoking] : revoking_) wake = std::min(wake, revoking.until);
        return wake;
    }

private:
    struct Revoking {
        Time until;
        std::int32_t epoch;
    };
    std::map<std::string, Time> sessions_;
    std::map<std::string, Revoking> revoking_;
};

}  // namespace millrace::broker
