#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace millrace {

struct TopicPartition {
    std::string topic;
    std::int32_t partition = 0;
    std::string to_string() const { return topic + '-' + std::to_string(partition); }   // Kafka's form
    friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

}  // namespace millrace

template <>
struct std::hash<millrace::TopicPartition> {
    std::size_t operator()(const millrace::TopicPartition& tp) const {
        return std::hash<std::string>{}(tp.topic) * 31 + static_cast<std::size_t>(tp.partition);
    }
};
