#include "millrace/broker/controller/controller_node.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "millrace/base/check.h"
#include "millrace/base/mutant.h"
#include "millrace/broker/api/describe_quorum.h"
#include "millrace/broker/api/raft_messages.h"

namespace millrace::broker {
namespace {

constexpr std::size_t kWaitingMax = 1000;  // requests held until this node decides
constexpr std::size_t kRecordsPerBatchMax = 10'000;
constexpr std::size_t kReadBytes = 1 << 20;
constexpr Duration kSessionCheck = std::chrono::milliseconds(500);

raft::QuorumSettings quorum_settings(const ControllerNode::Settings& settings, const Voters& known,
                                     std::uint64_t seed) {
    const BrokerConfig& config = *settings.config;
    raft::QuorumSettings to;
    to.self = {NodeId{config.node_id}, settings.directory_id};
    const auto configured = config.voters();
    const auto is_self = [&](const auto& voter) { return voter.voter_id == config.node_id; };
    if (!configured.empty()) {  // kraft.version 0: ids only
        for (const VoterAddress& v : configured) to.voters.push_back({NodeId{v.id}, {}});
    } else if (std::any_of(known.begin(), known.end(), is_self)) {
        for (const auto& v : known) to.voters.push_back({NodeId{v.voter_id}, v.voter_directory_id});
    } else {
        to.voters.push_back(to.self);
    }
    to.election_timeout = std::chrono::milliseconds(config.controller_quorum_election_timeout_ms);
    to.fetch_timeout = std::chrono::milliseconds(config.controller_quorum_fetch_timeout_ms);
    to.request_timeout = std::chrono::milliseconds(config.controller_quorum_request_timeout_ms);
    to.retry_backoff = std::chrono::milliseconds(config.controller_quorum_retry_backoff_ms);
    to.seed = seed;
    return to;
}

}  // namespace

ControllerNode::ControllerNode(Settings settings, Disk& disk, Responder& responder, LogSink& sink)
    : settings_(std::move(settings)),
      disk_(disk),
      responder_(responder),
      sink_(sink),
      directory_(join(settings_.config->metadata_dir(), "__cluster_metadata-0")),
      random_(settings_.seed) {
    incarnation_ = Uuid::from_random(random_.next(), random_.next());
}
ControllerNode::~ControllerNode() = default;

Result<std::unique_ptr<ControllerNode>> ControllerNode::open(Settings settings, Disk& disk,
                                                             Responder& responder, LogSink& log,
                                                             Now now, ControllerEffects& effects) {
    std::unique_ptr<ControllerNode> node(
        new ControllerNode(std::move(settings), disk, responder, log));
    MR_TRY_VOID(node->format(now));
    MR_TRY_VOID(node->load(now, effects));
    return node;
}

bool ControllerNode::handles(const wire::AnyRequest& request) {
    return controller_serves(request.key()) || request.key() == wire::ApiKey::DescribeQuorum ||
           is_raft_request(request);
}

Voters ControllerNode::own_voter() const {
    wire::VotersRecord::Voter voter;
    voter.voter_id = settings_.config->node_id;
    voter.voter_directory_id = settings_.directory_id;
    for (const Endpoint& e : settings_.controller_endpoints)
        voter.endpoints.push_back({e.listener, e.host, e.port});
    if (voter.endpoints.empty())
        voter.endpoints.push_back({"CONTROLLER", "localhost", 9093});  // readers want one
    voter.k_raft_version_feature = {0, 1};
    return {voter};
}

// An empty directory gets partition.metadata and the bootstrap snapshot (KIP-1170).
Result<void> ControllerNode::format(Now now) {
    MR_TRY_VOID(disk_.make_directories(directory_));
    MR_TRY(const auto entries, disk_.list(directory_));
    const bool empty = std::none_of(entries.begin(), entries.end(), [](const DiskEntry& entry) {
        return entry.name.ends_with(".log") || entry.name.ends_with(".checkpoint");
    });
    if (!empty) return {};
    Snapshot bootstrap;
    bootstrap.last_contained = now.wall;
    if (settings_.config->voters().empty()) {
        bootstrap.kraft_version = 1;
        bootstrap.voters = own_voter();
    }
    bootstrap.records = bootstrap_records();
    MR_TRY_VOID(replace_file(disk_, join(directory_, "partition.metadata"),
                             as_bytes("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ")));
    MR_TRY_VOID(replace_file(disk_, join(directory_, snapshot_name({})),
                             snapshot_bytes(bootstrap, now.wall).view()));
    const std::string& parent = settings_.config->metadata_dir();
    return disk_.sync_directory(parent);
}

Result<void> ControllerNode::load(Now now, ControllerEffects& effects) {
    MR_TRY(log_, MetadataLog::open(disk_, directory_, sink_));
    MR_TRY(auto stored, raft::read_election_state(disk_, join(directory_, "quorum-state")));
    Voters voters;
    if (const auto id = log_->latest_snapshot()) {
        MR_TRY(const Snapshot snapshot, log_->load_snapshot(*id));
        for (const MetadataRecord& record : snapshot.records)
            MR_TRY_VOID(image_.replay(record, id->end, &effects.committed));
        image_end_ = id->end;
        voters = snapshot.voters;
    } else if (disk_.exists(join(directory_, snapshot_name({})))) {
        MR_TRY(const Snapshot bootstrap, log_->load_snapshot({}));
        voters = bootstrap.voters;
    }
    if (settings_.config->voters().empty()) log_->set_voters(voters.empty() ? own_voter() : voters);
    quorum_ = std::make_unique<raft::Quorum>(quorum_settings(settings_, voters, random_.next()),
                                             stored.value_or(raft::ElectionState{}), *log_, sink_);
    raft::Effects raft;
    quorum_->start(now, raft);
    carry_out(raft, effects);
    settle(now, effects);
    if (failed_)
        return fail(ErrorCode::KafkaStorageError,
                    directory_ + ": cannot write the state of the quorum");
    return {};
}

void ControllerNode::fail_for_good(std::string_view what, const Error& error) {
    if (!failed_)
        sink_.error("the metadata directory is offline",
                    {{"what", what}, {"detail", error.detail}});
    failed_ = true;
}

// ---------------------------------------------------------------- inputs

void ControllerNode::handle(const Request& request, Now now, ControllerEffects& effects) {
    const wire::ApiKey key = request.body.key();
    if (key == wire::ApiKey::DescribeQuorum) {
        const auto& body = request.body.as<wire::DescribeQuorumRequest>();
        return responder_.respond(
            request.token, wire::AnyResponse::of(describe_quorum(*quorum_, log_->end(), image_,
                                                                 body, request.body.version(), now),
                                                 request.body.version()));
    }
    if (is_raft_request(request.body)) {
        auto envelope =
            from_wire(request.body, NodeId{settings_.config->node_id}, settings_.cluster_id);
        if (envelope && envelope->from == envelope->to)
            envelope = fail(ErrorCode::InvalidRequest, "a message from ourselves");
        if (failed_ || !envelope) {
            const ErrorCode code = envelope ? ErrorCode::KafkaStorageError : envelope.error().code;
            return responder_.respond(request.token, raft_error(request.body, code));
        }
        envelope->correlation = ++next_inbound_;
        inbound_.emplace(envelope->correlation, Waiting{request.token, request.body});
        return receive(*envelope, now, effects);
    }
    if (!controller_serves(key))
        return responder_.close(request.token, "not a request for the controller");
    if (failed_)
        return responder_.respond(request.token,
                                  controller_error(request.body, ErrorCode::KafkaStorageError));
    if (active_) {
        decide_one({request.token, request.body}, now, effects);
    } else if (quorum_->is_leader() && waiting_.size() < kWaitingMax) {
        waiting_.push_back(
            {request.token,
             request.body});  // it will decide as soon as its first record is committed
    } else {
        responder_.respond(request.token, controller_error(request.body, ErrorCode::NotController));
    }
    settle(now, effects);
}

void ControllerNode::receive(const raft::Envelope& message, Now now, ControllerEffects& effects) {
    if (failed_) return;
    raft::Effects raft;
    quorum_->step(raft::Received{message}, now, raft);
    carry_out(raft, effects);
    settle(now, effects);
}

wire::AnyRequest ControllerNode::quorum_request(const raft::Envelope& request) const {
    return to_wire(request, settings_.cluster_id);
}

void ControllerNode::quorum_answered(NodeId from, std::uint64_t correlation,
                                     const wire::AnyResponse& response, Now now,
                                     ControllerEffects& effects) {
    auto message = from_wire_response(response);
    if (!message) return quorum_unanswered(from, correlation, now, effects);
    receive({from, NodeId{settings_.config->node_id}, correlation, *std::move(message)}, now,
            effects);
}

void ControllerNode::quorum_unanswered(NodeId to, std::uint64_t correlation, Now now,
                                       ControllerEffects& effects) {
    if (failed_) return;
    raft::Effects raft;
    quorum_->step(raft::Failed{to, correlation}, now, raft);
    carry_out(raft, effects);
    settle(now, effects);
}

void ControllerNode::tick(Now now, ControllerEffects& effects) {
    if (failed_) return;
    raft::Effects raft;
    quorum_->step(raft::Tick{}, now, raft);
    carry_out(raft, effects);
    settle(now, effects);
}

Result<Offset> ControllerNode::sync() {
    MR_CHECK(sync_file_);
    MR_TRY_VOID(sync_file_->sync());
    return sync_end_;
}

void ControllerNode::synced(Offset durable_end, Now now, ControllerEffects& effects) {
    MR_CHECK(sync_outstanding_ && durable_end == sync_end_);
    sync_outstanding_ = false;
    sync_file_.reset();
    if (failed_) return;
    raft::Effects raft;
    quorum_->step(raft::Flushed{durable_end, sync_generation_}, now, raft);
    carry_out(raft, effects);
    settle(now, effects);
}

void ControllerNode::sync_failed(Now now, ControllerEffects& effects) {
    sync_outstanding_ = false;
    sync_file_.reset();
    (void)disk_.open(join(directory_, kSyncFailedFile), OpenMode::Create);
    fail_for_good("sync", Error{ErrorCode::KafkaStorageError, directory_});
    raft::Effects raft;  // what it would send no longer counts, but for the news that it resigns
    quorum_->resign(now, raft);
    raft.persist.reset();
    raft.sync = false;
    carry_out(raft, effects);
    deactivate(ErrorCode::KafkaStorageError);
}

Result<void> ControllerNode::close() {
    if (failed_) return fail(ErrorCode::KafkaStorageError, directory_ + " is offline");
    return log_->close();
}

// ---------------------------------------------------------------- effects of raft

void ControllerNode::carry_out(raft::Effects& raft, ControllerEffects& effects) {
    if (raft.persist) {
        const auto written =
            raft::write_election_state(disk_, join(directory_, "quorum-state"), *raft.persist);
        if (!written) {  // a vote that is not durable must not be heard of
            fail_for_good("quorum-state", written.error());
            return;
        }
    }
    sync_wanted_ = sync_wanted_ || raft.sync;
    for (raft::Envelope& envelope : raft.send) {
        const auto asked =
            is_request(envelope.message) ? inbound_.end() : inbound_.find(envelope.correlation);
        if (asked == inbound_.end()) {
            effects.send.push_back(std::move(envelope));
        } else {
            responder_.respond(asked->second.token,
                               to_wire_response(envelope.message, asked->second.request));
            inbound_.erase(asked);
        }
    }
    if (raft.snapshot_installed) snapshot_installed(effects);
    if (raft.high_watermark) {
        if (auto applied = apply_committed(*raft.high_watermark, effects); !applied)
            fail_for_good("replay", applied.error());
    }
    effects.wake(raft.wake_at);
}

Result<void> ControllerNode::apply_committed(Offset to, ControllerEffects& effects) {
    while (image_end_ < to) {
        MR_TRY(const Bytes batches, log_->read(image_end_, kReadBytes));
        wire::BatchWalker walker(batches.view());
        const Offset before = image_end_;
        while (true) {
            const std::size_t at = walker.position();
            const auto batch = walker.next();
            if (!batch || batch->next_offset() > to) break;
            if (batch->base_offset() >= image_end_) {
                MR_TRY(auto records, metadata_records(batches.slice(at, batch->size())));
                for (PlacedRecord& placed : records) {
                    MR_TRY_VOID(
                        transaction_.take(std::move(placed), [&](const PlacedRecord& visible) {
                            return image_.replay(visible.record, visible.offset,
                                                 &effects.committed);
                        }));
                }
            }
            image_end_ = std::max(image_end_, batch->next_offset());
        }
        MR_TRY_VOID(walker.status());
        if (image_end_ == before)
            return fail(ErrorCode::CorruptMessage,
                        "the metadata log has no batch at " + std::to_string(before.value()));
    }
    return {};
}

// The log begins anew at a snapshot of the leader's: whatever differs from what we had has changed.
void ControllerNode::snapshot_installed(ControllerEffects& effects) {
    const auto id = log_->latest_snapshot();
    auto snapshot = log_->load_snapshot(*id);
    if (!snapshot) return fail_for_good("snapshot", snapshot.error());
    MetadataImage next;
    std::vector<MetadataChange> changes;
    for (const MetadataRecord& record : snapshot->records) {
        if (auto replayed = next.replay(record, id->end, &changes); !replayed)
            return fail_for_good("snapshot", replayed.error());
    }
    for (const auto& [name, topic] : image_.topics()) {
        const TopicImage* same = next.topic(std::string_view(name));
        if (!same || same->id != topic.id)
            effects.committed.emplace_back(TopicDeleted{name, topic.id});
    }
    effects.committed.insert(effects.committed.end(), std::make_move_iterator(changes.begin()),
                             std::make_move_iterator(changes.end()));
    image_ = std::move(next);
    image_end_ = id->end;
    transaction_.clear();
}

// Nobody acts on an image that is behind what this node knew before it stopped: an old leader epoch
// would serve for a moment (MetadataLoader.stillNeedToCatchUp).
void ControllerNode::publish(ControllerEffects& effects) {
    if (!caught_up_ && !mutant::on(Mutant::StaleImageServed)) {
        std::move(effects.committed.begin(), effects.committed.end(),
                  std::back_inserter(unpublished_));
        effects.committed.clear();
        caught_up_ = active_ || (!quorum_->is_leader() && quorum_->high_watermark() > Offset{0} &&
                                 image_end_ >= quorum_->high_watermark());
        if (caught_up_) effects.committed = std::exchange(unpublished_, {});
    }
}

// ---------------------------------------------------------------- deciding

void ControllerNode::settle(Now now, ControllerEffects& effects) {
    if (active_ && (failed_ || !quorum_->is_leader() || quorum_->epoch() != active_epoch_)) {
        deactivate(failed_ ? ErrorCode::KafkaStorageError : ErrorCode::NotController);
    }
    if (failed_) return deactivate(ErrorCode::KafkaStorageError);
    if (!active_ && quorum_->is_leader()) {
        // Once a record of its own epoch is committed it knows all that was committed before.
        const auto& leader = std::get<raft::Leader>(quorum_->state());
        if (quorum_->high_watermark() > leader.epoch_start) activate(now, effects);
    }
    publish(effects);
    if (!active_ && !quorum_->is_leader() && !waiting_.empty())
        deactivate(ErrorCode::NotController);
    if (active_) {
        active_->now = now;
        while (true) {
            auto fenced = expire_sessions(
                *active_, std::chrono::milliseconds(settings_.config->broker_session_timeout_ms));
            if (fenced.empty() || !append(std::move(fenced), now, effects)) break;
        }
        if (image_.brokers().size() > 1) effects.wake(now.time + kSessionCheck);
        const std::int32_t idle = settings_.config->metadata_max_idle_interval_ms;
        if (idle > 0) {
            if (now.time >= next_noop_ || next_noop_ == Time::never()) {
                if (next_noop_ != Time::never()) append({wire::NoOpRecord{}}, now, effects);
                next_noop_ = now.time + std::chrono::milliseconds(idle);
            }
            effects.wake(next_noop_);
        }
    }
    answer_committed();
    maybe_snapshot(now);
    if (failed_) return deactivate(ErrorCode::KafkaStorageError);
    if (sync_wanted_ && !sync_outstanding_) {
        sync_wanted_ = false;
        sync_outstanding_ = true;
        sync_file_ = log_->file_to_sync();
        sync_end_ = log_->end();
        sync_generation_ = quorum_->generation();
        effects.sync = true;
    }
}

void ControllerNode::activate(Now now, ControllerEffects& effects) {
    active_ = std::make_unique<ControllerState>();
    active_epoch_ = quorum_->epoch();
    active_->image = image_;
    active_->config = settings_.config;
    active_->cluster_id = settings_.cluster_id;
    active_->self = NodeId{settings_.config->node_id};
    active_->random = Random(random_.next());
    active_->next_offset = log_->end();
    active_->now = now;
    if (transaction_.open()) {  // of a leader that went away in the middle
        wire::AbortTransactionRecord abort;
        abort.reason = "the controller changed";
        if (!append({std::move(abort)}, now, effects)) return;
    }
    if (active_->image.feature("metadata.version") == 0) {  // a new cluster
        auto bootstrap = log_->load_snapshot({});
        std::vector<MetadataRecord> records;
        wire::BeginTransactionRecord begin;
        begin.name = "Bootstrap records";
        records.emplace_back(std::move(begin));
        for (MetadataRecord& record : bootstrap ? bootstrap->records : bootstrap_records())
            records.push_back(std::move(record));
        records.emplace_back(wire::EndTransactionRecord{});
        if (!append(std::move(records), now, effects)) return;
    }
    wire::RegisterControllerRecord self;
    self.controller_id = settings_.config->node_id;
    self.incarnation_id = incarnation_;
    const auto voters = own_voter();
    for (const auto& e : voters.front().endpoints)
        self.end_points.push_back({e.name, e.host, e.port, 0});
    for (const auto& [name, range] :
         {std::pair<std::string, std::pair<std::int16_t, std::int16_t>>{"kraft.version", {0, 1}},
          {"metadata.version", {7, 33}},
          {"streams.version", {0, 1}},
          {"transaction.version", {0, 2}}}) {
        self.features.push_back({name, range.first, range.second});
    }
    if (!append({std::move(self)}, now, effects)) return;
    sink_.info("decides for the cluster",
               {{"node", settings_.config->node_id}, {"epoch", active_epoch_.value()}});
    while (active_ && !waiting_.empty()) {
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        decide_one(std::move(next), now, effects);
    }
}

void ControllerNode::deactivate(ErrorCode code) {
    active_
        .reset();  // the fold of what was appended goes; the next leader's is loaded from the log
    next_noop_ = Time::never();
    std::deque<Pending> pending;
    pending.swap(pending_);
    std::deque<Waiting> waiting;
    waiting.swap(waiting_);
    for (const Pending& one : pending)
        responder_.respond(one.token, controller_error(one.request, code));
    for (const Waiting& one : waiting)
        responder_.respond(one.token, controller_error(one.request, code));
}

void ControllerNode::decide_one(Waiting waiting, Now now, ControllerEffects& effects) {
    active_->now = now;
    Decision decision = decide(*active_, waiting.request);
    if (!append(std::move(decision.records), now, effects)) {
        responder_.respond(waiting.token,
                           controller_error(waiting.request, ErrorCode::KafkaStorageError));
        return;
    }
    // An answer that saw what is not committed waits with it.
    pending_.push_back({active_->next_offset, waiting.token, std::move(waiting.request),
                        std::move(decision.response)});
}

// Appends and replays. On failure this node no longer decides.
bool ControllerNode::append(std::vector<MetadataRecord> records, Now now,
                            ControllerEffects& effects) {
    if (records.empty()) return true;
    if (records.size() > kRecordsPerBatchMax &&
        !std::holds_alternative<wire::BeginTransactionRecord>(records.front())) {
        records.insert(records.begin(), wire::BeginTransactionRecord{});
        records.emplace_back(wire::EndTransactionRecord{});
    }
    std::span<const MetadataRecord> left(records);
    while (!left.empty()) {
        const auto chunk = left.first(std::min(left.size(), kRecordsPerBatchMax));
        raft::Effects raft;
        const auto appended = quorum_->append(metadata_batch(chunk, now.wall), now, raft);
        if (!appended) {
            fail_for_good("append", appended.error());
            deactivate(ErrorCode::KafkaStorageError);
            return false;
        }
        Offset at = appended->first;
        for (const MetadataRecord& record : chunk) {
            MR_CHECK(active_->image.replay(
                record, at));  // a decision that does not fit is our own bug (K7)
            ++at;
        }
        active_->next_offset = appended->end;
        carry_out(raft, effects);
        left = left.subspan(chunk.size());
    }
    return !failed_;
}

void ControllerNode::answer_committed() {
    while (!pending_.empty() && pending_.front().end <= quorum_->high_watermark()) {
        Pending one = std::move(pending_.front());
        pending_.pop_front();
        responder_.respond(one.token, std::move(one.response));
    }
}

void ControllerNode::maybe_snapshot(Now now) {
    if (failed_ || transaction_.open()) return;
    const Offset last = log_->latest_snapshot() ? log_->latest_snapshot()->end : Offset{0};
    if (image_end_ <= last) return;
    if (log_->bytes_since(last) < settings_.config->metadata_log_max_record_bytes_between_snapshots)
        return;
    Snapshot snapshot;
    snapshot.id = {image_end_, log_->epoch_before(image_end_)};
    snapshot.last_contained = log_->timestamp_before(image_end_).value_or(now.wall);
    if (settings_.config->voters().empty()) {
        snapshot.kraft_version = 1;
        snapshot.voters = log_->voters();
    }
    snapshot.records = image_.records();
    if (auto taken = log_->take_snapshot(snapshot, now.wall); !taken)
        return fail_for_good("snapshot", taken.error());
    sink_.info("wrote a metadata snapshot", {{"end", image_end_.value()}});
}

}  // namespace millrace::broker
