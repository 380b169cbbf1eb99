#include "millrace/state/spill/spill_job.h"

#include <algorithm>
#include <map>

#include "millrace/base/byte_order.h"
#include "millrace/base/mutant.h"

namespace millrace::state {
namespace {

void write_key(ByteSink& into, const SpillPart::Frozen& from, BytesView key) {
    into.clear();
    into.append(from.prefix);
    append_stored_key(into, key, from.order);
}

KeyOrder order_of(StoredOrder stored) {
    switch (stored) {
        case StoredOrder::AsIs:
            return KeyOrder::Bytes;
        case StoredOrder::WindowTimeFirst:
            return KeyOrder::TimeFirst;
        case StoredOrder::SessionTimeFirst:
            return KeyOrder::SessionTimeFirst;
    }
    return KeyOrder::Bytes;
}

Result<void> write_frozen(RunWriter& writer, const SpillPart::Frozen& from) {
    std::vector<const Entry*> sorted(from.entries->begin(), from.entries->end());
    const KeyOrder order = order_of(from.order);
    std::sort(sorted.begin(), sorted.end(), [order](const Entry* a, const Entry* b) {
        return compare_keys(a->key(), b->key(), order) < 0;
    });
    ByteSink key, value;
    for (const Entry* e : sorted) {
        write_key(key, from, e->key());
        if (e->value_size == kTombstone) {
            if (mutant::on(Mutant::SpillLosesDeletions)) continue;
            MR_TRY_VOID(writer.remove(key.view()));
            continue;
        }
        value.clear();
        append_be(value, e->timestamp);
        value.append(e->home_view());
        MR_TRY_VOID(writer.put(key.view(), value.view()));
    }
    return {};
}

}  // namespace

Result<void> SpillJob::write() {
    // By family, then by prefix: several tasks of this worker share a store's family.
    std::map<std::string, std::vector<const SpillPart::Frozen*>> frozen;
    std::map<std::string, std::vector<KeyRange>> removed;
    std::map<std::string, std::string> records;
    for (const SpillPart& part : parts_) {
        for (const auto& f : part.frozen) frozen[part.family].push_back(&f);
        for (const auto& r : part.removed) removed[part.family].push_back(r);
        records[part.record_key] = part.record;
    }
    for (const auto& [family, ranges] : removed) frozen.try_emplace(family);
    std::vector<FamilyBatch> batches;
    for (auto& [family, list] : frozen) {
        std::sort(list.begin(), list.end(),
                  [](const auto* a, const auto* b) { return a->prefix < b->prefix; });
        FamilyBatch batch{family, removed[family], {}};
        batch.fill = [list](RunWriter& writer) -> Result<void> {
            for (const auto* f : list) MR_TRY_VOID(write_frozen(writer, *f));
            return {};
        };
        batches.push_back(std::move(batch));
    }
    FamilyBatch offsets{kOffsetsFamily, {}, {}};
    offsets.fill = [&records](RunWriter& writer) -> Result<void> {
        for (const auto& [key, record] : records)
            MR_TRY_VOID(writer.put(as_bytes(key), as_bytes(record)));
        return {};
    };
    batches.push_back(std::move(offsets));
    return runs_.ingest(std::move(batches), [this] {
        Stage expected = Stage::Writing;
        return stage_.compare_exchange_strong(expected, Stage::Ingesting);
    });
}

void SpillJob::run() {
    Stage expected = Stage::Waiting;
    if (stage_.compare_exchange_strong(expected, Stage::Writing))
        outcome_ = write();
    else
        outcome_ = fail(ErrorCode::RequestTimedOut, "the spill was given up before it began");
    parts_.clear();
    stage_.store(Stage::Ended);
    stage_.notify_all();
    finished_.store(true, std::memory_order_release);
}

void SpillJob::cancel() {
    for (;;) {
        Stage stage = stage_.load();
        if (stage == Stage::Cancelled || stage == Stage::Ended) return;
        if (stage == Stage::Ingesting)
            stage_.wait(Stage::Ingesting);
        else if (stage_.compare_exchange_strong(stage, Stage::Cancelled))
            return;
    }
}

}  // namespace millrace::state
