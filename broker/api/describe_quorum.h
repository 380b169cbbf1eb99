#pragma once
// DescribeQuorum, key 55, versions 0-2: see describe_quorum.cc.
#include "millrace/broker/controller/image.h"
#include "millrace/broker/raft/quorum.h"
#include "millrace/wire/messages/describe_quorum.h"

namespace millrace::broker {

wire::DescribeQuorumResponse describe_quorum(const raft::Quorum& quorum, Offset log_end,
                                             const MetadataImage& image,
                                             const wire::DescribeQuorumRequest& request,
                                             std::int16_t version, Now now);

}  // namespace millrace::broker
