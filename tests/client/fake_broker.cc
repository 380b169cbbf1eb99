#include "millrace/tests/client/fake_broker.h"

#include <algorithm>

#include "millrace/base/check.h"
#include "millrace/wire/batch/record_batch.h"
#include "millrace/wire/batch/record_batch_builder.h"
#include "millrace/wire/messages/add_offsets_to_txn.h"
#include "millrace/wire/messages/add_partitions_to_txn.h"
#include "millrace/wire/messages/api_versions.h"
#include "millrace/wire/messages/delete_records.h"
#include "millrace/wire/messages/end_txn.h"
#include "millrace/wire/messages/fetch.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/init_producer_id.h"
#include "millrace/wire/messages/list_offsets.h"
#include "millrace/wire/messages/offset_commit.h"
#include "millrace/wire/messages/offset_fetch.h"
#include "millrace/wire/messages/offset_for_leader_epoch.h"
#include "millrace/wire/messages/produce.h"
#include "millrace/wire/messages/streams_group_heartbeat.h"
#include "millrace/wire/messages/txn_offset_commit.h"

namespace millrace::test {

using namespace millrace::wire;

void FakeBroker::create_topic(const std::string& name, std::int32_t partitions) {
    auto& topic = topics_[name];
    topic.first = Uuid{7, next_id_++};
    topic.second.resize(static_cast<std::size_t>(partitions));
}

void FakeBroker::append(
    const TopicPartition& tp,
    const std::vector<std::tuple<std::string, std::string, std::int64_t>>& records) {
    RecordBatchBuilder builder;
    for (const auto& [key, value, timestamp] : records)
        builder.append(Timestamp{timestamp}, as_bytes(key), as_bytes(value));
    FakePartition& p = partition(tp);
    const auto n = static_cast<std::int64_t>(records.size());
    BatchSettings settings;
    settings.base_offset = Offset{p.end};
    settings.leader_epoch = LeaderEpoch{1};
    p.log.push_back({p.end, p.end + n, builder.finish(settings), -1, false});
    p.end += n;
}

std::vector<std::string> FakeBroker::committed_records(const TopicPartition& tp) {
    std::vector<std::string> out;
    const FakePartition& p = partition(tp);
    for (const auto& b : p.log) {
        if (b.control || b.base >= p.last_stable()) continue;
        const bool dropped = std::any_of(p.aborted.begin(), p.aborted.end(), [&](const auto& a) {
            return a.first == b.producer && b.base >= a.second.first && b.base < a.second.second;
        });
        if (dropped) continue;
        const auto view = *RecordBatchView::of(b.bytes);
        RecordReader reader(view, view.encoded_records());
        std::vector<RecordView> records(static_cast<std::size_t>(view.count()));
        MR_CHECK(reader.read(records).value() == records.size());
        for (const RecordView& r : records)
            out.push_back(std::string(as_text(*r.key)) + '=' + std::string(as_text(*r.value)));
    }
    return out;
}

std::optional<std::int64_t> FakeBroker::committed_offset(const TopicPartition& tp) const {
    const auto it = offsets_.find(tp);
    return it == offsets_.end() ? std::nullopt : std::optional(it->second.first);
}
std::string FakeBroker::committed_metadata(const TopicPartition& tp) const {
    const auto it = offsets_.find(tp);
    return it == offsets_.end() ? "" : it->second.second;
}

void FakeBroker::assign(const std::string& member, std::set<std::string> tasks) {
    wanted_[member] = std::move(tasks);
}

std::set<std::string> FakeBroker::owned(const std::string& member) const {
    const auto it = members_.find(member);
    return it == members_.end() ? std::set<std::string>{} : it->second.owned;
}

AnyResponse FakeBroker::metadata(const AnyRequest& any) {
    const auto& request = any.as<MetadataRequest>();
    MetadataResponse response;
    response.brokers.push_back({0, "broker", 9092, std::nullopt});
    for (const auto& wanted : request.topics.value_or(std::vector<MetadataRequest::Topic>{})) {
        auto& topic = response.topics.emplace_back();
        topic.name = wanted.name;
        const auto it = topics_.find(*wanted.name);
        if (it == topics_.end()) {
            topic.error_code = ErrorCode::UnknownTopicOrPartition;
            continue;
        }
        topic.topic_id = it->second.first;
        for (std::size_t i = 0; i < it->second.second.size(); ++i) {
            auto& p = topic.partitions.emplace_back();
            p.partition_index = static_cast<std::int32_t>(i);
            p.leader_id = 0;
            p.leader_epoch = 1;
        }
    }
    return AnyResponse::of(std::move(response), any.version());
}

ErrorCode FakeBroker::append_produced(const std::string& id, const TopicPartition& tp,
                                      const Bytes& bytes, std::int64_t& base) {
    const auto topic = topics_.find(tp.topic);
    if (topic == topics_.end() || std::size_t(tp.partition) >= topic->second.second.size())
        return ErrorCode::UnknownTopicOrPartition;
    FakePartition& p = partition(tp);
    const auto view = RecordBatchView::of(bytes);
    if (!view || !view->validate() || view->size() != bytes.size())
        return ErrorCode::CorruptMessage;
    auto& state = p.producers[view->producer_id().value()];
    const std::int16_t epoch = view->producer_epoch().value();
    if (epoch < state.epoch) return ErrorCode::InvalidProducerEpoch;
    const auto repeated = state.recent.find(view->base_sequence());
    if (epoch == state.epoch && repeated != state.recent.end()) {
        base = repeated->second;
        return ErrorCode::None;
    }
    if (epoch > state.epoch) {
        if (view->base_sequence() != 0 && state.epoch >= 0)
            return ErrorCode::OutOfOrderSequenceNumber;
        state.recent.clear();
        state.last_sequence = view->base_sequence() - 1;
    }
    if (view->base_sequence() != state.last_sequence + 1)
        return ErrorCode::OutOfOrderSequenceNumber;
    if (!id.empty()) {
        Transaction& t = transactions_.at(id);
        if (t.producer != view->producer_id().value() || t.epoch != epoch)
            return ErrorCode::InvalidProducerEpoch;
        if (v2_) {
            t.ongoing = true;
            t.partitions.insert(tp);
        } else if (!t.partitions.contains(tp)) {
            return ErrorCode::InvalidTxnState;
        }
        p.open.try_emplace(t.producer, p.end);
    }
    state.epoch = epoch;
    state.last_sequence = view->base_sequence() + view->count() - 1;
    state.recent[view->base_sequence()] = p.end;
    MutableBlock block(bytes.size());
    std::memcpy(block.data(), bytes.data(), bytes.size());
    stamp_offset_and_epoch(block.data(), Offset{p.end}, LeaderEpoch{1});
    base = p.end;
    p.log.push_back({p.end, p.end + view->count(), Bytes(std::move(block)),
                     view->producer_id().value(), false});
    p.end += view->count();
    return ErrorCode::None;
}

AnyResponse FakeBroker::produce(const AnyRequest& any) {
    const auto& request = any.as<ProduceRequest>();
    ProduceResponse response;
    for (const auto& topic : request.topic_data) {
        std::string name = topic.name;
        if (any.version() >= 13)
            for (const auto& [n, t] : topics_)
                if (t.first == topic.topic_id) name = n;
        auto& out = response.responses.emplace_back();
        out.name = topic.name;
        out.topic_id = topic.topic_id;
        for (const auto& data : topic.partition_data) {
            auto& result = out.partition_responses.emplace_back();
            result.index = data.index;
            result.error_code =
                append_produced(request.transactional_id.value_or(""), {name, data.index},
                                data.records.joined(), result.base_offset);
        }
    }
    return AnyResponse::of(std::move(response), any.version());
}

void FakeBroker::end(Transaction& t, bool commit) {
    for (const TopicPartition& tp : t.partitions) {
        FakePartition& p = partition(tp);
        const auto open = p.open.find(t.producer);
        if (open == p.open.end()) continue;
        if (!commit) p.aborted.push_back({t.producer, {open->second, p.end}});
        EndTransactionMarker marker;
        marker.type = commit ? ControlType::Commit : ControlType::Abort;
        p.log.push_back(
            {p.end, p.end + 1,
             end_transaction_marker_batch(marker, ProducerId{t.producer}, ProducerEpoch{t.epoch},
                                          Timestamp{0}, Offset{p.end}, LeaderEpoch{1}),
             t.producer, true});
        ++p.end;
        p.open.erase(open);
    }
    if (commit)
        for (const auto& [tp, offset] : t.offsets) offsets_[tp] = offset;
    t.partitions.clear();
    t.offsets.clear();
    t.ongoing = false;
    t.last_end = commit;
    if (v2_) ++t.epoch;
}

std::optional<AnyResponse> FakeBroker::fetch(const AnyRequest& any, Time now, Time first_tried) {
    const auto& request = any.as<FetchRequest>();
    FetchResponse response;
    std::map<TopicPartition, std::pair<std::int64_t, std::int32_t>> partitions;
    const auto name_of = [&](const std::string& name, const Uuid& id) {
        if (any.version() < 13) return name;
        for (const auto& [n, t] : topics_)
            if (t.first == id) return n;
        return std::string();
    };
    const bool incremental = request.session_epoch > 0;
    if (incremental) {
        if (!sessions_.contains(request.session_id)) {
            response.error_code = ErrorCode::FetchSessionIdNotFound;
            return AnyResponse::of(std::move(response), any.version());
        }
        if (session_epochs_[request.session_id] != request.session_epoch) {
            response.error_code = ErrorCode::InvalidFetchSessionEpoch;
            return AnyResponse::of(std::move(response), any.version());
        }
        partitions = sessions_[request.session_id];
        for (const auto& t : request.forgotten_topics_data)
            for (const auto p : t.partitions) partitions.erase({name_of(t.topic, t.topic_id), p});
    }
    for (const auto& t : request.topics)
        for (const auto& p : t.partitions)
            partitions[{name_of(t.topic, t.topic_id), p.partition}] = {p.fetch_offset,
                                                                       p.partition_max_bytes};
    bool any_data = false;
    std::map<std::string, FetchResponse::FetchableTopicResponse> out;
    for (const auto& [tp, asked] : partitions) {
        auto& topic = out[tp.topic];
        FetchResponse::PartitionData data;
        data.partition_index = tp.partition;
        if (tp.topic.empty() || !topics_.contains(tp.topic)) {
            data.error_code = ErrorCode::UnknownTopicOrPartition;
            any_data = true;
        } else {
            FakePartition& p = partition(tp);
            topic.topic_id = topics_.at(tp.topic).first;
            const std::int64_t limit = request.isolation_level == 1 ? p.last_stable() : p.end;
            data.high_watermark = p.end;
            data.last_stable_offset = p.last_stable();
            data.log_start_offset = p.start;
            data.records = Records::empty();
            if (asked.first < p.start || asked.first > p.end) {
                data.error_code = ErrorCode::OffsetOutOfRange;
                any_data = true;
            } else {
                std::vector<FetchResponse::AbortedTransaction> aborted;
                std::size_t bytes = 0;
                std::int64_t upper = asked.first;
                for (const auto& b : p.log) {
                    if (b.next <= asked.first || b.base >= limit) continue;
                    if (bytes > 0 && bytes + b.bytes.size() > std::size_t(asked.second)) break;
                    data.records.append(b.bytes);
                    bytes += b.bytes.size();
                    upper = b.next;
                }
                if (request.isolation_level == 1)
                    for (const auto& a : p.aborted)
                        if (a.second.first < upper && a.second.second >= asked.first)
                            aborted.push_back({a.first, a.second.first});
                data.aborted_transactions = aborted;
                any_data |= bytes > 0;
            }
        }
        if (!incremental || data.error_code != ErrorCode::None || data.records.size() > 0)
            topic.partitions.push_back(std::move(data));
    }
    if (!any_data && now - first_tried < std::chrono::milliseconds(request.max_wait_ms))
        return std::nullopt;
    if (request.session_epoch == 0) {
        response.session_id = next_session_++;
        session_epochs_[response.session_id] = 0;
    } else if (incremental) {
        response.session_id = request.session_id;
    }
    if (response.session_id) {
        sessions_[response.session_id] = partitions;
        ++session_epochs_[response.session_id];
    }
    for (auto& [name, topic] : out) {
        if (topic.partitions.empty()) continue;
        if (any.version() < 13) topic.topic = name;
        response.responses.push_back(std::move(topic));
    }
    return AnyResponse::of(std::move(response), any.version());
}

AnyResponse FakeBroker::heartbeat(const AnyRequest& any) {
    const auto& request = any.as<StreamsGroupHeartbeatRequest>();
    StreamsGroupHeartbeatResponse response;
    response.member_id = request.member_id;
    response.heartbeat_interval_ms = 500;
    response.status.reset();
    if (request.member_epoch == 0) {
        MR_CHECK(request.topology && request.active_tasks && request.active_tasks->empty());
        members_[request.member_id] = Member{};
    }
    const auto it = members_.find(request.member_id);
    if (it == members_.end()) {
        response.error_code = ErrorCode::UnknownMemberId;
        return AnyResponse::of(std::move(response), any.version());
    }
    Member& member = it->second;
    if (request.member_epoch < 0) {
        members_.erase(it);
        response.member_epoch = request.member_epoch;
        return AnyResponse::of(std::move(response), any.version());
    }
    if (request.active_tasks) {
        member.owned.clear();
        for (const auto& ids : *request.active_tasks)
            for (const auto p : ids.partitions)
                member.owned.insert(ids.subtopology_id + '_' + std::to_string(p));
    }
    std::set<std::string> grant;  // what nobody else holds
    for (const std::string& task : wanted_[request.member_id]) {
        bool held = false;
        for (const auto& [id, other] : members_)
            held |= id != request.member_id &&
                    (other.owned.contains(task) || other.told.contains(task));
        if (!held) grant.insert(task);
    }
    if (member.epoch == 0 || grant != member.told) {
        ++member.epoch;
        member.told = grant;
        std::map<std::string, std::vector<std::int32_t>> tasks;
        for (const std::string& task : grant)
            tasks[task.substr(0, task.find('_'))].push_back(
                std::stoi(task.substr(task.find('_') + 1)));
        response.active_tasks.emplace();
        for (const auto& [sub, partitions] : tasks)
            response.active_tasks->push_back({sub, partitions});
        response.standby_tasks.emplace();
        response.warmup_tasks.emplace();
    }
    response.member_epoch = member.epoch;
    return AnyResponse::of(std::move(response), any.version());
}

std::optional<AnyResponse> FakeBroker::serve(const AnyRequest& any, Time now, Time first_tried) {
    const std::int16_t v = any.version();
    switch (any.key()) {
        case ApiKey::ApiVersions: {
            ApiVersionsResponse response;
            for (const Api& api : apis())
                response.api_keys.push_back(
                    {static_cast<std::int16_t>(api.key), api.version_min, api.version_max});
            response.finalized_features.push_back(
                {"transaction.version", std::int16_t(v2_ ? 2 : 0), std::int16_t(v2_ ? 2 : 0)});
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::Metadata:
            return metadata(any);
        case ApiKey::FindCoordinator: {
            FindCoordinatorResponse response;
            for (const auto& key : any.as<FindCoordinatorRequest>().coordinator_keys) {
                auto& c = response.coordinators.emplace_back();
                c.key = key;
                c.node_id = 0;
                c.host = "broker";
                c.port = 9092;
            }
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::InitProducerId: {
            const auto& request = any.as<InitProducerIdRequest>();
            InitProducerIdResponse response;
            if (!request.transactional_id) {
                response.producer_id = next_producer_++;
                return AnyResponse::of(std::move(response), v);
            }
            Transaction& t = transactions_[*request.transactional_id];
            if (t.producer < 0) t.producer = next_producer_++;
            ++t.epoch;  // fences; the marker carries the new epoch
            if (t.ongoing || !t.partitions.empty() || !t.offsets.empty()) end(t, false);
            t.last_end.reset();
            response.producer_id = t.producer;
            response.producer_epoch = t.epoch;
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::Produce:
            return produce(any);
        case ApiKey::Fetch:
            return fetch(any, now, first_tried);
        case ApiKey::AddPartitionsToTxn: {
            const auto& request = any.as<AddPartitionsToTxnRequest>();
            AddPartitionsToTxnResponse response;
            Transaction& t = transactions_.at(request.v3_and_below_transactional_id);
            const bool stale = t.epoch != request.v3_and_below_producer_epoch;
            for (const auto& topic : request.v3_and_below_topics) {
                auto& out = response.results_by_topic_v3_and_below.emplace_back();
                out.name = topic.name;
                for (const auto p : topic.partitions) {
                    out.results_by_partition.push_back(
                        {p, stale ? ErrorCode::ProducerFenced : ErrorCode::None});
                    if (!stale) t.partitions.insert({topic.name, p});
                }
            }
            t.ongoing |= !stale;
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::AddOffsetsToTxn: {
            const auto& request = any.as<AddOffsetsToTxnRequest>();
            AddOffsetsToTxnResponse response;
            Transaction& t = transactions_.at(request.transactional_id);
            response.error_code =
                t.epoch == request.producer_epoch ? ErrorCode::None : ErrorCode::ProducerFenced;
            t.ongoing = true;
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::TxnOffsetCommit: {
            const auto& request = any.as<TxnOffsetCommitRequest>();
            TxnOffsetCommitResponse response;
            Transaction& t = transactions_.at(request.transactional_id);
            const auto member = members_.find(request.member_id);
            ErrorCode error = ErrorCode::None;
            if (t.epoch != request.producer_epoch)
                error = ErrorCode::InvalidProducerEpoch;
            else if (!request.member_id.empty() && member == members_.end())
                error = ErrorCode::UnknownMemberId;
            else if (!request.member_id.empty() &&
                     member->second.epoch != request.generation_id_or_member_epoch)
                error = ErrorCode::IllegalGeneration;
            for (const auto& topic : request.topics) {
                auto& out = response.topics.emplace_back();
                out.name = topic.name;
                for (const auto& p : topic.partitions) {
                    out.partitions.push_back({p.partition_index, error});
                    if (error == ErrorCode::None) {
                        t.offsets[{topic.name, p.partition_index}] = {
                            p.committed_offset, p.committed_metadata.value_or("")};
                        t.ongoing = true;
                    }
                }
            }
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::EndTxn: {
            const auto& request = any.as<EndTxnRequest>();
            EndTxnResponse response;
            Transaction& t = transactions_.at(request.transactional_id);
            if (request.producer_id != t.producer) {
                response.error_code = ErrorCode::InvalidProducerIdMapping;
            } else if (v2_ && request.producer_epoch == t.epoch - 1 &&
                       t.last_end == request.committed && !t.ongoing) {
                // a repeated end
            } else if (request.producer_epoch != t.epoch) {
                response.error_code = ErrorCode::ProducerFenced;
            } else if (t.ongoing) {
                end(t, request.committed);
            } else if (!v2_ && t.last_end == request.committed) {
            } else if (v2_ && !request.committed) {
                ++t.epoch;
                t.last_end = false;
            } else {
                response.error_code = ErrorCode::InvalidTxnState;
            }
            if (response.error_code == ErrorCode::None && v >= 5) {
                response.producer_id = t.producer;
                response.producer_epoch = t.epoch;
            }
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::OffsetCommit: {
            const auto& request = any.as<OffsetCommitRequest>();
            OffsetCommitResponse response;
            const auto member = members_.find(request.member_id);
            const ErrorCode error = request.member_id.empty()  ? ErrorCode::None  // of no member
                                    : member == members_.end() ? ErrorCode::UnknownMemberId
                                    : member->second.epoch != request.generation_id_or_member_epoch
                                        ? ErrorCode::StaleMemberEpoch
                                        : ErrorCode::None;
            for (const auto& topic : request.topics) {
                auto& out = response.topics.emplace_back();
                out.name = topic.name;
                for (const auto& p : topic.partitions) {
                    out.partitions.push_back({p.partition_index, error});
                    if (error == ErrorCode::None)
                        offsets_[{topic.name, p.partition_index}] = {
                            p.committed_offset, p.committed_metadata.value_or("")};
                }
            }
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::OffsetFetch: {
            const auto& request = any.as<OffsetFetchRequest>();
            OffsetFetchResponse response;
            for (const auto& group : request.groups) {
                auto& out = response.groups.emplace_back();
                out.group_id = group.group_id;
                for (const auto& topic : *group.topics) {
                    auto& t = out.topics.emplace_back();
                    t.name = topic.name;
                    for (const auto p : topic.partition_indexes) {
                        auto& o = t.partitions.emplace_back();
                        o.partition_index = p;
                        const TopicPartition tp{topic.name, p};
                        o.committed_offset = committed_offset(tp).value_or(-1);
                        o.metadata = committed_metadata(tp);
                        for (const auto& [id, transaction] : transactions_)
                            if (request.require_stable && transaction.offsets.contains(tp))
                                o.error_code = ErrorCode::UnstableOffsetCommit;
                    }
                }
            }
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::ListOffsets: {
            const auto& request = any.as<ListOffsetsRequest>();
            ListOffsetsResponse response;
            for (const auto& topic : request.topics) {
                auto& out = response.topics.emplace_back();
                out.name = topic.name;
                for (const auto& p : topic.partitions) {
                    auto& o = out.partitions.emplace_back();
                    o.partition_index = p.partition_index;
                    if (!topics_.contains(topic.name)) {
                        o.error_code = ErrorCode::UnknownTopicOrPartition;
                        continue;
                    }
                    const FakePartition& log = partition({topic.name, p.partition_index});
                    o.offset = p.timestamp == -2              ? log.start
                               : request.isolation_level == 1 ? log.last_stable()
                                                              : log.end;
                    o.leader_epoch = 1;
                }
            }
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::OffsetForLeaderEpoch: {
            const auto& request = any.as<OffsetForLeaderEpochRequest>();
            OffsetForLeaderEpochResponse response;
            for (const auto& topic : request.topics) {
                auto& out = response.topics.emplace_back();
                out.topic = topic.topic;
                for (const auto& p : topic.partitions) {
                    auto& o = out.partitions.emplace_back();
                    o.partition = p.partition;
                    o.leader_epoch = p.leader_epoch;
                    o.end_offset = partition({topic.topic, p.partition}).end;
                }
            }
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::DeleteRecords: {
            const auto& request = any.as<DeleteRecordsRequest>();
            DeleteRecordsResponse response;
            for (const auto& topic : request.topics) {
                auto& out = response.topics.emplace_back();
                out.name = topic.name;
                for (const auto& p : topic.partitions) {
                    FakePartition& log = partition({topic.name, p.partition_index});
                    log.start = std::max(log.start, p.offset);
                    out.partitions.push_back({p.partition_index, log.start, ErrorCode::None});
                }
            }
            return AnyResponse::of(std::move(response), v);
        }
        case ApiKey::StreamsGroupHeartbeat:
            return heartbeat(any);
        default:
            MR_CHECK(false);
    }
}

// ---- the pump
// -------------------------------------------------------------------------------------------------------

std::size_t Pump::add(Driven& driven) {
    machines_.push_back({&driven, INT64_MAX});
    return machines_.size() - 1;
}

void Pump::crash(std::size_t who) {
    machines_[who] = {nullptr, INT64_MAX};
    std::erase_if(links_, [&](const auto& entry) { return entry.first.first == who; });
}

void Pump::deliver(std::size_t who, LinkInput input, std::int64_t delay) {
    inputs_.emplace(now_ + delay, std::pair(who, std::move(input)));
}

void Pump::carry_out(Effects& effects, std::size_t who) {
    for (LinkEffect& effect : effects.links) {
        if (const OpenLink* open = std::get_if<OpenLink>(&effect)) {
            links_[{who, open->link}];
            deliver(who, LinkOpened{open->link}, 1'000'000);
        } else if (const CloseLink* close = std::get_if<CloseLink>(&effect)) {
            links_.erase({who, close->link});
        } else {
            Transmit& transmit = std::get<Transmit>(effect);
            const auto link = links_.find({who, transmit.link});
            if (link == links_.end()) continue;
            link->second.requests.push_back({transmit.correlation, std::move(transmit.request)});
            served_.emplace(now_ + 1'000'000, link->first);
        }
    }
    machines_[who].wake = effects.wake_at == Time::never() ? INT64_MAX : effects.wake_at.value();
    effects = Effects{};
}

void Pump::break_links(const std::string& reason) {
    for (const auto& [key, link] : links_) deliver(key.first, LinkClosed{key.second, reason}, 0);
    links_.clear();
}

bool Pump::step() {
    Effects effects;
    bool worked = false;
    for (std::size_t i = 0; i < machines_.size(); ++i) {
        const std::size_t who = turn_++ % machines_.size();
        if (!machines_[who].driven || !machines_[who].driven->work(now(), effects)) continue;
        carry_out(effects, who);
        worked = true;
    }
    if (worked) now_ += 50'000;  // a slice takes time
    std::int64_t next = worked ? now_ : INT64_MAX;
    for (const Machine& m : machines_) next = std::min(next, m.wake);
    if (!inputs_.empty()) next = std::min(next, inputs_.begin()->first);
    if (!served_.empty()) next = std::min(next, served_.begin()->first);
    if (next == INT64_MAX) return worked;
    now_ = std::max(now_, next);
    if (!inputs_.empty() && inputs_.begin()->first <= now_) {
        const auto [who, input] = std::move(inputs_.begin()->second);
        inputs_.erase(inputs_.begin());
        const LinkId id = std::visit([](const auto& i) { return i.link; }, input);
        if (machines_[who].driven &&
            (links_.contains({who, id}) || std::holds_alternative<LinkClosed>(input))) {
            machines_[who].driven->input(input, now(), effects);
            carry_out(effects, who);
        }
        return true;
    }
    if (!served_.empty() && served_.begin()->first <= now_) {
        const LinkKey key = served_.begin()->second;
        served_.erase(served_.begin());
        const auto it = links_.find(key);
        if (it == links_.end() || it->second.requests.empty() || it->second.hangs) return true;
        Link& link = it->second;
        const bool fresh = !link.head_since;
        if (fresh) link.head_since = now_;
        const auto& [correlation, request] = link.requests.front();
        std::optional<wire::AnyResponse> response;
        Fate fate = Fate::Serve;
        if (fresh) {
            ++broker_.seen[request.key()];
            if (broker_.intercept) fate = broker_.intercept(request, response);
        }
        if (fate == Fate::Hang) {
            link.hangs = true;
            return true;
        }
        if (fate == Fate::Serve || fate == Fate::ServeAndDrop)
            response = broker_.serve(request, Time{now_}, Time{*link.head_since});
        if (fate == Fate::DropRequest || fate == Fate::ServeAndDrop) {
            links_.erase(it);
            deliver(key.first, LinkClosed{key.second, "lost"}, 1'000'000);
            return true;
        }
        if (!response) {
            served_.emplace(now_ + 1'000'000, key);  // a waiting fetch: look again
            return true;
        }
        deliver(key.first, Arrived{key.second, correlation, std::move(*response)}, 1'000'000);
        link.requests.pop_front();
        link.head_since.reset();
        if (!link.requests.empty()) served_.emplace(now_, key);
        return true;
    }
    for (std::size_t who = 0; who < machines_.size(); ++who) {
        if (machines_[who].wake > now_ || !machines_[who].driven) continue;
        machines_[who].wake = INT64_MAX;
        machines_[who].driven->tick(now(), effects);
        carry_out(effects, who);
        break;
    }
    return true;
}

bool Pump::run_until(const std::function<bool()>& done, Duration limit) {
    const std::int64_t end = now_ + limit.count();
    for (std::size_t steps = 0; now_ < end; ++steps) {
        if (done()) return true;
        MR_CHECK(steps < 5'000'000);
        if (!step()) return done();
    }
    return done();
}

}  // namespace millrace::test
