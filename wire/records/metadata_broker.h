#pragma once
// __cluster_metadata: nodes.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct RegisterBrokerRecord {
    static constexpr std::string_view kName = "RegisterBrokerRecord";
    static constexpr std::int16_t kType = 0;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = between(0, 4), kFlexible = since(0);

    struct BrokerEndpoint {
        std::string name;
        std::string host;
        std::uint16_t port = 0;
        std::int16_t security_protocol = 0;

        static constexpr void fields(auto&& f) {
            using M = BrokerEndpoint;
            f("name", &M::name, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
            f("security_protocol", &M::security_protocol, {.in = since(0)});
        }
        bool operator==(const BrokerEndpoint&) const = default;
    };

    struct BrokerFeature {
        std::string name;
        std::int16_t min_supported_version = 0;
        std::int16_t max_supported_version = 0;

        static constexpr void fields(auto&& f) {
            using M = BrokerFeature;
            f("name", &M::name, {.in = since(0)});
            f("min_supported_version", &M::min_supported_version, {.in = since(0)});
            f("max_supported_version", &M::max_supported_version, {.in = since(0)});
        }
        bool operator==(const BrokerFeature&) const = default;
    };

    std::int32_t broker_id = 0;
    bool is_migrating_zk_broker = false;
    Uuid incarnation_id;
    std::int64_t broker_epoch = 0;
    std::vector<BrokerEndpoint> end_points;
    std::vector<BrokerFeature> features;
    std::optional<std::string> rack = "";
    bool fenced = true;
    bool in_controlled_shutdown = false;
    std::vector<Uuid> log_dirs;
    std::optional<std::vector<Uuid>> cordoned_log_dirs;

    static constexpr void fields(auto&& f) {
        using M = RegisterBrokerRecord;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("is_migrating_zk_broker", &M::is_migrating_zk_broker, {.in = since(2)});
        f("incarnation_id", &M::incarnation_id, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
        f("end_points", &M::end_points, {.in = since(0)});
        f("features", &M::features, {.in = since(0)});
        f("rack", &M::rack, {.in = since(0), .nullable = since(0)});
        f("fenced", &M::fenced, {.in = since(0)});
        f("in_controlled_shutdown", &M::in_controlled_shutdown, {.in = since(1)});
        f("log_dirs", &M::log_dirs, {.in = since(3), .tagged = since(3), .tag = 0});
        f("cordoned_log_dirs", &M::cordoned_log_dirs,
          {.in = since(4), .nullable = since(4), .tagged = since(4), .tag = 1});
    }
    bool operator==(const RegisterBrokerRecord&) const = default;
};

struct UnregisterBrokerRecord {
    static constexpr std::string_view kName = "UnregisterBrokerRecord";
    static constexpr std::int16_t kType = 1;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t broker_id = 0;
    std::int64_t broker_epoch = 0;

    static constexpr void fields(auto&& f) {
        using M = UnregisterBrokerRecord;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
    }
    bool operator==(const UnregisterBrokerRecord&) const = default;
};

struct FenceBrokerRecord {
    static constexpr std::string_view kName = "FenceBrokerRecord";
    static constexpr std::int16_t kType = 7;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t id = 0;
    std::int64_t epoch = 0;

    static constexpr void fields(auto&& f) {
        using M = FenceBrokerRecord;
        f("id", &M::id, {.in = since(0)});
        f("epoch", &M::epoch, {.in = since(0)});
    }
    bool operator==(const FenceBrokerRecord&) const = default;
};

struct UnfenceBrokerRecord {
    static constexpr std::string_view kName = "UnfenceBrokerRecord";
    static constexpr std::int16_t kType = 8;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t id = 0;
    std::int64_t epoch = 0;

    static constexpr void fields(auto&& f) {
        using M = UnfenceBrokerRecord;
        f("id", &M::id, {.in = since(0)});
        f("epoch", &M::epoch, {.in = since(0)});
    }
    bool operator==(const UnfenceBrokerRecord&) const = default;
};

struct BrokerRegistrationChangeRecord {
    static constexpr std::string_view kName = "BrokerRegistrationChangeRecord";
    static constexpr std::int16_t kType = 17;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = between(0, 3), kFlexible = since(0);

    std::int32_t broker_id = 0;
    std::int64_t broker_epoch = 0;
    std::int8_t fenced = 0;
    std::int8_t in_controlled_shutdown = 0;
    std::vector<Uuid> log_dirs;
    std::optional<std::vector<Uuid>> cordoned_log_dirs;

    static constexpr void fields(auto&& f) {
        using M = BrokerRegistrationChangeRecord;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
        f("fenced", &M::fenced, {.in = since(0), .tagged = since(0), .tag = 0});
        f("in_controlled_shutdown", &M::in_controlled_shutdown,
          {.in = since(1), .tagged = since(1), .tag = 1});
        f("log_dirs", &M::log_dirs, {.in = since(2), .tagged = since(2), .tag = 2});
        f("cordoned_log_dirs", &M::cordoned_log_dirs,
          {.in = since(3), .nullable = since(3), .tagged = since(3), .tag = 3});
    }
    bool operator==(const BrokerRegistrationChangeRecord&) const = default;
};

struct RegisterControllerRecord {
    static constexpr std::string_view kName = "RegisterControllerRecord";
    static constexpr std::int16_t kType = 27;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct ControllerEndpoint {
        std::string name;
        std::string host;
        std::uint16_t port = 0;
        std::int16_t security_protocol = 0;

        static constexpr void fields(auto&& f) {
            using M = ControllerEndpoint;
            f("name", &M::name, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
            f("security_protocol", &M::security_protocol, {.in = since(0)});
        }
        bool operator==(const ControllerEndpoint&) const = default;
    };

    struct ControllerFeature {
        std::string name;
        std::int16_t min_supported_version = 0;
        std::int16_t max_supported_version = 0;

        static constexpr void fields(auto&& f) {
            using M = ControllerFeature;
            f("name", &M::name, {.in = since(0)});
            f("min_supported_version", &M::min_supported_version, {.in = since(0)});
            f("max_supported_version", &M::max_supported_version, {.in = since(0)});
        }
        bool operator==(const ControllerFeature&) const = default;
    };

    std::int32_t controller_id = 0;
    Uuid incarnation_id;
    bool zk_migration_ready = false;
    std::vector<ControllerEndpoint> end_points;
    std::vector<ControllerFeature> features;

    static constexpr void fields(auto&& f) {
        using M = RegisterControllerRecord;
        f("controller_id", &M::controller_id, {.in = since(0)});
        f("incarnation_id", &M::incarnation_id, {.in = since(0)});
        f("zk_migration_ready", &M::zk_migration_ready, {.in = since(0)});
        f("end_points", &M::end_points, {.in = since(0)});
        f("features", &M::features, {.in = since(0)});
    }
    bool operator==(const RegisterControllerRecord&) const = default;
};

struct UnregisterControllerRecord {
    static constexpr std::string_view kName = "UnregisterControllerRecord";
    static constexpr std::int16_t kType = 29;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t controller_id = 0;

    static constexpr void fields(auto&& f) {
        using M = UnregisterControllerRecord;
        f("controller_id", &M::controller_id, {.in = since(0)});
    }
    bool operator==(const UnregisterControllerRecord&) const = default;
};

}  // namespace millrace::wire
