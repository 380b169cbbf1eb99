#pragma once
// base/disk.h over POSIX files.
#include "millrace/base/disk.h"

namespace millrace::io {

class RealDisk final : public Disk {
public:
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
    std::int64_t total_bytes(std::string_view path) const override;
};

}  // namespace millrace::io
