#pragma once
// The windows or sessions of each key, ascending: key -> small run of entries sorted by the suffix
// of their composite key, (start, seq) or (end, start) (streams-semantics §5.2). Built at the first
// fetch of a range of one key.
#include <vector>

#include "millrace/state/table/table.h"

namespace millrace::state {

class RunIndex final : public EntryIndex {
public:
    // `suffix_bytes`: of the composite keys, behind the plain key; they begin with the i64 time.
    RunIndex(Table& table,
             std::size_t suffix_bytes);  // attaches itself; lives as long as the table

    // The entries of `key` whose window starts in [from, to], ascending by start, then seq;
    // appended.
    void collect(BytesView key, std::int64_t from, std::int64_t to,
                 std::vector<Entry*>& into) const;

    void inserted(Entry* entry) override;
    void erased(Entry* entry) override;
    void moved(const Entry* from, Entry* to) override;

private:
    struct Run {
        std::uint64_t hash = 0;  // of the key without the window
        std::vector<Entry*> entries;
    };
    std::size_t place(std::uint64_t hash,
                      BytesView key) const;  // of the run, or of the free slot for it
    void add(Entry* entry);
    void grow();

    BytesView plain_key(const Entry* e) const {
        return e->key().first(e->key_size - suffix_bytes_);
    }
    BytesView suffix(const Entry* e) const { return e->key().last(suffix_bytes_); }
    std::int64_t time_of(const Entry* e) const;
    // Times are never negative, so that the bytes of a suffix sort as its numbers do.
    bool earlier(const Entry* a, const Entry* b) const { return compare(suffix(a), suffix(b)) < 0; }

    std::size_t suffix_bytes_;
    std::vector<std::uint32_t> slots_;  // 0: free, else 1 + place in runs_
    std::vector<Run> runs_;             // an empty run keeps its slot until the next growth
};

}  // namespace millrace::state
