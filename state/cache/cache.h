#pragma once
// The record cache (statestore.cache.max.bytes; streams-semantics §4.4): a store's updates since
// the last flush, one per key. A flush writes each key's last value to the store below (which logs
// it) and hands the change to the listener, in the order of the last updates. It happens at a
// commit, and when the worker's caches are over their budget: then for the whole cache that was
// just written. Kafka's LRU timing is not imitated (design §3.9).
//
// A cache holds what the open transaction did: aborted() clears it, and seal() wants it flushed.
#include <cstdint>
#include <functional>
#include <vector>

#include "millrace/state/store.h"
#include "millrace/state/table/run_index.h"
#include "millrace/state/table/sorted_index.h"
#include "millrace/state/table/table.h"

namespace millrace::state {

struct CacheBudget {  // of one worker: shared by the caches of its tasks
    std::int64_t max_bytes = 10'485'760;
    std::int64_t bytes = 0;
};

struct CacheFlush {
    BytesView key;        // of a window store: key || start || seq
    MaybeBytes value;     // nothing: deleted
    Timestamp timestamp;  // given with the last put: of the value, or of the record that deleted it
    std::optional<ValueAndTimestamp>
        old_value;      // what the store held; only where the listener wants it
    BytesView headers;  // of the record that made the last update
};

class CacheListener {
public:
    virtual ~CacheListener() = default;
    virtual bool wants_old_values() const = 0;
    virtual BytesView headers() const = 0;  // of the record under way, asked at each put
    // The store below has the new value. May put into other stores; the views hold until it
    // returns.
    virtual void flushed(const CacheFlush& flush) = 0;
};

// The updates of one store: key -> (sequence of the last update, headers, value). Not a store
// itself.
class UpdateCache {
public:
    explicit UpdateCache(CacheBudget* budget) : budget_(budget) {}
    ~UpdateCache() { clear(); }

    struct Update {
        MaybeBytes value;  // nothing: deleted
        Timestamp timestamp;
        BytesView headers;
        std::uint64_t sequence;
    };
    const Entry* find(std::uint64_t hash, BytesView key) const { return table_.find(hash, key); }
    static Update read(const Entry& e);
    // True when the caches are over their budget now: flush this one.
    bool put(std::uint64_t hash, BytesView key, MaybeBytes value, Timestamp timestamp,
             BytesView headers);
    // Takes the updates out, oldest first; what `visit` puts meanwhile comes last.
    void drain(const std::function<void(BytesView key, std::uint64_t hash, const Update&)>& visit);
    void clear();
    bool empty() const { return table_.empty(); }
    std::int64_t bytes() const { return bytes_; }
    Table& table() { return table_; }

private:
    void account(std::int64_t bytes);
    struct Ordered {
        Entry* entry;
        std::uint64_t sequence;  // not the entry's any more: a later update stands further behind
    };
    CacheBudget* budget_;
    Table table_;  // never sealed: everything is open
    std::vector<Ordered> order_;
    std::uint64_t next_sequence_ = 1;
    std::int64_t bytes_ = 0;
    ByteSink scratch_, drained_;
    bool draining_ = false;
};

}  // namespace millrace::state
