#pragma once
// One key of a table and its versions. The newest version wins; a transaction number says which
// layer a version is in:
//
//     open      > sealed        written since the last seal
//     in flight > committed     sealed: EndTxn was sent
//     committed > frozen        not in the sorted runs yet
//     frozen    > clean         being written to the sorted runs by another thread, which reads key
//     and home value clean                     also in the sorted runs: may be forgotten
//
// The home version lies in the entry's own block behind the key, so that an idle key costs one
// block and one look: [header 40] [key][value]. Besides it there may be other versions, linked
// newest first, in one of two ways:
//
//   above  a newer value that does not fit, or whose home may not be touched, is a block of its
//   own;
//          a commit copies the newest committed one home
//   below  a value that fits is written over the home, and what the home held goes into the undo
//          log of the transaction (undo_log.h): a commit just forgets it, an abort copies it back.
//          Counters go this way. What a commit forgot may still be linked: Table::undo_of()
#include <cstdint>
#include <cstring>

#include "millrace/base/bytes.h"
#include "millrace/state/table/arena.h"

namespace millrace::state {

using TxnNumber = std::uint32_t;

inline constexpr std::uint32_t kTombstone = 0xffffffffu;  // as a value size: deleted
inline constexpr std::uint32_t kNothing =
    0xfffffffeu;  // as a home's value size: the home holds no version

struct Version {
    Version* below;  // the next older one; null: the home
    std::int64_t timestamp;
    std::uint32_t value_size;
    TxnNumber txn;
    SizeClass size_class;

    std::byte* value() { return reinterpret_cast<std::byte*>(this + 1); }
    BytesView view() const { return {reinterpret_cast<const std::byte*>(this + 1), value_size}; }
    std::size_t capacity() const {
        return Arena::size_of(reinterpret_cast<const std::byte*>(this), size_class) - sizeof *this;
    }
};

struct Entry {
    std::uint64_t hash;
    Version* link;  // other versions, newest first
    std::int64_t timestamp;
    std::uint32_t key_size;
    std::uint32_t value_size;
    TxnNumber txn;  // of the home version
    SizeClass size_class;
    bool referenced;  // since the eviction hand came by
    bool dead : 1;    // forgotten, but a dirty list still names the block
    bool noted : 1;   // made by a transaction that has it in `above` too
    bool undoable;    // the links are older than the home

    BytesView key() const { return {reinterpret_cast<const std::byte*>(this + 1), key_size}; }
    std::byte* home_value() { return reinterpret_cast<std::byte*>(this + 1) + key_size; }
    BytesView home_view() const {
        return {reinterpret_cast<const std::byte*>(this + 1) + key_size, value_size};
    }
    std::size_t block_size() const {
        return Arena::size_of(reinterpret_cast<const std::byte*>(this), size_class);
    }
    std::size_t home_capacity() const { return block_size() - sizeof *this - key_size; }

    Version* upper() const { return undoable ? nullptr : link; }  // null: the home is the newest

    TxnNumber newest_txn() const { return upper() ? link->txn : txn; }
    bool newest_is_value() const { return (upper() ? link->value_size : value_size) < kNothing; }
};
static_assert(sizeof(Entry) == 40 && sizeof(Version) == 32);

}  // namespace millrace::state
