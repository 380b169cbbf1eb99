#pragma once
// How a store's composite keys lie in the sorted runs: as they are, or with the time in front, for
// stores whose scans go by time.
//   WindowTimeFirst    start || key || seq     (of key || start || seq)
//   SessionTimeFirst   end || start || key     (of key || end || start)
#include "millrace/base/bytes.h"

namespace millrace::state {

enum class StoredOrder : std::uint8_t { AsIs, WindowTimeFirst, SessionTimeFirst };

inline void append_stored_key(ByteSink& into, BytesView key, StoredOrder order) {
    const std::size_t suffix = order == StoredOrder::SessionTimeFirst ? 16 : 12;
    if (order == StoredOrder::AsIs || key.size() < suffix) return into.append(key);
    const std::size_t n = key.size() - suffix;
    const std::size_t front = order == StoredOrder::SessionTimeFirst ? 16 : 8;
    into.append(key.subspan(n, front));
    into.append(key.first(n));
    into.append(key.subspan(n + front));
}

inline void append_original_key(ByteSink& into, BytesView stored, StoredOrder order) {
    const std::size_t suffix = order == StoredOrder::SessionTimeFirst ? 16 : 12;
    if (order == StoredOrder::AsIs || stored.size() < suffix) return into.append(stored);
    const std::size_t n = stored.size() - suffix;
    const std::size_t front = order == StoredOrder::SessionTimeFirst ? 16 : 8;
    into.append(stored.subspan(front, n));
    into.append(stored.first(front));
    into.append(stored.subspan(front + n));
}

}  // namespace millrace::state
