// DescribeProducers, key 61, version 0 (KIP-664): what the leader of a partition knows of its
// producers. With it and DescribeTransactions an admin finds transactions that hang.
// - Not the leader: 6. Unknown: 3.
#include "millrace/wire/messages/describe_producers.h"

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"

namespace millrace::broker {

void handle_describe_producers(Broker::State& broker, const Request& request) {
    wire::DescribeProducersResponse response;
    for (const auto& topic : request.body.as<wire::DescribeProducersRequest>().topics) {
        auto& answered = response.topics.emplace_back();
        answered.name = topic.name;
        const bool known = broker.find(topic.name).has_value();
        for (const std::int32_t index : topic.partition_indexes) {
            auto& result = answered.partitions.emplace_back();
            result.partition_index = index;
            Partition* partition = broker.led_partition(topic.name, index, result.error_code);
            if (!partition) {
                if (!known)
                    result.error_message = "This server does not host this topic-partition.";
                continue;
            }
            const ProducerStateTable& producers = partition->log().producers();
            for (const ProducerId id : producers.producer_ids()) {
                const ProducerState& state = *producers.find(id);
                auto& one = result.active_producers.emplace_back();
                one.producer_id = id.value();
                one.producer_epoch = state.epoch.value();
                one.last_sequence = state.last_sequence();
                one.last_timestamp = state.last_timestamp.value();
                one.coordinator_epoch = state.coordinator_epoch;
                if (state.transaction_start)
                    one.current_txn_start_offset = state.transaction_start->value();
            }
        }
    }
    broker.answer(request, std::move(response));
}

}  // namespace millrace::broker
