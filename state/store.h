#pragma once
// What every state store is to the engine (design §3.10). A store holds bytes: serialised keys and
// values in Kafka's layouts. Memory first: entries are open (written since the last seal), in
// flight (sealed: EndTxn was sent), committed, or clean (also in the sorted runs). Reads see the
// newest. Processing goes on above what is in flight.
//
//   write ... seal() -> [EndTxn] -> committed()      the sealed entries merge down
//                                   aborted()        open and in-flight entries drop; the store is
//                                   what the last commit left
//
// Views that a store hands out are valid until the next call of a non-const function of that store.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/hash.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"

namespace millrace::state {

using MaybeBytes = std::optional<BytesView>;  // nothing: null, a tombstone

struct HashedKey {  // a key with its hash, computed once and reused by prefetch, find and write
    explicit HashedKey(BytesView k) : key(k), hash(hash_bytes(k)) {}
    HashedKey(BytesView k, std::uint64_t h) : key(k), hash(h) {}
    BytesView key;
    std::uint64_t hash;
};

struct ValueAndTimestamp {
    BytesView value;
    Timestamp timestamp;  // of a plain (untimestamped) store: the timestamp given at the write
};

// One record that counts: what count() of a store takes and gives.
struct Counted {
    BytesView key;       // in: the record's. out: the entry's own, in changelog layout; good until
                         // the next seal(), commit, abort or spill
    std::uint64_t hash;  // of the record's key
    std::int64_t timestamp;  // ms. in: the record's. out: the entry's, the greatest so far
    std::byte count[8];      // out: as it is stored, i64 big endian
};

// Where a store reports each write, in Kafka's changelog layout (streams-semantics §5.2): the
// engine's changelog producer.
class ChangeLog {
public:
    virtual ~ChangeLog() = default;
    virtual void log(BytesView key, MaybeBytes value, Timestamp timestamp) = 0;
    virtual void log_counted(std::span<const Counted> run) {  // the same, one after the other
        for (const Counted& record : run)
            log(record.key, BytesView(record.count), Timestamp{record.timestamp});
    }
};

struct MemoryUse {
    std::int64_t uncommitted =
        0;  // open and in flight; statestore.uncommitted.max.bytes forces a commit
    std::int64_t committed = 0;  // not yet in the sorted runs
    std::int64_t clean = 0;      // evictable
};

class StateStore {
public:
    virtual ~StateStore() = default;
    virtual const std::string& name() const = 0;
    virtual bool persistent() const = 0;             // has sorted runs behind it
    virtual void set_changelog(ChangeLog* log) = 0;  // null: logging is disabled, or restoring

    // Writes out what a record cache holds (it may call its listener); before each seal(), store by
    // store in topology order.
    virtual void flush() {}
    virtual void seal() = 0;
    virtual void committed() = 0;
    virtual void aborted() = 0;

    // One record of the changelog (key and value in changelog layout), below everything open;
    // nothing is logged.
    virtual Result<void> restore(BytesView key, MaybeBytes value, Timestamp timestamp) = 0;
    virtual MemoryUse memory() const = 0;
    virtual std::int64_t expired_puts()
        const = 0;  // puts past retention: they count as dropped records
    // Set when the sorted runs could not be read: what was answered since is not to be committed.
    virtual const std::optional<Error>& failure() const {
        static const std::optional<Error> none;
        return none;
    }
    virtual class DurableState* durable() {
        return nullptr;
    }  // checkpoint.h; null: in memory only, restored whole
};

class KeyValueCursor {  // unsigned byte order of the keys; a consistent view is not promised, as in
                        // Kafka
public:
    virtual ~KeyValueCursor() = default;
    virtual bool valid() const = 0;
    virtual void next() = 0;
    virtual BytesView key() const = 0;
    virtual ValueAndTimestamp value() const = 0;
};

class KeyValueStore
    : public StateStore {  // plain or timestamped: only the reader's use of the timestamp differs
public:
    virtual void prefetch(const HashedKey& key) = 0;  // a hint: the slot is about to be read
    virtual std::optional<ValueAndTimestamp> get(const HashedKey& key) = 0;
    virtual void put(const HashedKey& key, MaybeBytes value, Timestamp timestamp) = 0;
    virtual std::unique_ptr<KeyValueCursor> range(std::optional<BytesView> from,
                                                  std::optional<BytesView> to,
                                                  bool forward) = 0;  // both ends inclusive
    virtual std::int64_t approximate_num_entries() const = 0;
    // A run of records counted, in order: for each what get, one more, and put would do to a value
    // of eight bytes (any other starts at 0), in one step. False: not done, take get and put.
    virtual bool count(std::span<Counted>) { return false; }

    virtual bool complete() const { return true; }  // what is not in memory is nowhere
    // Cold reads in one go: which of a run's keys only the sorted runs can answer, and fetching
    // them (it blocks on the disk). Without it get() reads key by key.
    virtual void needs_read(std::span<const HashedKey>, std::vector<HashedKey>& missing) const {
        (void)missing;
    }
    virtual Result<void> load(std::span<const HashedKey>) { return {}; }
};

class WindowCursor {
public:
    virtual ~WindowCursor() = default;
    virtual bool valid() const = 0;
    virtual void next() = 0;
    virtual BytesView key() const = 0;              // without the window
    virtual std::int64_t window_start() const = 0;  // ms
    virtual ValueAndTimestamp value() const = 0;
};

class WindowStore : public StateStore {
public:
    virtual std::int64_t window_size_ms() const = 0;
    virtual std::int64_t retention_ms() const = 0;
    virtual std::int64_t observed_stream_time() const = 0;  // -1: nothing put yet
    virtual void prefetch(const HashedKey& key, std::int64_t window_start) = 0;
    virtual std::optional<ValueAndTimestamp> fetch(const HashedKey& key,
                                                   std::int64_t window_start) = 0;
    virtual void put(const HashedKey& key, std::int64_t window_start, MaybeBytes value,
                     Timestamp timestamp) = 0;
    // As KeyValueStore::count, all in one window.
    virtual bool count(std::span<Counted>, std::int64_t window_start) {
        (void)window_start;
        return false;
    }
    // Ascending by start (then by the order of the puts, where duplicates are kept), else
    // descending; bounds inclusive.
    virtual std::unique_ptr<WindowCursor> fetch(BytesView key, std::int64_t from, std::int64_t to,
                                                bool forward = true) = 0;
    // Order: streams-semantics §5.3 (segment, key, start of a persistent store; start, key of one
    // in memory or time ordered).
    virtual std::unique_ptr<WindowCursor> fetch_all(std::int64_t from, std::int64_t to,
                                                    bool forward = true) = 0;
};

class SessionCursor {
public:
    virtual ~SessionCursor() = default;
    virtual bool valid() const = 0;
    virtual void next() = 0;
    virtual BytesView key() const = 0;       // without the session
    virtual std::int64_t start() const = 0;  // ms; both ends inclusive
    virtual std::int64_t end() const = 0;
    virtual ValueAndTimestamp value() const = 0;
};

class SessionStore : public StateStore {  // changelog keys: key || i64 end || i64 start
public:
    virtual std::int64_t retention_ms() const = 0;
    virtual std::int64_t observed_stream_time()
        const = 0;  // the greatest session end put; -1: nothing put yet
    virtual std::optional<ValueAndTimestamp> fetch(const HashedKey& key, std::int64_t start,
                                                   std::int64_t end) = 0;
    virtual void put(const HashedKey& key, std::int64_t start, std::int64_t end, MaybeBytes value,
                     Timestamp timestamp) = 0;
    virtual void remove(const HashedKey& key, std::int64_t start, std::int64_t end,
                        Timestamp timestamp) = 0;
    // The sessions of a key with end >= earliest_end and start <= latest_start, by end, then start.
    virtual std::unique_ptr<SessionCursor> find(BytesView key, std::int64_t earliest_end,
                                                std::int64_t latest_start, bool forward = true) = 0;
    // Of all keys, with the end in [earliest_end, latest_end]. Order: streams-semantics §5.3.
    virtual std::unique_ptr<SessionCursor> find_all(std::int64_t earliest_end,
                                                    std::int64_t latest_end,
                                                    bool forward = true) = 0;
};

}  // namespace millrace::state
