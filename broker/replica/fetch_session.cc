#include "millrace/broker/replica/fetch_session.h"

#include <algorithm>

namespace millrace::broker {

namespace {
constexpr std::int32_t kInitialEpoch = 0, kFinalEpoch = -1;
constexpr std::int16_t kTopicIdVersion = 13;

void update(FetchedPartition& fetched, const wire::FetchRequest::FetchPartition& asked) {
    fetched.fetch_offset = asked.fetch_offset;
    fetched.max_bytes = asked.partition_max_bytes;
    fetched.current_leader_epoch = asked.current_leader_epoch;
    fetched.last_fetched_epoch = asked.last_fetched_epoch;
}

FetchedPartition fetched_of(const wire::FetchRequest::FetchTopic& topic,
                            const wire::FetchRequest::FetchPartition& asked) {
    FetchedPartition fetched{
        .topic = topic.topic, .topic_id = topic.topic_id, .partition = asked.partition};
    update(fetched, asked);
    return fetched;
}

using Partitions = std::list<FetchedPartition>;

Partitions::iterator find(FetchSession& session, const std::string& topic, const Uuid& id,
                          std::int32_t partition) {
    return std::find_if(
        session.partitions.begin(), session.partitions.end(), [&](const FetchedPartition& fetched) {
            return fetched.partition == partition &&
                   (session.by_topic_id ? fetched.topic_id == id : fetched.topic == topic);
        });
}

void apply(FetchSession& session, const wire::FetchRequest& request) {
    for (const auto& topic : request.topics) {
        for (const auto& asked : topic.partitions) {
            const auto at = find(session, topic.topic, topic.topic_id, asked.partition);
            if (at != session.partitions.end())
                update(*at, asked);
            else
                session.partitions.push_back(fetched_of(topic, asked));
        }
    }
    for (const auto& topic : request.forgotten_topics_data) {
        for (const std::int32_t partition : topic.partitions) {
            const auto at = find(session, topic.topic, topic.topic_id, partition);
            if (at != session.partitions.end()) session.partitions.erase(at);
        }
    }
}
}  // namespace

Result<FetchSessions::Begun> FetchSessions::begin(const wire::FetchRequest& request,
                                                  std::int16_t version, Now now) {
    const bool by_topic_id = version >= kTopicIdVersion;
    const bool full =
        request.session_epoch == kInitialEpoch || request.session_epoch == kFinalEpoch;
    if (full) {
        if (request.session_id != 0) sessions_.erase(request.session_id);
        auto session = std::make_shared<FetchSession>();
        session->by_topic_id = by_topic_id;
        session->last_used = now.time;
        for (const auto& topic : request.topics)
            for (const auto& asked : topic.partitions)
                session->partitions.push_back(fetched_of(topic, asked));
        if (request.session_epoch == kInitialEpoch && !session->partitions.empty() &&
            make_room(now)) {
            do {
                session->id = static_cast<std::int32_t>(1 + random_.below(INT32_MAX - 1));
            } while (sessions_.contains(session->id));
            sessions_.emplace(session->id, session);
        }
        return Begun{std::move(session), false};
    }
    const auto at = sessions_.find(request.session_id);
    if (at == sessions_.end())
        return fail(ErrorCode::FetchSessionIdNotFound, "no such fetch session");
    FetchSession& session = *at->second;
    if (session.next_epoch != request.session_epoch)
        return fail(ErrorCode::InvalidFetchSessionEpoch,
                    "expected epoch " + std::to_string(session.next_epoch));
    if (session.by_topic_id != by_topic_id)
        return fail(ErrorCode::FetchSessionTopicIdError,
                    "the session was begun with another form of topics");
    session.next_epoch = session.next_epoch == INT32_MAX ? 1 : session.next_epoch + 1;
    session.last_used = now.time;
    apply(session, request);
    return Begun{at->second, true};
}

// One slot is free afterwards, or false: the one used longest ago goes when it is stale.
bool FetchSessions::make_room(Now now) {
    if (sessions_.size() < slots_max_) return true;
    if (sessions_.empty()) return false;
    const auto oldest = std::min_element(
        sessions_.begin(), sessions_.end(),
        [](const auto& a, const auto& b) { return a.second->last_used < b.second->last_used; });
    if (now.time - oldest->second->last_used < kStale) return false;
    sessions_.erase(oldest);
    return true;
}

}  // namespace millrace::broker
