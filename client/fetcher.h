#pragma once
// Fetches assigned partitions (Kafka: AbstractFetch, FetchSessionHandler, SubscriptionState). A
// machine on a Cluster.
//
// What comes out are whole data batches as slices of the fetched block: control batches and, with
// read_committed, aborted transactions are left out; compressed batches are unpacked. Two fetches
// per node may wait at a time (two lanes), so that an idle partition's long poll does not hold up a
// busy one. No client-side buffer: what arrives goes to the sink at once, and a paused partition is
// not asked for.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/result.h"
#include "millrace/client/cluster.h"
#include "millrace/wire/messages/fetch.h"

namespace millrace::client {

enum class OffsetReset : std::uint8_t { None, Earliest, Latest };  // auto.offset.reset

struct FetcherConfig {
    Lane lane = Lane::Fetch;
    std::optional<Lane> second_lane = Lane::FetchMore;
    bool read_committed = true;
    bool check_crcs = true;
    std::int32_t fetch_max_bytes = 50 * 1024 * 1024;
    std::int32_t max_partition_fetch_bytes = 1024 * 1024;
    std::int32_t fetch_min_bytes = 1;
    Duration fetch_max_wait = std::chrono::milliseconds(500);
    OffsetReset reset = OffsetReset::Earliest;
};

struct FetchedBatches {
    Bytes batches;  // whole v2 batches, uncompressed, no control batches; may be empty: only the
                    // position moved
    Offset from{};  // records below are to be skipped: a batch may begin before the position
    Offset next{};  // the position after them
    std::optional<LeaderEpoch> epoch;  // of the last batch
};

class FetchSink {
public:
    using Tag = std::uint32_t;
    virtual ~FetchSink() = default;
    virtual void fetched(Tag tag, FetchedBatches batches) = 0;
    // After each answer that has something about the partition: end offset and lag may be news.
    virtual void heard(Tag) {}
    // The position was set by the reset policy; `truncated`: the log was cut below it (KIP-320),
    // records may be lost.
    virtual void position_reset(Tag tag, Offset position, bool truncated) = 0;
    // OffsetOutOfRange without a policy, TopicAuthorizationFailed, CorruptMessage: the partition is
    // no longer fetched.
    virtual void fetch_failed(Tag tag, Error error) = 0;
};

class Fetcher {
public:
    using Tag = FetchSink::Tag;

    Fetcher(Cluster& cluster, FetcherConfig config, FetchSink& sink, LogSink& log);
    Fetcher(const Fetcher&) = delete;

    // Without a position the reset policy finds one. The topic's metadata must be wanted by
    // someone. The tag is the caller's; a partition assigned twice takes the new position and tag.
    void assign(const TopicPartition& tp, Tag tag, std::optional<Offset> position,
                std::optional<LeaderEpoch> epoch = {});
    void remove(const TopicPartition& tp);
    void clear();
    void seek(const TopicPartition& tp, std::optional<Offset> position,
              std::optional<LeaderEpoch> epoch = {});
    void pause(const TopicPartition& tp, bool paused);
    bool assigned(const TopicPartition& tp) const { return partitions_.contains(tp); }
    std::optional<Offset> position(const TopicPartition& tp) const;
    // Records between the position and the end that a reader of this isolation sees; nothing: not
    // fetched yet.
    std::optional<std::int64_t> lag(const TopicPartition& tp) const;
    std::optional<Offset> end_offset(
        const TopicPartition& tp) const;  // high watermark, or last stable offset
    std::optional<Offset> log_start(const TopicPartition& tp) const;

    void poll();  // sends what is due
    Time next_due() const;

private:
    enum class Phase : std::uint8_t { Resetting, Validating, Fetching, Failed };
    struct Partition {
        Tag tag = 0;
        std::uint64_t serial = 0;  // grows with assign and seek: late answers are recognised
        Phase phase = Phase::Fetching;
        bool paused = false, busy = false;  // busy: a fetch, look-up or validation is under way
        bool truncated = false;             // the reset follows a truncation
        OffsetReset reset = OffsetReset::None;
        std::optional<Offset> position;
        std::optional<LeaderEpoch> epoch;  // of the record before the position
        std::optional<LeaderEpoch>
            validated_with;  // leader epoch with which the position was checked
        std::optional<Offset> end, log_start;
        Time retry_at{INT64_MIN};
        int failures = 0;
    };
    struct InSession {
        std::int64_t offset = 0;
        std::int32_t leader_epoch = -1;
        Uuid topic_id;
        friend bool operator==(const InSession&, const InSession&) = default;
    };
    struct Slot {  // one lane to one node
        bool busy = false;
        std::int32_t session_id = 0, session_epoch = 0;
        std::map<TopicPartition, InSession> session;
        Time retry_at{INT64_MIN};
        int failures = 0;
    };
    struct Asked {
        TopicPartition tp;
        std::uint64_t serial;
        Offset position;
    };
    using SlotKey = std::pair<NodeId, Lane>;

    void send_fetch(SlotKey key, std::vector<TopicPartition> want, Duration wait);
    void arrived(SlotKey key, std::vector<Asked> asked, Answer answer);
    void take(const TopicPartition& tp, const Asked& asked,
              const wire::FetchResponse::PartitionData& data);
    void failed(const TopicPartition& tp, Partition& partition, ErrorCode error);
    void start_reset(const TopicPartition& tp, Partition& partition);
    void start_validation(const TopicPartition& tp, Partition& partition, NodeId leader,
                          LeaderEpoch leader_epoch);
    void fail_for_good(const TopicPartition& tp, Partition& partition, Error error);
    void back_off(Partition& partition);

    Cluster& cluster_;
    FetcherConfig config_;
    FetchSink& sink_;
    LogSink& log_;
    Scope scope_;
    std::map<TopicPartition, Partition> partitions_;
    std::map<SlotKey, Slot> slots_;
    std::uint64_t next_serial_ = 1;
    bool changed_ = true;  // since the last poll
    Time due_at_ = Time::never();
    std::uint64_t seen_metadata_ = 0;
};

}  // namespace millrace::client
