#pragma once
// Numbers that mean one thing. No implicit conversion in or out; only arithmetic that has meaning.
#include <compare>
#include <cstdint>
#include <functional>

namespace millrace {

template <class Tag, class Rep>
class Strong {
public:
    using rep = Rep;
    constexpr Strong() = default;
    constexpr explicit Strong(Rep v) : value_(v) {}
    constexpr Rep value() const { return value_; }
    friend constexpr auto operator<=>(Strong, Strong) = default;

private:
    Rep value_{};
};

struct Offset : Strong<Offset, std::int64_t> {   // a position in a partition
    using Strong::Strong;
    constexpr Offset& operator++() { return *this = Offset{value() + 1}; }
    constexpr Offset& operator+=(std::int64_t n) { return *this = Offset{value() + n}; }
};
constexpr Offset operator+(Offset o, std::int64_t n) { return Offset{o.value() + n}; }
constexpr Offset operator-(Offset o, std::int64_t n) { return Offset{o.value() - n}; }
constexpr std::int64_t operator-(Offset a, Offset b) { return a.value() - b.value(); }

struct Timestamp : Strong<Timestamp, std::int64_t> {   // event or wall time, ms since 1970
    using Strong::Strong;
};
constexpr Timestamp operator+(Timestamp t, std::int64_t ms) { return Timestamp{t.value() + ms}; }
constexpr Timestamp operator-(Timestamp t, std::int64_t ms) { return Timestamp{t.value() - ms}; }
constexpr std::int64_t operator-(Timestamp a, Timestamp b) { return a.value() - b.value(); }

struct PartitionIndex : Strong<PartitionIndex, std::int32_t> { using Strong::Strong; };
struct NodeId : Strong<NodeId, std::int32_t> { using Strong::Strong; };
struct LeaderEpoch : Strong<LeaderEpoch, std::int32_t> { using Strong::Strong; };
struct ProducerId : Strong<ProducerId, std::int64_t> { using Strong::Strong; };
struct ProducerEpoch : Strong<ProducerEpoch, std::int16_t> { using Strong::Strong; };

}  // namespace millrace

template <class T>
    requires std::is_base_of_v<millrace::Strong<T, typename T::rep>, T>
struct std::hash<T> {
    std::size_t operator()(T v) const { return std::hash<typename T::rep>{}(v.value()); }
};
