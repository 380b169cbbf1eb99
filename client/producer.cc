// Batches on their way: filling, sending in order, retries. Transactions: producer_transaction.cc.
#include "millrace/client/producer.h"

#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/base/mutant.h"
#include "millrace/wire/batch/append_quick.h"
#include "millrace/wire/messages/produce.h"

namespace millrace::client {

namespace {
constexpr std::size_t kSpareBuildersMax = 256;
constexpr std::int32_t kPartitionsMax = 1 << 20;
}  // namespace

Producer::Producer(Cluster& cluster, ProducerConfig config, LogSink& log)
    : cluster_(cluster), config_(std::move(config)), log_(log) {
    config_.max_in_flight = std::clamp<std::size_t>(config_.max_in_flight, 1, 5);
}

Producer::~Producer() = default;

Producer::Topic Producer::topic(const std::string& name, bool create_if_missing) {
    for (std::size_t i = 0; i < topics_.size(); ++i)
        if (topics_[i].name == name) return static_cast<Topic>(i);
    topics_.push_back({name, {}});
    cluster_.want_topic(name, create_if_missing);
    return static_cast<Topic>(topics_.size() - 1);
}

const std::string& Producer::topic_name(Topic topic) const {
    return topics_[static_cast<std::size_t>(topic)].name;
}

std::int32_t Producer::partition_count(Topic topic) {
    const TopicMetadata* metadata = cluster_.topic(topic_name(topic));
    return metadata ? static_cast<std::int32_t>(metadata->partitions.size()) : 0;
}

bool Producer::topics_known() const {
    for (const TopicEntry& entry : topics_)
        if (!cluster_.topic(entry.name)) return false;
    return true;
}

Producer::Partition& Producer::partition(Topic topic, std::int32_t index) {
    TopicEntry& entry = topics_[static_cast<std::size_t>(topic)];
    const auto at = static_cast<std::size_t>(index);
    if (at >= entry.partitions.size() || !entry.partitions[at]) [[unlikely]] {
        MR_CHECK(index >= 0 && index < kPartitionsMax);
        if (at >= entry.partitions.size()) entry.partitions.resize(at + 1);
        entry.partitions[at] = std::make_unique<Partition>();
        entry.partitions[at]->topic = topic;
        entry.partitions[at]->index = index;
    }
    return *entry.partitions[at];
}

void Producer::send(Topic topic, std::int32_t partition, std::optional<BytesView> key,
                    std::optional<BytesView> value, Timestamp timestamp, BytesView headers) {
    Partition& to = this->partition(topic, partition);
    if (headers.empty() && to.taking.append(timestamp, key, value)) [[likely]]
        return;
    const std::size_t bytes = wire::RecordBatchBuilder::record_size_bound(
        key ? key->size() : 0, value ? value->size() : 0, headers.size());
    Batch* batch = to.open;
    if (!batch || batch->builder->size() + bytes > config_.batch_size) [[unlikely]] {
        if (bytes > config_.max_request_size) {
            raise(Trouble::Fatal, ErrorCode::MessageTooLarge,
                  "a record of " + std::to_string(bytes) + " bytes to " + place(to) +
                      " is above max.request.size " + std::to_string(config_.max_request_size));
            return;
        }
        batch = &open_batch(to, bytes);
    }
    if (headers.empty()) [[likely]] {
        batch->builder->append(timestamp, key, value);
        return;
    }
    std::uint64_t count = 0;  // a zigzag varint
    const std::byte* end = headers.data() + headers.size();
    const std::byte* at = load_unsigned_varint(headers.data(), end, count, kVarintBytesMax);
    MR_CHECK(at != nullptr);
    batch->builder->append(timestamp, key, value,
                           wire::HeadersView({at, static_cast<std::size_t>(end - at)},
                                             static_cast<std::uint32_t>(count >> 1)));
}

Producer::Batch& Producer::open_batch(Partition& partition, std::size_t bytes) {
    seal(partition);
    auto batch = std::make_unique<Batch>();
    if (spare_builders_.empty()) {
        batch->builder = std::make_unique<wire::RecordBatchBuilder>(config_.batch_size + 64);
    } else {
        batch->builder = std::move(spare_builders_.back());
        spare_builders_.pop_back();
    }
    batch->serial = next_serial_++;
    batch->generation = generation_;
    batch->created = cluster_.now().time;
    batch->accounted = std::max(config_.batch_size, bytes);
    buffered_bytes_ += batch->accounted;
    due_at_ = std::min(due_at_, batch->created + config_.linger);
    partition.queue.push_back(std::move(batch));
    partition.open = partition.queue.back().get();
    partition.taking.builder = partition.open->builder.get();
    partition.taking.builder->set_size_max(config_.batch_size);
    if (!partition.active) {
        partition.active = true;
        active_.push_back(&partition);
    }
    return *partition.open;
}

void Producer::seal(Partition& partition) {
    if (!partition.open) return;
    partition.open->sealed = true;
    partition.open = nullptr;
    partition.taking.builder = nullptr;
    check_due_ = true;
}

std::string Producer::place(const Partition& partition) const {
    return topic_name(partition.topic) + '-' + std::to_string(partition.index);
}

// ---- sending
// --------------------------------------------------------------------------------------------------------

// Those in flight must be a prefix of the queue: behind a failed batch nothing is sent until the
// others are answered, then all go again in their order (KIP-98).
std::optional<std::size_t> Producer::next_to_send(const Partition& partition) const {
    for (std::size_t i = 0; i < partition.queue.size(); ++i) {
        if (partition.queue[i]->in_flight) continue;
        return i == partition.in_flight ? std::optional(i) : std::nullopt;
    }
    return std::nullopt;
}

bool Producer::may_send(const Batch& batch) const {
    if (trouble_ != Trouble::None || bump_epoch_) return false;
    if (state_ != State::Ready && state_ != State::Committing) return false;
    return !transactional() || batch.generation == current_;
}

Time Producer::due(const Partition& partition, const Batch& batch) const {
    const Time now = cluster_.now().time;
    const Time filled = batch.sealed || full() ? now : batch.created + config_.linger;
    return std::max(filled, partition.retry_at);
}

void Producer::poll() {
    const std::size_t outcomes = outcomes_.size();
    const Trouble trouble = trouble_;
    advance();
    if (check_due_ || due_at_ <= cluster_.now().time) {
        check_due_ = false;
        send_due();
        advance();
    }
    // The owner may have looked before it polled: what came up in here brings it once more.
    if (outcomes_.size() != outcomes || trouble_ != trouble) check_due_ = true;
}

Time Producer::next_due() const {
    return check_due_ ? cluster_.now().time : due_at_;
}

void Producer::send_due() {
    const Time now = cluster_.now().time;
    due_at_ = Time::never();
    if (active_.empty()) return;
    if (transactional() && !two()) add_partitions();
    for (bool again = true; again;) {
        again = false;
        std::map<NodeId, std::pair<std::vector<Sent>, std::size_t>> requests;
        ++rotation_;
        for (std::size_t i = 0; i < active_.size(); ++i) {
            Partition& p = *active_[(rotation_ + i) % active_.size()];
            const auto position = next_to_send(p);
            if (!position) continue;
            Batch& batch = *p.queue[*position];
            if (!may_send(batch)) continue;
            if (const Time at = due(p, batch); at > now) {
                due_at_ = std::min(due_at_, at);
                continue;
            }
            if (transactional() && !two() && p.added_to != current_ + 1)
                continue;  // add_partitions() is at it
            const PartitionMetadata* metadata = cluster_.partition({topic_name(p.topic), p.index});
            if (!metadata || !metadata->leader) {
                if (now - batch.created >= config_.delivery_timeout) {
                    raise(Trouble::Abortable, ErrorCode::RequestTimedOut,
                          "no leader for " + place(p) + " within the delivery timeout");
                    return;
                }
                cluster_.refresh_metadata();
                p.retry_at = now + cluster_.config().retry_backoff;
                due_at_ = std::min(due_at_, p.retry_at);
                continue;
            }
            const NodeId node = *metadata->leader;
            if (requests_in_flight_[node] >= config_.max_in_flight)
                continue;  // its answer brings us back
            auto& [sent, bytes] = requests[node];
            const std::size_t size =
                batch.bytes.empty() ? batch.builder->size() : batch.bytes.size();
            if (!sent.empty() && bytes + size > config_.max_request_size) continue;
            if (p.open == &batch) seal(p);
            finish(p, batch);
            batch.in_flight = true;
            ++p.in_flight;
            bytes += batch.bytes.size();
            sent.push_back({&p, batch.serial});
            again = true;
        }
        for (auto& [node, request] : requests)
            if (!request.first.empty()) transmit(node, std::move(request.first));
    }
    check_due_ = false;  // sealing above set it
}

void Producer::finish(Partition& partition, Batch& batch) {
    if (batch.epoch_serial == epoch_serial_ && !batch.bytes.empty())
        return;  // a retry: the very same bytes
    if (partition.epoch_serial != epoch_serial_) {
        partition.epoch_serial = epoch_serial_;
        partition.next_sequence = 0;  // KIP-360: a bumped epoch restarts sequences at 0
    }
    if (batch.bytes.empty()) {
        batch.count = batch.builder->count();
        batch.null_keys = batch.builder->null_keys();
        wire::BatchSettings settings;
        settings.codec = config_.codec;
        settings.producer_id = id_;
        settings.producer_epoch = epoch_;
        settings.base_sequence = partition.next_sequence;
        settings.transactional = transactional();
        batch.bytes = batch.builder->finish(settings);
        if (spare_builders_.size() < kSpareBuildersMax)
            spare_builders_.push_back(std::move(batch.builder));
        batch.builder.reset();
        buffered_bytes_ -= batch.accounted;
        batch.accounted = batch.bytes.size();
        buffered_bytes_ += batch.accounted;
    } else {  // under another epoch; the old bytes may be shared, so they stay as they are
        MutableBlock block(batch.bytes.size());
        std::memcpy(block.data(), batch.bytes.data(), batch.bytes.size());
        store_be<std::int64_t>(block.data() + 43, id_.value());
        store_be<std::int16_t>(block.data() + 51, epoch_.value());
        store_be<std::int32_t>(block.data() + 53, partition.next_sequence);
        wire::stamp_crc(block.data());
        batch.bytes = Bytes(std::move(block));
    }
    batch.base_sequence = partition.next_sequence;
    batch.epoch_serial = epoch_serial_;
    partition.next_sequence = wire::sequence_plus(partition.next_sequence, batch.count);
}

void Producer::transmit(NodeId node, std::vector<Sent> sent) {
    ++requests_in_flight_[node];
    ++in_flight_;
    reached_broker_ = true;
    struct Part {
        std::string topic;
        std::int32_t index;
        Bytes bytes;
        bool null_keys;
    };
    std::vector<Part> parts;
    bool ids_known = true;
    for (const Sent& s : sent) {
        const auto it = std::find_if(s.partition->queue.begin(), s.partition->queue.end(),
                                     [&](const auto& b) { return b->serial == s.serial; });
        const std::string& topic = topic_name(s.partition->topic);
        parts.push_back({topic, s.partition->index, (*it)->bytes, (*it)->null_keys});
        const TopicMetadata* metadata = cluster_.topic(topic);
        if (!metadata || metadata->id.is_zero()) ids_known = false;
    }
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Part& a, const Part& b) { return a.topic < b.topic; });
    Call call;
    call.target = node;
    call.lane = Lane::Produce;
    call.api = wire::ApiKey::Produce;
    call.version_min = two() ? 12 : 3;  // 12: adds partitions to the transaction (KIP-890)
    call.version_max = transactional() && !two() ? 11 : ids_known ? 13 : 12;
    call.build = [this, parts = std::move(parts)](std::int16_t version) {
        wire::ProduceRequest request;
        if (transactional()) request.transactional_id = config_.transactional_id;
        request.acks = -1;
        request.timeout_ms = static_cast<std::int32_t>(cluster_.config().request_timeout /
                                                       std::chrono::milliseconds(1));
        const std::string* last = nullptr;
        for (const Part& part : parts) {
            if (!last || *last != part.topic) {
                auto& topic = request.topic_data.emplace_back();
                if (version >= 13) {
                    const TopicMetadata* metadata = cluster_.topic(part.topic);
                    if (metadata) topic.topic_id = metadata->id;
                } else {
                    topic.name = part.topic;
                }
                last = &part.topic;
            }
            auto& data = request.topic_data.back().partition_data.emplace_back();
            data.index = part.index;
            data.records = wire::Records(part.bytes);
            data.built = {part.null_keys};
        }
        return wire::AnyRequest::of(std::move(request), version);
    };
    call.done = [this, node, sent = std::move(sent)](Answer answer) mutable {
        arrived(node, sent, answer);
    };
    cluster_.call(scope_, std::move(call));
}

void Producer::arrived(NodeId node, std::vector<Sent>& sent, Answer& answer) {
    --requests_in_flight_[node];
    --in_flight_;
    check_due_ = true;
    if (!answer.ok()) {
        for (const Sent& s : sent) batch_done(*s.partition, s.serial, answer.error, answer.detail);
        return;
    }
    const auto& response = answer.response.as<wire::ProduceResponse>();
    for (const auto& endpoint : response.node_endpoints)
        cluster_.learn_node(NodeId{endpoint.node_id},
                            {endpoint.host, static_cast<std::uint16_t>(endpoint.port)});
    std::size_t topic_hint = 0;
    for (const Sent& s : sent) {
        const std::string& topic = topic_name(s.partition->topic);
        const wire::ProduceResponse::PartitionProduceResponse* result = nullptr;
        for (std::size_t i = 0; i < response.responses.size() && !result; ++i) {
            const auto& t = response.responses[(topic_hint + i) % response.responses.size()];
            const std::string* named =
                answer.response.version() >= 13 ? cluster_.topic_name(t.topic_id) : &t.name;
            if (!named || *named != topic) continue;
            for (const auto& p : t.partition_responses)
                if (p.index == s.partition->index) result = &p;
            topic_hint = (topic_hint + i) % response.responses.size();
        }
        if (!result) {  // the topic was made anew meanwhile, or the broker left it out
            batch_done(*s.partition, s.serial, ErrorCode::UnknownTopicOrPartition,
                       "no result for it in the answer");
            continue;
        }
        if (result->current_leader.leader_id >= 0 && result->current_leader.leader_epoch >= 0)
            cluster_.learn_leader({topic, s.partition->index},
                                  NodeId{result->current_leader.leader_id},
                                  LeaderEpoch{result->current_leader.leader_epoch});
        batch_done(*s.partition, s.serial, result->error_code, result->error_message.value_or(""),
                   result->base_offset);
    }
}

std::optional<Offset> Producer::acknowledged_end(Topic topic, std::int32_t partition) const {
    const TopicEntry& entry = topics_[static_cast<std::size_t>(topic)];
    const auto at = static_cast<std::size_t>(partition);
    return at < entry.partitions.size() && entry.partitions[at] ? entry.partitions[at]->end
                                                                : std::nullopt;
}

void Producer::batch_done(Partition& partition, std::uint64_t serial, ErrorCode error,
                          const std::string& detail, std::int64_t base_offset) {
    const auto it = std::find_if(partition.queue.begin(), partition.queue.end(),
                                 [&](const auto& b) { return b->serial == serial; });
    if (it == partition.queue.end()) return;
    const auto position = static_cast<std::size_t>(it - partition.queue.begin());
    Batch& batch = **it;
    batch.in_flight = false;
    --partition.in_flight;
    if (error == ErrorCode::None || error == ErrorCode::DuplicateSequenceNumber ||
        (error == ErrorCode::NetworkException && mutant::on(Mutant::LostAnswerIsSuccess))) {
        records_acknowledged_ += batch.count;
        bytes_acknowledged_ += static_cast<std::int64_t>(batch.bytes.size());
        partition.retry_at = Time{INT64_MIN};
        if (base_offset >= 0)
            (batch.generation < generation_ ? partition.end : partition.end_next) =
                Offset{base_offset + batch.count};
        retire(partition, position);
        return;
    }
    if (state_ == State::Aborting) {  // nobody asks for it any more
        retire(partition, position);
        return;
    }
    if (trouble_ != Trouble::None) return;
    const Time now = cluster_.now().time;
    const std::string what = std::string(name(error)) + " for " + place(partition) +
                             (detail.empty() ? std::string() : ": " + detail);
    switch (error) {
        case ErrorCode::OutOfOrderSequenceNumber:
        case ErrorCode::UnknownProducerId:
            if (position > 0) return;  // the one before it failed: both go again
            [[fallthrough]];
        case ErrorCode::InvalidProducerEpoch:
        case ErrorCode::ProducerFenced:
        case ErrorCode::InvalidProducerIdMapping:
        case ErrorCode::InvalidTxnState:
            if (transactional()) return raise(Trouble::Lost, error, what);
            if (error == ErrorCode::InvalidTxnState) return raise(Trouble::Fatal, error, what);
            bump_epoch_ = true;  // KIP-360: what is unacknowledged goes again under a new epoch
            return;
        case ErrorCode::TransactionAbortable:
            return raise(Trouble::Abortable, error, what);
        default:
            break;
    }
    const bool again = error == ErrorCode::ConcurrentTransactions ||
                       error == ErrorCode::NetworkException ||
                       error == ErrorCode::RequestTimedOut ||
                       error == ErrorCode::BrokerNotAvailable || retriable(error);
    if (!again) return raise(Trouble::Fatal, error, what);
    if (now - batch.created >= config_.delivery_timeout)
        return raise(Trouble::Abortable, ErrorCode::RequestTimedOut,
                     "delivery timeout after " + what);
    if (kind(error) == ErrorKind::Refresh || error == ErrorCode::BrokerNotAvailable)
        cluster_.refresh_metadata();
    // The last transaction's markers are still being written (KIP-890): soon over.
    Duration delay =
        error == ErrorCode::ConcurrentTransactions
            ? std::min<Duration>(std::chrono::milliseconds(1 << std::min(batch.failures, 6)),
                                 cluster_.config().retry_backoff)
            : cluster_.backoff(batch.failures);
    ++batch.failures;
    partition.retry_at = now + delay;
}

void Producer::retire(Partition& partition, std::size_t position) {
    const auto it = partition.queue.begin() + static_cast<std::ptrdiff_t>(position);
    Batch& batch = **it;
    buffered_bytes_ -= batch.accounted;
    if (partition.open == &batch) {
        partition.open = nullptr;
        partition.taking.builder = nullptr;
    }
    if (batch.builder && spare_builders_.size() < kSpareBuildersMax) {
        batch.builder->clear();
        spare_builders_.push_back(std::move(batch.builder));
    }
    partition.queue.erase(it);
    if (partition.queue.empty() && partition.active) {
        partition.active = false;
        std::erase(active_, &partition);
    }
}

void Producer::drop_unsent() {
    const std::vector<Partition*> active = active_;
    for (Partition* p : active)
        for (std::size_t i = p->queue.size(); i-- > 0;)
            if (!p->queue[i]->in_flight) retire(*p, i);
}

void Producer::drop_all() {
    const std::vector<Partition*> active = active_;
    for (Partition* p : active) {
        while (!p->queue.empty()) retire(*p, p->queue.size() - 1);
        p->in_flight = 0;
        p->retry_at = Time{INT64_MIN};
    }
    for (TopicEntry& topic : topics_)
        for (auto& p : topic.partitions)
            if (p) {
                p->added_to = 0;
                p->end_next.reset();
            }
    requests_in_flight_.clear();
    in_flight_ = 0;
    due_at_ = Time::never();
}

}  // namespace millrace::client
