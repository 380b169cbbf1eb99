// The broker and its coordinators: what they ask for is carried out, and they are told.
#include <algorithm>

#include "millrace/broker/broker_state.h"
#include "millrace/wire/messages/allocate_producer_ids.h"
#include "millrace/wire/messages/find_coordinator.h"

namespace millrace::broker {

namespace {
using Configs = std::vector<std::pair<std::string, std::string>>;

Configs internal_topic_configs(std::string_view topic, const BrokerConfig& config) {
    if (topic == kOffsetsTopic)
        return {{"cleanup.policy", "compact"},
                {"compression.type", "producer"},
                {"segment.bytes", std::to_string(config.offsets_topic_segment_bytes)}};
    return {{"cleanup.policy", "compact"},
            {"compression.type", "uncompressed"},
            {"min.insync.replicas", std::to_string(config.transaction_state_log_min_isr)},
            {"segment.bytes", std::to_string(config.transaction_state_log_segment_bytes)},
            {"unclean.leader.election.enable", "false"}};
}
}  // namespace

void Broker::State::make_coordinators() {
    txn = std::make_unique<TxnCoordinator>(txn_config, log);
    group = std::make_unique<GroupCoordinator>(group_config, *this, log);
    apis = std::make_unique<CoordinatorApis>(
        CoordinatorApis{*txn, *group, *this, *this, shared_journal()});
}

CoordinatorNode Broker::State::locate(CoordinatorKeyType type, const std::string& key,
                                      const std::string& listener) const {
    const MetadataImage& image = controller->image();
    const TopicImage* topic =
        image.topic(type == CoordinatorKeyType::Group ? kOffsetsTopic : kTransactionTopic);
    CoordinatorNode found{.code = ErrorCode::CoordinatorNotAvailable};
    if (!topic || topic->partitions.empty()) return found;
    const auto index =
        coordinator_partition(key, static_cast<std::int32_t>(topic->partitions.size()));
    const PartitionImage& partition = topic->partitions[static_cast<std::size_t>(index)];
    const BrokerImage* leader = partition.leader ? image.broker(*partition.leader) : nullptr;
    const Endpoint* endpoint = leader && !leader->fenced ? leader->endpoint(listener) : nullptr;
    if (!endpoint) return found;
    return {.code = ErrorCode::None,
            .node = leader->id.value(),
            .host = endpoint->host,
            .port = endpoint->port};
}

// The internal topic is made on first use. The answer waits for it: a client that is told to come
// again comes after 100 ms or more.
void Broker::State::find_coordinator(const Request& request) {
    const auto& body = request.body.as<wire::FindCoordinatorRequest>();
    const auto answer = [this](const Request& asked) {
        handle_find_coordinator(*apis, asked,
                                [this, listener = asked.context->listener](CoordinatorKeyType type,
                                                                           const std::string& key) {
                                    return locate(type, key, listener);
                                });
    };
    const auto type = static_cast<CoordinatorKeyType>(body.key_type);
    const bool group_key = type == CoordinatorKeyType::Group;
    if (!group_key && type != CoordinatorKeyType::Transaction) return answer(request);
    const std::string_view topic = group_key ? kOffsetsTopic : kTransactionTopic;
    if (controller->image().topic(topic)) return answer(request);
    create_internal_topic(topic,
                          [answer, request](ErrorCode, const std::string&) { answer(request); });
}

void Broker::State::create_internal_topic(
    std::string_view topic, std::function<void(ErrorCode, const std::string&)> created) {
    const bool offsets = topic == kOffsetsTopic;
    create_topic(std::string(topic), offsets ? group_config.partitions : txn_config.partitions,
                 offsets ? config.offsets_topic_replication_factor
                         : config.transaction_state_log_replication_factor,
                 internal_topic_configs(topic, config), std::move(created));
}

void Broker::State::carry_out_coordinators() {
    TxnEffects from_txn = txn->take_effects();
    txn_wake = from_txn.wake_at;
    for (const WriteTxnMarkers& markers : from_txn.markers) {
        for (const TopicPartition& tp : markers.partitions)
            write_marker(tp, markers.marker, [this, id = markers.id, tp](ErrorCode code) {
                txn->marker_written(id, tp, code, now);
            });
    }
    if (from_txn.allocate_producer_ids) {
        wire::AllocateProducerIdsRequest request{.broker_id = node.value(),
                                                 .broker_epoch = broker_epoch};
        ask_controller(wire::AnyRequest::of(std::move(request), 0),
                       [this](const wire::AnyResponse& any) {
                           const auto& response = any.as<wire::AllocateProducerIdsResponse>();
                           if (response.error_code == ErrorCode::None)
                               txn->producer_ids(ProducerId{response.producer_id_start},
                                                 response.producer_id_len, now);
                           else
                               txn->producer_ids_failed(response.error_code, now);
                       });
    }
    GroupEffects from_group = group->take_effects();
    group_wake = from_group.wake_at;
    for (CreateInternalTopic& topic : from_group.create_topics) {
        create_topic(topic.name, topic.partitions, topic.replication_factor,
                     std::move(topic.configs),
                     [this, group_id = topic.group_id, name = topic.name](
                         ErrorCode code, const std::string& detail) {
                         group->internal_topic_created(group_id, name, code, detail, now);
                     });
    }
}

void Broker::State::abort_hanging_transactions() {
    if (hanging_looked_for || !ready || !txn->loaded()) return;
    hanging_looked_for = true;
    if (directory->was_clean()) return;
    std::vector<std::pair<TopicPartition, TxnMarker>> hanging;
    for (const auto& [tp, partition] : partitions) {
        const ProducerStateTable& producers = partition->log().producers();
        if (!producers.first_open_offset()) continue;
        for (const ProducerId id : producers.producer_ids()) {
            const ProducerState* state = producers.find(id);
            if (!state->transaction_start || txn->is_open(id, tp)) continue;
            hanging.emplace_back(
                tp, TxnMarker{.producer = {id, state->epoch},
                              .coordinator_epoch = std::max(0, state->coordinator_epoch)});
        }
    }
    for (const auto& [tp, marker] : hanging) {
        log.warn("aborting a transaction that its coordinator does not know",
                 {{"partition", tp.to_string()}, {"producer", marker.producer.id.value()}});
        write_marker(tp, marker, [this, tp = tp](ErrorCode code) {
            if (code != ErrorCode::None)
                log.error("the transaction could not be aborted",
                          {{"partition", tp.to_string()}, {"error", name(code)}});
        });
    }
}

void Broker::State::write_marker(const TopicPartition& tp, const TxnMarker& marker,
                                 Completion written) {
    ErrorCode code = ErrorCode::None;
    Partition* partition = led_partition(tp.topic, tp.partition, code);
    if (!partition) return written(code);
    if (tp.topic == kOffsetsTopic)
        return group->write_marker(tp.partition, marker, now, std::move(written));
    const auto at = partition->append_marker(marker);
    if (!at) return written(at.error().code);
    partition->when_committed(at->end, std::move(written));
}

}  // namespace millrace::broker
