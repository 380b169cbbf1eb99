// Links, negotiation and calls. Metadata and coordinators: cluster_metadata.cc.
#include "millrace/client/cluster.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/wire/messages/api_versions.h"

namespace millrace::client {

namespace {
constexpr std::int32_t kBootstrapNodes = -1000000;
constexpr std::int16_t kApiVersionsFirst =
    4;  // v5 wants a cluster id; a broker that lacks 4 answers in v0
constexpr std::size_t kInFlightMax = 100;  // per link; the rest waits
constexpr Duration kRestartPatience = std::chrono::seconds(5);

std::string text(wire::ApiKey key) {
    const wire::Api* api = wire::find_api(static_cast<std::int16_t>(key));
    return api ? std::string(api->name) : "api " + std::to_string(static_cast<int>(key));
}
std::string text(const Address& address) {
    return address.host + ':' + std::to_string(address.port);
}
}  // namespace

Cluster::Cluster(ClusterConfig config, LogSink& log)
    : config_(std::move(config)), log_(log), random_(config_.seed) {
    std::int32_t id = kBootstrapNodes;
    for (const Address& address : config_.bootstrap) bootstrap_[NodeId{id--}] = address;
}

Duration Cluster::backoff(int failures) {
    Duration d = config_.retry_backoff;
    for (int i = 0; i < failures && d < config_.retry_backoff_max; ++i) d *= 2;
    d = std::min(d, config_.retry_backoff_max);
    return Duration{random_.between(d.count() * 8 / 10, d.count() * 12 / 10)};
}

// ---- calls
// ----------------------------------------------------------------------------------------------------------

void Cluster::call(const Scope& scope, Call call) {
    const Duration timeout = call.timeout == Duration{} ? config_.request_timeout : call.timeout;
    route(Pending{scope.watch(), std::move(call), now_.time + timeout, {}, 0});
}

void Cluster::route(Pending pending) {
    if (std::holds_alternative<AnyNode>(pending.call.target)) {
        enqueue(pick_node(), std::move(pending));
    } else if (const NodeId* node = std::get_if<NodeId>(&pending.call.target)) {
        enqueue(*node, std::move(pending));
    } else {
        const Coordinator which = std::get<Coordinator>(pending.call.target);
        CoordinatorState& state = coordinators_[which];
        if (state.node) {
            enqueue(*state.node, std::move(pending));
        } else {
            state.waiting.push_back(std::move(pending));
            look_up(which);
        }
    }
}

void Cluster::enqueue(NodeId node, Pending pending) {
    if (!nodes_.contains(node) && !bootstrap_.contains(node)) {
        refresh_metadata();
        answer(pending,
               {.error = ErrorCode::BrokerNotAvailable,
                .detail = "node " + std::to_string(node.value()) + " is not in the metadata"});
        return;
    }
    const Lane lane = pending.call.lane;
    Link& to = link(node, lane);
    to.waiting.push_back(std::move(pending));
    if (to.state == LinkState::Closed && to.retry_at <= now_.time) open(to);
    if (to.state == LinkState::Ready) transmit_waiting({node, lane});
}

// The node to ask what any node can answer: one with a link, else known ones in turn, else the
// bootstrap list. Nodes that just failed come last.
NodeId Cluster::pick_node() {
    for (const auto& [key, link] : links_)
        if (key.second == Lane::Control && link.state == LinkState::Ready) return key.first;
    std::vector<NodeId> candidates;
    for (const auto& [id, address] : nodes_) candidates.push_back(id);
    const std::size_t known = candidates.size();
    for (auto it = bootstrap_.rbegin(); it != bootstrap_.rend(); ++it)
        candidates.push_back(it->first);
    MR_CHECK(!candidates.empty());
    const auto failing = [&](NodeId id) {
        const auto it = links_.find({id, Lane::Control});
        return it != links_.end() && it->second.state == LinkState::Closed &&
               it->second.failures > 0;
    };
    ++rotation_;
    for (std::size_t i = 0; i < known; ++i)
        if (const NodeId id = candidates[(rotation_ + i) % known]; !failing(id)) return id;
    for (std::size_t i = known; i < candidates.size(); ++i)
        if (!failing(candidates[i])) return candidates[i];
    return candidates[rotation_ % candidates.size()];
}

void Cluster::answer(Pending& pending, Answer answer) {
    if (pending.scope.expired()) return;
    auto done = std::move(pending.call.done);
    if (done) done(std::move(answer));
}

void Cluster::call_until_final(const Scope& scope, Call call,
                               std::function<ErrorCode(const wire::AnyResponse&)> error_of,
                               Time give_up) {
    struct Repeat {
        std::weak_ptr<char> scope;
        Call call;
        std::function<ErrorCode(const wire::AnyResponse&)> error_of;
        Time give_up;
        int failures = 0;
        Cluster* cluster;
        static void go(const std::shared_ptr<Repeat>& self) {
            Call once =
                self->call;  // the functions are shared, the parts of the request are built anew
            once.done = [self](Answer answer) { self->arrived(self, std::move(answer)); };
            const Duration timeout =
                once.timeout == Duration{} ? self->cluster->config_.request_timeout : once.timeout;
            self->cluster->route(
                Pending{self->scope, std::move(once), self->cluster->now_.time + timeout, {}, 0});
        }
        void arrived(const std::shared_ptr<Repeat>& self, Answer answer) {
            const bool lost = answer.error == ErrorCode::NetworkException ||
                              answer.error == ErrorCode::RequestTimedOut ||
                              answer.error == ErrorCode::BrokerNotAvailable ||
                              retriable(answer.error);
            const ErrorCode error = answer.ok() ? error_of(answer.response) : answer.error;
            const bool again = lost || (answer.ok() && retriable(error));
            if (!again || cluster->now_.time >= give_up) {
                auto done = std::move(call.done);
                if (done) done(std::move(answer));
                return;
            }
            if (const Coordinator* which = std::get_if<Coordinator>(&call.target)) {
                if (lost || error == ErrorCode::NotCoordinator ||
                    error == ErrorCode::CoordinatorNotAvailable)
                    cluster->forget_coordinator(*which);
            }
            Duration delay = cluster->backoff(failures);
            if (error == ErrorCode::ConcurrentTransactions)  // markers are being written: soon over
                delay = std::min<Duration>(delay,
                                           std::chrono::milliseconds(1 << std::min(failures, 6)));
            ++failures;
            const Time at = cluster->now_.time + delay;
            cluster->timers_.emplace(at, Timer{scope, [self] { go(self); }});
        }
    };
    auto repeat = std::make_shared<Repeat>(
        Repeat{scope.watch(), std::move(call), std::move(error_of), give_up, 0, this});
    Repeat::go(repeat);
}

void Cluster::after(const Scope& scope, Duration delay, std::function<void()> run) {
    timers_.emplace(now_.time + delay, Timer{scope.watch(), std::move(run)});
}

// ---- links
// ----------------------------------------------------------------------------------------------------------

Cluster::Link& Cluster::link(NodeId node, Lane lane) {
    const auto [it, fresh] = links_.try_emplace({node, lane});
    if (fresh) {
        it->second.node = node;
        it->second.lane = lane;
    }
    return it->second;
}

void Cluster::open(Link& link) {
    const auto known = nodes_.find(link.node);
    link.address = known != nodes_.end() ? known->second : bootstrap_.at(link.node);
    link.id = LinkId{next_link_++};
    link.state = LinkState::Opening;
    link.setup_deadline = now_.time + config_.connection_setup_timeout;
    link_keys_[link.id] = {link.node, link.lane};
    out_.emplace_back(std::in_place_type<OpenLink>, OpenLink{link.id, link.address});
}

void Cluster::negotiate(Link& link, std::int16_t version) {
    link.state = LinkState::Negotiating;
    link.negotiation = CorrelationId{next_correlation_++};
    link.negotiation_version = version;
    wire::ApiVersionsRequest request;
    request.client_software_name = "millrace";
    request.client_software_version = "0.1";
    out_.emplace_back(
        std::in_place_type<Transmit>,
        Transmit{link.id, link.negotiation, wire::AnyRequest::of(std::move(request), version)});
}

void Cluster::negotiated(Link& link, const wire::ApiVersionsResponse& response) {
    const LinkKey key{link.node, link.lane};
    if (response.error_code == ErrorCode::UnsupportedVersion && link.negotiation_version > 0) {
        std::int16_t version = 0;  // the answer holds at least the range of ApiVersions itself
        for (const auto& api : response.api_keys)
            if (api.api_key == static_cast<std::int16_t>(wire::ApiKey::ApiVersions))
                version = std::min(api.max_version,
                                   static_cast<std::int16_t>(link.negotiation_version - 1));
        negotiate(link, std::max<std::int16_t>(version, 0));
        return;
    }
    if (response.error_code != ErrorCode::None) {
        const LinkId id = link.id;
        out_.emplace_back(std::in_place_type<CloseLink>, CloseLink{id});
        lost(key, "ApiVersions: " + std::string(name(response.error_code)));
        return;
    }
    NodeVersions versions;
    for (const auto& api : response.api_keys)
        versions.apis[api.api_key] = {api.min_version, api.max_version};
    for (const auto& feature : response.finalized_features) {
        versions.finalized_features[feature.name] = feature.max_version_level;
        auto& highest = finalized_features_[feature.name];
        highest = std::max(highest, feature.max_version_level);
    }
    versions_[link.node] = std::move(versions);
    link.state = LinkState::Ready;
    link.failures = 0;
    link.last_failure.clear();
    transmit_waiting(key);
}

void Cluster::transmit_waiting(LinkKey key) {
    for (;;) {  // answers run inside may change anything: look the link up each time
        Link& link = links_.at(key);
        if (link.state != LinkState::Ready || link.waiting.empty() ||
            link.in_flight.size() >= kInFlightMax)
            return;
        Pending next = std::move(link.waiting.front());
        link.waiting.pop_front();
        if (!next.scope.expired()) transmit(link, std::move(next));
    }
}

bool Cluster::transmit(Link& link, Pending pending) {
    const std::int16_t key = static_cast<std::int16_t>(pending.call.api);
    const wire::Api* ours = wire::find_api(key);
    MR_CHECK(ours != nullptr);
    const NodeVersions& versions = versions_.at(link.node);
    const auto theirs = versions.apis.find(key);
    std::int16_t low = std::max(ours->version_min, pending.call.version_min);
    std::int16_t high = std::min(ours->version_max, pending.call.version_max);
    if (theirs != versions.apis.end()) {
        low = std::max(low, theirs->second.first);
        high = std::min(high, theirs->second.second);
    }
    if (theirs == versions.apis.end() || low > high) {
        std::string detail =
            "broker " + std::to_string(link.node.value()) + " at " + text(link.address) +
            (theirs == versions.apis.end()
                 ? " does not serve " + text(pending.call.api)
                 : " serves " + text(pending.call.api) + " " +
                       std::to_string(theirs->second.first) + " to " +
                       std::to_string(theirs->second.second) + ", needed is " +
                       std::to_string(std::max(ours->version_min, pending.call.version_min)) +
                       " to " +
                       std::to_string(std::min(ours->version_max, pending.call.version_max)));
        answer(pending, {.error = ErrorCode::UnsupportedVersion, .detail = std::move(detail)});
        return false;
    }
    pending.version = high;
    pending.correlation = CorrelationId{next_correlation_};
    next_correlation_ = next_correlation_ == INT32_MAX ? 1 : next_correlation_ + 1;
    const Duration timeout =
        pending.call.timeout == Duration{} ? config_.request_timeout : pending.call.timeout;
    pending.deadline = now_.time + timeout;
    out_.emplace_back(std::in_place_type<Transmit>,
                      Transmit{link.id, *pending.correlation, pending.call.build(high)});
    pending.call.build = nullptr;  // what the request held is the shell's now
    link.in_flight.push_back(std::move(pending));
    return true;
}

void Cluster::lost(LinkKey key, const std::string& reason) {
    Link& link = links_.at(key);
    link_keys_.erase(link.id);
    link.state = LinkState::Closed;
    if (link.failures == 0) link.down_since = now_.time;
    // Where there is one broker, it restarts: we look for it often, and what waits for it goes on
    // waiting (each to its deadline) and is sent the moment it is back. Among several, others may
    // answer or lead by now.
    const bool restarting = nodes_.size() <= 1 && bootstrap_.size() <= 1 &&
                            now_.time - link.down_since < kRestartPatience;
    Duration delay = config_.reconnect_backoff;
    for (int i = 0; !restarting && i < link.failures && delay < config_.reconnect_backoff_max; ++i)
        delay *= 2;
    delay = std::min(delay, config_.reconnect_backoff_max);
    link.retry_at =
        now_.time + Duration{random_.between(delay.count() * 8 / 10, delay.count() * 12 / 10)};
    if (link.failures++ == 0)
        log_.warn("link to broker lost", {{"node", std::int64_t{key.first.value()}},
                                          {"address", text(link.address)},
                                          {"reason", reason}});
    link.last_failure = reason;
    std::deque<Pending> sent = std::move(link.in_flight), waiting;
    link.in_flight.clear();
    if (!restarting) waiting.swap(link.waiting);
    refresh_metadata();
    for (Pending& p : sent)
        answer(p, {.error = ErrorCode::NetworkException, .transmitted = true, .detail = reason});
    for (Pending& p : waiting) answer(p, {.error = ErrorCode::NetworkException, .detail = reason});
}

void Cluster::step(const LinkInput& input, Now now) {
    now_ = now;
    if (const LinkOpened* opened = std::get_if<LinkOpened>(&input)) {
        const auto it = link_keys_.find(opened->link);
        if (it == link_keys_.end()) return;  // closed by us meanwhile
        Link& link = links_.at(it->second);
        if (link.state == LinkState::Opening) negotiate(link, kApiVersionsFirst);
    } else if (const LinkClosed* closed = std::get_if<LinkClosed>(&input)) {
        const auto it = link_keys_.find(closed->link);
        if (it != link_keys_.end()) lost(LinkKey(it->second), closed->reason);
    } else {
        const Arrived& arrived = std::get<Arrived>(input);
        const auto it = link_keys_.find(arrived.link);
        if (it == link_keys_.end()) return;
        const LinkKey key = it->second;
        Link& link = links_.at(key);
        if (link.state == LinkState::Negotiating) {
            if (arrived.correlation == link.negotiation &&
                arrived.response.is<wire::ApiVersionsResponse>()) {
                negotiated(link, arrived.response.as<wire::ApiVersionsResponse>());
                return;
            }
        } else if (link.state == LinkState::Ready && !link.in_flight.empty() &&
                   link.in_flight.front().correlation == arrived.correlation &&
                   link.in_flight.front().call.api == arrived.response.key()) {
            Pending pending = std::move(link.in_flight.front());
            link.in_flight.pop_front();
            answer(pending, {.transmitted = true, .response = arrived.response});
            transmit_waiting(key);
            return;
        }
        out_.emplace_back(std::in_place_type<CloseLink>, CloseLink{arrived.link});
        lost(key, "an answer that nobody waits for");
    }
}

void Cluster::tick(Now now) {
    now_ = now;
    while (!timers_.empty() && timers_.begin()->first <= now_.time) {
        Timer timer = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        if (!timer.scope.expired()) timer.run();
    }
    std::vector<LinkKey> keys;
    for (const auto& [key, link] : links_)
        if (link.state != LinkState::Closed || !link.waiting.empty()) keys.push_back(key);
    for (const LinkKey& key : keys) {
        Link& link = links_.at(key);
        const bool late_setup =
            (link.state == LinkState::Opening || link.state == LinkState::Negotiating) &&
            link.setup_deadline <= now_.time;
        const bool late_answer =
            !link.in_flight.empty() && link.in_flight.front().deadline <= now_.time;
        if (late_setup ||
            late_answer) {  // answers come in order: behind a lost one nothing can be had
            out_.emplace_back(std::in_place_type<CloseLink>, CloseLink{link.id});
            lost(key, late_setup ? "no connection within the setup timeout"
                                 : "no answer within the request timeout");
        }
        std::deque<Pending> late;
        {
            Link& again = links_.at(key);
            for (auto it = again.waiting.begin(); it != again.waiting.end();) {
                if (it->deadline <= now_.time) {
                    late.push_back(std::move(*it));
                    it = again.waiting.erase(it);
                } else {
                    ++it;
                }
            }
        }
        for (Pending& p : late)
            answer(p, {.error = ErrorCode::RequestTimedOut, .detail = "not sent in time"});
        Link& again = links_.at(key);
        if (again.state == LinkState::Closed && !again.waiting.empty() &&
            again.retry_at <= now_.time)
            open(again);
    }
    std::vector<Coordinator> looking;
    for (const auto& [which, state] : coordinators_)
        if (!state.waiting.empty()) looking.push_back(which);
    for (const Coordinator& which : looking) {
        std::deque<Pending> late;
        CoordinatorState& state = coordinators_.at(which);
        for (auto it = state.waiting.begin(); it != state.waiting.end();) {
            if (it->deadline <= now_.time) {
                late.push_back(std::move(*it));
                it = state.waiting.erase(it);
            } else {
                ++it;
            }
        }
        for (Pending& p : late)
            answer(p,
                   {.error = ErrorCode::RequestTimedOut, .detail = "no coordinator found in time"});
    }
    poll_metadata();
}

void Cluster::drain(Effects& effects) {
    poll_metadata();
    for (LinkEffect& effect : out_) effects.links.push_back(std::move(effect));
    out_.clear();
    if (!timers_.empty()) effects.wake(timers_.begin()->first);
    for (const auto& [key, link] : links_) {
        if (link.state == LinkState::Opening || link.state == LinkState::Negotiating)
            effects.wake(link.setup_deadline);
        if (!link.in_flight.empty()) effects.wake(link.in_flight.front().deadline);
        if (!link.waiting.empty()) {
            if (link.state == LinkState::Closed) effects.wake(std::max(link.retry_at, now_.time));
            for (const Pending& p : link.waiting) effects.wake(p.deadline);
        }
    }
    for (const auto& [which, state] : coordinators_)
        for (const Pending& p : state.waiting) effects.wake(p.deadline);
    if (!refresh_in_flight_ && !wanted_topics_.empty()) effects.wake(refresh_at_);
}

void Cluster::close() {
    for (auto& [key, link] : links_) {
        if (link.state != LinkState::Closed)
            out_.emplace_back(std::in_place_type<CloseLink>, CloseLink{link.id});
        link.state = LinkState::Closed;
        link.waiting.clear();
        link.in_flight.clear();
    }
    link_keys_.clear();
    timers_.clear();
    for (auto& [which, state] : coordinators_) state.waiting.clear();
}

const NodeVersions* Cluster::versions(NodeId node) const {
    const auto it = versions_.find(node);
    return it == versions_.end() ? nullptr : &it->second;
}

std::int16_t Cluster::finalized_feature(const std::string& name) const {
    const auto it = finalized_features_.find(name);
    return it == finalized_features_.end() ? 0 : it->second;
}

std::string Cluster::describe_trouble() const {
    std::string trouble;
    for (const auto& [key, link] : links_) {
        if (link.state == LinkState::Ready || link.last_failure.empty()) continue;
        if (!trouble.empty()) trouble += "; ";
        trouble += "broker at " + text(link.address) + ": " + link.last_failure;
    }
    return trouble;
}

}  // namespace millrace::client
