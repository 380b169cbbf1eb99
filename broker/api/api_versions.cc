// ApiVersions: API key 18, versions 0-5.
//
// - Lists what this build serves on the listener, no more: clients take what is listed for granted.
// - Produce is listed from version 0, though 0-2 are refused: librdkafka derives the codecs it may
//   use from that (KAFKA-18659).
// - A version that we do not know is answered in version 0 with UNSUPPORTED_VERSION (KIP-511).
// - v3: the client's software is noted; a bad name is INVALID_REQUEST. Features (KIP-584); before
// v4
//   without those whose minimum is 0. v5: the cluster and node that the client expects (KIP-1242):
//   REBOOTSTRAP_REQUIRED when it is another.
#include "millrace/wire/messages/api_versions.h"

#include <algorithm>

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"
#include "millrace/broker/features.h"

namespace millrace::broker {

namespace {
using wire::ApiVersionsRequest;
using wire::ApiVersionsResponse;

std::vector<ApiVersionsResponse::ApiVersion> served() {
    std::vector<ApiVersionsResponse::ApiVersion> list;
    for (const wire::Api& api : wire::apis()) {
        if (!serves(api.key)) continue;
        const std::int16_t min =
            api.key == wire::ApiKey::Produce ? std::int16_t{0} : api.version_min;
        list.push_back({static_cast<std::int16_t>(api.key), min, api.version_max});
    }
    return list;
}

bool alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool valid_software(std::string_view text) {  // [A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?
    return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return alphanumeric(c) || c == '.' || c == '-'; });
}

ErrorCode check(const Broker::State& broker, const ApiVersionsRequest& body, std::int16_t version) {
    if (version >= 3 && (!valid_software(body.client_software_name) ||
                         !valid_software(body.client_software_version)))
        return ErrorCode::InvalidRequest;
    if (version < 5) return ErrorCode::None;
    const bool cluster = body.cluster_id.has_value(), node = body.node_id >= 0;
    if (cluster != node) return ErrorCode::InvalidRequest;
    if (cluster && (*body.cluster_id != broker.cluster || NodeId{body.node_id} != broker.node))
        return ErrorCode::RebootstrapRequired;
    return ErrorCode::None;
}
}  // namespace

wire::AnyResponse unsupported_api_versions() {
    ApiVersionsResponse response;
    response.error_code = ErrorCode::UnsupportedVersion;
    response.api_keys = served();
    return wire::AnyResponse::of(std::move(response), 0);
}

void handle_api_versions(Broker::State& broker, const Request& request) {
    const auto& body = request.body.as<ApiVersionsRequest>();
    const std::int16_t version = request.body.version();
    ApiVersionsResponse response;
    response.error_code = check(broker, body, version);
    if (response.error_code != ErrorCode::None) return broker.answer(request, std::move(response));
    if (version >= 3)
        broker.connections.set_software(request.context->connection, body.client_software_name,
                                        body.client_software_version);
    response.api_keys = served();
    if (version >= 3) {
        for (const Feature& feature : supported_features())
            if (version >= 4 || feature.min > 0)
                response.supported_features.push_back(
                    {std::string(feature.name), feature.min, feature.max});
        response.finalized_features_epoch = broker.controller->committed_end().value() - 1;
        for (const auto& [name, level] : broker.controller->image().features())
            if (level > 0) response.finalized_features.push_back({name, level, level});
    }
    broker.answer(request, std::move(response));
}

}  // namespace millrace::broker
