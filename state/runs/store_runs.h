#pragma once
// The sorted runs behind one store: what was spilled and is perhaps no longer in memory. Keys are
// the store's own; values carry their timestamp. Reading never writes.
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/base/strong.h"

namespace millrace::state {

struct StoredValue {
    Bytes value;
    Timestamp timestamp;
};

class StoredCursor {  // unsigned byte order; views until the next move
public:
    virtual ~StoredCursor() = default;
    virtual void seek(std::optional<BytesView> at_least) = 0;      // nothing: the first
    virtual void seek_last(std::optional<BytesView> at_most) = 0;  // nothing: the last
    virtual bool valid() const = 0;
    virtual void next() = 0;
    virtual void previous() = 0;
    virtual BytesView key() const = 0;
    virtual BytesView value() const = 0;
    virtual Timestamp timestamp() const = 0;
    virtual Result<void> status() const = 0;  // why it ended, when not at the end
};

class StoreRuns {
public:
    virtual ~StoreRuns() = default;
    // One answer per key, in the order of the keys, which are ascending and of the given part of
    // the store.
    virtual Result<void> multi_get(std::int64_t part, std::span<const BytesView> keys,
                                   std::vector<std::optional<StoredValue>>& into) = 0;
    virtual std::unique_ptr<StoredCursor> cursor(std::int64_t part) = 0;
};

inline constexpr std::int64_t kWholeStore = 0;  // the one part of a store that is not segmented

}  // namespace millrace::state
