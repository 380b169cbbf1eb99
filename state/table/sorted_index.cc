#include "millrace/state/table/sorted_index.h"

#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"

namespace millrace::state {
namespace {
constexpr std::size_t kWindowSuffix = 12;  // i64 start, i32 seq

// a1 a2 against b1 b2, each pair read as one string of bytes. The second parts are four bytes.
int compare_joined(BytesView a1, BytesView a2, BytesView b1, BytesView b2) {
    const std::size_t shared = std::min(a1.size(), b1.size());
    if (const int head = compare(a1.first(shared), b1.first(shared)); head != 0) return head;
    std::byte a[64], b[64];
    if (a1.size() == b1.size()) return compare(a2, b2);
    const auto rest = [](BytesView from, std::size_t at, BytesView then, std::byte* into) {
        const std::size_t n = std::min<std::size_t>(from.size() - at, 32);
        std::memcpy(into, from.data() + at, n);
        std::memcpy(into + n, then.data(), then.size());
        return n + then.size();
    };
    // Only four bytes of the shorter one are left: what lies beyond cannot decide anything but the
    // length.
    const std::size_t an = rest(a1, shared, a2, a), bn = rest(b1, shared, b2, b);
    return compare({a, an}, {b, bn});
}

int compare_session_keys(BytesView a, BytesView b, bool start_before_key) {
    constexpr std::size_t kSuffix = 16;
    if (a.size() < kSuffix || b.size() < kSuffix) return compare(a, b);
    const BytesView ka = a.first(a.size() - kSuffix), kb = b.first(b.size() - kSuffix);
    if (const int end = compare(a.subspan(ka.size(), 8), b.subspan(kb.size(), 8)); end != 0)
        return end;
    const int key = compare(ka, kb), start = compare(a.last(8), b.last(8));
    return start_before_key ? (start != 0 ? start : key) : (key != 0 ? key : start);
}
}  // namespace

int compare_keys(BytesView a, BytesView b, KeyOrder order) {
    if (order == KeyOrder::Bytes || a.size() < kWindowSuffix || b.size() < kWindowSuffix)
        return compare(a, b);
    if (order != KeyOrder::TimeFirst)
        return compare_session_keys(a, b, order == KeyOrder::SessionTimeFirst);
    const std::size_t ka = a.size() - kWindowSuffix, kb = b.size() - kWindowSuffix;
    const auto sa = load_be<std::int64_t>(a.data() + ka), sb = load_be<std::int64_t>(b.data() + kb);
    if (sa != sb) return sa < sb ? -1 : 1;
    return compare_joined(a.first(ka), a.subspan(ka + 8), b.first(kb), b.subspan(kb + 8));
}

SortedIndex::SortedIndex(Table& table, KeyOrder order) : entries_(Less{order}) {
    std::vector<Entry*> all;
    all.reserve(table.size());
    table.for_each([&](Entry* e) { all.push_back(e); });
    const Less less{order};
    std::sort(all.begin(), all.end(), [&](Entry* a, Entry* b) { return less(Node{a}, Node{b}); });
    for (Entry* e : all) entries_.insert(entries_.end(), Node{e});
    table.attach(this);
}

Entry* SortedIndex::first(std::optional<BytesView> at_least) const {
    const auto at = at_least ? entries_.lower_bound(*at_least) : entries_.begin();
    return at == entries_.end() ? nullptr : at->entry;
}
Entry* SortedIndex::last(std::optional<BytesView> at_most) const {
    const auto at = at_most ? entries_.upper_bound(*at_most) : entries_.end();
    return at == entries_.begin() ? nullptr : std::prev(at)->entry;
}
Entry* SortedIndex::after(BytesView key) const {
    const auto at = entries_.upper_bound(key);
    return at == entries_.end() ? nullptr : at->entry;
}
Entry* SortedIndex::before(BytesView key) const {
    const auto at = entries_.lower_bound(key);
    return at == entries_.begin() ? nullptr : std::prev(at)->entry;
}

void SortedIndex::inserted(Entry* entry) {
    MR_CHECK(entries_.insert(Node{entry}).second);
}
void SortedIndex::erased(Entry* entry) {
    MR_CHECK(entries_.erase(Node{entry}) == 1);
}
void SortedIndex::moved(const Entry* from, Entry* to) {
    const auto at = entries_.find(Node{const_cast<Entry*>(from)});
    MR_CHECK(at != entries_.end());
    at->entry = to;
}

}  // namespace millrace::state
