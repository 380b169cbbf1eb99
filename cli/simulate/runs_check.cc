#include "millrace/cli/simulate/runs_check.h"

#include <set>

#include "millrace/base/byte_order.h"
#include "millrace/state/runs/store_record.h"

namespace millrace::simulate {

using state::ModelRuns;

namespace {

struct Stored {
    std::string value;
    std::int64_t timestamp = 0;
    friend bool operator==(const Stored&, const Stored&) = default;
};
using Content = std::map<std::string, Stored>;

constexpr std::int64_t kRetention =
    70'000;  // of payments-per-minute, ms; the other window store forgets nothing here
constexpr std::size_t kSegment = 8, kWindowSuffix = 12;

bool windowed(const std::string& store) {
    return store.ends_with("-per-minute");
}

// Windows that the store may have dropped already are not compared.
bool live(const std::string& store, const std::string& key, std::int64_t stream_time) {
    if (store != "payments-per-minute" || key.size() < kWindowSuffix) return true;
    return load_be<std::int64_t>(as_bytes(key).data() + key.size() - kWindowSuffix) >=
           stream_time - kRetention;
}

Content fold(const sim::History& history, const TopicPartition& changelog, Offset below,
             const std::string& store, std::int64_t stream_time) {
    Content content;
    for (const sim::SeenRecord& record : history.log(changelog)) {
        if (record.offset >= below) break;
        const std::string key = record.key.value_or("");
        if (!live(store, key, stream_time)) continue;
        if (record.value)
            content[key] = {*record.value, record.timestamp.value()};
        else
            content.erase(key);
    }
    return content;
}

// Keys whose newest record below that offset was compacted away, since there is a newer one behind
// it: who restored until there cannot know it, and is given the newer one before it goes on.
std::set<std::string> compacted_away(const sim::History& history, const TopicPartition& changelog,
                                     Offset below) {
    std::map<std::string, Offset> newest;
    for (const sim::SeenRecord& record : history.log(changelog))
        if (record.offset < below) newest[record.key.value_or("")] = record.offset;
    std::set<std::string> keys;
    for (const auto& [key, offset] : newest)
        if (history.gone(changelog, offset)) keys.insert(key);
    return keys;
}

Content held(const ModelRuns::Family& family, const std::string& store, const std::string& task,
             std::int64_t stream_time) {
    const std::string prefix = task + '\0';
    Content content;
    for (auto at = family.lower_bound(prefix); at != family.end() && at->first.starts_with(prefix);
         ++at) {
        std::string key = at->first.substr(prefix.size());
        if (windowed(store)) key = key.substr(std::min(kSegment, key.size()));
        if (at->second.size() < 8 || !live(store, key, stream_time)) continue;
        content[key] = {at->second.substr(8), load_be<std::int64_t>(as_bytes(at->second).data())};
    }
    return content;
}

}  // namespace

void RunsCheck::take(const ModelRuns& runs) {
    if (runs.content().contains(state::kOffsetsFamily)) pictures_.push_back(runs.content());
}

void RunsCheck::check(sim::History& history, const std::string& application) const {
    for (const auto& picture : pictures_) {
        for (const auto& [name, value] : picture.at(state::kOffsetsFamily)) {
            const std::size_t zero = name.find('\0');
            const std::string store = name.substr(0, zero), task = name.substr(zero + 1);
            const auto record = state::decode_store_record(as_bytes(value));
            if (!record)
                return history.violation("I20: the record of store " + store + " does not parse");
            const TopicPartition changelog{application + '-' + store + "-changelog",
                                           std::atoi(task.substr(task.find('_') + 1).c_str())};
            const auto family = picture.find(store);
            Content disk = family == picture.end()
                                     ? Content{}
                                     : held(family->second, store, task, record->stream_time);
            Content log =
                fold(history, changelog, record->checkpoint.next, store, record->stream_time);
            for (const std::string& key :
                 compacted_away(history, changelog, record->checkpoint.next)) {
                disk.erase(key);
                log.erase(key);
            }
            if (disk == log) continue;
            std::string what;
            for (const auto& [key, stored] : log) {
                const auto at = disk.find(key);
                if (at != disk.end() && at->second == stored) continue;
                what = at == disk.end() ? "it lacks a key" : "a key has another value";
                break;
            }
            if (what.empty()) what = "it has a key too many";
            return history.violation("I20: the runs of store " + store + " of task " + task +
                                     " are not the fold of " + changelog.to_string() + " below " +
                                     std::to_string(record->checkpoint.next.value()) + ": " + what);
        }
    }
}

}  // namespace millrace::simulate
