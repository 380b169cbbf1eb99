#include "millrace/broker/client_telemetry.h"

#include <algorithm>
#include <set>

#include "millrace/base/hash.h"
#include "millrace/broker/config/config_key.h"
#include "millrace/broker/pattern.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {
namespace {

constexpr std::size_t kInstancesMax = 16'384;
constexpr std::int32_t kDefaultIntervalMs = 300'000;

std::string_view attribute(const TelemetryClient& client, const std::string& id,
                           std::string_view name) {
    if (name == "client_instance_id") return id;
    if (name == "client_id") return client.client_id;
    if (name == "client_software_name") return client.software_name;
    if (name == "client_software_version") return client.software_version;
    if (name == "client_source_address") return client.address;
    return {};
}

bool matches(const ConfigMap& subscription, const TelemetryClient& client, const std::string& id) {
    const auto match = subscription.find("match");
    if (match == subscription.end()) return true;
    for (const std::string& entry : parse_list(match->second)) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string::npos) return false;
        const auto pattern = Pattern::compile(entry.substr(equals + 1));
        if (!pattern || !pattern->matches(attribute(client, id, entry.substr(0, equals))))
            return false;
    }
    return true;
}

// ClientMetricsManager.computeSubscriptionId
std::int32_t subscription_id(const std::vector<std::string>& metrics, std::int32_t interval,
                             const Uuid& id) {
    std::string text = "[";
    for (const std::string& metric : metrics) text += (text.size() > 1 ? ", " : "") + metric;
    text += "]" + std::to_string(interval);
    const std::uint64_t both = id.high ^ id.low;
    const auto hash = static_cast<std::uint32_t>(both >> 32) ^ static_cast<std::uint32_t>(both);
    return static_cast<std::int32_t>(crc32c(as_bytes(text)) ^ hash);
}

}  // namespace

ClientTelemetry::Instance& ClientTelemetry::instance(const Uuid& id, const TelemetryClient& client,
                                                     const MetadataImage& image) {
    const auto [at, fresh] = instances_.try_emplace(id);
    if (fresh) {
        by_age_.push_back(id);
        if (by_age_.size() > kInstancesMax) {
            instances_.erase(by_age_.front());
            by_age_.erase(by_age_.begin());
        }
    }
    Instance& instance = at->second;
    if (instance.version == version_) return instance;
    instance.version = version_;
    instance.push_interval_ms = kDefaultIntervalMs;
    std::set<std::string> metrics;
    bool any = false, all = false;
    for (const std::string& name : image.config_names(ConfigResourceType::ClientMetrics)) {
        const ConfigMap& subscription = image.configs({ConfigResourceType::ClientMetrics, name});
        if (!matches(subscription, client, id.to_string())) continue;
        std::int64_t interval = kDefaultIntervalMs;
        if (const auto set = subscription.find("interval.ms"); set != subscription.end())
            (void)parse_int64(set->second, interval);
        instance.push_interval_ms =
            any ? std::min(instance.push_interval_ms, static_cast<std::int32_t>(interval))
                : static_cast<std::int32_t>(interval);
        any = true;
        if (const auto set = subscription.find("metrics"); set != subscription.end())
            for (std::string& metric : parse_list(set->second)) {
                all = all || metric == "*";
                metrics.insert(std::move(metric));
            }
    }
    instance.metrics.assign(metrics.begin(), metrics.end());
    if (all) instance.metrics = {""};  // the empty prefix: everything
    instance.subscription_id = subscription_id(instance.metrics, instance.push_interval_ms, id);
    return instance;
}

wire::GetTelemetrySubscriptionsResponse ClientTelemetry::subscriptions(
    const wire::GetTelemetrySubscriptionsRequest& request, const TelemetryClient& client,
    const MetadataImage& image, std::int32_t bytes_max, Now now) {
    wire::GetTelemetrySubscriptionsResponse response;
    Uuid id = request.client_instance_id;
    while (id.is_zero()) id = Uuid::from_random(random_.next(), random_.next());
    Instance& known = instance(id, client, image);
    const bool excused = known.last_error == ErrorCode::UnknownSubscriptionId ||
                         known.last_error == ErrorCode::UnsupportedCompressionType;
    const std::optional<Time> last = std::max(known.last_get, known.last_push);
    if (last && !excused && now.time - *last < std::chrono::milliseconds(known.push_interval_ms)) {
        response.error_code = known.last_error = ErrorCode::ThrottlingQuotaExceeded;
        return response;
    }
    known.last_get = now.time;
    known.last_error = ErrorCode::None;
    response.client_instance_id = id;
    response.subscription_id = known.subscription_id;
    response.accepted_compression_types = {4, 3, 1, 2};  // zstd, lz4, gzip, snappy
    response.push_interval_ms = known.push_interval_ms;
    response.telemetry_max_bytes = bytes_max;
    response.delta_temporality = true;
    response.requested_metrics = known.metrics;
    return response;
}

wire::PushTelemetryResponse ClientTelemetry::push(const wire::PushTelemetryRequest& request,
                                                  const TelemetryClient& client,
                                                  const MetadataImage& image,
                                                  std::int32_t bytes_max, Now now) {
    wire::PushTelemetryResponse response;
    if (request.client_instance_id.is_zero()) {
        response.error_code = ErrorCode::InvalidRequest;
        return response;
    }
    Instance& known = instance(request.client_instance_id, client, image);
    const auto check = [&] {
        if (known.terminating) return ErrorCode::InvalidRequest;
        const bool after_get =
            !known.last_push || (known.last_get && known.last_get > known.last_push);
        const bool due = after_get || now.time - *known.last_push >=
                                          std::chrono::milliseconds(known.push_interval_ms);
        if (!due && !request.terminating) return ErrorCode::ThrottlingQuotaExceeded;
        known.last_push = now.time;
        if (request.subscription_id != known.subscription_id)
            return ErrorCode::UnknownSubscriptionId;
        if (request.compression_type < 0 || request.compression_type > 4)
            return ErrorCode::UnsupportedCompressionType;
        if (request.metrics.size() > static_cast<std::size_t>(std::max(0, bytes_max)))
            return ErrorCode::TelemetryTooLarge;
        return ErrorCode::None;
    };
    response.error_code = known.last_error = check();
    if (response.error_code == ErrorCode::None) known.terminating = request.terminating;
    return response;
}

}  // namespace millrace::broker
