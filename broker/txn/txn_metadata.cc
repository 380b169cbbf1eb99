#include "millrace/broker/txn/txn_metadata.h"

#include "millrace/broker/coordinator/record_codec.h"
#include "millrace/wire/records/transaction_log.h"

namespace millrace::broker {

namespace {

// Kafka forgets last_producer_epoch when the coordinator moves. We keep it where it does not follow
// from the rest (after InitProducerId with an expected epoch), in a tagged field that Kafka's
// readers skip: a client whose answer was lost in a crash asks again and must not be fenced by
// itself.
constexpr std::uint32_t kLastEpochTag = 10'000;

// Whether a value ends as our tag does (it is the last one): only then are tags worth collecting.
bool may_hold_last_epoch(BytesView value) {
    constexpr std::byte kEnd[] = {std::byte{0x90}, std::byte{0x4e},
                                  std::byte{2}};  // 10000, 2 bytes
    return value.size() > 5 && std::memcmp(value.data() + value.size() - 5, kEnd, 3) == 0;
}

// What last_producer_epoch is unless the record says otherwise. KIP-890: an end of a transaction
// bumps the epoch, and the client may ask again under the epoch before; after a rotation that is
// the exhausted one.
ProducerEpoch implied_last_epoch(const TxnMetadata& m) {
    if (!m.bumps_epoch() || m.state == TxnState::Empty || m.state == TxnState::Ongoing)
        return ProducerEpoch{-1};
    if (m.producer_epoch.value() > 0)
        return ProducerEpoch{static_cast<std::int16_t>(m.producer_epoch.value() - 1)};
    return m.previous_producer_id != m.producer_id ? ProducerEpoch{kEpochExhausted}
                                                   : ProducerEpoch{-1};
}

}  // namespace

std::string_view name(TxnState state) {
    switch (state) {
        case TxnState::Empty:
            return "Empty";
        case TxnState::Ongoing:
            return "Ongoing";
        case TxnState::PrepareCommit:
            return "PrepareCommit";
        case TxnState::PrepareAbort:
            return "PrepareAbort";
        case TxnState::CompleteCommit:
            return "CompleteCommit";
        case TxnState::CompleteAbort:
            return "CompleteAbort";
        case TxnState::Dead:
            return "Dead";
        case TxnState::PrepareEpochFence:
            return "PrepareEpochFence";
    }
    return "Unknown";
}

CoordinatorRecord transaction_tombstone(const std::string& transactional_id) {
    return {encode_key(wire::TransactionLogKey{.transactional_id = transactional_id}),
            std::nullopt};
}

CoordinatorRecord transaction_record(const std::string& transactional_id, const TxnMetadata& m,
                                     std::int16_t value_version) {
    wire::TransactionLogValue value;
    value.producer_id = m.producer_id.value();
    value.producer_epoch = m.producer_epoch.value();
    if (value_version >= 1) {
        value.previous_producer_id = m.previous_producer_id.value();
        value.next_producer_id = m.next_producer_id.value();
        value.client_transaction_version = m.client_version;
    }
    value.transaction_timeout_ms = m.timeout_ms;
    value.transaction_status = static_cast<std::int8_t>(m.state);
    value.transaction_last_update_timestamp_ms = m.last_update.value();
    value.transaction_start_timestamp_ms = m.start.value();
    if (m.state == TxnState::Empty) {
        value.transaction_partitions = std::nullopt;
    } else {
        for (const TopicPartition& tp : m.partitions) {
            auto& topics = *value.transaction_partitions;
            if (topics.empty() || topics.back().topic != tp.topic)
                topics.push_back({.topic = tp.topic});
            topics.back().partition_ids.push_back(tp.partition);
        }
    }
    wire::UnknownTags tags;
    if (value_version >= 1 && m.last_producer_epoch != implied_last_epoch(m)) {
        ByteSink epoch;
        append_be<std::int16_t>(epoch, m.last_producer_epoch.value());
        // Sections of tags: one per topic, then the message's own.
        const std::size_t topics =
            value.transaction_partitions ? value.transaction_partitions->size() : 0;
        tags.push_back({.section = static_cast<std::uint32_t>(topics),
                        .tag = kLastEpochTag,
                        .data = epoch.to_bytes(),
                        .path = "/"});
    }
    ByteSink sink;
    append_be<std::int16_t>(sink, value_version);
    MR_CHECK(wire::encode(wire::schema_of<wire::TransactionLogValue>(), &value, value_version, sink,
                          {.unknown = &tags})
                 .has_value());
    return {encode_key(wire::TransactionLogKey{.transactional_id = transactional_id}),
            sink.to_bytes()};
}

Result<std::string> read_transaction_key(BytesView key) {
    MR_TRY(auto decoded, decode_key<wire::TransactionLogKey>(key));
    return decoded.transactional_id;
}

Result<TxnMetadata> read_transaction_value(BytesView bytes) {
    ByteReader reader(bytes);
    const auto version = reader.be<std::int16_t>();
    if (!reader.ok() || !wire::TransactionLogValue::kValid.contains(version))
        return fail(ErrorCode::UnsupportedVersion, "transaction log value version");
    wire::TransactionLogValue value;
    wire::UnknownTags tags;
    MR_TRY([[maybe_unused]] const auto read,
           wire::decode(wire::schema_of<wire::TransactionLogValue>(), &value, bytes.subspan(2),
                        nullptr, version, may_hold_last_epoch(bytes) ? &tags : nullptr));
    if (value.transaction_status < 0 || value.transaction_status > 7)
        return fail(ErrorCode::CorruptMessage, "transaction status");
    TxnMetadata m;
    m.producer_id = ProducerId{value.producer_id};
    m.previous_producer_id = ProducerId{value.previous_producer_id};
    m.next_producer_id = ProducerId{value.next_producer_id};
    m.producer_epoch = ProducerEpoch{value.producer_epoch};
    m.timeout_ms = value.transaction_timeout_ms;
    m.state = static_cast<TxnState>(value.transaction_status);
    if (m.state == TxnState::PrepareEpochFence) m.state = TxnState::PrepareAbort;
    m.client_version = value.client_transaction_version;
    m.last_update = Timestamp{value.transaction_last_update_timestamp_ms};
    m.start = Timestamp{value.transaction_start_timestamp_ms};
    if (value.transaction_partitions)
        for (const auto& topic : *value.transaction_partitions)
            for (const std::int32_t partition : topic.partition_ids)
                m.partitions.insert({topic.topic, partition});
    m.last_producer_epoch = implied_last_epoch(m);
    for (const wire::UnknownTag& tag : tags)
        if (tag.path == "/" && tag.tag == kLastEpochTag && tag.data.size() == 2)
            m.last_producer_epoch = ProducerEpoch{load_be<std::int16_t>(tag.data.data())};
    return m;
}

}  // namespace millrace::broker
