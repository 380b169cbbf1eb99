// Produce: API key 0, versions 3-13.
//
// - One record batch per partition; what is checked, and in which order, stands at the log's
// append.
// - acks 0: no answer, a failure closes the connection. 1: answered when appended. -1: when the
// high
//   watermark has passed the batch, or RequestTimedOut.
// - A repeated batch is answered with its first offset (KIP-98).
// - Transactional batches are verified with the coordinator once per transaction and partition, or,
//   from v12 on, added by it (KIP-890). They are answered once appended when partition and
//   coordinator share a journal: EndTxn waits for the sync that covers them (design 3.5).
// - v5: log start offset. v8: record errors and message (KIP-467). v10: current leader (KIP-951).
//   v11: TRANSACTION_ABORTABLE. v12: implicit add. v13: topic ids.
// - A client above its producer_byte_rate is answered at once and then not read for a while (KIP-219).
// - Missing: authorisation.
#include "millrace/wire/messages/produce.h"

#include <algorithm>
#include <set>

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"
#include "millrace/broker/log/validation.h"

namespace millrace::broker {

namespace {
using wire::ProduceRequest;
using wire::ProduceResponse;
constexpr std::int16_t kTopicIdVersion = 13, kImplicitAddVersion = 12, kAbortableVersion = 11,
                       kZstdVersion = 7;
constexpr std::string_view kAdminClient = "__admin_client";  // may write into internal topics

struct Produce {      // one request under way
    Request request;  // its body only until the batches are appended: it may be large
    std::int16_t version = 0, acks = 0;
    std::int32_t timeout_ms = 0;
    ProduceResponse response;
    std::size_t waiting = 0;  // partitions that are not committed yet
    bool answered = false;
    std::optional<Deadlines::Id> deadline;
    const ProduceRequest& body() const { return request.body.as<ProduceRequest>(); }
};

struct Entry {                 // one partition of the request
    std::size_t topic, index;  // into the request and, at the same places, the response
    Partition* partition = nullptr;
    TopicPartition tp;
    Bytes batch;
};

bool transactional(BytesView batch) {
    const auto view = wire::RecordBatchView::of(batch);
    return view && view->transactional();
}

void finish(Broker::State& broker, Produce& produce) {
    if (produce.answered) return;
    produce.answered = true;
    if (produce.deadline) broker.deadlines.cancel(*produce.deadline);
    if (produce.acks == 0) {
        for (const auto& topic : produce.response.responses)
            for (const auto& partition : topic.partition_responses)
                if (partition.error_code != ErrorCode::None)
                    return broker.close(
                        produce.request.token,
                        "produce with acks=0 failed: " + std::string(name(partition.error_code)));
        return broker.respond(produce.request.token, {});
    }
    broker.respond(produce.request.token,
                   wire::AnyResponse::of(std::move(produce.response), produce.version));
}

void fail_entry(ProduceResponse::PartitionProduceResponse& into, ErrorCode code,
                std::string detail = {}) {
    into.error_code = code;
    into.base_offset = -1;
    if (!detail.empty()) into.error_message = std::move(detail);
}

// The leader as far as we know, so that the client need not ask for metadata (KIP-951).
void name_leader(Broker::State& broker, Produce& produce, const TopicPartition& tp,
                 ProduceResponse::PartitionProduceResponse& into) {
    const PartitionImage* image = broker.controller->image().partition(tp.topic, tp.partition);
    if (!image || !image->leader) return;
    into.current_leader = {image->leader->value(), image->leader_epoch.value()};
    const BrokerImage* leader = broker.controller->image().broker(*image->leader);
    const Endpoint* endpoint =
        leader ? leader->endpoint(produce.request.context->listener) : nullptr;
    if (endpoint)
        produce.response.node_endpoints.push_back(
            {leader->id.value(), endpoint->host, endpoint->port, leader->rack});
}

ErrorCode check_entry(Broker::State& broker, Produce& produce, Entry& entry, std::string& detail) {
    const ProduceRequest& body = produce.body();
    const auto& topic = body.topic_data[entry.topic];
    entry.tp = {topic.name, topic.partition_data[entry.index].index};
    if (produce.version >= kTopicIdVersion) {
        const std::string* name = broker.topic_name(topic.topic_id);
        if (!name) return ErrorCode::UnknownTopicId;
        entry.tp.topic = *name;
    }
    if (is_internal_topic(entry.tp.topic) && produce.request.context->client_id != kAdminClient)
        return ErrorCode::InvalidTopicException;
    if (body.acks < -1 || body.acks > 1) return ErrorCode::InvalidRequiredAcks;
    const auto& records = topic.partition_data[entry.index].records;
    if (records.size() == 0) {
        detail = "a produce request has one record batch per partition";
        return ErrorCode::InvalidRecord;
    }
    entry.batch = records.parts().size() == 1 ? records.parts().front() : records.joined();
    const auto view = wire::RecordBatchView::of(entry.batch.view());
    if (view && view->codec_number() == static_cast<std::uint8_t>(wire::Codec::Zstd) &&
        produce.version < kZstdVersion)
        return ErrorCode::UnsupportedCompressionType;
    ErrorCode code = ErrorCode::None;
    entry.partition = broker.led_partition(entry.tp.topic, entry.tp.partition, code);
    if (entry.partition && body.acks == -1 && !entry.partition->enough_replicas())
        return ErrorCode::NotEnoughReplicas;
    return code;
}

void append(Broker::State& broker, const std::shared_ptr<Produce>& produce, const Entry& entry,
            bool began) {
    auto& answer = produce->response.responses[entry.topic].partition_responses[entry.index];
    // The partition may have gone while the coordinator was asked.
    ErrorCode code = ErrorCode::None;
    Partition* partition = broker.led_partition(entry.tp.topic, entry.tp.partition, code);
    if (!partition) return fail_entry(answer, code);
    const bool is_transactional = transactional(entry.batch.view());
    std::vector<std::int32_t> invalid;
    const auto info = partition->append_client(
        entry.batch,
        {.transaction_v2 = produce->version >= kImplicitAddVersion,
         .built = produce->body().topic_data[entry.topic].partition_data[entry.index].built,
         .invalid_records = &invalid});
    if (!info) {
        const ErrorCode why = info.error().code;
        std::string detail = info.error().detail;
        if (!invalid.empty()) {
            RecordErrors errors = record_errors(
                entry.batch, why, invalid, partition->log().config(), broker.now.wall, entry.tp);
            for (auto& [index, text] : errors.records)
                answer.record_errors.push_back({index, std::move(text)});
            detail = std::move(errors.whole);
        }
        // As Kafka: where the records themselves were looked at, its log start is told.
        if (why == ErrorCode::InvalidRecord || why == ErrorCode::InvalidTimestamp ||
            why == ErrorCode::OutOfOrderSequenceNumber || why == ErrorCode::InvalidProducerEpoch)
            answer.log_start_offset = partition->log().log_start_offset().value();
        if (info.error().code == ErrorCode::KafkaStorageError)
            broker.log.error("append failed", {{"partition", entry.tp.to_string()},
                                               {"detail", info.error().detail}});
        return fail_entry(answer, why, std::move(detail));
    }
    answer.base_offset = info->first_offset.value();
    answer.log_append_time_ms = info->log_append_time.value();
    answer.log_start_offset = partition->log().log_start_offset().value();
    if (produce->acks != -1 || (is_transactional && !began && broker.shared_journal())) return;
    ++produce->waiting;
    partition->when_committed(info->last_offset + 1, [&broker, produce, topic = entry.topic,
                                                      index = entry.index](ErrorCode committed) {
        if (produce->answered) return;
        if (committed != ErrorCode::None)
            fail_entry(produce->response.responses[topic].partition_responses[index], committed);
        if (--produce->waiting == 0) finish(broker, *produce);
    });
}

void append_all(Broker::State& broker, const std::shared_ptr<Produce>& produce,
                const std::vector<Entry>& entries, bool began) {
    const Duration silence =
        broker.charge(QuotaKind::Produce, produce->request, produce->request.bytes);
    produce->response.throttle_time_ms = throttle_ms(silence);
    ++produce->waiting;  // not before all are appended
    for (const Entry& entry : entries) append(broker, produce, entry, began);
    if (--produce->waiting == 0) return finish(broker, *produce);
    produce->request.body = {};
    const Time due = broker.now.time + std::chrono::milliseconds(std::max(0, produce->timeout_ms));
    produce->deadline = broker.deadlines.set(due, [&broker, produce] {
        produce->deadline.reset();
        for (auto& topic : produce->response.responses)
            for (auto& partition : topic.partition_responses)
                if (partition.error_code == ErrorCode::None)
                    fail_entry(partition, ErrorCode::RequestTimedOut);
        finish(broker, *produce);
    });
    broker.connections.release(produce->request.token);
}

// Partitions whose transaction has no data here yet: the coordinator must know of them.
bool needs_verification(Broker::State& broker, const Entry& entry) {
    const auto view = wire::RecordBatchView::of(entry.batch.view());
    if (!view || !view->transactional() || !view->has_producer_id()) return false;
    if (!broker.config.transaction_partition_verification_enable) return false;
    const ProducerState* state = entry.partition->log().producers().find(view->producer_id());
    return !state || !state->transaction_start || state->epoch != view->producer_epoch();
}
}  // namespace

void handle_produce(Broker::State& broker, const Request& request) {
    auto produce = std::make_shared<Produce>();
    produce->request = request;
    const ProduceRequest& body = produce->body();
    produce->version = request.body.version();
    produce->acks = body.acks;
    produce->timeout_ms = body.timeout_ms;
    std::vector<Entry> entries;
    bool any_transactional = false;
    for (std::size_t t = 0; t < body.topic_data.size(); ++t) {
        auto& topic = produce->response.responses.emplace_back();
        topic.name = body.topic_data[t].name;
        topic.topic_id = body.topic_data[t].topic_id;
        for (std::size_t i = 0; i < body.topic_data[t].partition_data.size(); ++i) {
            auto& answer = topic.partition_responses.emplace_back();
            answer.index = body.topic_data[t].partition_data[i].index;
            Entry entry{.topic = t, .index = i};
            std::string detail;
            const ErrorCode code = check_entry(broker, *produce, entry, detail);
            if (!entry.batch.empty())
                any_transactional = any_transactional || transactional(entry.batch.view());
            if (code == ErrorCode::None) {
                entries.push_back(std::move(entry));
                continue;
            }
            fail_entry(answer, code, std::move(detail));
            if (code == ErrorCode::NotLeaderOrFollower && produce->version >= 10)
                name_leader(broker, *produce, entry.tp, answer);
        }
    }
    if (any_transactional && !body.transactional_id) {
        for (auto& topic : produce->response.responses)
            for (auto& answer : topic.partition_responses)
                fail_entry(answer, ErrorCode::TransactionalIdAuthorizationFailed);
        return finish(broker, *produce);
    }
    TxnCoordinator::Verify verify;
    for (const Entry& entry : entries) {
        if (!needs_verification(broker, entry)) continue;
        const auto view = wire::RecordBatchView::of(entry.batch.view());
        verify.producer = {view->producer_id(), view->producer_epoch()};
        verify.partitions.insert(entry.tp);
    }
    if (verify.partitions.empty()) return append_all(broker, produce, entries, false);
    verify.transactional_id = *body.transactional_id;
    verify.client_version = produce->version >= kImplicitAddVersion ? 2 : 0;
    verify.knows_abortable = produce->version >= kAbortableVersion;
    verify.wait = broker.shared_journal() ? TxnWait::Appended : TxnWait::Committed;
    const auto partitions = verify.partitions;
    broker.txn->verify_or_add(
        verify, broker.now,
        [&broker, produce, entries = std::move(entries),
         partitions](TxnCoordinator::Admission admission) mutable {
            if (admission.code != ErrorCode::None) {
                std::erase_if(entries, [&](const Entry& entry) {
                    if (!partitions.contains(entry.tp)) return false;
                    fail_entry(
                        produce->response.responses[entry.topic].partition_responses[entry.index],
                        admission.code);
                    return true;
                });
            }
            append_all(broker, produce, entries, admission.began);
        });
}

}  // namespace millrace::broker
