#include "millrace/base/disk.h"

#include <algorithm>

namespace millrace {

std::string join(std::string_view directory, std::string_view name) {
    std::string path(directory);
    if (!path.empty() && path.back() != '/') path += '/';
    path += name;
    return path;
}

Result<Bytes> read_file(Disk& disk, std::string_view path) {
    MR_TRY(auto file, disk.open(path, OpenMode::Read));
    MutableBlock block(static_cast<std::size_t>(file->size()));
    MR_TRY(const auto got, file->read(0, {block.data(), block.size()}));
    return Bytes(std::move(block)).slice(0, got);
}

Result<void> write_again(Disk& disk, std::string_view path, std::int64_t from) {
    constexpr std::size_t kChunk = 1 << 20;
    MR_TRY(auto file, disk.open(path, OpenMode::Write));
    MutableBlock block(kChunk);
    for (std::int64_t at = from; at < file->size();) {
        const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(kChunk, file->size() - at));
        MR_TRY(const std::size_t got, file->read(at, {block.data(), wanted}));
        if (got == 0) break;
        MR_TRY_VOID(file->write(at, BytesView{block.data(), got}));
        at += static_cast<std::int64_t>(got);
    }
    return {};
}

Result<void> replace_file(Disk& disk, std::string_view path, BytesView content) {
    const std::string temporary = std::string(path) + ".tmp";
    MR_TRY(auto file, disk.open(temporary, OpenMode::Create));
    MR_TRY_VOID(file->truncate(0));
    MR_TRY_VOID(file->write(0, content));
    MR_TRY_VOID(file->sync());
    file.reset();
    MR_TRY_VOID(disk.rename(temporary, path));
    const std::size_t slash = path.rfind('/');
    return disk.sync_directory(slash == std::string_view::npos ? "." : path.substr(0, slash));
}

}  // namespace millrace
