#pragma once
// What the log says of a classic group (Kafka: ClassicGroup, GroupMetadataValue): its last
// completed generation. Who is joining, who still has to sync, and protocols that were not chosen
// stand in memory only (classic_membership.h): a generation is written when its leader's
// assignments come.
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "millrace/base/bytes.h"
#include "millrace/base/strong.h"

namespace millrace::broker {

struct ClassicMember {
    std::optional<std::string> instance_id;
    std::string client_id, client_host;
    std::int32_t rebalance_timeout_ms = -1, session_timeout_ms = 0;
    Bytes subscription, assignment;  // of the protocol that was chosen; opaque
    friend bool operator==(const ClassicMember&, const ClassicMember&) = default;
};

struct ClassicGroup {
    std::string protocol_type;  // empty: nobody has ever joined
    std::int32_t generation = 0;
    std::optional<std::string> protocol, leader;  // nothing: an empty group
    std::optional<Timestamp> state_since;         // old records do not say
    std::map<std::string, ClassicMember> members;
    friend bool operator==(const ClassicGroup&, const ClassicGroup&) = default;
};

}  // namespace millrace::broker
