#pragma once
// The requests of the data path, one file each. A handler answers now or keeps the token.
#include "millrace/broker/broker.h"

namespace millrace::wire {
struct IncrementalAlterConfigsRequest;
}

namespace millrace::broker {

void handle_api_versions(Broker::State& broker, const Request& request);
void handle_produce(Broker::State& broker, const Request& request);
void handle_fetch(Broker::State& broker, const Request& request);
void handle_list_offsets(Broker::State& broker, const Request& request);
void handle_offset_for_leader_epoch(Broker::State& broker, const Request& request);
void handle_delete_records(Broker::State& broker, const Request& request);
void handle_write_txn_markers(Broker::State& broker, const Request& request);

void handle_describe_log_dirs(Broker::State& broker, const Request& request);
void handle_alter_replica_log_dirs(Broker::State& broker, const Request& request);
void handle_describe_producers(Broker::State& broker, const Request& request);
void handle_describe_transactions(Broker::State& broker, const Request& request);
void handle_list_transactions(Broker::State& broker, const Request& request);
void handle_get_telemetry_subscriptions(Broker::State& broker, const Request& request);
void handle_push_telemetry(Broker::State& broker, const Request& request);

// Requests about security, of which there is none (no_security.cc). False: not one of them.
bool handle_security(Broker::State& broker, const Request& request);
bool serves_security(wire::ApiKey key);

// IncrementalAlterConfigs, where it names this broker's loggers.
bool names_loggers(const wire::IncrementalAlterConfigsRequest& request);
void handle_broker_loggers(Broker::State& broker, const Request& request);

// Metadata, topics, configs, the quorum (cluster_handlers.cc). False: not one of them.
bool handle_cluster(Broker::State& broker, const Request& request);
bool serves_cluster(wire::ApiKey key);

// Whether this build serves the API to clients; what is not served is not advertised.
bool serves(wire::ApiKey key);
// The answer to ApiVersions at a version that we do not know: version 0, with our range (KIP-511).
wire::AnyResponse unsupported_api_versions();

}  // namespace millrace::broker
