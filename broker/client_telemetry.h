#pragma once
// Subscriptions to clients' metrics (KIP-714; Java: ClientMetricsManager): which metrics a client
// is to push and how often, by the client-metrics configs that match it, and whether it keeps to
// that. What clients push is checked and dropped: there is no receiver, and so the APIs are not
// advertised.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/random.h"
#include "millrace/base/uuid.h"
#include "millrace/broker/controller/image.h"
#include "millrace/wire/messages/get_telemetry_subscriptions.h"
#include "millrace/wire/messages/push_telemetry.h"

namespace millrace::broker {

struct TelemetryClient {  // what patterns are matched against
    std::string client_id, software_name, software_version, address;
};

class ClientTelemetry {
public:
    explicit ClientTelemetry(std::uint64_t seed) : random_(seed) {}

    wire::GetTelemetrySubscriptionsResponse subscriptions(
        const wire::GetTelemetrySubscriptionsRequest& request, const TelemetryClient& client,
        const MetadataImage& image, std::int32_t bytes_max, Now now);
    wire::PushTelemetryResponse push(const wire::PushTelemetryRequest& request,
                                     const TelemetryClient& client, const MetadataImage& image,
                                     std::int32_t bytes_max, Now now);
    void configs_changed() { ++version_; }

private:
    struct Instance {
        std::uint64_t version = 0;  // of the configs it was made from
        std::int32_t subscription_id = 0;
        std::int32_t push_interval_ms = 0;
        std::vector<std::string> metrics;
        std::optional<Time> last_get, last_push;
        bool terminating = false;
        ErrorCode last_error = ErrorCode::None;
    };
    Instance& instance(const Uuid& id, const TelemetryClient& client, const MetadataImage& image);

    Random random_;
    std::uint64_t version_ = 1;
    std::map<Uuid, Instance> instances_;
    std::vector<Uuid> by_age_;  // oldest first: the cache is bounded
};

}  // namespace millrace::broker
