#include "millrace/broker/group/topic_hash.h"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace millrace::broker {

namespace {

// The bytes that hash4j's HashStream64 feeds: numbers little endian, text as UTF-16 with its length
// behind it.
class HashedBytes {
public:
    template <class Number>
    void number(Number value) {
        for (std::size_t i = 0; i < sizeof(Number); ++i)
            bytes_.push_back(static_cast<char>(value >> (8 * i)));
    }
    void text(const std::string& utf8) {
        std::int32_t units = 0;
        const auto unit = [&](std::uint32_t u) {
            number(static_cast<std::uint16_t>(u));
            ++units;
        };
        for (std::size_t i = 0; i < utf8.size();) {
            const auto lead = static_cast<unsigned char>(utf8[i]);
            const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
            if (i + length > utf8.size()) break;
            std::uint32_t point = length == 1 ? lead : lead & (0xff >> (length + 1));
            for (std::size_t k = 1; k < length; ++k)
                point = point << 6 | (static_cast<unsigned char>(utf8[i + k]) & 63);
            i += length;
            if (point < 0x10000) {
                unit(point);
            } else {
                unit(0xd800 + ((point - 0x10000) >> 10));
                unit(0xdc00 + ((point - 0x10000) & 0x3ff));
            }
        }
        number(units);
    }
    std::int64_t hash() const {
        return static_cast<std::int64_t>(XXH3_64bits(bytes_.data(), bytes_.size()));
    }

private:
    std::string bytes_;
};

}  // namespace

std::int64_t topic_hash(const KnownTopic& topic,
                        const std::vector<std::vector<std::string>>& racks) {
    HashedBytes bytes;
    bytes.number(std::uint8_t{0});  // the version of this scheme
    bytes.number(topic.id.high);
    bytes.number(topic.id.low);
    bytes.text(topic.name);
    bytes.number(topic.partitions);
    for (std::int32_t partition = 0; partition < topic.partitions; ++partition) {
        bytes.number(partition);
        const auto at = static_cast<std::size_t>(partition);
        if (at >= racks.size()) continue;
        std::vector<std::string> sorted = racks[at];
        std::ranges::sort(sorted);
        for (const std::string& rack : sorted) {
            bytes.number(static_cast<std::int32_t>(rack.size()));
            bytes.text(rack);
        }
    }
    return bytes.hash();
}

std::int64_t group_hash(const std::map<std::string, std::int64_t>& topics) {
    if (topics.empty()) return 0;
    HashedBytes bytes;
    for (const auto& [name, hash] : topics) bytes.number(hash);
    return bytes.hash();
}

}  // namespace millrace::broker
