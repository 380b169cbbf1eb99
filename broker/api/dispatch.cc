// Which handler takes which request.
#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

bool serves(wire::ApiKey key) {
    using enum wire::ApiKey;
    switch (key) {
        case Produce:
        case Fetch:
        case ListOffsets:
        case ApiVersions:
        case DeleteRecords:
        case OffsetForLeaderEpoch:
        case WriteTxnMarkers:
        case OffsetCommit:
        case OffsetFetch:
        case FindCoordinator:
        case InitProducerId:
        case AddPartitionsToTxn:
        case AddOffsetsToTxn:
        case EndTxn:
        case TxnOffsetCommit:
        case JoinGroup:
        case SyncGroup:
        case Heartbeat:
        case LeaveGroup:
        case ListGroups:
        case DescribeGroups:
        case DeleteGroups:
        case OffsetDelete:
        case ConsumerGroupHeartbeat:
        case ConsumerGroupDescribe:
        case StreamsGroupHeartbeat:
        case StreamsGroupDescribe:
        case DescribeLogDirs:
        case AlterReplicaLogDirs:
        case DescribeProducers:
        case DescribeTransactions:
        case ListTransactions:
            return true;
        default:
            return serves_cluster(key) || serves_security(key);
    }
}

void Broker::State::dispatch(const Request& request) {
    using enum wire::ApiKey;
    if (request.body.empty()) return respond(request.token, unsupported_api_versions());
    switch (request.body.key()) {
        case Produce:
            return handle_produce(*this, request);
        case Fetch:
            return handle_fetch(*this, request);
        case ListOffsets:
            return handle_list_offsets(*this, request);
        case ApiVersions:
            return handle_api_versions(*this, request);
        case DeleteRecords:
            return handle_delete_records(*this, request);
        case OffsetForLeaderEpoch:
            return handle_offset_for_leader_epoch(*this, request);
        case WriteTxnMarkers:
            return handle_write_txn_markers(*this, request);
        case OffsetCommit:
            return handle_offset_commit(*apis, request, now);
        case OffsetFetch:
            return handle_offset_fetch(*apis, request);
        case FindCoordinator:
            return find_coordinator(request);
        case InitProducerId:
            return handle_init_producer_id(*apis, request, now);
        case AddPartitionsToTxn:
            return handle_add_partitions_to_txn(*apis, request, now);
        case AddOffsetsToTxn:
            return handle_add_offsets_to_txn(*apis, request, now);
        case EndTxn:
            return handle_end_txn(*apis, request, now);
        case TxnOffsetCommit:
            return handle_txn_offset_commit(*apis, request, now);
        case JoinGroup:
            return handle_join_group(*apis, request, now);
        case SyncGroup:
            return handle_sync_group(*apis, request, now);
        case Heartbeat:
            return handle_heartbeat(*apis, request, now);
        case LeaveGroup:
            return handle_leave_group(*apis, request, now);
        case ListGroups:
            return handle_list_groups(*apis, request, now);
        case DescribeGroups:
            return handle_describe_groups(*apis, request, now);
        case DeleteGroups:
            return handle_delete_groups(*apis, request, now);
        case OffsetDelete:
            return handle_offset_delete(*apis, request, now);
        case ConsumerGroupHeartbeat:
            return handle_consumer_group_heartbeat(*apis, request, now);
        case ConsumerGroupDescribe:
            return handle_consumer_group_describe(*apis, request);
        case StreamsGroupHeartbeat:
            return handle_streams_group_heartbeat(*apis, request, now);
        case StreamsGroupDescribe:
            return handle_streams_group_describe(*apis, request);
        case DescribeLogDirs:
            return handle_describe_log_dirs(*this, request);
        case AlterReplicaLogDirs:
            return handle_alter_replica_log_dirs(*this, request);
        case DescribeProducers:
            return handle_describe_producers(*this, request);
        case DescribeTransactions:
            return handle_describe_transactions(*this, request);
        case ListTransactions:
            return handle_list_transactions(*this, request);
        case GetTelemetrySubscriptions:  // served, but not advertised
            return handle_get_telemetry_subscriptions(*this, request);
        case PushTelemetry:
            return handle_push_telemetry(*this, request);
        default:
            if (handle_cluster(*this, request) || handle_security(*this, request)) return;
            break;
    }
    const wire::Api* api = wire::find_api(static_cast<std::int16_t>(request.body.key()));
    log.warn("request of an API that is not served, closing the connection",
             {{"api", api ? api->name : "?"},
              {"client", request.context->client_id},
              {"address", request.context->client_host}});
    close(request.token, "API not served");
}

}  // namespace millrace::broker
