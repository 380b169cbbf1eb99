#include "millrace/state/spill/store_disk.h"

#include "millrace/base/byte_order.h"
#include "millrace/base/check.h"
#include "millrace/base/mutant.h"

namespace millrace::state {
namespace {

std::string successor(
    std::string prefix) {  // the least key that is above every key with the prefix
    while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
    if (!prefix.empty())
        prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

// Damaged runs are not asked again: the next start begins without them and restores from the changelogs.
void condemn_if_corrupt(Runs& runs, const Error& error) {
    if (error.code == ErrorCode::CorruptMessage) runs.condemn(error.detail);
}

class PartCursor final : public StoredCursor {
public:
    PartCursor(Runs& owner, std::unique_ptr<RunsCursor> runs, std::string prefix, StoredOrder order)
        : owner_(owner),
          runs_(std::move(runs)),
          prefix_(std::move(prefix)),
          end_(successor(prefix_)),
          order_(order) {}

    void seek(std::optional<BytesView> at_least) override {
        stored_bound(at_least);
        runs_->seek(scratch_.view());
        take();
    }
    void seek_last(std::optional<BytesView> at_most) override {
        if (!at_most) {
            runs_->seek_before(as_bytes(end_));
        } else {
            stored_bound(at_most);
            scratch_.push(std::byte{0});  // the least key above it
            runs_->seek_before(scratch_.view());
        }
        take();
    }
    bool valid() const override { return valid_; }
    void next() override {
        runs_->next();
        take();
    }
    void previous() override {
        runs_->previous();
        take();
    }
    BytesView key() const override { return key_.view(); }
    BytesView value() const override { return runs_->value().subspan(8); }
    Timestamp timestamp() const override {
        return Timestamp{load_be<std::int64_t>(runs_->value().data())};
    }
    Result<void> status() const override {
        auto status = corrupt_ ? Result<void>(fail(ErrorCode::CorruptMessage, "a stored value is too short")) : runs_->status();
        if (!status) condemn_if_corrupt(owner_, status.error());
        return status;
    }

private:
    void stored_bound(std::optional<BytesView> key) {
        scratch_.clear();
        scratch_.append(prefix_);
        if (key) append_stored_key(scratch_, *key, order_);
    }
    void take() {
        valid_ = runs_->valid() && as_text(runs_->key()).starts_with(prefix_);
        if (!valid_) return;
        if (runs_->value().size() < 8) {
            corrupt_ = true;
            valid_ = false;
            return;
        }
        key_.clear();
        append_original_key(key_, runs_->key().subspan(prefix_.size()), order_);
    }

    Runs& owner_;
    std::unique_ptr<RunsCursor> runs_;
    std::string prefix_, end_;
    StoredOrder order_;
    bool valid_ = false, corrupt_ = false;
    ByteSink key_, scratch_;
};

class FailedCursor final : public StoredCursor {
public:
    explicit FailedCursor(Error error) : error_(std::move(error)) {}
    void seek(std::optional<BytesView>) override {}
    void seek_last(std::optional<BytesView>) override {}
    bool valid() const override { return false; }
    void next() override {}
    void previous() override {}
    BytesView key() const override { return {}; }
    BytesView value() const override { return {}; }
    Timestamp timestamp() const override { return {}; }
    Result<void> status() const override { return Failure(error_); }

private:
    Error error_;
};

}  // namespace

StoreDisk::StoreDisk(Runs& runs, SpillOwner& owner, std::string store, std::string task,
                     std::string fingerprint, bool segmented, StoredOrder order)
    : runs_(runs),
      owner_(owner),
      store_(std::move(store)),
      task_(std::move(task)),
      fingerprint_(std::move(fingerprint)),
      prefix_(task_ + '\0'),
      segmented_(segmented),
      order_(order) {}

Result<std::unique_ptr<StoreDisk>> StoreDisk::open(
    Runs& runs, SpillOwner& owner, const std::string& store, const std::string& task,
    const std::string& format, const std::string& fingerprint, bool segmented, StoredOrder order) {
    if (store == kOffsetsFamily || store == "default")
        return fail(ErrorCode::InvalidConfig, "a store cannot be called '" + store + "'");
    const std::string whole = format + ';' + fingerprint;
    std::unique_ptr<StoreDisk> disk(
        new StoreDisk(runs, owner, store, task, whole, segmented, order));
    if (runs.empty()) return disk;
    const std::string key = store_record_key(store, task);
    const BytesView view = as_bytes(key);
    std::vector<std::optional<Bytes>> found;
    MR_TRY_VOID(runs.multi_get(kOffsetsFamily, {&view, 1}, found));
    if (!found[0]) return disk;
    MR_TRY(auto record, decode_store_record(found[0]->view()));
    if (record.fingerprint != whole)
        return fail(ErrorCode::InvalidConfig,
                    "store '" + store + "' of task " + task + " was written with other types (" +
                        record.fingerprint + ", now " + whole +
                        "): give the store a new name, or remove the state directory and reset the "
                        "application so that its changelog is made anew");
    disk->record_ = std::move(record);
    return disk;
}

void StoreDisk::attach(SpillingStore& store) {
    attached_ = &store;
    owner_.opened(store);
}
void StoreDisk::detach() {
    if (attached_) owner_.closing(*attached_);
    attached_ = nullptr;
}

// ---- for the worker
// -------------------------------------------------------------------------------------------------

std::optional<Checkpoint> StoreDisk::checkpoint() const {
    if (!record_) return {};
    return record_->checkpoint;
}

void StoreDisk::advance(const Checkpoint& committed) {
    // A worker that lost the task and has it again may know less than was restored since.
    const bool back = advanced_ && advanced_->topic_id == committed.topic_id &&
                      committed.next < advanced_->next;
    if (!back) advanced_ = committed;
    covered_ = true;
    owner_.advanced();
}

void StoreDisk::discard() {
    if (SpillingStore* store = attached_) {
        detach();
        store->clear();
        attach(*store);
    }
    advanced_.reset();
    covered_ = true;
    tail_ = 0;
    frozen_record_.reset();
    if (!record_) return;
    const std::string key = store_record_key(store_, task_);
    std::vector<FamilyBatch> batches(2);
    batches[0].family = store_;
    batches[0].removed = {{prefix_, successor(prefix_)}};
    batches[1].family = kOffsetsFamily;
    batches[1].fill = [&](RunWriter& writer) { return writer.remove(as_bytes(key)); };
    if (auto done = runs_.ingest(std::move(batches), [] { return true; }); !done)
        failure_ = std::move(done).error();
    record_.reset();
}

// ---- for the store
// --------------------------------------------------------------------------------------------------

std::string StoreDisk::prefix(std::int64_t part) const {
    std::string prefix = prefix_;
    if (segmented_) {
        char id[8];
        store_be(reinterpret_cast<std::byte*>(id), part);
        prefix.append(id, sizeof id);
    }
    return prefix;
}

KeyRange StoreDisk::range_below(std::int64_t part) const {
    return {prefix_, prefix(part)};
}

Result<void> StoreDisk::multi_get(std::int64_t part, std::span<const BytesView> keys,
                                  std::vector<std::optional<StoredValue>>& into) {
    const std::string before = prefix(part);
    std::vector<ByteSink> stored(keys.size());
    std::vector<BytesView> views;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        stored[i].append(before);
        append_stored_key(stored[i], keys[i], order_);
        views.push_back(stored[i].view());
    }
    std::vector<std::optional<Bytes>> found;
    if (auto read = runs_.multi_get(store_, views, found); !read) {
        condemn_if_corrupt(runs_, read.error());
        return read;
    }
    into.clear();
    for (auto& value : found) {
        auto& answer = into.emplace_back();
        if (!value) continue;
        if (value->size() < 8)
            return fail(ErrorCode::CorruptMessage,
                        "store " + store_ + ": a stored value is too short");
        answer = StoredValue{value->slice(8, value->size() - 8),
                             Timestamp{load_be<std::int64_t>(value->data())}};
    }
    return {};
}

std::unique_ptr<StoredCursor> StoreDisk::cursor(std::int64_t part) {
    auto runs = runs_.cursor(store_);
    if (!runs) return std::make_unique<FailedCursor>(std::move(runs).error());
    return std::make_unique<PartCursor>(runs_, std::move(*runs), prefix(part), order_);
}

Result<std::vector<std::int64_t>> StoreDisk::parts() {
    std::vector<std::int64_t> ids;
    MR_TRY(auto cursor, runs_.cursor(store_));
    for (cursor->seek(as_bytes(prefix_));
         cursor->valid() && as_text(cursor->key()).starts_with(prefix_);) {
        if (cursor->key().size() < prefix_.size() + 8)
            return fail(ErrorCode::CorruptMessage,
                        "store " + store_ + ": a stored window key is too short");
        ids.push_back(load_be<std::int64_t>(cursor->key().data() + prefix_.size()));
        const std::string next = successor(prefix(ids.back()));
        cursor->seek(as_bytes(next));
    }
    MR_TRY_VOID(cursor->status());
    return ids;
}

// ---- spilling
// -------------------------------------------------------------------------------------------------------

void StoreDisk::begin(SpillPart& part, std::int64_t stream_time, std::int32_t seq) {
    MR_CHECK(can_spill());
    frozen_record_ = StoreRecord{*advanced_, stream_time, seq, fingerprint_};
    if (mutant::on(Mutant::CheckpointOffsetTooFar))
        frozen_record_->checkpoint.next = frozen_record_->checkpoint.next + 1;
    part.family = store_;
    part.record_key = store_record_key(store_, task_);
    part.record = encode(*frozen_record_);
    frozen_tail_ = tail_;
    tail_ = 0;
}

void StoreDisk::end(bool spilled) {
    if (spilled)
        record_ = std::move(frozen_record_);
    else
        tail_ += frozen_tail_;
    frozen_record_.reset();
}

}  // namespace millrace::state
