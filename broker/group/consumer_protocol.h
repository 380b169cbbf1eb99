#pragma once
// The embedded consumer protocol: what classic members put into JoinGroup, and are given with
// SyncGroup. Bytes of clients, never trusted.
#include "millrace/base/bytes.h"
#include "millrace/base/result.h"
#include "millrace/broker/group/consumer_group.h"
#include "millrace/broker/group/topic_lookup.h"
#include "millrace/wire/records/consumer_protocol.h"

namespace millrace::broker {

Result<wire::ConsumerProtocolSubscription> read_subscription(BytesView bytes);
Result<wire::ConsumerProtocolAssignment> read_assignment(BytesView bytes);  // empty bytes: nothing
// In the version of the member's subscription.
Bytes write_assignment(const AssignedPartitions& assigned, BytesView subscription,
                       const TopicLookup& topics);

}  // namespace millrace::broker
