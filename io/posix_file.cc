// One file of RealDisk. Written by its owner's thread; sync() may run on one other thread
// meanwhile.
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "millrace/io/real_disk.h"

namespace millrace::io {

namespace {
class PosixFile final : public File {
public:
    PosixFile(int fd, std::string path, std::int64_t size)
        : fd_(fd), path_(std::move(path)), size_(size) {}
    ~PosixFile() override { ::close(fd_); }

    Result<void> write(std::int64_t at, BytesView bytes) override {
        const BytesView parts[] = {bytes};
        return write_parts(at, parts);
    }

    Result<void> write_parts(std::int64_t at, std::span<const BytesView> parts) override {
        if (poisoned_) return failed("write (after a failed sync)", EIO);
        std::size_t part = 0, skip = 0;  // what is written of the first part left
        while (part < parts.size()) {
            iovec vector[kParts];
            int count = 0;
            std::size_t wanted = 0;
            for (std::size_t i = part; i < parts.size() && count < kParts; ++i) {
                const std::size_t from = i == part ? skip : 0;
                if (parts[i].size() == from) {
                    if (i == part) ++part, skip = 0;
                    continue;
                }
                vector[count++] = {const_cast<std::byte*>(parts[i].data()) + from,
                                   parts[i].size() - from};
                wanted += parts[i].size() - from;
            }
            if (wanted == 0) break;
            const ssize_t n = ::pwritev(fd_, vector, count, at);
            if (n < 0) {
                if (errno == EINTR) continue;
                return failed("write", errno);
            }
            at += n;
            if (at > size_) size_ = at;
            for (auto left = static_cast<std::size_t>(n); left != 0;) {
                const std::size_t rest = parts[part].size() - skip;
                if (left < rest) {
                    skip += left;
                    break;
                }
                left -= rest;
                skip = 0;
                ++part;
            }
        }
        return {};
    }

    Result<std::size_t> read(std::int64_t at, std::span<std::byte> into) const override {
        std::size_t have = 0;
        while (have < into.size()) {
            const ssize_t n = ::pread(fd_, into.data() + have, into.size() - have,
                                      at + static_cast<std::int64_t>(have));
            if (n < 0) {
                if (errno == EINTR) continue;
                return failed("read", errno);
            }
            if (n == 0) break;
            have += static_cast<std::size_t>(n);
        }
        return have;
    }

    Result<void> truncate(std::int64_t size) override {
        if (poisoned_) return failed("truncate (after a failed sync)", EIO);
        if (::ftruncate(fd_, size) != 0) return failed("truncate", errno);
        size_ = size;
        return {};
    }

    std::int64_t size() const override { return size_; }

    Result<void> sync() override {
        if (poisoned_) return failed("sync (after a failed one)", EIO);
        if (::fdatasync(fd_) == 0) return {};
        const int error = errno;
        poisoned_ = true;  // the kernel may have dropped the dirty pages: a second sync would lie
        return failed("sync", error);
    }

private:
    static constexpr int kParts = 64;
    Failure failed(const char* what, int error) const {
        return fail(ErrorCode::KafkaStorageError,
                    std::string(what) + ' ' + path_ + ": " + std::strerror(error));
    }
    int fd_;
    std::string path_;
    std::int64_t size_;
    std::atomic<bool> poisoned_{false};
};
}  // namespace

Result<std::unique_ptr<File>> open_posix_file(std::string_view path, OpenMode mode) {
    const std::string name(path);
    const int flags = mode == OpenMode::Read    ? O_RDONLY
                      : mode == OpenMode::Write ? O_RDWR
                                                : O_RDWR | O_CREAT;
    const int fd = ::open(name.c_str(), flags | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(ErrorCode::KafkaStorageError, "open " + name + ": " + std::strerror(errno));
    struct stat status {};
    if (::fstat(fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        ::close(fd);
        return fail(ErrorCode::KafkaStorageError, "open " + name + ": not a file");
    }
    return std::make_unique<PosixFile>(fd, name, status.st_size);
}

}  // namespace millrace::io
