#include "millrace/state/window/segments.h"

#include <algorithm>

namespace millrace::state {

Segments::Segments(const SegmentsShape& shape, std::unique_ptr<StoreDisk> disk)
    : shape_(shape), disk_(std::move(disk)) {
    if (!disk_) return;
    if (disk_->has_runs()) open_runs();
    disk_->attach(*this);
}

Segments::~Segments() {
    if (disk_) disk_->detach();
}

const std::optional<Error>& Segments::failure() const {
    return failure_ || !disk_ ? failure_ : disk_->failure();
}

Segment* Segments::find(std::int64_t id) {
    const auto at = segments_.find(id);
    if (at == segments_.end()) return nullptr;
    last_id_ = id;
    return last_ = at->second.get();
}

Segment& Segments::make(std::int64_t id) {
    const auto at = segments_.emplace(id, nullptr).first;
    auto& segment = at->second;
    segment = std::make_shared<Segment>(disk_ != nullptr, shape_.order, shape_.suffix_bytes);
    // A span of time has about as many windows as the one before.
    if (spare_)
        segment->table.inherit(spare_->table);
    else if (at != segments_.begin())
        segment->table.expect(std::prev(at)->second->table.size());
    spare_.reset();
    last_id_ = id;
    return *(last_ = segment.get());
}

void Segments::drop_below(std::int64_t id) {
    const auto end = segments_.lower_bound(id);
    if (end == segments_.begin()) return;
    // The windows to come are like those that go; unless keys have become few.
    for (auto at = segments_.begin(); at != end; ++at) {
        const auto& [_, segment] = *at;
        if (segment.use_count() == 1 && segment->table.filled() &&
            (!spare_ || spare_->table.size() < segment->table.size()))
            spare_ = segment;
    }
    if (spare_) spare_->drop_indexes();
    segments_.erase(segments_.begin(), end);
    last_id_ = INT64_MIN;
    last_ = nullptr;
}

// ---- transactions
// ---------------------------------------------------------------------------------------------------

void Segments::seal() {
    in_flight_clocks_ = clocks_;
    in_flight_ = true;
    sealed_puts_ = puts_;
    puts_ = 0;
    for (auto& [id, segment] : segments_) segment->table.seal();
}

void Segments::committed() {
    if (!in_flight_) return;
    in_flight_ = false;
    committed_clocks_ = in_flight_clocks_;
    for (auto& [id, segment] : segments_) segment->table.committed();
    drop_below(id_of(committed_clocks_.time - shape_.retention_ms));
    if (disk_ && sealed_puts_ > 0) disk_->changed(sealed_puts_);
    sealed_puts_ = 0;
}

void Segments::aborted() {
    in_flight_ = false;
    clocks_ = committed_clocks_;
    puts_ = sealed_puts_ = 0;
    for (auto& [id, segment] : segments_) segment->table.aborted();
}

void Segments::restore(BytesView composite, MaybeBytes value, Timestamp timestamp) {
    const std::int64_t id = id_of(time_of(composite));
    Segment* segment = at(id);
    if (!segment) {
        drop_below(live_from());
        segment = &make(id);
    }
    segment->table.restore(shape_.hash(composite), composite, value, timestamp);
}

void Segments::restored() {
    committed_clocks_ = clocks_;
    if (disk_) disk_->changed();
}

MemoryUse Segments::memory() const {
    MemoryUse use;
    std::int64_t bytes = 0;
    for (const auto& [id, segment] : segments_) {
        bytes += segment->table.bytes();
        use.uncommitted += segment->table.uncommitted_bytes();
        use.committed += segment->table.committed_bytes();
    }
    if (spare_) bytes += spare_->table.reserved_bytes();
    if (!disk_) use.committed = bytes - use.uncommitted;
    use.clean = bytes - use.uncommitted - use.committed;
    return use;
}

// ---- one key
// --------------------------------------------------------------------------------------------------------

std::optional<ValueAndTimestamp> Segments::get(std::uint64_t hash, BytesView composite) {
    const std::int64_t id = id_of(time_of(composite));
    Segment* segment = at(id);
    if (!segment) return {};
    Table& table = segment->table;
    if (auto found = table.get(hash, composite); found || table.complete()) return found;
    if (const Entry* e = table.find(hash, composite)) return Table::newest(*e);  // a tombstone
    std::vector<std::optional<StoredValue>> values;
    if (auto read = disk_->multi_get(id, {&composite, 1}, values); !read) {
        failure_ = std::move(read).error();
        return {};
    }
    MaybeBytes value;
    if (values[0]) value = values[0]->value.view();
    return Table::newest(*table.load_clean(hash, composite, value,
                                           values[0] ? values[0]->timestamp : Timestamp{-1}));
}

void Segments::put(std::uint64_t hash, BytesView composite, MaybeBytes value, Timestamp timestamp) {
    at_or_new(id_of(time_of(composite))).table.put(hash, composite, value, timestamp);
}

// ---- sorted runs
// ----------------------------------------------------------------------------------------------------

void Segments::open_runs() {
    clocks_ = committed_clocks_ = Clocks{disk_->record()->stream_time, disk_->record()->seq};
    auto ids = disk_->parts();
    if (!ids) {
        failure_ = std::move(ids).error();
        return;
    }
    for (const std::int64_t id : *ids) make(id).table.set_has_runs();
}

void Segments::load_range(std::int64_t id, Segment& segment, std::optional<BytesView> key,
                          std::int64_t from, std::int64_t to) {
    if (segment.table.complete()) return;
    const bool time_first = disk_->order() != StoredOrder::AsIs;
    const bool by_key = key && !time_first;
    from = std::max<std::int64_t>(from, 0);
    ByteSink first, last;  // the least and the greatest composite key
    const auto bound = [&](ByteSink& into, std::int64_t time, std::byte rest) {
        if (by_key) into.append(*key);
        append_be(into, time);
        for (std::size_t i = 8; i < shape_.suffix_bytes; ++i) into.push(rest);
    };
    bound(first, from, std::byte{0});
    bound(last, to, std::byte{0xff});
    auto cursor = disk_->cursor(id);
    if (by_key || time_first)
        cursor->seek(first.view());
    else
        cursor->seek(std::nullopt);
    for (; cursor->valid(); cursor->next()) {
        const BytesView found = cursor->key();
        if (found.size() < shape_.suffix_bytes) continue;
        const std::int64_t time = time_of(found);
        if (by_key ? compare(found, last.view()) > 0 : time_first && time > to) break;
        if (time < from || time > to || (key && !equal(plain(found), *key))) continue;
        const std::uint64_t hash = shape_.hash(found);
        if (!segment.table.find(hash, found))
            segment.table.load_clean(hash, found, cursor->value(), cursor->timestamp());
    }
    if (auto status = cursor->status(); !status) failure_ = std::move(status).error();
}

void Segments::freeze(SpillPart& part) {
    const std::int64_t live_from = id_of(committed_clocks_.time - shape_.retention_ms);
    if (live_from > 0 && disk_->has_runs()) part.removed.push_back(disk_->range_below(live_from));
    for (auto& [id, segment] : segments_) {
        if (segment->table.committed_bytes() == 0) continue;
        part.frozen.push_back(
            {disk_->prefix(id), segment, &segment->table.freeze(), disk_->order()});
        spilling_.push_back(segment);
    }
    disk_->begin(part, committed_clocks_.time, committed_clocks_.seq);
}

void Segments::thaw(bool spilled) {
    for (auto& segment : spilling_)
        spilled ? segment->table.spilled() : segment->table.spill_failed();
    spilling_.clear();
    disk_->end(spilled);
}

std::int64_t Segments::evict(std::int64_t bytes) {
    constexpr std::size_t kSlotsPerTurn = 65'536;  // some hundreds of microseconds at most
    std::int64_t freed = spare_ ? spare_->table.reserved_bytes() : 0;
    spare_.reset();
    for (auto& [id, segment] : segments_)  // the oldest first
        if (freed < bytes) freed += segment->table.evict(bytes - freed, kSlotsPerTurn);
    return freed;
}

void Segments::clear() {
    segments_.clear();
    spare_.reset();
    spilling_.clear();
    last_id_ = INT64_MIN;
    last_ = nullptr;
    clocks_ = in_flight_clocks_ = committed_clocks_ = Clocks{};
    puts_ = sealed_puts_ = 0;
}

}  // namespace millrace::state
