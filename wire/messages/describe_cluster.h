#pragma once
// DescribeCluster: key 60, versions 0-2, flexible from version 0.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct DescribeClusterRequest {
    static constexpr std::string_view kName = "DescribeClusterRequest";
    static constexpr ApiKey kKey = ApiKey::DescribeCluster;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    bool include_cluster_authorized_operations = false;
    std::int8_t endpoint_type = 1;
    bool include_fenced_brokers = false;

    static constexpr void fields(auto&& f) {
        using M = DescribeClusterRequest;
        f("include_cluster_authorized_operations", &M::include_cluster_authorized_operations,
          {.in = since(0)});
        f("endpoint_type", &M::endpoint_type, {.in = since(1)});
        f("include_fenced_brokers", &M::include_fenced_brokers, {.in = since(2)});
    }
    bool operator==(const DescribeClusterRequest&) const = default;
};

struct DescribeClusterResponse {
    static constexpr std::string_view kName = "DescribeClusterResponse";
    static constexpr ApiKey kKey = ApiKey::DescribeCluster;
    static constexpr Versions kValid = between(0, 2), kFlexible = since(0);

    struct DescribeClusterBroker {
        std::int32_t broker_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;
        bool is_fenced = false;

        static constexpr void fields(auto&& f) {
            using M = DescribeClusterBroker;
            f("broker_id", &M::broker_id, {.in = since(0)});
            f("host", &M::host, {.in = since(0)});
            f("port", &M::port, {.in = since(0)});
            f("rack", &M::rack, {.in = since(0), .nullable = since(0)});
            f("is_fenced", &M::is_fenced, {.in = since(2)});
        }
        bool operator==(const DescribeClusterBroker&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::optional<std::string> error_message;
    std::int8_t endpoint_type = 1;
    std::string cluster_id;
    std::int32_t controller_id = -1;
    std::vector<DescribeClusterBroker> brokers;
    std::int32_t cluster_authorized_operations = INT32_MIN;

    static constexpr void fields(auto&& f) {
        using M = DescribeClusterResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(0)});
        f("error_message", &M::error_message, {.in = since(0), .nullable = since(0)});
        f("endpoint_type", &M::endpoint_type, {.in = since(1)});
        f("cluster_id", &M::cluster_id, {.in = since(0)});
        f("controller_id", &M::controller_id, {.in = since(0)});
        f("brokers", &M::brokers, {.in = since(0)});
        f("cluster_authorized_operations", &M::cluster_authorized_operations, {.in = since(0)});
    }
    bool operator==(const DescribeClusterResponse&) const = default;
};

}  // namespace millrace::wire
