#pragma once
// Keys and values of control batches: transaction markers and what Raft writes into its log.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ControlRecordTypeSchema {
    static constexpr std::string_view kName = "ControlRecordTypeSchema";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::int16_t type = 0;

    static constexpr void fields(auto&& f) {
        using M = ControlRecordTypeSchema;
        f("type", &M::type, {.in = since(0)});
    }
    bool operator==(const ControlRecordTypeSchema&) const = default;
};

struct EndTxnMarker {
    static constexpr std::string_view kName = "EndTxnMarker";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::int32_t coordinator_epoch = 0;

    static constexpr void fields(auto&& f) {
        using M = EndTxnMarker;
        f("coordinator_epoch", &M::coordinator_epoch, {.in = since(0)});
    }
    bool operator==(const EndTxnMarker&) const = default;
};

struct KRaftVersionRecord {
    static constexpr std::string_view kName = "KRaftVersionRecord";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int16_t version = 0;
    std::int16_t k_raft_version = 0;

    static constexpr void fields(auto&& f) {
        using M = KRaftVersionRecord;
        f("version", &M::version, {.in = since(0)});
        f("k_raft_version", &M::k_raft_version, {.in = since(0)});
    }
    bool operator==(const KRaftVersionRecord&) const = default;
};

struct LeaderChangeMessage {
    static constexpr std::string_view kName = "LeaderChangeMessage";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(0);

    struct Voter {
        std::int32_t voter_id = 0;
        Uuid voter_directory_id;

        static constexpr void fields(auto&& f) {
            using M = Voter;
            f("voter_id", &M::voter_id, {.in = since(0)});
            f("voter_directory_id", &M::voter_directory_id, {.in = since(1)});
        }
        bool operator==(const Voter&) const = default;
    };

    std::int16_t version = 0;
    std::int32_t leader_id = 0;
    std::vector<Voter> voters;
    std::vector<Voter> granting_voters;

    static constexpr void fields(auto&& f) {
        using M = LeaderChangeMessage;
        f("version", &M::version, {.in = since(0)});
        f("leader_id", &M::leader_id, {.in = since(0)});
        f("voters", &M::voters, {.in = since(0)});
        f("granting_voters", &M::granting_voters, {.in = since(0)});
    }
    bool operator==(const LeaderChangeMessage&) const = default;
};

struct SnapshotFooterRecord {
    static constexpr std::string_view kName = "SnapshotFooterRecord";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int16_t version = 0;

    static constexpr void fields(auto&& f) {
        using M = SnapshotFooterRecord;
        f("version", &M::version, {.in = since(0)});
    }
    bool operator==(const SnapshotFooterRecord&) const = default;
};

struct SnapshotHeaderRecord {
    static constexpr std::string_view kName = "SnapshotHeaderRecord";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int16_t version = 0;
    std::int64_t last_contained_log_timestamp = 0;

    static constexpr void fields(auto&& f) {
        using M = SnapshotHeaderRecord;
        f("version", &M::version, {.in = since(0)});
        f("last_contained_log_timestamp", &M::last_contained_log_timestamp, {.in = since(0)});
    }
    bool operator==(const SnapshotHeaderRecord&) const = default;
};

struct VotersRecord {
    static constexpr std::string_view kName = "VotersRecord";
    static constexpr Framing kFraming = Framing::None;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct Endpoint {
        std::string name;
        std::string host;
        std::uint16_t port = 0;

        static constexpr void fields(auto&& f) {
            using M = Endpoint;
            f("name", &M::name, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
        }
        bool operator==(const Endpoint&) const = default;
    };

    struct KRaftVersionFeature {
        std::int16_t min_supported_version = 0;
        std::int16_t max_supported_version = 0;

        static constexpr void fields(auto&& f) {
            using M = KRaftVersionFeature;
            f("min_supported_version", &M::min_supported_version, {.in = since(0)});
            f("max_supported_version", &M::max_supported_version, {.in = since(0)});
        }
        bool operator==(const KRaftVersionFeature&) const = default;
    };

    struct Voter {
        std::int32_t voter_id = 0;
        Uuid voter_directory_id;
        std::vector<Endpoint> endpoints;
        KRaftVersionFeature k_raft_version_feature;

        static constexpr void fields(auto&& f) {
            using M = Voter;
            f("voter_id", &M::voter_id, {.in = since(0)});
            f("voter_directory_id", &M::voter_directory_id, {.in = since(0)});
            f("endpoints", &M::endpoints, {.in = since(0)});
            f("k_raft_version_feature", &M::k_raft_version_feature, {.in = since(0)});
        }
        bool operator==(const Voter&) const = default;
    };

    std::int16_t version = 0;
    std::vector<Voter> voters;

    static constexpr void fields(auto&& f) {
        using M = VotersRecord;
        f("version", &M::version, {.in = since(0)});
        f("voters", &M::voters, {.in = since(0)});
    }
    bool operator==(const VotersRecord&) const = default;
};

}  // namespace millrace::wire
