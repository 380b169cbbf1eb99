#include "millrace/engine/task/commit_metadata.h"

#include <optional>
#include <vector>

#include "millrace/base/byte_order.h"

namespace millrace::engine {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(BytesView bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t n = bytes.size() - i < 3 ? bytes.size() - i : 3;
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits = bits << 8 | (k < n ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= n ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    std::vector<std::byte> bytes;
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : text) {
        const auto at = std::string_view(kDigits, 64).find(c);
        if (at == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(at);
        if ((have += 6) >= 8) {
            have -= 8;
            bytes.push_back(static_cast<std::byte>(bits >> have));
        }
    }
    return bytes;
}

}  // namespace

std::string encode(const CommitMetadata& metadata) {
    ByteSink sink;
    sink.push(std::byte{2});
    append_be<std::int64_t>(sink, metadata.partition_time);
    append_be<std::int32_t>(sink, static_cast<std::int32_t>(metadata.clocks.size()));
    for (const auto& [key, value] : metadata.clocks) {
        append_be<std::int32_t>(sink, static_cast<std::int32_t>(key.size()));
        sink.append(std::string_view(key));
        append_be<std::int64_t>(sink, value);
    }
    return to_base64(sink.view());
}

CommitMetadata decode_commit_metadata(std::string_view base64) {
    CommitMetadata metadata;
    const auto bytes = from_base64(base64);
    if (!bytes || bytes->empty()) return metadata;
    ByteReader in(*bytes);
    const auto version = in.be<std::int8_t>();
    if (version != 1 && version != 2) return metadata;
    const auto time = in.be<std::int64_t>();
    if (!in.ok()) return metadata;
    metadata.partition_time = time;
    if (version == 1) return metadata;
    const auto count = in.be<std::int32_t>();
    for (std::int32_t i = 0; i < count && in.ok(); ++i) {
        const auto size = in.be<std::int32_t>();
        if (size < 0) break;
        const std::string key(as_text(in.bytes(static_cast<std::size_t>(size))));
        const auto value = in.be<std::int64_t>();
        if (in.ok()) metadata.clocks[key] = value;
    }
    return metadata;
}

}  // namespace millrace::engine
