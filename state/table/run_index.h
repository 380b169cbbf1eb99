#pragma once
// The windows of each key, ascending: key -> small run of entries sorted by (start, seq). Entries
// are keyed by the window key (key, i64 start, i32 seq; streams-semantics §5.2). Built at the first
// fetch of a range of windows of one key.
#include <vector>

#include "millrace/state/table/table.h"

namespace millrace::state {

class RunIndex final : public EntryIndex {
public:
    explicit RunIndex(Table& table);  // attaches itself; lives as long as the table

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

    std::vector<std::uint32_t> slots_;  // 0: free, else 1 + place in runs_
    std::vector<Run> runs_;             // an empty run keeps its slot until the next growth
};

}  // namespace millrace::state
