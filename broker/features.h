#pragma once
// The features (KIP-584) of this build: name, lowest and highest level. A new cluster finalizes the
// highest ones. What is not served (consumer and share groups) is not named.
#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::broker {

struct Feature {
    std::string_view name;
    std::int16_t min, max;
};

inline std::span<const Feature> supported_features() {  // ascending by name
    static constexpr Feature kFeatures[] = {
        {"eligible.leader.replicas.version", 0, 1},
        {"kraft.version", 0, 1},
        {"metadata.version", 7, 33},    // 3.3-IV3 to the newest of 4.4
        {"streams.version", 0, 1},      // KIP-1071
        {"transaction.version", 0, 2},  // KIP-890
    };
    return kFeatures;
}

}  // namespace millrace::broker
