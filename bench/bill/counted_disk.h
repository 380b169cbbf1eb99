#pragma once
// The real disk, counted: each call of the seam that reaches the kernel is one system call, or two
// where two are made.
#include <cstdint>

#include "millrace/base/disk.h"

namespace millrace::bench {

struct DiskUse {
    std::int64_t calls = 0, bytes_written = 0, bytes_read = 0, syncs = 0;
};

class CountedDisk final : public Disk {
public:
    explicit CountedDisk(Disk& disk) : disk_(disk) {}
    const DiskUse& use() const { return use_; }

    Result<std::shared_ptr<File>> open(std::string_view path, OpenMode mode) override;
    Result<std::vector<DiskEntry>> list(std::string_view directory) const override;
    bool exists(std::string_view path) const override;
    Result<void> make_directories(std::string_view path) override;
    Result<void> remove(std::string_view path) override;
    Result<void> remove_all(std::string_view path) override;
    Result<void> rename(std::string_view from, std::string_view to) override;
    Result<void> sync_directory(std::string_view path) override;
    Result<std::unique_ptr<DirectoryLock>> lock(std::string_view path) override;
    std::int64_t free_bytes(std::string_view path) const override;

private:
    Disk& disk_;
    mutable DiskUse use_;
};

}  // namespace millrace::bench
