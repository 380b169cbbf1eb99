#pragma once
// AlterClientQuotas: key 49, versions 0-1, flexible from version 1.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AlterClientQuotasRequest {
    static constexpr std::string_view kName = "AlterClientQuotasRequest";
    static constexpr ApiKey kKey = ApiKey::AlterClientQuotas;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(1);

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

    struct OpData {
        std::string key;
        double value = 0;
        bool remove = false;

        static constexpr void fields(auto&& f) {
            using M = OpData;
            f("key", &M::key, {.in = since(0)});
            f("value", &M::value, {.in = since(0)});
            f("remove", &M::remove, {.in = since(0)});
        }
        bool operator==(const OpData&) const = default;
    };

    struct EntryData {
        std::vector<EntityData> entity;
        std::vector<OpData> ops;

        static constexpr void fields(auto&& f) {
            using M = EntryData;
            f("entity", &M::entity, {.in = since(0)});
            f("ops", &M::ops, {.in = since(0)});
        }
        bool operator==(const EntryData&) const = default;
    };

    std::vector<EntryData> entries;
    bool validate_only = false;

    static constexpr void fields(auto&& f) {
        using M = AlterClientQuotasRequest;
        f("entries", &M::entries, {.in = since(0)});
        f("validate_only", &M::validate_only, {.in = since(0)});
    }
    bool operator==(const AlterClientQuotasRequest&) const = default;
};

struct AlterClientQuotasResponse {
    static constexpr std::string_view kName = "AlterClientQuotasResponse";
    static constexpr ApiKey kKey = ApiKey::AlterClientQuotas;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(1);

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

    struct EntryData {
        ErrorCode error_code = ErrorCode::None;
        std::optional<std::string> error_message = "";
        std::vector<EntityData> entity;

        static constexpr void fields(auto&& f) {
            using M = EntryData;
            f("error_code", &M::error_code, {.in = since(0)});
            f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
            f("entity", &M::entity, {.in = since(0)});
        }
        bool operator==(const EntryData&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<EntryData> entries;

    static constexpr void fields(auto&& f) {
        using M = AlterClientQuotasResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("entries", &M::entries, {.in = since(0)});
    }
    bool operator==(const AlterClientQuotasResponse&) const = default;
};

}  // namespace millrace::wire
