#pragma once
// Logs with keys, tombstones and transactions, and what a consumer makes of them.
#include <map>
#include <optional>
#include <set>

#include "log_fixture.h"
#include "millrace/wire/batch/compression.h"

namespace millrace::broker::log_test {

struct KeyValue {
    std::string key;
    std::optional<std::string> value;
};

struct KeyedBatch {
    std::vector<KeyValue> records;
    std::int64_t timestamp = 1000;
    std::int64_t producer = -1;
    std::int16_t epoch = 0;
    std::int32_t sequence = 0;
    bool transactional = false;
    wire::Codec codec = wire::Codec::None;
};

inline Bytes batch(const KeyedBatch& b) {
    wire::RecordBatchBuilder builder(64);
    std::int64_t time = b.timestamp;
    for (const KeyValue& record : b.records) {
        const wire::Header header{as_bytes("h"), as_bytes(record.key)};
        builder.append(
            Timestamp{time++}, as_bytes(record.key),
            record.value ? wire::NullableView(as_bytes(*record.value)) : wire::NullableView(),
            std::span(&header, 1));
    }
    wire::BatchSettings settings;
    settings.codec = b.codec;
    if (b.producer >= 0) {
        settings.producer_id = ProducerId{b.producer};
        settings.producer_epoch = ProducerEpoch{b.epoch};
        settings.base_sequence = b.sequence;
        settings.transactional = b.transactional;
    }
    return builder.finish(settings);
}

struct Latest {
    std::int64_t offset = 0;
    std::string value;
    friend bool operator==(const Latest&, const Latest&) = default;
};
using Fold = std::map<std::string, Latest>;

// What a read_committed consumer makes of a log from its start to its last stable offset.
inline Result<Fold> committed_fold(Log& log, std::size_t bytes_max = 1 << 20) {
    Fold fold;
    const Offset end = log.last_stable_offset();
    MR_TRY(const auto list, log.aborted_transactions(log.log_start_offset(), end));
    std::size_t next = 0;
    std::set<std::int64_t> aborting;
    Offset from = log.log_start_offset(), last{-1};
    while (from < end) {
        MR_TRY(const Bytes bytes, log.read(from, bytes_max, end));
        if (bytes.empty()) break;
        wire::BatchWalker walker(bytes);
        while (const auto b = walker.next()) {
            MR_TRY_VOID(b->validate());
            if (b->base_offset() <= last)
                return fail(ErrorCode::CorruptMessage, "offsets do not rise");
            last = b->last_offset();
            for (; next < list.size() && list[next].first_offset <= b->last_offset(); ++next)
                aborting.insert(list[next].producer_id.value());
            from = b->next_offset();
            if (b->control()) {
                const auto marker = wire::end_transaction_marker(*b);
                if (marker && marker->type == wire::ControlType::Abort)
                    aborting.erase(b->producer_id().value());
                continue;
            }
            if (b->transactional() && aborting.contains(b->producer_id().value())) continue;
            MR_TRY(const Bytes records, wire::uncompressed_records(*b));
            wire::RecordReader reader(*b, records);
            wire::RecordView record;
            for (;;) {
                MR_TRY(const std::size_t n, reader.read({&record, 1}));
                if (n == 0) break;
                const std::string key(as_text(record.key.view()));
                for (const wire::HeaderView header : record.headers)
                    if (as_text(*header.value) != key)
                        return fail(ErrorCode::CorruptMessage, "a header changed");
                if (record.value.is_null())
                    fold.erase(key);
                else
                    fold.insert_or_assign(key, Latest{record.offset.value(),
                                                      std::string(as_text(record.value.view()))});
            }
        }
    }
    return fold;
}

inline std::string show(const Fold& fold) {
    std::string text;
    for (const auto& [key, latest] : fold)
        text += key + "=" + latest.value + "@" + std::to_string(latest.offset) + ' ';
    return text;
}

// Everything that was ever appended.
class CompactedModel {
public:
    struct Record {
        std::int64_t offset;
        std::string key;
        std::optional<std::string> value;
        std::int64_t producer = -1;  // of a transaction
        bool marker = false, commit = false;
    };
    struct Sequence {
        std::int64_t end;  // of the log, behind the batch
        std::int64_t producer;
        std::int32_t last;
    };
    std::vector<Record> records;
    std::vector<Sequence> sequences;
    std::int64_t end = 0;

    void cut(std::int64_t to) {
        std::erase_if(records, [to](const Record& r) { return r.offset >= to; });
        std::erase_if(sequences, [to](const Sequence& s) { return s.end > to; });
        end = to;
    }
    bool open_at(std::int64_t up_to) const {
        std::set<std::int64_t> open;
        for (const Record& r : records) {
            if (r.offset >= up_to) break;
            if (r.marker)
                open.erase(r.producer);
            else if (r.producer >= 0)
                open.insert(r.producer);
        }
        return !open.empty();
    }
    std::map<std::int64_t, std::int32_t> last_sequences(std::int64_t up_to) const {
        std::map<std::int64_t, std::int32_t> last;
        for (const Sequence& s : sequences)
            if (s.end <= up_to) last[s.producer] = s.last;
        return last;
    }
    Fold fold(std::int64_t up_to) const {
        std::vector<int> fate(records.size(), 0);  // 0: open, 1: committed, 2: aborted
        std::map<std::int64_t, std::vector<std::size_t>> open;
        for (std::size_t i = 0; i < records.size() && records[i].offset < up_to; ++i) {
            const Record& r = records[i];
            if (r.marker) {
                for (const std::size_t k : open[r.producer]) fate[k] = r.commit ? 1 : 2;
                open.erase(r.producer);
                fate[i] = 2;
            } else if (r.producer >= 0) {
                open[r.producer].push_back(i);
            } else {
                fate[i] = 1;
            }
        }
        Fold result;
        for (std::size_t i = 0; i < records.size() && records[i].offset < up_to; ++i) {
            const Record& r = records[i];
            if (fate[i] == 0) break;  // the last stable offset
            if (fate[i] == 2) continue;
            if (r.value)
                result.insert_or_assign(r.key, Latest{r.offset, *r.value});
            else
                result.erase(r.key);
        }
        return result;
    }
};

}  // namespace millrace::broker::log_test
