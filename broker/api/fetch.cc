// Fetch: API key 1, versions 4-18.
//
// - Whole batches from the one that holds the fetch offset, below the high watermark, or below the
//   last stable offset for read_committed (v4), then with the aborted transactions of the range.
// - At least one batch for the first partition that has any, even past both limits (KIP-74).
// - Answers at once when min_bytes are there, a partition has an error, nothing is asked or
// max_wait
//   is 0; else the fetch is parked (api/fetch.h).
// - v7: incremental sessions (KIP-227). v9: current leader epoch, 74 and 75 (KIP-320). v12:
// diverging
//   epochs (KIP-595), current leader in the answer. v13: topic ids (KIP-516).
// - Missing: followers (replica id >= 0) other than of the metadata log, preferred read replicas
//   (KIP-392), quotas.
#include "millrace/broker/api/fetch.h"

#include <algorithm>

#include "millrace/broker/broker_state.h"
#include "millrace/wire/messages/fetch.h"

namespace millrace::broker {

namespace {
constexpr std::int16_t kLeaderVersion = 12;  // current leader, diverging epochs
using wire::FetchRequest;
using wire::FetchResponse;

struct Collected {
    FetchResponse response;
    std::size_t bytes = 0;
    bool failed = false;  // a partition has an error or diverges: answer now
    std::vector<FetchedPartition*> gave_data;
};

// As much as fits of [from, up_to), piece by piece. As in Kafka, who fetches holds the batches
// against their CRC, which covers the way from our disk to there.
Result<void> read_records(Log& log, Offset from, Offset up_to, std::size_t bytes_max,
                          bool at_least_one, wire::Records& into) {
    std::size_t left = bytes_max;
    while (from < up_to) {
        MR_TRY(Bytes piece, log.read(from, left, up_to, at_least_one, ReadCheck::Frames));
        if (piece.empty()) break;
        at_least_one = false;
        left -= std::min(left, piece.size());
        wire::BatchWalker walker(piece.view());
        while (const auto batch = walker.next()) from = batch->next_offset();
        into.append(std::move(piece));
        if (left < wire::kBatchHeaderBytes) break;
    }
    return {};
}

class Collector {
public:
    Collector(Broker::State& broker, const Request& request, FetchSession& session,
              bool incremental)
        : broker_(broker),
          request_(request),
          body_(request.body.as<FetchRequest>()),
          session_(session),
          incremental_(incremental),
          isolation_(body_.isolation_level == 1 ? Isolation::ReadCommitted
                                                : Isolation::ReadUncommitted),
          left_(static_cast<std::size_t>(
              std::max(0, std::min(body_.max_bytes, broker.config.fetch_max_bytes)))) {
        // More than a whole window of its quota would never be let through.
        if (const auto window =
                broker.quotas.window_bytes(QuotaKind::Fetch, request.context->client_id);
            window && !replica_)
            left_ = std::min(left_, *window);
    }

    Collected collect() {
        for (FetchedPartition& fetched : session_.partitions) {
            FetchResponse::PartitionData data;
            data.partition_index = fetched.partition;
            data.aborted_transactions.reset();
            data.records = wire::Records::empty();
            if (const auto error = read(fetched, data); error != ErrorCode::None) {
                data.error_code = error;
                data.high_watermark = data.last_stable_offset = data.log_start_offset = -1;
                data.aborted_transactions.reset();
                data.records = wire::Records::empty();
                out_.failed = true;
            }
            add(fetched, std::move(data));
        }
        return std::move(out_);
    }

private:
    ErrorCode read(FetchedPartition& fetched, FetchResponse::PartitionData& data) {
        ErrorCode code = ErrorCode::None;
        const std::string* topic = &fetched.topic;
        if (session_.by_topic_id) {
            topic = broker_.topic_name(fetched.topic_id);
            if (!topic) return ErrorCode::UnknownTopicId;
        }
        Partition* partition = broker_.led_partition(*topic, fetched.partition, code);
        if (!partition) return code;
        if (replica_) {  // a node that holds no replica here (semantics page 4.1)
            return fetched.current_leader_epoch >= 0 ? ErrorCode::UnknownLeaderEpoch
                                                     : ErrorCode::NotLeaderOrFollower;
        }
        if (fetched.current_leader_epoch >= 0 &&
            LeaderEpoch{fetched.current_leader_epoch} != partition->leader_epoch()) {
            if (request_.body.version() >= kLeaderVersion)
                data.current_leader = {partition->leader().value(),
                                       partition->leader_epoch().value()};
            return LeaderEpoch{fetched.current_leader_epoch} < partition->leader_epoch()
                       ? ErrorCode::FencedLeaderEpoch
                       : ErrorCode::UnknownLeaderEpoch;
        }
        Log& log = partition->log();
        const Offset from{fetched.fetch_offset};
        data.high_watermark = partition->high_watermark().value();
        data.last_stable_offset = partition->last_stable_offset().value();
        data.log_start_offset = log.log_start_offset().value();
        if (fetched.last_fetched_epoch >= 0 && request_.body.version() >= kLeaderVersion) {
            const auto end = log.end_offset_for(LeaderEpoch{fetched.last_fetched_epoch});
            if (!end) return ErrorCode::OffsetOutOfRange;
            if (end->epoch.value() < fetched.last_fetched_epoch || end->end_offset < from) {
                data.diverging_epoch = {end->epoch.value(), end->end_offset.value()};
                out_.failed = true;
                return ErrorCode::None;
            }
        }
        if (from < log.log_start_offset() || from > log.log_end_offset())
            return ErrorCode::OffsetOutOfRange;
        const Offset up_to = partition->readable_end(isolation_);
        if (isolation_ == Isolation::ReadCommitted) data.aborted_transactions.emplace();
        if (from >= up_to) return ErrorCode::None;
        const bool at_least_one = out_.bytes == 0;
        const std::size_t bytes_max =
            std::min(left_, static_cast<std::size_t>(std::max(0, fetched.max_bytes)));
        if (bytes_max == 0 && !at_least_one) return ErrorCode::None;
        if (auto read = read_records(log, from, up_to, bytes_max, at_least_one, data.records);
            !read) {
            broker_.log.warn("fetch failed",
                             {{"partition", partition->topic_partition().to_string()},
                              {"detail", read.error().detail}});
            return read.error().code;
        }
        const std::size_t bytes = data.records.size();
        if (bytes == 0) return ErrorCode::None;
        out_.bytes += bytes;
        left_ -= std::min(left_, bytes);
        out_.gave_data.push_back(&fetched);
        if (isolation_ == Isolation::ReadCommitted) return add_aborted(log, from, data);
        return ErrorCode::None;
    }

    // Those that overlap what is sent, not what could have been.
    static ErrorCode add_aborted(Log& log, Offset from, FetchResponse::PartitionData& data) {
        const Bytes& last = data.records.parts().back();
        wire::BatchWalker walker(last.view());
        Offset end = from;
        while (const auto batch = walker.next()) end = batch->next_offset();
        const auto aborted = log.aborted_transactions(from, end);
        if (!aborted) return aborted.error().code;
        for (const AbortedTransaction& transaction : *aborted)
            data.aborted_transactions->push_back(
                {transaction.producer_id.value(), transaction.first_offset.value()});
        return ErrorCode::None;
    }

    // An incremental answer leaves out what has not changed.
    void add(FetchedPartition& fetched, FetchResponse::PartitionData data) {
        const bool changed = data.records.size() != 0 || data.error_code != ErrorCode::None ||
                             data.diverging_epoch.epoch >= 0 ||
                             data.high_watermark != fetched.told_high_watermark ||
                             data.log_start_offset != fetched.told_log_start;
        if (incremental_ && !changed) return;
        told_.push_back({&fetched, data.high_watermark, data.log_start_offset});
        auto& topics = out_.response.responses;
        const bool same =
            !topics.empty() && (session_.by_topic_id ? topics.back().topic_id == fetched.topic_id
                                                     : topics.back().topic == fetched.topic);
        if (!same) topics.push_back({.topic = fetched.topic, .topic_id = fetched.topic_id});
        topics.back().partitions.push_back(std::move(data));
    }

public:
    // The answer leaves: remember what it says; who gave data is served last the next time.
    void sent(const Collected& collected) {
        if (session_.id == 0) return;
        for (const Told& told : told_) {
            told.fetched->told_high_watermark = told.high_watermark;
            told.fetched->told_log_start = told.log_start;
        }
        auto& all = session_.partitions;
        std::size_t moved = 0;
        for (auto at = all.begin(); moved < collected.gave_data.size() && at != all.end();) {
            const auto next = std::next(at);
            if (&*at == collected.gave_data[moved]) {
                all.splice(all.end(), all, at);
                ++moved;
            }
            at = next;
        }
    }

    bool of_replica() const { return replica_; }

private:
    struct Told {
        FetchedPartition* fetched;
        std::int64_t high_watermark, log_start;
    };
    Broker::State& broker_;
    const Request& request_;
    const FetchRequest& body_;
    FetchSession& session_;
    bool incremental_;
    bool replica_ = body_.replica_id >= 0 || body_.replica_state.replica_id >= 0;
    Isolation isolation_;
    std::size_t left_;
    Collected out_;
    std::vector<Told> told_;
};

template <class Visit>
void each_partition(Broker::State& broker, const FetchSession& session, Visit&& visit) {
    for (const FetchedPartition& fetched : session.partitions) {
        const std::string* topic =
            session.by_topic_id ? broker.topic_name(fetched.topic_id) : &fetched.topic;
        if (!topic) continue;
        if (Partition* partition = broker.partition(*topic, fetched.partition)) visit(*partition);
    }
}

// Answers when there is enough, or `now`; false: it goes on waiting.
bool try_answer(Broker::State& broker, const Request& request, FetchSession& session,
                bool incremental, bool now) {
    const auto& body = request.body.as<FetchRequest>();
    Collector collector(broker, request, session, incremental);
    Collected collected = collector.collect();
    const bool enough = collected.bytes >= static_cast<std::size_t>(std::max(0, body.min_bytes)) &&
                        collected.bytes > 0;
    if (!now && !enough && !collected.failed) return false;
    if (!collector.of_replica() && broker.quotas.any(QuotaKind::Fetch)) {
        const Duration silence = broker.charge(QuotaKind::Fetch, request, collected.bytes);
        if (silence > Duration{}) {  // without records, which do not count then
            broker.quotas.take_back(QuotaKind::Fetch, request.context->client_id, collected.bytes,
                                    broker.now.time);
            FetchResponse response;
            response.session_id = session.id;
            response.throttle_time_ms = throttle_ms(silence);
            broker.answer(request, std::move(response));
            return true;
        }
    }
    collector.sent(collected);
    collected.response.session_id = session.id;
    broker.answer(request, std::move(collected.response));
    return true;
}

void unpark(Broker::State& broker, FetchId id) {
    const auto at = broker.fetches.waiting.find(id);
    if (at == broker.fetches.waiting.end()) return;
    broker.deadlines.cancel(at->second.deadline);
    each_partition(broker, *at->second.session,
                   [&](Partition& partition) { partition.fetches().erase(id); });
    broker.fetches.waiting.erase(at);
}

void look_again(Broker::State& broker, FetchId id, bool now) {
    const auto at = broker.fetches.waiting.find(id);
    if (at == broker.fetches.waiting.end()) return;
    const WaitingFetch fetch = at->second;  // answering may let the next request in
    if (broker.connections.knows(fetch.request.token) &&
        !try_answer(broker, fetch.request, *fetch.session, fetch.incremental, now))
        return;
    unpark(broker, id);
}

void look_again_at_all(Broker::State& broker, Partition& partition, bool now) {
    const std::set<FetchId> waiting = partition.fetches();
    for (const FetchId id : waiting) {
        look_again(broker, id, now);
        // A session may have dropped this partition while its fetch was parked here.
        if (!broker.fetches.waiting.contains(id)) partition.fetches().erase(id);
    }
}
}  // namespace

void handle_fetch(Broker::State& broker, const Request& request) {
    const auto& body = request.body.as<FetchRequest>();
    auto begun = broker.sessions.begin(body, request.body.version(), broker.now);
    if (!begun) {
        FetchResponse response;
        response.error_code = begun.error().code;
        return broker.answer(request, std::move(response));
    }
    FetchSession& session = *begun->session;
    const bool now = body.max_wait_ms <= 0 || body.min_bytes <= 0 || session.partitions.empty();
    if (try_answer(broker, request, session, begun->incremental, now)) return;
    const FetchId id{broker.fetches.next_id++};
    WaitingFetch fetch{
        .request = request, .session = begun->session, .incremental = begun->incremental};
    const Time due = broker.now.time + std::chrono::milliseconds(body.max_wait_ms);
    fetch.deadline = broker.deadlines.set(due, [&broker, id] { look_again(broker, id, true); });
    broker.fetches.waiting.emplace(id, std::move(fetch));
    each_partition(broker, session, [&](Partition& partition) { partition.fetches().insert(id); });
}

void wake_fetches(Broker::State& broker, Partition& partition) {
    look_again_at_all(broker, partition, false);
}

void flush_fetches(Broker::State& broker, Partition& partition) {
    look_again_at_all(broker, partition, true);
}

}  // namespace millrace::broker
