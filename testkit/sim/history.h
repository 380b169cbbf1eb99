#pragma once
// What clients saw, and nothing else: acknowledged sends and the records that read_committed
// readers were given. Built from no broker internal. The checks are those of the invariants named
// beside them.
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "millrace/base/strong.h"
#include "millrace/base/topic_partition.h"

namespace millrace::sim {

struct SeenRecord {
    Offset offset;
    std::optional<std::string> key, value;
    Timestamp timestamp;
    friend bool operator==(const SeenRecord&, const SeenRecord&) = default;
};

class History {
public:
    // A reader was given a record. Offsets of one (reader, partition) must rise; a record once seen
    // must never change (I3, I7): `reader` names an independent reader, all of them are held
    // against one log per partition.
    void seen(const std::string& reader, const TopicPartition& tp, SeenRecord record);
    // A reader begins at this offset. From there on it must be given every record that is known to be there (I7).
    void begins(const std::string& reader, const TopicPartition& tp, Offset at);
    // Logs whose topic's name ends so are compacted: a reader need not be given what a later record
    // of its key supersedes. Everything else it must be given (see check_compacted).
    void compacts(std::string topic_suffix) { compacted_suffix_ = std::move(topic_suffix); }
    // R14: each record that some reader was not given has a later one of its key; call it when all
    // is read. `committed`: what read_committed readers saw, when this is what the others saw:
    // aborted records go without a successor.
    void check_compacted(const History* committed = nullptr);
    // The broker says that this record is not there. False: of a log that is not compacted.
    bool absent(const TopicPartition& tp, Offset offset) {
        if (compacted(tp)) absent_.emplace(tp, offset.value());
        return compacted(tp);
    }
    // Whether a reader was not given this record of a compacted log.
    bool gone(const TopicPartition& tp, Offset offset) const {
        return absent_.contains({tp, offset.value()});
    }
    std::size_t compacted_away() const { return absent_.size(); }
    // The reader says it is at the end: nothing that is known lies behind what it was given.
    void check_complete(const std::string& reader);
    // A send was acknowledged (acks=all, outside a transaction or in a committed one).
    void acknowledged(const TopicPartition& tp, std::optional<Offset> offset,
                      const std::string& unique_value);

    // I2: every acknowledged value is in the log, once (I8). Call at the end, when a reader has
    // read everything.
    void check_acknowledged();
    const std::vector<SeenRecord>& log(const TopicPartition& tp) const;
    std::vector<TopicPartition> partitions() const;
    std::size_t total_seen() const;

    void violation(std::string what);
    const std::vector<std::string>& violations() const { return violations_; }

private:
    struct Log {
        std::vector<SeenRecord> records;
        std::map<std::int64_t, std::size_t> by_offset;
    };
    std::map<TopicPartition, Log> logs_;
    std::map<std::pair<std::string, TopicPartition>, std::int64_t> positions_;
    std::map<TopicPartition, std::vector<std::string>> acknowledged_;
    std::vector<std::string> violations_;
    std::string compacted_suffix_;  // empty: none is
    std::set<std::pair<TopicPartition, std::int64_t>> absent_;
    bool compacted(const TopicPartition& tp) const {
        return !compacted_suffix_.empty() && tp.topic.ends_with(compacted_suffix_);
    }
};

}  // namespace millrace::sim
