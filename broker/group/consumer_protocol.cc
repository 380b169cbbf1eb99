#include "millrace/broker/group/consumer_protocol.h"

#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/wire/codec.h"

namespace millrace::broker {

namespace {

// A version newer than ours begins like ours.
template <class Message>
Result<Message> read(BytesView bytes) {
    if (bytes.size() < 2) return fail(ErrorCode::InconsistentGroupProtocol, "no version");
    const auto version = load_be<std::int16_t>(bytes.data());
    if (version < 0) return fail(ErrorCode::InconsistentGroupProtocol, "negative version");
    const bool newer = version > Message::kValid.high;
    auto message = wire::decode<Message>(bytes.subspan(2),
                                         std::min<std::int16_t>(version, Message::kValid.high));
    if (!message && !newer)
        return fail(ErrorCode::InconsistentGroupProtocol, message.error().detail);
    return message;
}

}  // namespace

Result<wire::ConsumerProtocolSubscription> read_subscription(BytesView bytes) {
    return read<wire::ConsumerProtocolSubscription>(bytes);
}

Result<wire::ConsumerProtocolAssignment> read_assignment(BytesView bytes) {
    if (bytes.empty()) return wire::ConsumerProtocolAssignment{};
    return read<wire::ConsumerProtocolAssignment>(bytes);
}

Bytes write_assignment(const AssignedPartitions& assigned, BytesView subscription,
                       const TopicLookup& topics) {
    wire::ConsumerProtocolAssignment assignment;
    for (const auto& [id, held] : assigned) {
        const auto topic = topics.find(id);
        if (!topic) continue;  // deleted a moment ago
        auto& one = assignment.assigned_partitions.emplace_back();
        one.topic = topic->name;
        for (const auto& [partition, epoch] : held) one.partitions.push_back(partition);
    }
    std::int16_t version = 0;
    if (subscription.size() >= 2)
        version = std::clamp<std::int16_t>(load_be<std::int16_t>(subscription.data()), 0,
                                           wire::ConsumerProtocolAssignment::kValid.high);
    ByteSink sink;
    append_be<std::int16_t>(sink, version);
    MR_CHECK(wire::encode(assignment, version, sink).has_value());
    return sink.to_bytes();
}

}  // namespace millrace::broker
