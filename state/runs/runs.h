#pragma once
// The seam to sorted runs on disk: what state that does not fit, or is old enough, is spilled to.
// Two implementations: RocksDB (state/rocks) and a model over base/disk.h for the simulator; a
// differential test holds one to the other.
//
// Keys and values are bytes in families of their own (column families), in unsigned byte order.
// Nothing is ever written key by key: an ingest is one atomic, durable step over all families, so
// what is on disk is always a committed prefix with its checkpoint. Made by any number of workers
// at once: every function may be called from any thread.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"

namespace millrace::state {

class RunWriter {  // keys strictly ascending
public:
    virtual ~RunWriter() = default;
    virtual Result<void> put(BytesView key, BytesView value) = 0;
    virtual Result<void> remove(BytesView key) = 0;
};

struct KeyRange {  // [begin, end)
    std::string begin, end;
};

struct FamilyBatch {
    std::string family;
    std::vector<KeyRange> removed;                 // before what `fill` writes
    std::function<Result<void>(RunWriter&)> fill;  // may be empty
};

class RunsCursor {  // a consistent view of one family from when it was made; views until the next
                    // move
public:
    virtual ~RunsCursor() = default;
    virtual void seek(BytesView at_least) = 0;
    virtual void seek_before(BytesView end) = 0;  // the last key below `end`
    virtual bool valid() const = 0;
    virtual void next() = 0;
    virtual void previous() = 0;
    virtual BytesView key() const = 0;
    virtual BytesView value() const = 0;
    virtual Result<void> status() const = 0;
};

class Runs {
public:
    virtual ~Runs() = default;
    // Families are made when first named; each at most once in a batch. All of it is durable when
    // this returns without error, or none of it is there. `go` is asked once, just before the point
    // of no return: false gives the whole thing up (RequestTimedOut). Blocks for as long as writing
    // takes.
    virtual Result<void> ingest(std::vector<FamilyBatch> batches,
                                const std::function<bool()>& go) = 0;
    // One answer per key. Keys ascending.
    virtual Result<void> multi_get(const std::string& family, std::span<const BytesView> keys,
                                   std::vector<std::optional<Bytes>>& into) = 0;
    virtual Result<std::unique_ptr<RunsCursor>> cursor(const std::string& family) = 0;
    // Nothing was ever ingested: there is nothing to open either.
    virtual bool empty() = 0;
    // They cannot be trusted: the next process start begins without them (and restores from the
    // changelogs).
    virtual void condemn(const std::string& why) = 0;
};

inline constexpr const char* kOffsetsFamily =
    "offsets";  // the record of each store and task: state/runs/store_record.h

}  // namespace millrace::state
