#include "millrace/state/runs/store_record.h"

#include "millrace/base/byte_order.h"

namespace millrace::state {
namespace {
constexpr std::byte kVersion{1};
constexpr std::size_t kFixed = 1 + 16 + 8 + 4 + 8 + 8 + 4;
}  // namespace

std::string store_record_key(const std::string& store, const std::string& task) {
    return store + '\0' + task;
}

std::string encode(const StoreRecord& r) {
    ByteSink sink;
    sink.push(kVersion);
    append_be(sink, r.checkpoint.topic_id.high);
    append_be(sink, r.checkpoint.topic_id.low);
    append_be(sink, r.checkpoint.next.value());
    append_be(sink, r.checkpoint.epoch ? r.checkpoint.epoch->value() : std::int32_t{-1});
    append_be(sink, r.checkpoint.written.value());
    append_be(sink, r.stream_time);
    append_be(sink, r.seq);
    sink.append(r.fingerprint);
    return std::string(as_text(sink.view()));
}

Result<StoreRecord> decode_store_record(BytesView bytes) {
    if (bytes.size() < kFixed)
        return fail(ErrorCode::CorruptMessage, "a store's record in `offsets` is too short");
    if (bytes[0] != kVersion)
        return fail(ErrorCode::UnsupportedVersion,
                    "the state directory was written by a newer version (format " +
                        std::to_string(std::to_integer<int>(bytes[0])) +
                        "); use that version, or remove the directory");
    const std::byte* at = bytes.data() + 1;
    StoreRecord r;
    r.checkpoint.topic_id.high = load_be<std::uint64_t>(at);
    r.checkpoint.topic_id.low = load_be<std::uint64_t>(at + 8);
    r.checkpoint.next = Offset{load_be<std::int64_t>(at + 16)};
    if (const auto epoch = load_be<std::int32_t>(at + 24); epoch >= 0)
        r.checkpoint.epoch = LeaderEpoch{epoch};
    r.checkpoint.written = Timestamp{load_be<std::int64_t>(at + 28)};
    r.stream_time = load_be<std::int64_t>(at + 36);
    r.seq = load_be<std::int32_t>(at + 44);
    r.fingerprint = std::string(as_text(bytes.subspan(kFixed)));
    return r;
}

}  // namespace millrace::state
