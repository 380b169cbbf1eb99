#pragma once
// The entries of a table in order, built at the first range call and kept up from then on.
#include <set>

#include "millrace/state/table/table.h"

namespace millrace::state {

enum class KeyOrder : std::uint8_t {
    Bytes,             // unsigned byte order of the whole key
    TimeFirst,         // of window keys (key, i64 start, i32 seq): start, then key and seq as bytes
    SessionEndFirst,   // of session keys (key, i64 end, i64 start): end, key, start
    SessionTimeFirst,  // of session keys: end, start, key
};

int compare_keys(BytesView a, BytesView b, KeyOrder order);

class SortedIndex final : public EntryIndex {
public:
    SortedIndex(Table& table, KeyOrder order);  // attaches itself; lives as long as the table

    // The first entry at or after the key, the last at or before it (nothing: the first, the last);
    // null at the end.
    Entry* first(std::optional<BytesView> at_least) const;
    Entry* last(std::optional<BytesView> at_most) const;
    Entry* after(BytesView key) const;  // strictly
    Entry* before(BytesView key) const;

    void inserted(Entry* entry) override;
    void erased(Entry* entry) override;
    void moved(const Entry* from, Entry* to) override;

    struct Node {
        mutable Entry* entry;  // moved() changes the block, never the key
    };
    struct Less {
        using is_transparent = void;
        KeyOrder order;
        bool operator()(const Node& a, const Node& b) const {
            return compare_keys(a.entry->key(), b.entry->key(), order) < 0;
        }
        bool operator()(const Node& a, BytesView b) const {
            return compare_keys(a.entry->key(), b, order) < 0;
        }
        bool operator()(BytesView a, const Node& b) const {
            return compare_keys(a, b.entry->key(), order) < 0;
        }
    };
    using Set = std::set<Node, Less>;
    const Set& entries() const { return entries_; }

private:
    Set entries_;
};

}  // namespace millrace::state
