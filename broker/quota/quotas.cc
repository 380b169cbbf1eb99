#include "millrace/broker/quota/quotas.h"

#include <algorithm>
#include <string_view>

namespace millrace::broker {
namespace {
constexpr std::string_view kAnonymous = "ANONYMOUS";
constexpr std::string_view kKeys[kQuotaKinds] = {"producer_byte_rate", "consumer_byte_rate"};
constexpr Duration kIdle = std::chrono::hours(1);  // Kafka: INACTIVE_SENSOR_EXPIRATION_TIME_SECONDS
}  // namespace

void Quotas::replace(const std::vector<const wire::ClientQuotaRecord*>& records) {
    for (auto& limits : limits_) limits.clear();
    for (const wire::ClientQuotaRecord* record : records) {
        Entity entity;
        bool other = false;
        for (const auto& part : record->entity) {
            if (part.entity_type == "user")
                entity.user = {true, part.entity_name};
            else if (part.entity_type == "client-id")
                entity.client = {true, part.entity_name};
            else
                other = true;
        }
        for (std::size_t kind = 0; kind < kQuotaKinds; ++kind)
            if (!other && !record->remove && record->key == kKeys[kind])
                limits_[kind][entity] = record->value;
    }
    for (std::size_t kind = 0; kind < kQuotaKinds; ++kind)
        if (limits_[kind].empty()) meters_[kind].clear();
}

std::optional<Quotas::Found> Quotas::find(QuotaKind kind, const std::string& client_id) const {
    const auto& limits = limits_[index(kind)];
    if (limits.empty()) return std::nullopt;
    const Part none, any{true, std::nullopt}, user{true, std::string(kAnonymous)},
        client{true, client_id};
    const Entity order[] = {{user, client}, {user, any}, {user, none},   {any, client},
                            {any, any},     {any, none}, {none, client}, {none, any}};
    for (const Entity& entity : order)
        if (const auto at = limits.find(entity); at != limits.end())
            return Found{at->second, entity.client.there};
    return std::nullopt;
}

std::optional<double> Quotas::limit(QuotaKind kind, const std::string& client_id) const {
    const auto found = find(kind, client_id);
    return found ? std::optional(found->limit) : std::nullopt;
}

Quotas::Meter& Quotas::meter(QuotaKind kind, const Found& found, const std::string& client_id,
                             Time now) {
    Meter& meter = meters_[index(kind)][found.by_client ? 'c' + client_id : std::string()];
    meter.used = now;
    return meter;
}

Duration Quotas::record(QuotaKind kind, const std::string& client_id, std::size_t bytes, Time now) {
    const auto found = find(kind, client_id);
    if (!found) return {};
    QuotaRate& rate = meter(kind, *found, client_id, now).rate;
    rate.record(static_cast<double>(bytes), now, window_);
    return rate.throttle(found->limit, now, window_);
}

void Quotas::take_back(QuotaKind kind, const std::string& client_id, std::size_t bytes, Time now) {
    if (const auto found = find(kind, client_id))
        meter(kind, *found, client_id, now).rate.record(-static_cast<double>(bytes), now, window_);
}

std::optional<std::size_t> Quotas::window_bytes(QuotaKind kind,
                                                const std::string& client_id) const {
    const auto found = find(kind, client_id);
    if (!found) return std::nullopt;
    const double seconds =
        static_cast<double>((window_.sample * (window_.samples - 1)).count()) * 1e-9;
    return static_cast<std::size_t>(std::min(found->limit * seconds, 2147483647.0));
}

void Quotas::forget_idle(Time now) {
    for (auto& meters : meters_)
        std::erase_if(meters, [&](const auto& entry) { return now - entry.second.used > kIdle; });
}

}  // namespace millrace::broker
