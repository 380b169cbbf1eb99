#pragma once
// __cluster_metadata: settings, features, producer id blocks, and the brackets of a metadata
// transaction.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ConfigRecord {
    static constexpr std::string_view kName = "ConfigRecord";
    static constexpr std::int16_t kType = 4;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int8_t resource_type = 0;
    std::string resource_name;
    std::string name;
    std::optional<std::string> value = "";

    static constexpr void fields(auto&& f) {
        using M = ConfigRecord;
        f("resource_type", &M::resource_type, {.in = since(0)});
        f("resource_name", &M::resource_name, {.in = since(0)});
        f("name", &M::name, {.in = since(0)});
        f("value", &M::value, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const ConfigRecord&) const = default;
};

struct FeatureLevelRecord {
    static constexpr std::string_view kName = "FeatureLevelRecord";
    static constexpr std::int16_t kType = 12;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::string name;
    std::int16_t feature_level = 0;

    static constexpr void fields(auto&& f) {
        using M = FeatureLevelRecord;
        f("name", &M::name, {.in = since(0)});
        f("feature_level", &M::feature_level, {.in = since(0)});
    }
    bool operator==(const FeatureLevelRecord&) const = default;
};

struct ClientQuotaRecord {
    static constexpr std::string_view kName = "ClientQuotaRecord";
    static constexpr std::int16_t kType = 14;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct EntityData {
        std::string entity_type;
        std::optional<std::string> entity_name = "";

        static constexpr void fields(auto&& f) {
            using M = EntityData;
            f("entity_type", &M::entity_type, {.in = since(0)});
            f("entity_name", &M::entity_name, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const EntityData&) const = default;
    };

    std::vector<EntityData> entity;
    std::string key;
    double value = 0;
    bool remove = false;

    static constexpr void fields(auto&& f) {
        using M = ClientQuotaRecord;
        f("entity", &M::entity, {.in = since(0)});
        f("key", &M::key, {.in = since(0)});
        f("value", &M::value, {.in = since(0)});
        f("remove", &M::remove, {.in = since(0)});
    }
    bool operator==(const ClientQuotaRecord&) const = default;
};

struct ProducerIdsRecord {
    static constexpr std::string_view kName = "ProducerIdsRecord";
    static constexpr std::int16_t kType = 15;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int32_t broker_id = 0;
    std::int64_t broker_epoch = -1;
    std::int64_t next_producer_id = 0;

    static constexpr void fields(auto&& f) {
        using M = ProducerIdsRecord;
        f("broker_id", &M::broker_id, {.in = since(0)});
        f("broker_epoch", &M::broker_epoch, {.in = since(0)});
        f("next_producer_id", &M::next_producer_id, {.in = since(0)});
    }
    bool operator==(const ProducerIdsRecord&) const = default;
};

struct NoOpRecord {
    static constexpr std::string_view kName = "NoOpRecord";
    static constexpr std::int16_t kType = 20;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    static constexpr void fields([[maybe_unused]] auto&& f) {}
    bool operator==(const NoOpRecord&) const = default;
};

struct ZkMigrationStateRecord {
    static constexpr std::string_view kName = "ZkMigrationStateRecord";
    static constexpr std::int16_t kType = 21;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::int8_t zk_migration_state = 0;

    static constexpr void fields(auto&& f) {
        using M = ZkMigrationStateRecord;
        f("zk_migration_state", &M::zk_migration_state, {.in = since(0)});
    }
    bool operator==(const ZkMigrationStateRecord&) const = default;
};

struct BeginTransactionRecord {
    static constexpr std::string_view kName = "BeginTransactionRecord";
    static constexpr std::int16_t kType = 23;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::optional<std::string> name;

    static constexpr void fields(auto&& f) {
        using M = BeginTransactionRecord;
        f("name", &M::name, {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 0});
    }
    bool operator==(const BeginTransactionRecord&) const = default;
};

struct EndTransactionRecord {
    static constexpr std::string_view kName = "EndTransactionRecord";
    static constexpr std::int16_t kType = 24;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    static constexpr void fields([[maybe_unused]] auto&& f) {}
    bool operator==(const EndTransactionRecord&) const = default;
};

struct AbortTransactionRecord {
    static constexpr std::string_view kName = "AbortTransactionRecord";
    static constexpr std::int16_t kType = 25;
    static constexpr Framing kFraming = Framing::Metadata;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    std::optional<std::string> reason;

    static constexpr void fields(auto&& f) {
        using M = AbortTransactionRecord;
        f("reason", &M::reason,
          {.in = since(0), .nullable = since(0), .tagged = since(0), .tag = 0});
    }
    bool operator==(const AbortTransactionRecord&) const = default;
};

}  // namespace millrace::wire
