#include "millrace/testkit/sim/history.h"

#include <algorithm>

namespace millrace::sim {

namespace {
constexpr std::size_t kViolationsMax = 20;
const std::vector<SeenRecord> kNothing;
}  // namespace

void History::violation(std::string what) {
    if (violations_.size() < kViolationsMax) violations_.push_back(std::move(what));
}

void History::seen(const std::string& reader, const TopicPartition& tp, SeenRecord record) {
    const std::int64_t offset = record.offset.value();
    auto [position, first] = positions_.try_emplace({reader, tp}, -1);
    if (offset <= position->second) {
        violation("I3: reader " + reader + " of " + tp.to_string() + " was given offset " +
                  std::to_string(offset) + " after " + std::to_string(position->second));
    }
    Log& log = logs_[tp];
    if (const auto skipped = log.by_offset.upper_bound(position->second);
        skipped != log.by_offset.end() && skipped->first < offset && compacted(tp)) {
        for (auto one = skipped; one != log.by_offset.end() && one->first < offset; ++one)
            absent_.emplace(tp, one->first);
    } else if (skipped != log.by_offset.end() && skipped->first < offset) {
        violation("I7: " + reader + " of " + tp.to_string() + " was given offset " +
                  std::to_string(offset) + " and not " + std::to_string(skipped->first) +
                  " before it, which is known");
    }
    position->second = offset;
    const auto known = log.by_offset.find(offset);
    if (known != log.by_offset.end()) {
        if (!(log.records[known->second] == record)) {
            violation("I7: " + tp.to_string() + " offset " + std::to_string(offset) +
                      " changed after it was read");
        }
        return;
    }
    const auto next = log.by_offset.upper_bound(offset);
    if (next != log.by_offset.end()) {
        violation("I7: " + tp.to_string() + " offset " + std::to_string(offset) +
                  " appeared after offset " + std::to_string(next->first) + " had been read");
        return;
    }
    log.by_offset.emplace(offset, log.records.size());
    log.records.push_back(std::move(record));
}

void History::begins(const std::string& reader, const TopicPartition& tp, Offset at) {
    positions_[{reader, tp}] = at.value() - 1;
}

void History::check_complete(const std::string& reader) {
    for (const auto& [key, position] : positions_) {
        if (key.first != reader) continue;
        const auto log = logs_.find(key.second);
        if (log == logs_.end()) continue;
        auto known = log->second.by_offset.upper_bound(position);
        if (compacted(key.second)) {
            for (; known != log->second.by_offset.end(); ++known)
                absent_.emplace(key.second, known->first);
        } else if (known != log->second.by_offset.end())
            violation("I7: " + reader + " is at the end of " + key.second.to_string() + " and was never given offset " +
                      std::to_string(known->first));
    }
}

void History::check_compacted(const History* committed) {
    std::map<TopicPartition, std::map<std::string, std::int64_t>> last;  // of each key
    for (const auto& [tp, offset] : absent_) {
        auto [of_log, first] = last.try_emplace(tp);
        const Log& log = logs_[tp];
        if (first) {
            for (const auto& [at, index] : log.by_offset)
                if (log.records[index].key) of_log->second[*log.records[index].key] = at;
        }
        const SeenRecord& record = log.records[log.by_offset.at(offset)];
        if (record.key && of_log->second[*record.key] > offset) continue;
        if (committed) {
            const auto there = committed->logs_.find(tp);
            if (there == committed->logs_.end() || !there->second.by_offset.contains(offset)) continue;
        }
        violation("R14: " + tp.to_string() + " no longer has offset " + std::to_string(offset) +
                  ", and nothing later has its key");
    }
}

void History::acknowledged(const TopicPartition& tp, std::optional<Offset> offset,
                           const std::string& unique_value) {
    if (offset) {
        const Log& log = logs_[tp];
        const auto known = log.by_offset.find(offset->value());
        if (known != log.by_offset.end() && log.records[known->second].value != unique_value) {
            violation("I3: " + tp.to_string() + " offset " + std::to_string(offset->value()) +
                      " was acknowledged with a value other than the one read there");
        }
    }
    acknowledged_[tp].push_back(unique_value);
}

void History::check_acknowledged() {
    for (const auto& [tp, values] : acknowledged_) {
        std::map<std::string, int> times;
        for (const SeenRecord& record : logs_[tp].records) {
            if (record.value) ++times[*record.value];
        }
        std::size_t lost = 0, doubled = 0;
        std::string example;
        for (const std::string& value : values) {
            const int n = times[value];
            lost += n == 0;
            doubled += n > 1;
            if (n != 1 && example.empty()) example = value;
        }
        if (lost > 0) {
            violation("I2: " + std::to_string(lost) + " acknowledged records of " + tp.to_string() +
                      " are lost, e.g. " + example);
        }
        if (doubled > 0) {
            violation("I8: " + std::to_string(doubled) + " records of " + tp.to_string() +
                      " are there twice, e.g. " + example);
        }
    }
}

const std::vector<SeenRecord>& History::log(const TopicPartition& tp) const {
    const auto found = logs_.find(tp);
    return found == logs_.end() ? kNothing : found->second.records;
}

std::vector<TopicPartition> History::partitions() const {
    std::vector<TopicPartition> all;
    for (const auto& [tp, log] : logs_) all.push_back(tp);
    return all;
}

std::size_t History::total_seen() const {
    std::size_t n = 0;
    for (const auto& [tp, log] : logs_) n += log.records.size();
    return n;
}

}  // namespace millrace::sim
