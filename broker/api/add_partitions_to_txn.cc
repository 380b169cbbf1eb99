// AddPartitionsToTxn: API key 24, versions 0-5.
//
// - v0-3, from clients of before transactions v2: adds partitions to the transaction. If one topic
// is unknown, nothing is
//   added: that one gets UnknownTopicOrPartition, the others OperationNotAttempted.
// - v4-5, from brokers, for several transactions: adds, or with VerifyOnly only looks (KIP-890).
// - v2: ProducerFenced; before, InvalidProducerEpoch. v5: TransactionAbortable; v4 is told
// InvalidTxnState.
// - Missing: authorisation.
#include "millrace/wire/messages/add_partitions_to_txn.h"

#include <memory>

#include "millrace/broker/api/coordinator_handlers.h"

namespace millrace::broker {

namespace {

using Response = wire::AddPartitionsToTxnResponse;
using Topics = std::vector<wire::AddPartitionsToTxnRequest::AddPartitionsToTxnTopic>;

std::set<TopicPartition> partitions_of(const Topics& topics) {
    std::set<TopicPartition> partitions;
    for (const auto& topic : topics)
        for (const std::int32_t index : topic.partitions) partitions.insert({topic.name, index});
    return partitions;
}

template <class CodeOf>
std::vector<Response::AddPartitionsToTxnTopicResult> results(const Topics& topics,
                                                             const CodeOf& code_of) {
    std::vector<Response::AddPartitionsToTxnTopicResult> result;
    for (const auto& topic : topics) {
        auto& answered = result.emplace_back();
        answered.name = topic.name;
        for (const std::int32_t index : topic.partitions)
            answered.results_by_partition.push_back(
                {index, code_of(TopicPartition{topic.name, index})});
    }
    return result;
}

bool known(const TopicLookup& topics, const TopicPartition& tp) {
    const auto topic = topics.find(tp.topic);
    return topic && tp.partition >= 0 && tp.partition < topic->partitions;
}

// Codes of partitions that cannot be added; empty: all can.
std::map<TopicPartition, ErrorCode> refused(const TopicLookup& topics,
                                            const std::set<TopicPartition>& partitions) {
    std::map<TopicPartition, ErrorCode> codes;
    bool any = false;
    for (const TopicPartition& tp : partitions) {
        codes[tp] = known(topics, tp) ? ErrorCode::OperationNotAttempted
                                      : ErrorCode::UnknownTopicOrPartition;
        any = any || codes[tp] == ErrorCode::UnknownTopicOrPartition;
    }
    if (!any) codes.clear();
    return codes;
}

void from_client(const CoordinatorApis& apis, const Request& request, Now now) {
    const auto& asked = request.body.as<wire::AddPartitionsToTxnRequest>();
    const std::int16_t version = request.body.version();
    const auto answer = [&apis, token = request.token, version,
                         topics = asked.v3_and_below_topics](const auto& code_of) {
        Response response;
        response.results_by_topic_v3_and_below = results(topics, code_of);
        apis.answer(token, version, std::move(response));
    };
    const auto partitions = partitions_of(asked.v3_and_below_topics);
    if (const auto codes = refused(apis.topics, partitions); !codes.empty())
        return answer([&](const TopicPartition& tp) { return codes.at(tp); });
    apis.txn.add_partitions(asked.v3_and_below_transactional_id,
                            {ProducerId{asked.v3_and_below_producer_id},
                             ProducerEpoch{asked.v3_and_below_producer_epoch}},
                            partitions, 0, now, [answer, version](ErrorCode code) {
                                if (code == ErrorCode::ProducerFenced && version < 2)
                                    code = ErrorCode::InvalidProducerEpoch;
                                answer([code](const TopicPartition&) { return code; });
                            });
}

struct Batch {  // of transactions; answered when each of them is
    Response response;
    std::size_t waiting = 1;
};

void from_broker(const CoordinatorApis& apis, const Request& request, Now now) {
    const auto& asked = request.body.as<wire::AddPartitionsToTxnRequest>();
    const std::int16_t version = request.body.version();
    const auto batch = std::make_shared<Batch>();
    for (const auto& txn : asked.transactions)
        batch->response.results_by_transaction.push_back({txn.transactional_id, {}});
    const auto done = [&apis, batch, token = request.token, version] {
        if (--batch->waiting == 0) apis.answer(token, version, std::move(batch->response));
    };
    for (std::size_t i = 0; i < asked.transactions.size(); ++i) {
        const auto& txn = asked.transactions[i];
        const ProducerIdAndEpoch producer{ProducerId{txn.producer_id},
                                          ProducerEpoch{txn.producer_epoch}};
        const auto partitions = partitions_of(txn.topics);
        ++batch->waiting;
        const auto set = [batch, done, i, topics = txn.topics](const auto& code_of) {
            batch->response.results_by_transaction[i].topic_results = results(topics, code_of);
            done();
        };
        if (txn.verify_only) {
            apis.txn.verify_partitions(
                txn.transactional_id, producer, partitions, now,
                [set, version](const std::map<TopicPartition, ErrorCode>& codes) {
                    set([&](const TopicPartition& tp) {
                        const ErrorCode code = codes.at(tp);
                        return code == ErrorCode::TransactionAbortable && version < 5
                                   ? ErrorCode::InvalidTxnState
                                   : code;
                    });
                });
        } else if (const auto codes = refused(apis.topics, partitions); !codes.empty()) {
            set([&](const TopicPartition& tp) { return codes.at(tp); });
        } else {
            apis.txn.add_partitions(
                txn.transactional_id, producer, partitions, 2, now,
                [set](ErrorCode code) { set([code](const TopicPartition&) { return code; }); });
        }
    }
    done();
}

}  // namespace

void handle_add_partitions_to_txn(const CoordinatorApis& apis, const Request& request, Now now) {
    if (request.body.version() < 4) return from_client(apis, request, now);
    from_broker(apis, request, now);
}

}  // namespace millrace::broker
