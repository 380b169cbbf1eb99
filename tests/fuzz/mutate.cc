#include <algorithm>

#include "millrace/base/byte_order.h"
#include "millrace/tests/fuzz/fuzz.h"

namespace millrace::fuzz {
namespace {

constexpr std::int64_t kBorders[] = {0,
                                     1,
                                     -1,
                                     -2,
                                     2,
                                     7,
                                     8,
                                     15,
                                     16,
                                     31,
                                     60,
                                     61,
                                     62,
                                     127,
                                     128,
                                     255,
                                     256,
                                     -128,
                                     32767,
                                     -32768,
                                     32768,
                                     65535,
                                     65536,
                                     1 << 20,
                                     INT32_MAX,
                                     INT32_MIN,
                                     INT64_MAX,
                                     INT64_MIN,
                                     INT32_MAX - 1LL,
                                     INT32_MAX + 1LL};

using Buffer = std::vector<std::byte>;

std::int64_t border(Random& random) {
    return kBorders[random.below(std::size(kBorders))];
}

void overwrite_number(Buffer& bytes, Random& random) {
    const std::size_t widths[] = {1, 2, 4, 8};
    const std::size_t width = widths[random.below(4)];
    if (bytes.size() < width) return;
    const std::size_t at = random.below(bytes.size() - width + 1);
    auto value = static_cast<std::uint64_t>(border(random));
    if (random.one_in(3)) {  // near what is there
        value = 0;
        for (std::size_t i = 0; i < width; ++i)
            value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + i]);
        value += static_cast<std::uint64_t>(random.between(-3, 3));
    }
    for (std::size_t i = 0; i < width; ++i)
        bytes[at + width - 1 - i] = static_cast<std::byte>(value >> (8 * i));
}

void insert_varint(Buffer& bytes, Random& random) {
    std::byte encoded[kVarlongBytesMax];
    const std::int64_t value = border(random);
    std::byte* end = random.one_in(2)
                         ? store_varlong(encoded, value)
                         : store_unsigned_varint(encoded, static_cast<std::uint64_t>(value));
    if (random.one_in(8)) {  // ten bytes that never end
        std::fill(encoded, encoded + kVarlongBytesMax, std::byte{0xff});
        end = encoded + kVarlongBytesMax;
    }
    const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(random.below(bytes.size() + 1));
    const auto replaced = std::min<std::ptrdiff_t>(bytes.end() - at, random.one_in(2) ? 1 : 0);
    bytes.insert(bytes.erase(at, at + replaced), encoded, end);
}

// [from, from + n) of a buffer, n at least 1 where there is something.
std::pair<std::size_t, std::size_t> piece(std::size_t size, Random& random) {
    if (size == 0) return {0, 0};
    const std::size_t from = random.below(size);
    const std::size_t longest =
        random.one_in(4) ? size - from : std::min<std::size_t>(16, size - from);
    return {from, 1 + random.below(longest)};
}

void change(Buffer& bytes, BytesView other, Random& random) {
    switch (random.below(9)) {
        case 0:
        case 1:
            if (!bytes.empty())
                bytes[random.below(bytes.size())] ^= std::byte(1u << random.below(8));
            return;
        case 2:
            if (!bytes.empty()) bytes[random.below(bytes.size())] = std::byte(random.below(256));
            return;
        case 3:
        case 4:
            return overwrite_number(bytes, random);
        case 5:
            return insert_varint(bytes, random);
        case 6: {
            const auto [from, n] = piece(bytes.size(), random);
            const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(from);
            bytes.erase(at, at + static_cast<std::ptrdiff_t>(n));
            return;
        }
        case 7:
            return bytes.resize(random.below(bytes.size() + 1));
        default: {
            const Buffer own = bytes;
            const BytesView source = random.one_in(2) && !other.empty() ? other : BytesView(own);
            const auto [from, n] = piece(source.size(), random);
            const auto at =
                bytes.begin() + static_cast<std::ptrdiff_t>(random.below(bytes.size() + 1));
            bytes.insert(at, source.begin() + static_cast<std::ptrdiff_t>(from),
                         source.begin() + static_cast<std::ptrdiff_t>(from + n));
        }
    }
}

}  // namespace

std::vector<std::byte> mutate(BytesView bytes, BytesView other, std::size_t bytes_max,
                              Random& random) {
    Buffer changed(bytes.begin(), bytes.end());
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes; ++i) change(changed, other, random);
    if (changed.size() > bytes_max) changed.resize(bytes_max);
    return changed;
}

}  // namespace millrace::fuzz
