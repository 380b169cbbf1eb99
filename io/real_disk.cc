#include "millrace/io/real_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace millrace::io {

namespace {
Failure failed(std::string_view what, std::string_view path, int error) {
    return fail(ErrorCode::KafkaStorageError,
                std::string(what) + ' ' + std::string(path) + ": " + std::strerror(error));
}

struct Descriptor {
    explicit Descriptor(int f) : fd(f) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
    int fd;
};

class Lock final : public DirectoryLock {
public:
    explicit Lock(int fd) : file_(fd) {}  // closing the descriptor lets go

private:
    Descriptor file_;
};
}  // namespace

Result<std::unique_ptr<File>> open_posix_file(std::string_view path,
                                              OpenMode mode);  // posix_file.cc

Result<std::shared_ptr<File>> RealDisk::open(std::string_view path, OpenMode mode) {
    MR_TRY(auto file, open_posix_file(path, mode));
    return std::shared_ptr<File>(std::move(file));
}

Result<std::vector<DiskEntry>> RealDisk::list(std::string_view directory) const {
    const std::string path(directory);
    DIR* opened = ::opendir(path.c_str());
    if (!opened) return failed("list", path, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> closer(opened, ::closedir);
    std::vector<DiskEntry> entries;
    for (const dirent* entry = ::readdir(opened); entry; entry = ::readdir(opened)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        struct stat status {};
        if (::fstatat(::dirfd(opened), entry->d_name, &status, 0) != 0) continue;  // gone meanwhile
        const bool directory_entry = S_ISDIR(status.st_mode);
        entries.push_back({name, directory_entry,
                           directory_entry ? 0 : static_cast<std::int64_t>(status.st_size)});
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
}

bool RealDisk::exists(std::string_view path) const {
    return ::access(std::string(path).c_str(), F_OK) == 0;
}

Result<void> RealDisk::make_directories(std::string_view path) {
    for (std::size_t at = path.find('/', 1); true; at = path.find('/', at + 1)) {
        const std::string part(path.substr(0, at));
        if (!part.empty() && ::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
            const int error = errno;  // a parent that may not be written but is there is no error
            struct stat status {};
            if (::stat(part.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
                return failed("make directory", part, error);
        }
        if (at == std::string_view::npos) break;
    }
    struct stat status {};
    const std::string whole(path);
    if (::stat(whole.c_str(), &status) != 0) return failed("make directory", path, errno);
    if (!S_ISDIR(status.st_mode)) return failed("make directory", path, ENOTDIR);
    return {};
}

Result<void> RealDisk::remove(std::string_view path) {
    if (::remove(std::string(path).c_str()) != 0) return failed("remove", path, errno);
    return {};
}

Result<void> RealDisk::remove_all(std::string_view path) {
    struct stat status {};
    const std::string whole(path);
    if (::lstat(whole.c_str(), &status) != 0) {
        if (errno == ENOENT) return {};
        return failed("remove", path, errno);
    }
    if (S_ISDIR(status.st_mode)) {
        MR_TRY(const auto entries, list(path));
        for (const DiskEntry& entry : entries) MR_TRY_VOID(remove_all(join(path, entry.name)));
    }
    return remove(path);
}

Result<void> RealDisk::rename(std::string_view from, std::string_view to) {
    if (::rename(std::string(from).c_str(), std::string(to).c_str()) != 0)
        return failed("rename", from, errno);
    return {};
}

Result<void> RealDisk::sync_directory(std::string_view path) {
    const Descriptor directory(
        ::open(std::string(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.fd < 0 || ::fsync(directory.fd) != 0)
        return failed("sync directory", path, errno);
    return {};
}

Result<std::unique_ptr<DirectoryLock>> RealDisk::lock(std::string_view given) {
    // The directory, or the lock file in it.
    struct stat what {};
    const bool is_directory = ::stat(std::string(given).c_str(), &what) == 0 && S_ISDIR(what.st_mode);
    const std::string path = is_directory ? join(given, ".lock") : std::string(given);
    const int fd = ::open(std::string(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return failed("lock", path, errno);
    auto lock = std::make_unique<Lock>(fd);
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return failed("lock", path, errno);
        char holder[32] = {};
        const ssize_t n = ::pread(fd, holder, sizeof holder - 1, 0);
        const std::string pid =
            n > 0 ? " (pid " + std::to_string(std::atoll(holder)) + ")" : std::string();
        return fail(ErrorCode::KafkaStorageError, "the directory " + directory +
                                                      " is in use by another process" + pid +
                                                      ": stop it or choose another directory");
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0)
        return failed("lock", path, errno);
    return std::unique_ptr<DirectoryLock>(std::move(lock));
}

std::int64_t RealDisk::free_bytes(std::string_view path) const {
    struct statvfs status {};
    if (::statvfs(std::string(path).c_str(), &status) != 0) return 0;
    return static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
}

std::int64_t RealDisk::total_bytes(std::string_view path) const {
    struct statvfs status {};
    if (::statvfs(std::string(path).c_str(), &status) != 0) return -1;
    return static_cast<std::int64_t>(status.f_blocks) * static_cast<std::int64_t>(status.f_frsize);
}

}  // namespace millrace::io
