#include "millrace/state/table/run_index.h"

#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"

namespace millrace::state {
std::int64_t RunIndex::time_of(const Entry* e) const {
    return load_be<std::int64_t>(suffix(e).data());
}

RunIndex::RunIndex(Table& table, std::size_t suffix_bytes)
    : suffix_bytes_(suffix_bytes), slots_(16) {
    const auto earlier = [this](const Entry* a, const Entry* b) { return this->earlier(a, b); };
    std::vector<Entry*> all;
    table.for_each([&](Entry* e) { all.push_back(e); });
    std::sort(all.begin(), all.end(), earlier);  // so that every run is only appended to
    for (Entry* e : all) add(e);
    table.attach(this);
}

std::size_t RunIndex::place(std::uint64_t hash, BytesView key) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
        if (slots_[i] == 0) return i;
        const Run& run = runs_[slots_[i] - 1];
        // An emptied run cannot say which key it was for; its slot is passed over until the next
        // growth.
        if (run.hash == hash && !run.entries.empty() && equal(plain_key(run.entries.front()), key))
            return i;
    }
}

void RunIndex::grow() {
    // Emptied runs go; what is left fills at most half of the slots.
    std::erase_if(runs_, [](const Run& run) { return run.entries.empty(); });
    std::size_t slots = 16;
    while (slots < runs_.size() * 4) slots *= 2;
    slots_.assign(slots, 0);
    for (std::size_t r = 0; r < runs_.size(); ++r) {
        std::size_t i = runs_[r].hash & (slots - 1);
        while (slots_[i] != 0) i = (i + 1) & (slots - 1);
        slots_[i] = static_cast<std::uint32_t>(r + 1);
    }
}

void RunIndex::add(Entry* entry) {
    const BytesView key = plain_key(entry);
    const std::uint64_t hash = hash_bytes(key);
    std::size_t at = place(hash, key);
    if (slots_[at] == 0) {
        if ((runs_.size() + 1) * 3 > slots_.size() * 2) {
            grow();
            at = place(hash, key);
        }
        runs_.push_back(Run{hash, {}});
        slots_[at] = static_cast<std::uint32_t>(runs_.size());
    }
    const auto earlier = [this](const Entry* a, const Entry* b) { return this->earlier(a, b); };
    auto& run = runs_[slots_[at] - 1].entries;
    if (run.empty() || earlier(run.back(), entry))
        run.push_back(entry);
    else
        run.insert(std::upper_bound(run.begin(), run.end(), entry, earlier), entry);
}

void RunIndex::inserted(Entry* entry) {
    add(entry);
}

void RunIndex::erased(Entry* entry) {
    const BytesView key = plain_key(entry);
    const std::size_t at = place(hash_bytes(key), key);
    MR_CHECK(slots_[at] != 0);
    const auto earlier = [this](const Entry* a, const Entry* b) { return this->earlier(a, b); };
    auto& run = runs_[slots_[at] - 1].entries;
    const auto there = std::lower_bound(run.begin(), run.end(), entry, earlier);
    MR_CHECK(there != run.end() && *there == entry);
    run.erase(there);
}

void RunIndex::moved(const Entry* from, Entry* to) {
    const BytesView key = plain_key(from);
    const std::size_t at = place(hash_bytes(key), key);
    MR_CHECK(slots_[at] != 0);
    const auto earlier = [this](const Entry* a, const Entry* b) { return this->earlier(a, b); };
    auto& run = runs_[slots_[at] - 1].entries;
    const auto there = std::lower_bound(run.begin(), run.end(), to, earlier);
    MR_CHECK(there != run.end() && *there == from);
    *there = to;
}

void RunIndex::collect(BytesView key, std::int64_t from, std::int64_t to,
                       std::vector<Entry*>& into) const {
    const std::size_t at = place(hash_bytes(key), key);
    if (slots_[at] == 0) return;
    const auto& run = runs_[slots_[at] - 1].entries;
    auto it =
        std::lower_bound(run.begin(), run.end(), from,
                         [this](const Entry* e, std::int64_t start) { return time_of(e) < start; });
    for (; it != run.end() && time_of(*it) <= to; ++it) into.push_back(*it);
}

}  // namespace millrace::state
