#pragma once
// RecordReader::read_run, for those who read much: records straight into the columns of who reads
// them, inline. Apart from the class because few need it.
#include <algorithm>
#include <utility>

#include "millrace/wire/batch/plain_records.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::wire {

namespace plain {

inline NullableView view_of(const PlainField& field) {
    return field.data ? NullableView(BytesView{field.data, field.size}) : NullableView();
}

// Between read_plain() and the columns: offsets and timestamps become whole.
template <class Columns>
struct IntoColumns {
    Columns& into;
    std::size_t from;
    std::int64_t base_offset, base_timestamp;

    [[gnu::always_inline]] void one(std::size_t i, const PlainRecord& r) {
        into.one(from + i, RecordView{Offset{base_offset + r.offset_delta},
                                      Timestamp{base_timestamp + unzigzag(r.timestamp_delta)},
                                      view_of(r.key), view_of(r.value), HeadersView()});
    }
    [[gnu::always_inline]] const std::byte* alike(std::size_t i, std::int32_t delta,
                                                  const Shape& shape, const std::byte* at,
                                                  const std::byte* stop) {
        auto take = into.alike(from + i, shape.key_size, shape.value_size);
        std::int64_t offset = base_offset + delta;
        at = each_alike(shape, at, stop, [&](const std::byte* record, std::uint64_t first) {
            take(offset++, base_timestamp + shape.time_delta(first), record + shape.key_at,
                 record + shape.value_at);
        });
        return at;
    }
};

}  // namespace plain

// At most `wanted` records; 0 at the end. Columns:
//   one(i, record)                       the i-th
//   alike(i, key_size, value_size)       gives take(offset, timestamp, key, value), which is called
//                                        for the i-th and those behind it: no nulls, no headers
//   all_at(n, timestamp)                 that is the timestamp of all n
template <class Columns>
[[gnu::always_inline]] inline Result<std::size_t> RecordReader::read_run(std::size_t wanted,
                                                                         Columns&& into) {
    if (left_ < 0) return negative_count();
    wanted = std::min(wanted, static_cast<std::size_t>(left_));
    const bool plain = plain_bases();
    for (std::size_t done = 0; done < wanted; ++done) {
        if (plain) {
            const std::byte* at = at_;
            std::int32_t delta = next_delta_;
            done += read_plain(at, end_, delta, wanted - done,
                               plain::IntoColumns<std::remove_reference_t<Columns>>{
                                   into, done, base_offset_, base_timestamp_});
            at_ = at;
            next_delta_ = delta;
            if (done == wanted) break;
        }
        RecordView record;
        if (!read_odd(record)) return malformed();
        into.one(done, record);
    }
    if (log_append_time_) into.all_at(wanted, Timestamp{max_timestamp_});
    MR_TRY_VOID(took(wanted));
    return wanted;
}

}  // namespace millrace::wire
