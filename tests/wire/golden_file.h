#pragma once
// Rows of a golden file: columns parted by tabs, `#` lines are comments. Plain or gzip.
#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <zlib.h>

#include "millrace/base/bytes.h"

namespace millrace::golden {

using Row = std::vector<std::string>;

inline std::string read_file(const std::filesystem::path& path) {
    gzFile file = gzopen(path.c_str(), "rb");  // reads plain files as they are
    if (!file) throw std::runtime_error("no file " + path.string());
    std::string text;
    char buffer[1 << 16];
    for (int n; (n = gzread(file, buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(n));
    gzclose(file);
    return text;
}

inline std::vector<Row> read_rows(const std::filesystem::path& path) {
    std::vector<Row> rows;
    const std::string text = read_file(path);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        if (line.empty() || line[0] == '#') continue;
        Row row;
        for (std::size_t from = 0; from <= line.size();) {
            const std::size_t tab = std::min(line.find('\t', from), line.size());
            row.push_back(line.substr(from, tab - from));
            from = tab + 1;
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

inline std::filesystem::path golden(const std::string& name) {
    return std::filesystem::path(MILLRACE_TESTS_DIR) / "golden" / name;
}

inline std::vector<std::filesystem::path> golden_files(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(golden(folder))) {
        if (entry.path().string().find(".tsv") != std::string::npos) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

inline Bytes bytes_of(const std::string& hex) {
    std::vector<std::byte> bytes;
    if (hex != "-" && !from_hex(hex, bytes)) throw std::runtime_error("no hex: " + hex);
    return Bytes::copy(BytesView(bytes));
}

}  // namespace millrace::golden
