#include "millrace/client/streams_keep_alive.h"

#include <algorithm>

namespace millrace::client {

void StreamsKeepAlive::watch(const MemberPulse& pulse, Time last_turn) {
    if (last_turn == last_turn_) return;   // it has not moved: what we know by now is newer
    if (pulse.member_id != pulse_.member_id) scope_.reset(), in_flight_ = false;
    pulse_ = pulse;
    last_turn_ = last_turn;
    next_ = pulse.epoch > 0 ? last_turn + overdue_after() : Time::never();
}

void StreamsKeepAlive::poll() {
    const Time now = cluster_.now().time;
    if (in_flight_ || next_ > now) return;
    if (now - last_turn_ >= patience_) {   // the coordinator's session timeout does the rest
        next_ = Time::never();
        return;
    }
    heartbeat();
}

Time StreamsKeepAlive::next_due() const { return in_flight_ ? Time::never() : next_; }

// It says what the member holds: an answer to the member's own last heartbeat may lie unread, with a later epoch than we
// know, and the coordinator takes the one before only from who holds nothing that it has taken away.
void StreamsKeepAlive::heartbeat() {
    in_flight_ = true;
    ++sent_;
    wire::StreamsGroupHeartbeatRequest request;
    request.group_id = group_id_;
    request.member_id = pulse_.member_id;
    request.member_epoch = pulse_.epoch;
    request.endpoint_information_epoch = pulse_.endpoint_epoch;
    request.active_tasks = wire_tasks(pulse_.owned);
    request.standby_tasks = std::vector<wire::StreamsGroupHeartbeatRequest::TaskIds>{};
    request.warmup_tasks = std::vector<wire::StreamsGroupHeartbeatRequest::TaskIds>{};
    Call call;
    call.target = Coordinator{CoordinatorType::Group, group_id_};
    call.lane = Lane::Group;
    call.api = wire::ApiKey::StreamsGroupHeartbeat;
    call.build = [request, instance = pulse_.instance_id](std::int16_t version) {
        wire::StreamsGroupHeartbeatRequest body = request;
        if (version >= 1) body.instance_id = instance;
        return wire::AnyRequest::of(std::move(body), version);
    };
    call.done = [this](Answer answer) { arrived(std::move(answer)); };
    cluster_.call(scope_, std::move(call));
}

// A refusal is not ours to act on: the member hears it itself when it speaks next.
void StreamsKeepAlive::arrived(Answer answer) {
    in_flight_ = false;
    next_ = cluster_.now().time + pulse_.interval;
    if (!answer.ok()) return cluster_.forget_coordinator({CoordinatorType::Group, group_id_});
    auto response = answer.response.as<wire::StreamsGroupHeartbeatResponse>();
    if (response.error_code == ErrorCode::None) {
        pulse_.epoch = response.member_epoch;
        pulse_.endpoint_epoch = response.endpoint_information_epoch;
        if (!response.active_tasks && answer_) response.active_tasks = std::move(answer_->active_tasks);
        answer_ = std::move(response);
    } else if (response.error_code == ErrorCode::NotCoordinator || response.error_code == ErrorCode::CoordinatorNotAvailable) {
        cluster_.forget_coordinator({CoordinatorType::Group, group_id_});
    } else if (!retriable(response.error_code)) {
        next_ = Time::never();
    }
}

}  // namespace millrace::client
