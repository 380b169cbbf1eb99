#pragma once
// One node's share of the metadata quorum: raft, the metadata log, the controller that decides when
// this node leads, and the image of what is committed. A single-node broker is a quorum of one
// voter, nothing is special-cased.
//
// The broker drives it: every call may leave effects, which are carried out in their order. Answers
// leave through the Responder once their records are committed; internal requests (auto-creation of
// topics, producer id blocks, registration) are ordinary requests whose tokens the broker knows.
#include <memory>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/disk.h"
#include "millrace/base/log_line.h"
#include "millrace/broker/config/broker_config.h"
#include "millrace/broker/controller/image.h"
#include "millrace/broker/raft/message.h"
#include "millrace/broker/request.h"

namespace millrace::broker {

struct ControllerEffects {
    bool sync = false;                 // 1. call sync() off the loop (or on it), then synced()
    std::vector<raft::Envelope> send;  // 2. to other nodes of the quorum
    std::vector<MetadataChange>
        committed;                 // 3. newly committed, in order; image() already has them
    Time wake_at = Time::never();  // 4. call tick() no later than this
    void wake(Time at) {
        if (at < wake_at) wake_at = at;
    }
};

class ControllerNode {
public:
    struct Settings {
        const BrokerConfig* config = nullptr;  // outlives the node
        std::string cluster_id;                // as in meta.properties
        Uuid directory_id;                     // of the metadata directory
        std::vector<Endpoint> controller_endpoints;
        std::uint64_t seed = 0;  // topic ids, election jitter
    };
    // Recovers log and snapshot from `<metadata dir>/__cluster_metadata-0`; an empty directory is
    // formatted with a bootstrap snapshot. A quorum of one voter is leader when this returns; its
    // records wait for the first sync.
    static Result<std::unique_ptr<ControllerNode>> open(Settings settings, Disk& disk,
                                                        Responder& responder, LogSink& log, Now now,
                                                        ControllerEffects& effects);
    virtual ~ControllerNode() = default;

    // CreateTopics, DeleteTopics, CreatePartitions, IncrementalAlterConfigs, AllocateProducerIds,
    // BrokerRegistration, BrokerHeartbeat, AlterPartition, DescribeQuorum. NotController when this
    // node does not lead: the broker forwards.
    virtual void handle(const Request& request, Now now, ControllerEffects& effects) = 0;
    static bool handles(wire::ApiKey key);
    // Raft messages from another node: requests (their reply leaves as an Envelope) and responses.
    virtual void receive(const raft::Envelope& message, Now now, ControllerEffects& effects) = 0;
    virtual void tick(Now now, ControllerEffects& effects) = 0;

    // The disk part of `effects.sync`: what is appended becomes durable. Blocks; may run on another
    // thread while the node is used. Answers the offset to hand to synced(); a failure is final,
    // hand it to sync_failed().
    virtual Result<Offset> sync() = 0;
    virtual void synced(Offset durable_end, Now now, ControllerEffects& effects) = 0;
    virtual void sync_failed(Now now, ControllerEffects& effects) = 0;
    virtual Result<void> close() = 0;  // a clean stop: everything synced, indexes trimmed

    virtual const MetadataImage& image() const = 0;  // of committed records
    virtual Offset committed_end() const = 0;        // the quorum's high watermark
    virtual bool active() const = 0;                 // this node decides
    virtual std::optional<NodeId> leader() const = 0;
    virtual LeaderEpoch epoch() const = 0;
};

}  // namespace millrace::broker
