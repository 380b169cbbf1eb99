#include "millrace/broker/group/java_order.h"

#include <algorithm>

#include "millrace/base/hash.h"

namespace millrace::broker {

namespace {

template <class Key, class Hash>
void order(std::vector<Key>& keys, JavaTable table, const Hash& hash) {
    std::uint32_t capacity = 16;
    const std::size_t least = table == JavaTable::Copied ? keys.size() * 4 / 3 + 1 : 0;
    while (keys.size() * 4 > std::size_t{capacity} * 3 || least > capacity) capacity *= 2;
    const auto bucket = [&](const Key& key) {
        const auto h = static_cast<std::uint32_t>(hash(key));
        return (h ^ (h >> 16)) & (capacity - 1);
    };
    std::ranges::stable_sort(keys, {}, bucket);
}

}  // namespace

std::int32_t java_hash(const Uuid& id) {
    const std::uint64_t both = id.high ^ id.low;
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(both >> 32) ^
                                     static_cast<std::uint32_t>(both));
}

void order_like_java(std::vector<std::string>& keys, JavaTable table) {
    order(keys, table, [](const std::string& key) { return java_string_hash(key); });
}
void order_like_java(std::vector<Uuid>& keys, JavaTable table) {
    order(keys, table, [](const Uuid& key) { return java_hash(key); });
}
void order_like_java(std::vector<std::int32_t>& keys, JavaTable table) {
    order(keys, table, [](std::int32_t key) { return key; });
}

}  // namespace millrace::broker
