#pragma once
// Requests that only look at the committed metadata: Metadata, DescribeConfigs, DescribeCluster
// and their kin. Pure functions; each file says what it serves.
#include <string>
#include <string_view>
#include <vector>

#include "millrace/broker/controller/image.h"
#include "millrace/wire/messages/describe_client_quotas.h"
#include "millrace/wire/messages/describe_cluster.h"
#include "millrace/wire/messages/describe_configs.h"
#include "millrace/wire/messages/describe_topic_partitions.h"
#include "millrace/wire/messages/list_config_resources.h"
#include "millrace/wire/messages/metadata.h"

namespace millrace::broker {

struct ClusterView {  // what a broker knows when a request comes in
    const MetadataImage& image;
    const BrokerConfig& config;
    NodeId self;
    std::string_view cluster_id;
    std::string_view listener;  // the one the request came in on: answers name its endpoints
    std::string_view root_log_level = "INFO";
};

// Bits of authorized operations where nobody is refused anything.
inline constexpr std::int32_t kAllTopicOperations = 0b1101'1111'1000;
inline constexpr std::int32_t kAllClusterOperations = 0b1'1111'1010'0000;

struct MetadataAnswer {
    wire::MetadataResponse response;
    std::vector<std::string> create;  // topics to be made now; the answer calls them unknown
};
MetadataAnswer metadata(const ClusterView& view, const wire::MetadataRequest& request,
                        std::int16_t version);

wire::DescribeConfigsResponse describe_configs(const ClusterView& view,
                                               const wire::DescribeConfigsRequest& request);
wire::ListConfigResourcesResponse list_config_resources(
    const ClusterView& view, const wire::ListConfigResourcesRequest& request, std::int16_t version);
wire::DescribeTopicPartitionsResponse describe_topic_partitions(
    const ClusterView& view, const wire::DescribeTopicPartitionsRequest& request);
wire::DescribeClientQuotasResponse describe_client_quotas(
    const ClusterView& view, const wire::DescribeClientQuotasRequest& request);
wire::DescribeClusterResponse describe_cluster(const ClusterView& view,
                                               const wire::DescribeClusterRequest& request,
                                               std::int16_t version);

bool is_internal_topic_name(std::string_view name);

}  // namespace millrace::broker
