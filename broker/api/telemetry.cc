// GetTelemetrySubscriptions, key 71, and PushTelemetry, key 72, version 0 (KIP-714):
// client_telemetry.h says how. As on a Kafka without a receiver they are served, but not
// advertised.
#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"
#include "millrace/broker/config/group_config.h"

namespace millrace::broker {
namespace {

TelemetryClient client_of(const Broker::State& broker, const Request& request) {
    TelemetryClient client;
    client.client_id = request.context->client_id;
    client.address = request.context->client_host;
    if (client.address.starts_with('/')) client.address.erase(0, 1);
    const std::string software = broker.connections.software(request.context->connection);
    const std::size_t slash = software.find('/');
    client.software_name = software.substr(0, slash);
    if (slash != std::string::npos) client.software_version = software.substr(slash + 1);
    return client;
}

std::int32_t bytes_max(const Broker::State& broker) {
    std::int64_t value = 0;
    (void)parse_int64(broker_value(broker.config, "telemetry.max.bytes"), value);
    return static_cast<std::int32_t>(value);
}

}  // namespace

void handle_get_telemetry_subscriptions(Broker::State& broker, const Request& request) {
    broker.answer(request, broker.telemetry.subscriptions(
                               request.body.as<wire::GetTelemetrySubscriptionsRequest>(),
                               client_of(broker, request), broker.controller->image(),
                               bytes_max(broker), broker.now));
}

void handle_push_telemetry(Broker::State& broker, const Request& request) {
    broker.answer(request,
                  broker.telemetry.push(request.body.as<wire::PushTelemetryRequest>(),
                                        client_of(broker, request), broker.controller->image(),
                                        bytes_max(broker), broker.now));
}

}  // namespace millrace::broker
