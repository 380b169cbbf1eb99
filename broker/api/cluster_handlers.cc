// The requests about the cluster, as a broker takes them: looks at the committed metadata are
// answered here, changes go to the controller. Metadata waits for the topics that it creates, so
// that a client need not ask twice.
#include <memory>

#include "millrace/broker/api/cluster_view.h"
#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"
#include "millrace/wire/messages/add_raft_voter.h"
#include "millrace/wire/messages/remove_raft_voter.h"

namespace millrace::broker {
namespace {

ClusterView view_of(const Broker::State& broker, const Request& request) {
    return {broker.controller->image(),
            broker.config,
            broker.node,
            broker.cluster,
            request.context->listener,
            broker.leveled_log.level()};
}

void handle_metadata(Broker::State& broker, const Request& request) {
    const auto& body = request.body.as<wire::MetadataRequest>();
    const std::int16_t version = request.body.version();
    MetadataAnswer answer = metadata(view_of(broker, request), body, version);
    std::erase_if(answer.create, [](const std::string& name) {  // others make what else is internal
        return is_internal_topic_name(name) && !is_internal_topic(name);
    });
    if (answer.create.empty()) return broker.answer(request, std::move(answer.response));
    auto left = std::make_shared<std::size_t>(answer.create.size());
    for (std::string& name : answer.create) {
        auto created = [&broker, request, left](ErrorCode, const std::string&) {
            if (--*left > 0) return;
            const auto& again = request.body.as<wire::MetadataRequest>();
            broker.answer(
                request,
                metadata(view_of(broker, request), again, request.body.version()).response);
        };
        if (is_internal_topic(name))
            broker.create_internal_topic(name, std::move(created));
        else
            broker.create_topic(std::move(name), -1, -1, {}, std::move(created));
    }
}

}  // namespace

bool serves_cluster(wire::ApiKey key) {
    using enum wire::ApiKey;
    switch (key) {
        case Metadata:
        case DescribeConfigs:
        case DescribeCluster:
        case DescribeQuorum:
        case CreateTopics:
        case DeleteTopics:
        case CreatePartitions:
        case IncrementalAlterConfigs:
        case AlterConfigs:
        case ListConfigResources:
        case DescribeTopicPartitions:
        case DescribeClientQuotas:
        case AlterClientQuotas:
        case ElectLeaders:
        case AlterPartitionReassignments:
        case ListPartitionReassignments:
        case UpdateFeatures:
        case UnregisterBroker:
        case AddRaftVoter:
        case RemoveRaftVoter:
            return true;
        default:
            return false;  // registration, heartbeats, AlterPartition, ids: between brokers and
                           // controllers only
    }
}

bool handle_cluster(Broker::State& broker, const Request& request) {
    using enum wire::ApiKey;
    if (!serves_cluster(request.body.key())) return false;
    switch (request.body.key()) {
        case Metadata:
            handle_metadata(broker, request);
            break;
        case DescribeConfigs:
            broker.answer(request,
                          describe_configs(view_of(broker, request),
                                           request.body.as<wire::DescribeConfigsRequest>()));
            break;
        case DescribeCluster:
            broker.answer(request, describe_cluster(view_of(broker, request),
                                                    request.body.as<wire::DescribeClusterRequest>(),
                                                    request.body.version()));
            break;
        case AddRaftVoter: {
            wire::AddRaftVoterResponse response;
            response.error_code = ErrorCode::UnsupportedVersion;
            response.error_message =
                "Cluster doesn't support adding voter because the kraft.version feature is 0";
            broker.answer(request, std::move(response));
            break;
        }
        case RemoveRaftVoter: {
            wire::RemoveRaftVoterResponse response;
            response.error_code = ErrorCode::UnsupportedVersion;
            response.error_message =
                "Cluster doesn't support removing voter because the kraft.version feature is 0";
            broker.answer(request, std::move(response));
            break;
        }
        case DescribeTopicPartitions:
            broker.answer(request, describe_topic_partitions(
                                       view_of(broker, request),
                                       request.body.as<wire::DescribeTopicPartitionsRequest>()));
            break;
        case DescribeClientQuotas:
            broker.answer(request, describe_client_quotas(
                                       view_of(broker, request),
                                       request.body.as<wire::DescribeClientQuotasRequest>()));
            break;
        case ListConfigResources:
            broker.answer(request,
                          list_config_resources(view_of(broker, request),
                                                request.body.as<wire::ListConfigResourcesRequest>(),
                                                request.body.version()));
            break;
        case IncrementalAlterConfigs:
            if (names_loggers(request.body.as<wire::IncrementalAlterConfigsRequest>()))
                return handle_broker_loggers(broker, request), true;
            broker.controller->handle(request, broker.now, broker.controller_effects);
            break;
        default:
            broker.controller->handle(request, broker.now, broker.controller_effects);
    }
    return true;
}

}  // namespace millrace::broker
