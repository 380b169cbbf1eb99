#pragma once
// Quotas of users and clients (KIP-13, KIP-219; Kafka: ClientQuotaManager): bytes produced and
// fetched a second. Who is above the limit is answered at once with a throttle time, and its
// connection is not read for that long. Missing: request_percentage, controller_mutation_rate,
// connection_creation_rate: kept and described, without effect.
//
// Without security everybody is the user ANONYMOUS. The most exact entity that has a value decides:
//   user+client > user+default client > user > default user+client > default user+default client >
//   default user > client > default client
// and its kind says who shares the quota: entities with a client count each client, those of a user
// alone all of the user's together.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/broker/quota/quota_window.h"
#include "millrace/wire/records/metadata_config.h"

namespace millrace::broker {

enum class QuotaKind : std::uint8_t { Produce, Fetch };
inline constexpr std::size_t kQuotaKinds = 2;

// As a response says it: milliseconds, rounded up so that nobody who keeps to it comes too early.
inline std::int32_t throttle_ms(Duration silence) {
    return static_cast<std::int32_t>((silence + std::chrono::milliseconds(1) - Duration{1}) /
                                     std::chrono::milliseconds(1));
}

class Quotas {
public:
    explicit Quotas(QuotaWindow window) : window_(window) {}

    // All that there are, anew.
    void replace(const std::vector<const wire::ClientQuotaRecord*>& records);
    bool any(QuotaKind kind) const { return !limits_[index(kind)].empty(); }
    std::optional<double> limit(QuotaKind kind, const std::string& client_id) const;

    // Counts bytes; how long the client is to be silent.
    Duration record(QuotaKind kind, const std::string& client_id, std::size_t bytes, Time now);
    void take_back(QuotaKind kind, const std::string& client_id, std::size_t bytes, Time now);
    // What a fetch may bring at most, so that it is not throttled for ever; nothing: no limit.
    std::optional<std::size_t> window_bytes(QuotaKind kind, const std::string& client_id) const;

    void forget_idle(Time now);  // of clients that are gone

private:
    static std::size_t index(QuotaKind kind) { return static_cast<std::size_t>(kind); }
    // Of an entity; a null name in `second` is the default, nothing: the entity has no such part.
    struct Part {
        bool there = false;
        std::optional<std::string> name;
        auto operator<=>(const Part&) const = default;
    };
    struct Entity {
        Part user, client;
        auto operator<=>(const Entity&) const = default;
    };
    struct Found {
        double limit;
        bool by_client;  // each client has its own; else all of the user share it
    };
    std::optional<Found> find(QuotaKind kind, const std::string& client_id) const;
    struct Meter {
        QuotaRate rate;
        Time used{};
    };
    Meter& meter(QuotaKind kind, const Found& found, const std::string& client_id, Time now);

    QuotaWindow window_;
    std::map<Entity, double> limits_[kQuotaKinds];
    // By who shares it: "" for all clients of the user, else 'c' + the client id.
    std::map<std::string, Meter> meters_[kQuotaKinds];
};

}  // namespace millrace::broker
