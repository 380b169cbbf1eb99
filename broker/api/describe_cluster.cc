// DescribeCluster, key 60, versions 0-2 (KIP-700, KIP-919; Java:
// AuthHelper.computeDescribeClusterResponse).
// - The unfenced brokers with the endpoint of the request's listener; v2 the fenced ones too, when
// asked.
// - v1: endpoint type 2 (controllers) on a broker's listener: 114; types that do not exist: 115.
#include "millrace/broker/api/cluster_view.h"

namespace millrace::broker {

wire::DescribeClusterResponse describe_cluster(const ClusterView& view,
                                               const wire::DescribeClusterRequest& request,
                                               std::int16_t version) {
    wire::DescribeClusterResponse response;
    if (request.endpoint_type != 1) {
        const bool controllers = request.endpoint_type == 2;
        response.error_code =
            controllers ? ErrorCode::MismatchedEndpointType : ErrorCode::UnsupportedEndpointType;
        response.error_message =
            controllers ? "The request was sent to an endpoint of type BROKER, but we wanted an "
                          "endpoint of type CONTROLLER"
                        : "Unsupported endpoint type " + std::to_string(request.endpoint_type);
        return response;
    }
    response.cluster_id = std::string(view.cluster_id);
    for (const auto& [id, broker] : view.image.brokers()) {
        const Endpoint* at = broker.endpoint(view.listener);
        if (!at || (broker.fenced && !(version >= 2 && request.include_fenced_brokers))) continue;
        wire::DescribeClusterResponse::DescribeClusterBroker listed;
        listed.broker_id = id.value();
        listed.host = at->host;
        listed.port = at->port;
        listed.rack = broker.rack;
        listed.is_fenced = broker.fenced;
        response.brokers.push_back(std::move(listed));
        if (!broker.fenced && (response.controller_id == -1 || id == view.self))
            response.controller_id = id.value();
    }
    if (request.include_cluster_authorized_operations)
        response.cluster_authorized_operations = kAllClusterOperations;
    return response;
}

}  // namespace millrace::broker
