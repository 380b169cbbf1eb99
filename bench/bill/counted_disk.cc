#include "millrace/bench/bill/counted_disk.h"

namespace millrace::bench {

namespace {

class CountedFile final : public File {
public:
    CountedFile(std::shared_ptr<File> file, DiskUse& use) : file_(std::move(file)), use_(use) {}
    Result<void> write(std::int64_t at, BytesView bytes) override {
        ++use_.calls;
        use_.bytes_written += static_cast<std::int64_t>(bytes.size());
        return file_->write(at, bytes);
    }
    Result<void> write_parts(std::int64_t at, std::span<const BytesView> parts) override {
        ++use_.calls;
        for (const BytesView part : parts)
            use_.bytes_written += static_cast<std::int64_t>(part.size());
        return file_->write_parts(at, parts);
    }
    Result<std::size_t> read(std::int64_t at, std::span<std::byte> into) const override {
        ++use_.calls;
        use_.bytes_read += static_cast<std::int64_t>(into.size());
        return file_->read(at, into);
    }
    Result<void> truncate(std::int64_t size) override {
        ++use_.calls;
        return file_->truncate(size);
    }
    std::int64_t size() const override { return file_->size(); }  // kept, not asked
    Result<void> sync() override {
        ++use_.calls;
        ++use_.syncs;
        return file_->sync();
    }

private:
    std::shared_ptr<File> file_;
    DiskUse& use_;
};

}  // namespace

Result<std::shared_ptr<File>> CountedDisk::open(std::string_view path, OpenMode mode) {
    use_.calls += 2;  // open and close
    MR_TRY(auto file, disk_.open(path, mode));
    return std::make_shared<CountedFile>(std::move(file), use_);
}
Result<std::vector<DiskEntry>> CountedDisk::list(std::string_view directory) const {
    use_.calls += 3;  // open, getdents, close
    return disk_.list(directory);
}
bool CountedDisk::exists(std::string_view path) const {
    ++use_.calls;
    return disk_.exists(path);
}
Result<void> CountedDisk::make_directories(std::string_view path) {
    ++use_.calls;
    return disk_.make_directories(path);
}
Result<void> CountedDisk::remove(std::string_view path) {
    ++use_.calls;
    return disk_.remove(path);
}
Result<void> CountedDisk::remove_all(std::string_view path) {
    ++use_.calls;
    return disk_.remove_all(path);
}
Result<void> CountedDisk::rename(std::string_view from, std::string_view to) {
    ++use_.calls;
    return disk_.rename(from, to);
}
Result<void> CountedDisk::sync_directory(std::string_view path) {
    use_.calls += 3;  // open, fsync, close
    ++use_.syncs;
    return disk_.sync_directory(path);
}
Result<std::unique_ptr<DirectoryLock>> CountedDisk::lock(std::string_view path) {
    use_.calls += 2;
    return disk_.lock(path);
}
std::int64_t CountedDisk::free_bytes(std::string_view path) const {
    ++use_.calls;
    return disk_.free_bytes(path);
}

}  // namespace millrace::bench
