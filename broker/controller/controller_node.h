#pragma once
// One node's share of the metadata quorum: raft, the metadata log, the controller that decides when
// this node leads, and the image of what is committed. A single-node broker is a quorum of one
// voter, nothing is special-cased.
//
// The broker drives it: every call may leave effects, which are carried out in their order. Answers
// leave through the Responder once their records are committed; internal requests (auto-creation of
// topics, producer id blocks, registration) are ordinary requests whose tokens the broker knows.
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/disk.h"
#include "millrace/base/log_line.h"
#include "millrace/broker/config/broker_config.h"
#include "millrace/broker/controller/controller.h"
#include "millrace/broker/controller/image.h"
#include "millrace/broker/controller/metadata_log.h"
#include "millrace/broker/raft/message.h"
#include "millrace/broker/raft/quorum.h"
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
        const BrokerConfig* config = nullptr;        // outlives the node
        std::string cluster_id;                      // as in meta.properties
        Uuid directory_id;                           // of the metadata directory
        std::vector<Endpoint> controller_endpoints;  // written down for the voters; may be empty
        std::uint64_t seed = 0;                      // topic ids, election jitter
    };
    // Recovers log and snapshot from `<metadata dir>/__cluster_metadata-0`; an empty directory is
    // formatted with a bootstrap snapshot. `effects.committed` names all that the snapshot holds. A
    // quorum of one voter leads when this returns; its records wait for the first sync.
    static Result<std::unique_ptr<ControllerNode>> open(Settings settings, Disk& disk,
                                                        Responder& responder, LogSink& log, Now now,
                                                        ControllerEffects& effects);
    ~ControllerNode();

    // Requests of controller_serves() and DescribeQuorum. Answers leave through the Responder, also
    // during this call. Where this node does not lead they are NotController: the broker forwards
    // them to the leader.
    void handle(const Request& request, Now now, ControllerEffects& effects);
    static bool handles(const wire::AnyRequest& request);
    // The quorum's requests from other nodes come in through handle(), too. What goes out:
    // effects.send, each as quorum_request(); its answer comes back through quorum_answered(), or
    // quorum_unanswered() when its connection closed.
    wire::AnyRequest quorum_request(const raft::Envelope& request) const;
    void quorum_answered(NodeId from, std::uint64_t correlation, const wire::AnyResponse& response,
                         Now now, ControllerEffects& effects);
    void quorum_unanswered(NodeId to, std::uint64_t correlation, Now now,
                           ControllerEffects& effects);
    // The same without the wire, for simulations: the reply leaves as an Envelope.
    void receive(const raft::Envelope& message, Now now, ControllerEffects& effects);
    void tick(Now now, ControllerEffects& effects);

    // The disk part of `effects.sync`. Blocks; may run on one other thread while the node is used.
    // Hand the offset to synced(); a failure is final, call sync_failed(). One at a time: the next
    // `effects.sync` comes from synced().
    Result<Offset> sync();
    void synced(Offset durable_end, Now now, ControllerEffects& effects);
    void sync_failed(Now now, ControllerEffects& effects);
    Result<void> close();  // a clean stop: everything synced

    const MetadataImage& image() const { return image_; }  // of committed records
    Offset committed_end() const { return quorum_->high_watermark(); }
    bool active() const { return active_ != nullptr; }  // this node decides
    std::optional<NodeId> leader() const { return quorum_->leader(); }
    LeaderEpoch epoch() const { return quorum_->epoch(); }
    const raft::Quorum& quorum() const { return *quorum_; }
    const MetadataLog& log() const { return *log_; }
    bool failed() const { return failed_; }  // the metadata directory is offline

private:
    struct Waiting {  // before this node decides
        RequestToken token{};
        wire::AnyRequest request;
    };
    struct Pending {  // decided, not committed
        Offset end;
        RequestToken token{};
        wire::AnyRequest request;
        wire::AnyResponse response;
    };

    ControllerNode(Settings settings, Disk& disk, Responder& responder, LogSink& sink);
    Result<void> format(Now now);
    Result<void> load(Now now, ControllerEffects& effects);
    Voters own_voter() const;
    void carry_out(raft::Effects& raft, ControllerEffects& effects);
    Result<void> apply_committed(Offset to, ControllerEffects& effects);
    void snapshot_installed(ControllerEffects& effects);
    void publish(ControllerEffects& effects);
    void settle(Now now, ControllerEffects& effects);  // after every input
    void activate(Now now, ControllerEffects& effects);
    void deactivate(ErrorCode code);
    void decide_one(Waiting waiting, Now now, ControllerEffects& effects);
    bool append(std::vector<MetadataRecord> records, Now now, ControllerEffects& effects);
    void answer_committed();
    void maybe_snapshot(Now now);
    void fail_for_good(std::string_view what, const Error& error);

    Settings settings_;
    Disk& disk_;
    Responder& responder_;
    LogSink& sink_;
    std::string directory_;
    Random random_;
    std::unique_ptr<MetadataLog> log_;
    std::unique_ptr<raft::Quorum> quorum_;

    MetadataImage image_;
    Offset image_end_{};
    bool caught_up_ = false;                     // since the start
    std::vector<MetadataChange> unpublished_;    // until then
    MetadataTransaction transaction_;  // of committed records

    std::unique_ptr<ControllerState> active_;
    LeaderEpoch active_epoch_{};
    Uuid incarnation_;
    std::deque<Waiting> waiting_;
    std::map<std::uint64_t, Waiting>
        inbound_;  // the quorum's requests that have no answer yet, by correlation
    std::uint64_t next_inbound_ = std::uint64_t{1} << 63;
    std::deque<Pending> pending_;  // by end
    Time next_noop_ = Time::never();

    bool sync_wanted_ = false, sync_outstanding_ = false, failed_ = false;
    std::shared_ptr<File> sync_file_;  // these three: of the sync that is outstanding
    Offset sync_end_{};
    std::uint64_t sync_generation_ = 0;
};

}  // namespace millrace::broker
