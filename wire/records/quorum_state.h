#pragma once
// The schema of the quorum-state file (JSON in the file).
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct QuorumStateData {
    static constexpr std::string_view kName = "QuorumStateData";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct Voter {
        std::int32_t voter_id = 0;

        static constexpr void fields(auto&& f) {
            using M = Voter;
            f("voter_id", &M::voter_id, {.in = only(0)});
        }
        bool operator==(const Voter&) const = default;
    };

    std::string cluster_id;
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;
    std::int32_t voted_id = -1;
    Uuid voted_directory_id;
    std::int64_t applied_offset = 0;
    std::optional<std::vector<Voter>> current_voters = std::vector<Voter>{};

    static constexpr void fields(auto&& f) {
        using M = QuorumStateData;
        f("cluster_id", &M::cluster_id, {.in = only(0)});
        f("leader_id", &M::leader_id, {.in = since(0)});
        f("leader_epoch", &M::leader_epoch, {.in = since(0)});
        f("voted_id", &M::voted_id, {.in = since(0)});
        f("voted_directory_id", &M::voted_directory_id, {.in = since(1)});
        f("applied_offset", &M::applied_offset, {.in = only(0)});
        f("current_voters", &M::current_voters, {.in = only(0), .nullable = only(0)});
    }
    bool operator==(const QuorumStateData&) const = default;
};

}  // namespace millrace::wire
