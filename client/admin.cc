#include "millrace/client/admin.h"

#include <set>

#include "millrace/wire/messages/delete_records.h"
#include "millrace/wire/messages/list_offsets.h"
#include "millrace/wire/messages/offset_fetch.h"

namespace millrace::client {

namespace {

// A request about partitions, split by leader; what can be tried again goes again together.
struct LeaderCall : std::enable_shared_from_this<LeaderCall> {
    LeaderCall(Cluster& c, const Scope& s, Time until)
        : cluster(c), scope(&s), watch(s.watch()), give_up(until) {}
    virtual ~LeaderCall() = default;
    virtual void fill(Call& call, std::vector<TopicPartition> partitions) = 0;
    // Tells of each partition of the answer by settle().
    virtual void read(const wire::AnyResponse& response) = 0;
    virtual void finished(std::optional<Error> error) = 0;

    void settle(const TopicPartition& tp, ErrorCode error) {
        if (!pending.contains(tp)) return;
        if (error == ErrorCode::None) {
            pending.erase(tp);
        } else if (retriable(error)) {
            cluster.refresh_metadata();
            last = error;
        } else if (!final) {
            final = Error{error, tp.to_string() + ": " + std::string(name(error))};
        }
    }

    void go() {
        if (watch.expired()) return;
        std::map<NodeId, std::vector<TopicPartition>> by_leader;
        for (const TopicPartition& tp : pending) {
            const PartitionMetadata* metadata = cluster.partition(tp);
            if (metadata && metadata->leader) {
                by_leader[*metadata->leader].push_back(tp);
            } else {
                cluster.refresh_metadata();
                last = ErrorCode::LeaderNotAvailable;
            }
        }
        outstanding = 1;  // ours, so that answers given at once do not end it early
        for (auto& [leader, partitions] : by_leader) {
            ++outstanding;
            Call call;
            call.target = leader;
            call.lane = Lane::Control;
            fill(call, std::move(partitions));
            call.done = [self = shared_from_this()](Answer answer) {
                if (answer.ok()) {
                    self->read(answer.response);
                } else if (answer.error == ErrorCode::UnsupportedVersion) {
                    self->final = Error{answer.error, answer.detail};
                } else {
                    self->last = answer.error;
                }
                self->one_done();
            };
            cluster.call(*scope, std::move(call));
        }
        one_done();
    }

    void one_done() {
        if (--outstanding > 0 || watch.expired()) return;
        if (final) return finished(final);
        if (pending.empty()) return finished(std::nullopt);
        if (cluster.now().time >= give_up)
            return finished(
                Error{ErrorCode::RequestTimedOut,
                      pending.begin()->to_string() + ": gave up after " + std::string(name(last))});
        cluster.after(*scope, cluster.backoff(failures++),
                      [self = shared_from_this()] { self->go(); });
    }

    Cluster& cluster;
    const Scope* scope;  // good while `watch` is
    std::weak_ptr<char> watch;
    Time give_up;
    std::set<TopicPartition> pending;
    int outstanding = 0, failures = 0;
    ErrorCode last = ErrorCode::None;
    std::optional<Error> final;
};

struct ListOffsets final : LeaderCall {
    using LeaderCall::LeaderCall;
    std::int64_t timestamp = 0;
    bool read_committed = false;
    std::map<TopicPartition, ListedOffset> found;
    std::function<void(Result<std::map<TopicPartition, ListedOffset>>)> done;

    void fill(Call& call, std::vector<TopicPartition> partitions) override {
        call.api = wire::ApiKey::ListOffsets;
        call.version_min = 2;
        call.version_max = 9;
        call.build = [this, self = shared_from_this(),
                      partitions = std::move(partitions)](std::int16_t version) {
            wire::ListOffsetsRequest request;
            request.replica_id = -1;
            request.isolation_level = read_committed ? 1 : 0;
            for (const TopicPartition& tp : partitions) {
                if (request.topics.empty() || request.topics.back().name != tp.topic)
                    request.topics.emplace_back().name = tp.topic;
                auto& p = request.topics.back().partitions.emplace_back();
                p.partition_index = tp.partition;
                p.timestamp = timestamp;
                const PartitionMetadata* metadata = cluster.partition(tp);
                p.current_leader_epoch =
                    metadata && metadata->epoch ? metadata->epoch->value() : -1;
            }
            return wire::AnyRequest::of(std::move(request), version);
        };
    }
    void read(const wire::AnyResponse& response) override {
        for (const auto& topic : response.as<wire::ListOffsetsResponse>().topics)
            for (const auto& p : topic.partitions) {
                const TopicPartition tp{topic.name, p.partition_index};
                if (p.error_code == ErrorCode::None) {
                    ListedOffset& offset = found[tp];
                    offset.offset = Offset{p.offset};
                    if (p.leader_epoch >= 0) offset.epoch = LeaderEpoch{p.leader_epoch};
                }
                settle(tp, p.error_code);
            }
    }
    void finished(std::optional<Error> error) override {
        auto tell = std::move(done);
        if (error) {
            tell(tl::make_unexpected(std::move(*error)));
        } else {
            tell(std::move(found));
        }
    }
};

struct DeleteRecords final : LeaderCall {
    using LeaderCall::LeaderCall;
    std::map<TopicPartition, Offset> before;
    std::function<void(Result<void>)> done;

    void fill(Call& call, std::vector<TopicPartition> partitions) override {
        call.api = wire::ApiKey::DeleteRecords;
        call.build = [this, self = shared_from_this(),
                      partitions = std::move(partitions)](std::int16_t version) {
            wire::DeleteRecordsRequest request;
            request.timeout_ms = 30000;
            for (const TopicPartition& tp : partitions) {
                if (request.topics.empty() || request.topics.back().name != tp.topic)
                    request.topics.emplace_back().name = tp.topic;
                auto& p = request.topics.back().partitions.emplace_back();
                p.partition_index = tp.partition;
                p.offset = before.at(tp).value();
            }
            return wire::AnyRequest::of(std::move(request), version);
        };
    }
    void read(const wire::AnyResponse& response) override {
        for (const auto& topic : response.as<wire::DeleteRecordsResponse>().topics)
            for (const auto& p : topic.partitions)
                settle({topic.name, p.partition_index}, p.error_code);
    }
    void finished(std::optional<Error> error) override {
        auto tell = std::move(done);
        if (error) {
            tell(tl::make_unexpected(std::move(*error)));
        } else {
            tell({});
        }
    }
};

using Committed = std::map<TopicPartition, CommittedOffset>;

// Collects one partition of an OffsetFetch answer; gives the error that decides.
template <class Partition>
void collect(const std::string& topic, const Partition& p, Committed& into, ErrorCode& worst) {
    if (p.error_code != ErrorCode::None) {
        if (worst == ErrorCode::None || retriable(worst)) worst = p.error_code;
        return;
    }
    if (p.committed_offset < 0) return;
    CommittedOffset& c = into[{topic, p.partition_index}];
    c.offset = Offset{p.committed_offset};
    if (p.committed_leader_epoch >= 0) c.epoch = LeaderEpoch{p.committed_leader_epoch};
    c.metadata = p.metadata.value_or("");
}

ErrorCode read_committed_offsets(const wire::AnyResponse& any, const std::string& group,
                                 Committed& into) {
    const auto& response = any.as<wire::OffsetFetchResponse>();
    ErrorCode worst = ErrorCode::None;
    if (any.version() >= 8) {
        bool found = false;
        for (const auto& g : response.groups) {
            if (g.group_id != group) continue;
            found = true;
            if (g.error_code != ErrorCode::None) return g.error_code;
            for (const auto& topic : g.topics)
                for (const auto& p : topic.partitions) collect(topic.name, p, into, worst);
        }
        return found ? worst : ErrorCode::CoordinatorNotAvailable;
    }
    if (response.error_code != ErrorCode::None) return response.error_code;
    for (const auto& topic : response.topics)
        for (const auto& p : topic.partitions) collect(topic.name, p, into, worst);
    return worst;
}

}  // namespace

void list_offsets(Cluster& cluster, const Scope& scope, std::vector<TopicPartition> partitions,
                  std::int64_t timestamp, bool read_committed,
                  std::function<void(Result<std::map<TopicPartition, ListedOffset>>)> done,
                  Time give_up) {
    auto call = std::make_shared<ListOffsets>(cluster, scope, give_up);
    call->pending.insert(partitions.begin(), partitions.end());
    call->timestamp = timestamp;
    call->read_committed = read_committed;
    call->done = std::move(done);
    call->go();
}

void delete_records(Cluster& cluster, const Scope& scope, std::map<TopicPartition, Offset> before,
                    std::function<void(Result<void>)> done, Time give_up) {
    auto call = std::make_shared<DeleteRecords>(cluster, scope, give_up);
    for (const auto& [tp, offset] : before) call->pending.insert(tp);
    call->before = std::move(before);
    call->done = std::move(done);
    call->go();
}

void fetch_committed(Cluster& cluster, const Scope& scope, std::function<GroupMetadata()> group,
                     std::vector<TopicPartition> partitions,
                     std::function<void(Result<std::map<TopicPartition, CommittedOffset>>)> done,
                     Time give_up) {
    const std::string group_id = group().group_id;
    Call call;
    call.target = Coordinator{CoordinatorType::Group, group_id};
    call.lane = Lane::Group;
    call.api = wire::ApiKey::OffsetFetch;
    call.version_min = 7;  // require_stable
    call.version_max = 9;  // 10 names topics by id
    std::set<TopicPartition> sorted(partitions.begin(), partitions.end());
    const auto epoch_sent = std::make_shared<std::int32_t>(-1);
    call.build = [group, sorted, epoch_sent](std::int16_t version) {
        const GroupMetadata now = group();
        *epoch_sent = now.epoch;
        wire::OffsetFetchRequest request;
        request.require_stable = true;
        if (version >= 8) {
            auto& g = request.groups.emplace_back();
            g.group_id = now.group_id;
            if (version >= 9 && now.epoch >= 0) {
                g.member_id = now.member_id;
                g.member_epoch = now.epoch;
            }
            for (const TopicPartition& tp : sorted) {
                if (g.topics->empty() || g.topics->back().name != tp.topic)
                    g.topics->emplace_back().name = tp.topic;
                g.topics->back().partition_indexes.push_back(tp.partition);
            }
        } else {
            request.group_id = now.group_id;
            for (const TopicPartition& tp : sorted) {
                if (request.topics->empty() || request.topics->back().name != tp.topic)
                    request.topics->emplace_back().name = tp.topic;
                request.topics->back().partition_indexes.push_back(tp.partition);
            }
        }
        return wire::AnyRequest::of(std::move(request), version);
    };
    const auto error_of = [group, group_id, epoch_sent,
                           stale = std::make_shared<int>(0)](const wire::AnyResponse& any) {
        Committed ignored;
        const ErrorCode error = read_committed_offsets(any, group_id, ignored);
        // The next heartbeat tells a newer epoch; then the question is asked again under it.
        if (error == ErrorCode::StaleMemberEpoch && (group().epoch != *epoch_sent || ++*stale < 30))
            return ErrorCode::CoordinatorLoadInProgress;
        return error;
    };
    call.done = [group_id, done = std::move(done)](Answer answer) {
        if (!answer.ok()) {
            done(fail(answer.error,
                      "OffsetFetch: " + std::string(name(answer.error)) + ' ' + answer.detail));
            return;
        }
        Committed committed;
        const ErrorCode error = read_committed_offsets(answer.response, group_id, committed);
        if (error != ErrorCode::None) {
            done(fail(error, "OffsetFetch: " + std::string(name(error))));
            return;
        }
        done(std::move(committed));
    };
    cluster.call_until_final(scope, std::move(call), error_of, give_up);
}

}  // namespace millrace::client
