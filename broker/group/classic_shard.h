#pragma once
// Inside the group coordinator, for the files of classic groups.
#include "millrace/broker/group/group_shard.h"

namespace millrace::broker {

struct GroupCoordinator::Classic {  // a group that is worked on; lives for one call
    GroupShard& shard;
    const std::string id;
    ClassicMembership& group;
};

struct GroupCoordinator::Join {
    wire::JoinGroupRequest request;
    std::int16_t version = 0;
    const RequestContext& context;
    JoinAnswer answer;
};

}  // namespace millrace::broker
