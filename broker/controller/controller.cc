#include "millrace/broker/controller/controller.h"

#include "millrace/base/check.h"
#include "millrace/broker/api/controller_handlers.h"
#include "millrace/broker/controller/partition_leaders.h"

namespace millrace::broker {
namespace {

// One row per API of the controller: the decision, and the answer when it cannot be taken.
struct Row {
    wire::ApiKey key;
    Decision (*decide)(ControllerState&, const wire::AnyRequest&);
    wire::AnyResponse (*error)(const wire::AnyRequest&, ErrorCode);
};

template <auto Handler, auto OnError, class Request>
constexpr Row row() {
    return {Request::kKey,
            [](ControllerState& state, const wire::AnyRequest& request) {
                return Handler(state, request.as<Request>(), request.version());
            },
            [](const wire::AnyRequest& request, ErrorCode code) {
                return wire::AnyResponse::of(OnError(request.as<Request>(), code),
                                             request.version());
            }};
}

const Row kRows[] = {
    row<create_topics, create_topics_error, wire::CreateTopicsRequest>(),
    row<delete_topics, delete_topics_error, wire::DeleteTopicsRequest>(),
    row<create_partitions, create_partitions_error, wire::CreatePartitionsRequest>(),
    row<incremental_alter_configs, incremental_alter_configs_error,
        wire::IncrementalAlterConfigsRequest>(),
    row<alter_configs, alter_configs_error, wire::AlterConfigsRequest>(),
    row<elect_leaders, elect_leaders_error, wire::ElectLeadersRequest>(),
    row<alter_partition_reassignments, alter_partition_reassignments_error, wire::AlterPartitionReassignmentsRequest>(),
    row<list_partition_reassignments, list_partition_reassignments_error, wire::ListPartitionReassignmentsRequest>(),
    row<update_features, update_features_error, wire::UpdateFeaturesRequest>(),
    row<unregister_broker, unregister_broker_error, wire::UnregisterBrokerRequest>(),
    row<alter_client_quotas, alter_client_quotas_error, wire::AlterClientQuotasRequest>(),
    row<alter_partition, alter_partition_error, wire::AlterPartitionRequest>(),
    row<allocate_producer_ids, allocate_producer_ids_error, wire::AllocateProducerIdsRequest>(),
    row<broker_registration, broker_registration_error, wire::BrokerRegistrationRequest>(),
    row<broker_heartbeat, broker_heartbeat_error, wire::BrokerHeartbeatRequest>(),
};

const Row* find_row(wire::ApiKey key) {
    for (const Row& row : kRows) {
        if (row.key == key) return &row;
    }
    return nullptr;
}

}  // namespace

bool controller_serves(wire::ApiKey key) {
    return find_row(key) != nullptr;
}

Decision decide(ControllerState& state, const wire::AnyRequest& request) {
    const Row* row = find_row(request.key());
    MR_CHECK(row);
    return row->decide(state, request);
}

wire::AnyResponse controller_error(const wire::AnyRequest& request, ErrorCode code) {
    const Row* row = find_row(request.key());
    MR_CHECK(row);
    return row->error(request, code);
}

// What this build serves of 4.4: no consumer or share groups (group.version, share.version), and
// elections as without eligible leader replicas.
std::vector<MetadataRecord> bootstrap_records() {
    std::vector<MetadataRecord> records;
    for (const auto& [name, level] : {std::pair<std::string, std::int16_t>{"metadata.version", 33},
                                      {"streams.version", 1},
                                      {"transaction.version", 2}}) {
        wire::FeatureLevelRecord r;
        r.name = name;
        r.feature_level = level;
        records.emplace_back(std::move(r));
    }
    return records;
}

std::vector<MetadataRecord> expire_sessions(ControllerState& state, Duration session_timeout) {
    std::vector<MetadataRecord> records;
    for (const auto& [id, broker] : state.image.brokers()) {
        // The broker in this process lives as long as we do: a stall of the loop is not its death.
        if (broker.fenced || id == state.self) continue;
        const auto [contact, first] = state.last_contact.emplace(id, state.now.time);
        if (state.now.time - contact->second < session_timeout) continue;
        move_leaders_away(state, id, records);
        wire::BrokerRegistrationChangeRecord fence;
        fence.broker_id = id.value();
        fence.broker_epoch = broker.epoch;
        fence.fenced = 1;
        records.emplace_back(std::move(fence));
        break;  // one at a time: the next sees the state with these
    }
    return records;
}

}  // namespace millrace::broker
