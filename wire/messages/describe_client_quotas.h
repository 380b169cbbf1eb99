#pragma once
// DescribeClientQuotas: key 48, versions 0-1, flexible from version 1.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DescribeClientQuotasRequest {
    static constexpr std::string_view kName = "DescribeClientQuotasRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeClientQuotas;
    static constexpr Versions kValid = between(0, 1), kFlexible = since(1);

    struct ComponentData {
        std::string entity_type;
        std::int8_t match_type = 0;
        std::optional<std::string> match = "";

        static constexpr void fields(auto&& f) {
            using M = ComponentData;
            f("entity_type", &M::entity_type, {.in = since(0)});
            f("match_type", &M::match_type, {.in = since(0)});
            f("match", &M::match, {.in = since(0), .nullable = since(0)});
        }
        bool operator==(const ComponentData&) const = default;
    };

    std::vector<ComponentData> components;
    bool strict = false;

    static constexpr void fields(auto&& f) {
        using M = DescribeClientQuotasRequest;
        f("components", &M::components, {.in = since(0)});
        f("strict", &M::strict, {.in = since(0)});
    }
    bool operator==(const DescribeClientQuotasRequest&) const = default;
};

struct DescribeClientQuotasResponse {
    static constexpr std::string_view kName = "DescribeClientQuotasResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeClientQuotas;
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

    struct ValueData {
        std::string key;
        double value = 0;

        static constexpr void fields(auto&& f) {
            using M = ValueData;
            f("key", &M::key, {.in = since(0)});
            f("value", &M::value, {.in = since(0)});
        }
        bool operator==(const ValueData&) const = default;
    };

    struct EntryData {
        std::vector<EntityData> entity;
        std::vector<ValueData> values;

        static constexpr void fields(auto&& f) {
            using M = EntryData;
            f("entity", &M::entity, {.in = since(0)});
            f("values", &M::values, {.in = since(0)});
        }
        bool operator==(const EntryData&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message = "";
    std::optional<std::vector<EntryData>> entries = std::vector<EntryData>{};

    static constexpr void fields(auto&& f) {
        using M = DescribeClientQuotasResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("entries", &M::entries, {.in = since(0), .nullable = since(0)});
    }
    bool operator==(const DescribeClientQuotasResponse&) const = default;
};

}  // namespace millrace::wire
