#include "millrace/client/streams_member.h"

#include "millrace/base/check.h"

namespace millrace::client {

namespace {
using Request = wire::StreamsGroupHeartbeatRequest;
using Response = wire::StreamsGroupHeartbeatResponse;

TaskSet task_set(const std::vector<Response::TaskIds>& tasks) {
    TaskSet out;
    for (const auto& ids : tasks)
        for (const std::int32_t partition : ids.partitions)
            out[ids.subtopology_id].insert(partition);
    return out;
}
}  // namespace

std::vector<Request::TaskIds> wire_tasks(const TaskSet& tasks) {
    std::vector<Request::TaskIds> out;
    for (const auto& [subtopology, partitions] : tasks) {
        if (partitions.empty()) continue;
        auto& ids = out.emplace_back();
        ids.subtopology_id = subtopology;
        ids.partitions.assign(partitions.begin(), partitions.end());
    }
    return out;
}

StreamsMember::StreamsMember(Cluster& cluster, StreamsMemberConfig config, LogSink& log)
    : cluster_(cluster), config_(std::move(config)), log_(log) {}

void StreamsMember::join() {
    if (state_ == State::Failed) return;
    scope_.reset();
    in_flight_ = false;
    state_ = State::Joining;
    ++pulse_version_;
    epoch_ = 0;
    assigned_.clear();
    owned_.clear();
    ++assignment_version_;
    owned_changed_ = false;
    next_ = cluster_.now().time;
}

void StreamsMember::leave() {
    if (state_ == State::Left || state_ == State::Leaving) return;
    if (state_ != State::Joined && !(state_ == State::Joining && in_flight_)) {  // nobody knows us
        state_ = State::Left;
        next_ = Time::never();
        return;
    }
    scope_.reset();  // what the answer under way says does not matter
    in_flight_ = false;
    state_ = State::Leaving;
    ++pulse_version_;
    next_ = cluster_.now().time;
}

void StreamsMember::set_owned(TaskSet owned) {
    std::erase_if(owned, [](const auto& entry) { return entry.second.empty(); });
    if (owned == owned_) return;
    owned_ = std::move(owned);
    owned_changed_ = true;
    ++pulse_version_;
    if (state_ == State::Joined && !in_flight_) next_ = cluster_.now().time;
}

void StreamsMember::request_shutdown() {
    shutdown_ = true;
    if (!in_flight_ && state_ == State::Joined) next_ = cluster_.now().time;
}

GroupMetadata StreamsMember::group() const {
    return {config_.group_id, config_.member_id,
            state_ == State::Joined || state_ == State::Leaving ? epoch_ : -1, config_.instance_id};
}

void StreamsMember::poll() {
    if (in_flight_ || next_ > cluster_.now().time) return;
    if (state_ == State::Joining || state_ == State::Joined || state_ == State::Leaving)
        heartbeat();
}

Time StreamsMember::next_due() const {
    return in_flight_ ? Time::never() : next_;
}

void StreamsMember::heartbeat() {
    const bool joining = state_ == State::Joining, leaving = state_ == State::Leaving;
    in_flight_ = true;
    next_ = Time::never();
    auto request = std::make_shared<Request>();
    request->group_id = config_.group_id;
    request->member_id = config_.member_id;
    request->member_epoch = leaving ? (config_.instance_id ? -2 : -1) : epoch_;
    request->endpoint_information_epoch = endpoint_epoch_;
    if (joining) {
        request->rebalance_timeout_ms =
            static_cast<std::int32_t>(config_.rebalance_timeout / std::chrono::milliseconds(1));
        request->topology = config_.topology;
        request->process_id = config_.process_id;
        request->rack_id = config_.rack_id;
        if (config_.user_endpoint)
            request->user_endpoint =
                Request::Endpoint{config_.user_endpoint->first, config_.user_endpoint->second};
        std::vector<Request::KeyValue> tags;
        for (const auto& [key, value] : config_.client_tags) tags.push_back({key, value});
        request->client_tags = std::move(tags);
    }
    if (!leaving && (joining || owned_changed_)) {
        request->active_tasks = joining ? std::vector<Request::TaskIds>{} : wire_tasks(owned_);
        request->standby_tasks = std::vector<Request::TaskIds>{};
        request->warmup_tasks = std::vector<Request::TaskIds>{};
        owned_changed_ = false;
    }
    request->shutdown_application = shutdown_;
    Call call;
    call.target = Coordinator{CoordinatorType::Group, config_.group_id};
    call.lane = Lane::Group;
    call.api = wire::ApiKey::StreamsGroupHeartbeat;
    call.build = [request, instance = config_.instance_id](std::int16_t version) {
        Request body = *request;
        if (version >= 1) body.instance_id = instance;  // 4.2 and 4.3 refuse it
        return wire::AnyRequest::of(std::move(body), version);
    };
    call.done = [this, leaving](Answer answer) { arrived(std::move(answer), leaving); };
    cluster_.call(scope_, std::move(call));
}

void StreamsMember::retry(bool find_coordinator) {
    if (find_coordinator) cluster_.forget_coordinator({CoordinatorType::Group, config_.group_id});
    // What was told may not have arrived: tell it again.
    if (state_ == State::Joined) owned_changed_ = true;
    next_ = cluster_.now().time + cluster_.backoff(failures_++);
}

void StreamsMember::arrived(Answer answer, bool leaving) {
    in_flight_ = false;
    if (leaving) {  // one attempt: an unreachable coordinator drops us at the session timeout
        state_ = State::Left;
        return;
    }
    if (answer.error == ErrorCode::UnsupportedVersion) {
        state_ = State::Failed;
        fatal_ =
            Error{answer.error,
                  answer.detail + ": streams groups (KIP-1071) need Apache Kafka 4.2 or newer"};
        return;
    }
    if (!answer.ok()) {
        if (answer.error == ErrorCode::GroupAuthorizationFailed ||
            answer.error == ErrorCode::InvalidGroupId) {
            state_ = State::Failed;
            fatal_ = Error{answer.error, answer.detail};
            return;
        }
        return retry(true);
    }
    const auto& response = answer.response.as<Response>();
    const std::string detail = std::string(name(response.error_code)) +
                               (response.error_message ? ": " + *response.error_message : "");
    switch (response.error_code) {
        case ErrorCode::None:
            break;
        case ErrorCode::NotCoordinator:
        case ErrorCode::CoordinatorNotAvailable:
            return retry(true);
        case ErrorCode::CoordinatorLoadInProgress:
        case ErrorCode::RequestTimedOut:
            return retry(false);
        case ErrorCode::UnreleasedInstanceId:  // who had it before us is given up at the session
                                               // timeout
            log_.warn("instance id still in use", {{"instance", config_.instance_id.value_or("")}});
            return retry(false);
        case ErrorCode::UnknownMemberId:
        case ErrorCode::FencedMemberEpoch:
        case ErrorCode::GroupIdNotFound:
            log_.warn("fenced by the group", {{"member", config_.member_id}, {"error", detail}});
            fenced_ = true;
            state_ = State::Out;
            ++pulse_version_;
            epoch_ = 0;
            assigned_.clear();
            owned_.clear();
            ++assignment_version_;
            return;
        default:
            if (retriable(response.error_code)) return retry(false);
            log_.error("refused by the group", {{"error", detail}});
            state_ = State::Failed;
            fatal_ = Error{response.error_code, "group " + config_.group_id + ": " + detail};
            return;
    }
    failures_ = 0;
    // It was under way while another heartbeat was answered for us with a later epoch.
    if (state_ == State::Joined && response.member_epoch < epoch_) {
        next_ = cluster_.now().time;
        return;
    }
    accepted(response);
}

MemberPulse StreamsMember::pulse() const {
    return {config_.member_id, config_.instance_id, state_ == State::Joined ? epoch_ : 0, endpoint_epoch_, interval_, owned_};
}

void StreamsMember::kept_alive(const Response& response) {
    if (state_ != State::Joined || response.member_epoch < epoch_) return;
    owned_changed_ = true;   // all of it is told again, and the answer has the whole assignment
    accepted(response);
}

void StreamsMember::accepted(const Response& response) {
    state_ = State::Joined;
    ++pulse_version_;
    epoch_ = response.member_epoch;
    if (!response.member_id.empty()) config_.member_id = response.member_id;
    if (response.heartbeat_interval_ms > 0)
        interval_ = std::chrono::milliseconds(response.heartbeat_interval_ms);
    endpoint_epoch_ = response.endpoint_information_epoch;
    status_.clear();
    if (response.status)
        for (const auto& s : *response.status)
            status_[static_cast<GroupStatus>(s.status_code)] = s.status_detail;
    if (response.active_tasks) {
        assigned_ = task_set(*response.active_tasks);
        ++assignment_version_;
    }
    next_ = owned_changed_ ? cluster_.now().time : cluster_.now().time + interval_;
    // Nothing assigned yet because the group waits for others or for topics: look again soon.
    if (!status_.empty() && assigned_.empty())
        next_ = std::min(
            next_, cluster_.now().time + std::min<Duration>(interval_, std::chrono::seconds(1)));
}

}  // namespace millrace::client
