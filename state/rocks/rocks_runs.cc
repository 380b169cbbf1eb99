#include "millrace/state/rocks/rocks_runs.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

namespace millrace::state {
namespace {

namespace fs = std::filesystem;
using rocksdb::Slice;
using rocksdb::Status;

Slice slice(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
BytesView view(const Slice& s) {
    return {reinterpret_cast<const std::byte*>(s.data()), s.size()};
}

Failure failed(const std::string& what, const Status& status) {
    return fail(status.IsCorruption() ? ErrorCode::CorruptMessage : ErrorCode::KafkaStorageError,
                "state on disk: " + what + ": " + status.ToString());
}

class SstWriter final : public RunWriter {
public:
    explicit SstWriter(rocksdb::SstFileWriter& writer) : writer_(writer) {}
    Result<void> put(BytesView key, BytesView value) override {
        return done(writer_.Put(slice(key), slice(value)));
    }
    Result<void> remove(BytesView key) override { return done(writer_.Delete(slice(key))); }

private:
    Result<void> done(const Status& status) {
        if (!status.ok()) return failed("writing a run", status);
        return {};
    }
    rocksdb::SstFileWriter& writer_;
};

class Cursor final : public RunsCursor {
public:
    explicit Cursor(std::unique_ptr<rocksdb::Iterator> it) : it_(std::move(it)) {}
    void seek(BytesView at_least) override { it_->Seek(slice(at_least)); }
    void seek_before(BytesView end) override {
        it_->SeekForPrev(slice(end));
        if (it_->Valid() && it_->key() == slice(end)) it_->Prev();
    }
    bool valid() const override { return it_->Valid(); }
    void next() override { it_->Next(); }
    void previous() override { it_->Prev(); }
    BytesView key() const override { return view(it_->key()); }
    BytesView value() const override { return view(it_->value()); }
    Result<void> status() const override {
        if (const Status status = it_->status(); !status.ok()) return failed("reading", status);
        return {};
    }

private:
    std::unique_ptr<rocksdb::Iterator> it_;
};

class NoCursor final : public RunsCursor {
public:
    void seek(BytesView) override {}
    void seek_before(BytesView) override {}
    bool valid() const override { return false; }
    void next() override {}
    void previous() override {}
    BytesView key() const override { return {}; }
    BytesView value() const override { return {}; }
    Result<void> status() const override { return {}; }
};

class RocksRuns final : public Runs {
public:
    RocksRuns(std::string path, RocksSettings settings)
        : path_(std::move(path)), settings_(settings) {
        cache_ = rocksdb::NewLRUCache(settings_.block_cache_bytes);
    }
    ~RocksRuns() override { close(); }

    Result<void> ingest(std::vector<FamilyBatch> batches, const std::function<bool()>& go) override;
    Result<void> multi_get(const std::string& family, std::span<const BytesView> keys,
                           std::vector<std::optional<Bytes>>& into) override;
    Result<std::unique_ptr<RunsCursor>> cursor(const std::string& family) override;
    bool empty() override {
        const std::lock_guard lock(mutex_);
        return !db_ && !(fs::exists(db_path() + "/CURRENT") && !fs::exists(condemned_path()));
    }
    void condemn(const std::string& why) override {
        std::ofstream(condemned_path()) << why << '\n';
    }

private:
    std::string db_path() const { return path_ + "/rocksdb"; }
    std::string staging_path() const { return path_ + "/staging"; }
    std::string condemned_path() const { return path_ + "/condemned"; }

    rocksdb::DBOptions db_options() const {
        rocksdb::DBOptions options;
        options.create_if_missing = true;
        options.create_missing_column_families = true;
        options.max_background_jobs = 2;
        options.max_open_files = 512;
        options.use_fsync = false;  // fdatasync
        options.wal_recovery_mode =
            rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;  // the log is empty
        options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
        options.keep_log_file_num = 2;
        return options;
    }
    rocksdb::ColumnFamilyOptions family_options() const {
        rocksdb::ColumnFamilyOptions options;
        options.compression = rocksdb::kNoCompression;
        options.write_buffer_size = 64 * 1024;  // never used
        rocksdb::BlockBasedTableOptions table;
        table.block_cache = cache_;
        table.checksum = rocksdb::kXXH3;  // the packaged library has no fast CRC-32C
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
        table.format_version = 5;
        options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
        return options;
    }

    Status open_once();
    Result<void> opened();  // mutex_ held
    void close();
    rocksdb::ColumnFamilyHandle* find(const std::string& family) {
        const std::lock_guard lock(mutex_);
        const auto at = families_.find(family);
        return at == families_.end() ? nullptr : at->second;
    }
    Result<rocksdb::ColumnFamilyHandle*> make(const std::string& family);

    std::string path_;
    RocksSettings settings_;
    std::shared_ptr<rocksdb::Cache> cache_;
    // Guards opening and the map of families: the workers of a process and their spills use one
    // database, and whoever comes first opens it. RocksDB itself needs no lock; what is in the map
    // stays until the end.
    std::mutex mutex_;
    // Ingests of several workers go one after the other: they would share the staging directory's
    // names.
    std::mutex ingest_mutex_;
    std::unique_ptr<rocksdb::DB> db_;
    std::map<std::string, rocksdb::ColumnFamilyHandle*> families_;
    std::uint64_t next_file_ = 0;
};

Status RocksRuns::open_once() {
    std::vector<std::string> names;
    if (fs::exists(db_path() + "/CURRENT")) {
        if (Status s = rocksdb::DB::ListColumnFamilies(db_options(), db_path(), &names); !s.ok())
            return s;
    } else {
        names = {rocksdb::kDefaultColumnFamilyName};
    }
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names) descriptors.emplace_back(name, family_options());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    if (Status s = rocksdb::DB::Open(db_options(), db_path(), descriptors, &handles, &db); !s.ok())
        return s;
    db_.reset(db);
    for (rocksdb::ColumnFamilyHandle* handle : handles) families_[handle->GetName()] = handle;
    return Status::OK();
}

Result<void> RocksRuns::opened() {
    if (db_) return {};
    std::error_code ignored;
    fs::create_directories(path_, ignored);
    fs::remove_all(staging_path(), ignored);  // of an ingest that did not come to its end
    fs::create_directories(staging_path(), ignored);
    if (fs::exists(condemned_path())) {
        fs::remove_all(db_path(), ignored);
        fs::remove(condemned_path(), ignored);
    }
    Status status = open_once();
    if (status.IsCorruption() || status.IsNotFound() || status.IsInvalidArgument()) {
        // What it held is in the changelogs.
        fs::remove_all(db_path(), ignored);
        status = open_once();
    }
    if (!status.ok()) return failed("opening " + db_path(), status);
    return {};
}

void RocksRuns::close() {
    for (auto& [name, handle] : families_) db_->DestroyColumnFamilyHandle(handle);
    families_.clear();
    if (db_) db_->Close();
    db_.reset();
}

Result<rocksdb::ColumnFamilyHandle*> RocksRuns::make(const std::string& family) {
    const std::lock_guard lock(mutex_);
    MR_TRY_VOID(opened());
    auto& handle = families_[family];
    if (!handle) {
        if (Status s = db_->CreateColumnFamily(family_options(), family, &handle); !s.ok()) {
            families_.erase(family);
            return failed("making family " + family, s);
        }
    }
    return handle;
}

Result<void> RocksRuns::ingest(std::vector<FamilyBatch> batches, const std::function<bool()>& go) {
    const std::lock_guard one_at_a_time(ingest_mutex_);
    std::vector<rocksdb::IngestExternalFileArg> arguments;
    struct RemoveStaged {  // what was moved into the database is gone from here
        std::vector<std::string> files;
        ~RemoveStaged() {
            std::error_code ignored;
            for (const std::string& file : files) fs::remove(file, ignored);
        }
    } staged;
    for (const FamilyBatch& batch : batches) {
        MR_TRY(rocksdb::ColumnFamilyHandle* const family, make(batch.family));
        const rocksdb::Options options(db_options(), family_options());
        rocksdb::SstFileWriter writer(rocksdb::EnvOptions(options), options, family);
        const std::string file = staging_path() + '/' + std::to_string(next_file_++) + ".sst";
        staged.files.push_back(file);
        if (Status s = writer.Open(file); !s.ok()) return failed("making a run", s);
        for (const KeyRange& range : batch.removed)
            if (range.begin < range.end)
                if (Status s = writer.DeleteRange(range.begin, range.end); !s.ok())
                    return failed("removing a range", s);
        SstWriter run(writer);
        if (batch.fill) MR_TRY_VOID(batch.fill(run));
        rocksdb::ExternalSstFileInfo info;
        if (Status s = writer.Finish(&info); !s.ok()) {
            if (info.num_entries == 0 && info.num_range_del_entries == 0 && s.IsInvalidArgument())
                continue;  // nothing for this family
            return failed("writing a run", s);
        }
        rocksdb::IngestExternalFileArg argument;
        argument.column_family = family;
        argument.external_files = {file};
        argument.options.move_files = true;
        argument.options.snapshot_consistency = true;
        argument.options.write_global_seqno = false;
        arguments.push_back(std::move(argument));
    }
    if (!go()) return fail(ErrorCode::RequestTimedOut, "the ingest was given up");
    if (arguments.empty()) return {};
    if (Status s = db_->IngestExternalFiles(arguments); !s.ok()) return failed("ingesting", s);
    return {};
}

Result<void> RocksRuns::multi_get(const std::string& family, std::span<const BytesView> keys,
                                  std::vector<std::optional<Bytes>>& into) {
    into.assign(keys.size(), std::nullopt);
    if (empty()) return {};
    {
        const std::lock_guard lock(mutex_);
        MR_TRY_VOID(opened());
    }
    rocksdb::ColumnFamilyHandle* const handle = find(family);
    if (!handle) return {};
    std::vector<Slice> slices;
    for (const BytesView key : keys) slices.push_back(slice(key));
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<Status> statuses(keys.size());
    db_->MultiGet(rocksdb::ReadOptions(), handle, keys.size(), slices.data(), values.data(),
                  statuses.data(), true);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (statuses[i].ok())
            into[i] = Bytes::copy(view(values[i]));
        else if (!statuses[i].IsNotFound())
            return failed("reading", statuses[i]);
    }
    return {};
}

Result<std::unique_ptr<RunsCursor>> RocksRuns::cursor(const std::string& family) {
    if (empty()) return std::make_unique<NoCursor>();
    {
        const std::lock_guard lock(mutex_);
        MR_TRY_VOID(opened());
    }
    rocksdb::ColumnFamilyHandle* const handle = find(family);
    if (!handle) return std::make_unique<NoCursor>();
    return std::make_unique<Cursor>(
        std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions(), handle)));
}

}  // namespace

std::unique_ptr<Runs> make_rocks_runs(const std::string& path, RocksSettings settings) {
    return std::make_unique<RocksRuns>(path, settings);
}

}  // namespace millrace::state
