#pragma once
// The active controller's decisions. A handler (broker/api) reads the state and returns records and
// an answer; the records are appended as one batch and replayed into the state at once, the answer
// leaves when they are committed. State changes in no other way; when leadership goes the state is
// thrown away.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/random.h"
#include "millrace/broker/config/broker_config.h"
#include "millrace/broker/controller/image.h"
#include "millrace/wire/api.h"

namespace millrace::broker {

struct ControllerState {
    MetadataImage image;  // ahead of the committed one by what is appended
    const BrokerConfig* config = nullptr;
    std::string cluster_id;
    NodeId self{};
    Random random{0};
    Offset next_offset{};  // where the next record will stand: a broker's epoch is the offset of
                           // its registration
    Now now{};
    std::map<NodeId, Time>
        last_contact;  // heartbeats; not in the log, so it begins anew with each leader

    // Registered, unfenced, and not on its way out.
    bool is_active(NodeId id) const {
        const BrokerImage* b = image.broker(id);
        return b && !b->fenced && !b->in_controlled_shutdown;
    }
};

struct Decision {
    std::vector<MetadataRecord> records;
    wire::AnyResponse response;
};

bool controller_serves(wire::ApiKey key);
// Any request of controller_serves(), on the active controller.
Decision decide(ControllerState& state, const wire::AnyRequest& request);
// The same request answered with one error throughout: NotController, or the failure of an append.
wire::AnyResponse controller_error(const wire::AnyRequest& request, ErrorCode code);

// What a freshly formatted cluster begins with.
std::vector<MetadataRecord> bootstrap_records();
// Brokers that have not been heard of for a session timeout; the records fence them.
std::vector<MetadataRecord> expire_sessions(ControllerState& state, Duration session_timeout);

}  // namespace millrace::broker
