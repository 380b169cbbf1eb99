// BrokerRegistration, key 62, versions 0-4, and BrokerHeartbeat, key 63, versions 0-2 (Java:
// ClusterControlManager, BrokerHeartbeatManager).
// - The broker epoch is the offset of the registration record. A broker starts fenced and is
// unfenced by a heartbeat once it
//   has replayed the metadata past its registration.
// - Another incarnation while the old one's session lives: 101. Another cluster: 104. A finalized
// feature outside the
//   broker's range: 35. No listener: 119.
// - A registering broker cannot lead: what others can take they take at once. What only it can lead
// it gets back with a new
//   leader epoch when it is unfenced.
// - Heartbeat: unknown broker 102, other epoch 77. want_shut_down moves leaders away and is granted
// when none is left.
#include "millrace/broker/api/controller_handlers.h"
#include "millrace/broker/controller/partition_leaders.h"

namespace millrace::broker {
namespace {

Decision refuse_registration(ErrorCode code, std::int16_t version) {
    wire::BrokerRegistrationResponse response;
    response.error_code = code;
    return {{}, wire::AnyResponse::of(std::move(response), version)};
}

bool leads_anything(const MetadataImage& image, NodeId id) {
    for (const auto& [name, topic] : image.topics()) {
        for (const PartitionImage& p : topic.partitions) {
            if (p.leader == id) return true;
        }
    }
    return false;
}

}  // namespace

Decision broker_registration(ControllerState& state, const wire::BrokerRegistrationRequest& request,
                             std::int16_t version) {
    const NodeId id{request.broker_id};
    if (request.cluster_id != state.cluster_id)
        return refuse_registration(ErrorCode::InconsistentClusterId, version);
    if (request.listeners.empty())
        return refuse_registration(ErrorCode::InvalidRegistration, version);
    const BrokerImage* known = state.image.broker(id);
    // A retry of the same process. After a restart of ours (nobody was heard of yet) it is a new
    // life, even when a seed gave it the same incarnation again.
    if (known && known->incarnation == request.incarnation_id && state.last_contact.contains(id)) {
        wire::BrokerRegistrationResponse again;
        again.broker_epoch = known->epoch;
        return {{}, wire::AnyResponse::of(std::move(again), version)};
    }
    if (known && !known->fenced && !known->in_controlled_shutdown && id != state.self) {
        const auto contact = state.last_contact.find(id);
        const Duration session = std::chrono::milliseconds(state.config->broker_session_timeout_ms);
        if (contact != state.last_contact.end() && state.now.time - contact->second < session) {
            return refuse_registration(ErrorCode::DuplicateBrokerRegistration, version);
        }
    }
    for (const auto& feature : request.features) {
        const std::int16_t level = state.image.feature(feature.name);
        if (level != 0 &&
            (level < feature.min_supported_version || level > feature.max_supported_version)) {
            return refuse_registration(ErrorCode::UnsupportedVersion, version);
        }
    }
    Decision decision;
    wire::RegisterBrokerRecord record;
    record.broker_id = request.broker_id;
    record.incarnation_id = request.incarnation_id;
    record.broker_epoch = state.next_offset.value();
    for (const auto& l : request.listeners)
        record.end_points.push_back({l.name, l.host, l.port, l.security_protocol});
    for (const auto& f : request.features)
        record.features.push_back({f.name, f.min_supported_version, f.max_supported_version});
    record.rack = request.rack;
    record.fenced = true;
    record.log_dirs = request.log_dirs;
    decision.records.emplace_back(std::move(record));
    if (known) {
        std::vector<MetadataRecord> moved;
        move_leaders_away(state, id, moved);
        for (MetadataRecord& change : moved) {
            // Nobody else: the seat is kept, see bring_leaders_back.
            if (std::get<wire::PartitionChangeRecord>(change).leader >= 0)
                decision.records.push_back(std::move(change));
        }
    }
    state.last_contact[id] = state.now.time;
    wire::BrokerRegistrationResponse response;
    response.broker_epoch = state.next_offset.value();
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

Decision broker_heartbeat(ControllerState& state, const wire::BrokerHeartbeatRequest& request,
                          std::int16_t version) {
    const auto refused = [&](ErrorCode code) {
        return Decision{{}, wire::AnyResponse::of(broker_heartbeat_error(request, code), version)};
    };
    const NodeId id{request.broker_id};
    const BrokerImage* broker = state.image.broker(id);
    if (!broker) return refused(ErrorCode::BrokerIdNotRegistered);
    if (broker->epoch != request.broker_epoch) return refused(ErrorCode::StaleBrokerEpoch);
    state.last_contact[id] = state.now.time;

    Decision decision;
    wire::BrokerHeartbeatResponse response;
    response.is_caught_up = request.current_metadata_offset >= broker->epoch;
    response.is_fenced = broker->fenced;
    wire::BrokerRegistrationChangeRecord change;
    change.broker_id = request.broker_id;
    change.broker_epoch = broker->epoch;
    if (request.want_shut_down) {
        if (!broker->fenced && !broker->in_controlled_shutdown) {
            change.in_controlled_shutdown = 1;
            decision.records.emplace_back(change);
            move_leaders_away(state, id, decision.records);
        } else if (broker->in_controlled_shutdown && !broker->fenced &&
                   !leads_anything(state.image, id)) {
            change.fenced = 1;
            decision.records.emplace_back(change);
            response.is_fenced = true;
            response.should_shut_down = true;
        } else {
            response.should_shut_down = broker->fenced || !leads_anything(state.image, id);
        }
    } else if (request.want_fence) {
        if (!broker->fenced) {
            move_leaders_away(state, id, decision.records);
            change.fenced = 1;
            decision.records.emplace_back(change);
        }
        response.is_fenced = true;
    } else if (broker->fenced && response.is_caught_up) {
        change.fenced = -1;
        decision.records.emplace_back(change);
        bring_leaders_back(state, id, decision.records);
        response.is_fenced = false;
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::BrokerRegistrationResponse broker_registration_error(const wire::BrokerRegistrationRequest&,
                                                           ErrorCode code) {
    wire::BrokerRegistrationResponse response;
    response.error_code = code;
    return response;
}

wire::BrokerHeartbeatResponse broker_heartbeat_error(const wire::BrokerHeartbeatRequest&,
                                                     ErrorCode code) {
    wire::BrokerHeartbeatResponse response;
    response.error_code = code;
    return response;
}

}  // namespace millrace::broker
