#pragma once
// The requests that the active controller decides, one file each. A handler reads the state and
// returns records and an answer; `…_error` is the same request answered with one error throughout.
#include "millrace/broker/controller/controller.h"
#include "millrace/wire/messages/allocate_producer_ids.h"
#include "millrace/wire/messages/alter_client_quotas.h"
#include "millrace/wire/messages/alter_configs.h"
#include "millrace/wire/messages/alter_partition.h"
#include "millrace/wire/messages/alter_partition_reassignments.h"
#include "millrace/wire/messages/broker_heartbeat.h"
#include "millrace/wire/messages/broker_registration.h"
#include "millrace/wire/messages/create_partitions.h"
#include "millrace/wire/messages/create_topics.h"
#include "millrace/wire/messages/delete_topics.h"
#include "millrace/wire/messages/elect_leaders.h"
#include "millrace/wire/messages/incremental_alter_configs.h"
#include "millrace/wire/messages/list_partition_reassignments.h"
#include "millrace/wire/messages/unregister_broker.h"
#include "millrace/wire/messages/update_features.h"

namespace millrace::broker {

Decision create_topics(ControllerState& state, const wire::CreateTopicsRequest& request,
                       std::int16_t version);
Decision delete_topics(ControllerState& state, const wire::DeleteTopicsRequest& request,
                       std::int16_t version);
Decision create_partitions(ControllerState& state, const wire::CreatePartitionsRequest& request,
                           std::int16_t version);
Decision incremental_alter_configs(ControllerState& state,
                                   const wire::IncrementalAlterConfigsRequest& request,
                                   std::int16_t version);
Decision alter_configs(ControllerState& state, const wire::AlterConfigsRequest& request,
                       std::int16_t version);
Decision elect_leaders(ControllerState& state, const wire::ElectLeadersRequest& request,
                       std::int16_t version);
Decision alter_partition_reassignments(ControllerState& state,
                                       const wire::AlterPartitionReassignmentsRequest& request,
                                       std::int16_t version);
Decision list_partition_reassignments(ControllerState& state,
                                      const wire::ListPartitionReassignmentsRequest& request,
                                      std::int16_t version);
Decision update_features(ControllerState& state, const wire::UpdateFeaturesRequest& request,
                         std::int16_t version);
Decision unregister_broker(ControllerState& state, const wire::UnregisterBrokerRequest& request,
                           std::int16_t version);
Decision alter_client_quotas(ControllerState& state, const wire::AlterClientQuotasRequest& request,
                             std::int16_t version);
Decision alter_partition(ControllerState& state, const wire::AlterPartitionRequest& request,
                         std::int16_t version);
Decision allocate_producer_ids(ControllerState& state,
                               const wire::AllocateProducerIdsRequest& request,
                               std::int16_t version);
Decision broker_registration(ControllerState& state, const wire::BrokerRegistrationRequest& request,
                             std::int16_t version);
Decision broker_heartbeat(ControllerState& state, const wire::BrokerHeartbeatRequest& request,
                          std::int16_t version);

wire::CreateTopicsResponse create_topics_error(const wire::CreateTopicsRequest& request,
                                               ErrorCode code);
wire::DeleteTopicsResponse delete_topics_error(const wire::DeleteTopicsRequest& request,
                                               ErrorCode code);
wire::CreatePartitionsResponse create_partitions_error(const wire::CreatePartitionsRequest& request,
                                                       ErrorCode code);
wire::IncrementalAlterConfigsResponse incremental_alter_configs_error(
    const wire::IncrementalAlterConfigsRequest& request, ErrorCode code);
wire::AlterConfigsResponse alter_configs_error(const wire::AlterConfigsRequest& request,
                                               ErrorCode code);
wire::ElectLeadersResponse elect_leaders_error(const wire::ElectLeadersRequest& request,
                                               ErrorCode code);
wire::AlterPartitionReassignmentsResponse alter_partition_reassignments_error(
    const wire::AlterPartitionReassignmentsRequest& request, ErrorCode code);
wire::ListPartitionReassignmentsResponse list_partition_reassignments_error(
    const wire::ListPartitionReassignmentsRequest& request, ErrorCode code);
wire::UpdateFeaturesResponse update_features_error(const wire::UpdateFeaturesRequest& request,
                                                   ErrorCode code);
wire::UnregisterBrokerResponse unregister_broker_error(const wire::UnregisterBrokerRequest& request,
                                                       ErrorCode code);
wire::AlterClientQuotasResponse alter_client_quotas_error(
    const wire::AlterClientQuotasRequest& request, ErrorCode code);
wire::AlterPartitionResponse alter_partition_error(const wire::AlterPartitionRequest& request,
                                                   ErrorCode code);
wire::AllocateProducerIdsResponse allocate_producer_ids_error(
    const wire::AllocateProducerIdsRequest& request, ErrorCode code);
wire::BrokerRegistrationResponse broker_registration_error(
    const wire::BrokerRegistrationRequest& request, ErrorCode code);
wire::BrokerHeartbeatResponse broker_heartbeat_error(const wire::BrokerHeartbeatRequest& request,
                                                     ErrorCode code);

// Topic.validate: InvalidTopic with Kafka's words.
Result<void> check_topic_name(std::string_view name);
// '.' and '_' are one in metric names: "a.b" and "a_b" collide.
bool topic_names_collide(std::string_view a, std::string_view b);

}  // namespace millrace::broker
