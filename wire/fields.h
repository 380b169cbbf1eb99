#pragma once
// What a message says about its fields. A message is a plain struct with one list, `static
// constexpr void fields(auto&& f)`: one call `f("name", &M::name, {.in = since(3), ...})` per
// field, in wire order. Encode, decode, size and JSON derive from it through a Schema (schema.h),
// which is built once, in the message's .cc (describe.h). No code per version.
//
// The C++ types say the rest: bool, std::int8_t .. std::int64_t, std::uint16_t, double,
// std::string, Uuid, Bytes, Records, ErrorCode (int16), a nested struct, std::vector of these,
// std::optional around what may be null. A member's initialiser is Kafka's default: the value where
// a version lacks the field.
#include <cstdint>

namespace millrace::wire {

struct Versions {
    std::int16_t low = 0, high = -1;  // both included; high < low: none
    constexpr bool contains(std::int16_t version) const {
        return low <= version && version <= high;
    }
    friend constexpr bool operator==(const Versions&, const Versions&) = default;
};
inline constexpr Versions kNever{};
constexpr Versions since(std::int16_t low) {
    return {low, INT16_MAX};
}
constexpr Versions between(std::int16_t low, std::int16_t high) {
    return {low, high};
}
constexpr Versions only(std::int16_t version) {
    return {version, version};
}

struct FieldSpec {
    Versions in;                 // versions that carry it
    Versions nullable = kNever;  // ... that may carry null
    Versions tagged = kNever;    // ... that carry it as tagged field `tag` (KIP-482)
    std::int32_t tag = -1;
    bool ignorable = false;  // dropped silently where a version lacks it; else a value there that
                             // is not the default is an error
    bool compact = true;     // false: keeps the old form of its length in flexible versions
};

// What stands in front of a record's fields.
enum class Framing : std::uint8_t {
    None,
    Key,       // coordinator logs: int16 record type
    Value,     // coordinator logs: int16 version
    Protocol,  // consumer protocol: int16 version; one newer than ours is read as our newest
    Metadata,  // metadata log: unsigned varints frame version (1), record type, version
};

}  // namespace millrace::wire
