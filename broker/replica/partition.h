#pragma once
// A partition that this node leads (Java: Partition): a log, what its metadata says, and who waits
// for it. The high watermark follows the durable end of the log (in the page-cache mode that is the
// log end); waiting produces and fetches are told when it moves: nothing polls.
#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "millrace/broker/controller/image.h"
#include "millrace/broker/coordinator/fold.h"
#include "millrace/broker/coordinator/partition_log.h"
#include "millrace/broker/log/log.h"

namespace millrace::broker {

enum class FetchId : std::uint64_t {};

enum class Isolation : std::int8_t { ReadUncommitted = 0, ReadCommitted = 1 };

class Partition final : public PartitionLog {
public:
    using Waiter = std::function<void(ErrorCode)>;  // None: committed

    // `log` and `now`, the turn's, outlive the partition.
    Partition(Log& log, std::string topic, Uuid topic_id, std::int32_t index, const Now& now)
        : log_(log), topic_(std::move(topic)), topic_id_(topic_id), index_(index), now_(now) {}

    const std::string& topic() const { return topic_; }
    const Uuid& topic_id() const { return topic_id_; }
    std::int32_t index() const { return index_; }
    TopicPartition topic_partition() const { return {topic_, index_}; }
    Log& log() { return log_; }
    const Log& log() const { return log_; }

    // Metadata says: this node leads in this epoch. A new epoch begins at the log's end.
    void lead(const PartitionImage& image, std::int32_t min_insync_replicas);
    LeaderEpoch leader_epoch() const override { return leader_epoch_; }
    NodeId leader() const { return leader_; }
    bool enough_replicas() const { return insync_ >= min_insync_; }

    // What a reader may see, exclusive.
    Offset high_watermark() const { return log_.high_watermark(); }
    Offset last_stable_offset() const;
    Offset readable_end(Isolation isolation) const {
        return isolation == Isolation::ReadCommitted ? last_stable_offset() : high_watermark();
    }

    // ---- append ----
    struct ClientAppend {
        bool transaction_v2 = false;
        std::optional<wire::ProduceRequest::Built> built;
        std::vector<std::int32_t>* invalid_records = nullptr;
    };
    Result<AppendInfo> append_client(const Bytes& batch, const ClientAppend& options);
    // COMMIT or ABORT; None when the marker is appended.
    Result<AppendedAt> append_marker(const TxnMarker& marker);
    // PartitionLog, for coordinators:
    Result<AppendedAt> append(Bytes batch) override;
    Result<Bytes> read(Offset from, std::size_t bytes_max) override;
    Offset log_start() const override { return log_.log_start_offset(); }
    Offset log_end() const override { return log_.log_end_offset(); }
    Offset committed_end() const override { return log_.high_watermark(); }

    // ---- who waits ----
    // Told when the high watermark reaches `end`, or at once when it has.
    void when_committed(Offset end, Waiter waiter);
    std::set<FetchId>& fetches() { return fetches_; }  // parked at the end of what they may read
    // The log's durable end moved: raises the high watermark and tells who waits. True: it moved.
    bool advance();
    // Leadership or the topic is gone, or the directory is offline: all who wait are told.
    void fail_waiters(ErrorCode code);

private:
    Log& log_;
    std::string topic_;
    Uuid topic_id_;
    std::int32_t index_;
    const Now& now_;
    NodeId leader_{-1};
    LeaderEpoch leader_epoch_{-1};
    std::int32_t insync_ = 1, min_insync_ = 1;
    std::multimap<Offset, Waiter> waiters_;  // equal offsets in the order they came
    std::set<FetchId> fetches_;
};

}  // namespace millrace::broker
