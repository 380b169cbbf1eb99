#include "cluster.h"

#include <algorithm>

#include "millrace/base/byte_order.h"

namespace millrace::broker::raft::test {
namespace {

constexpr std::size_t kEntryBytes = 20;  // offset, epoch, value
NullLog g_silent;

void encode(ByteSink& sink, std::int64_t offset, const Entry& entry) {
    append_be(sink, offset);
    append_be(sink, entry.epoch);
    append_be(sink, entry.value);
}

}  // namespace

Bytes value_batch(std::int64_t value) {
    ByteSink sink;
    append_be(sink, value);
    return sink.to_bytes();
}

EpochEnd VectorLog::end_of(LeaderEpoch epoch) const {
    for (std::size_t i = entries.size(); i > 0; --i) {
        if (entries[i - 1].epoch <= epoch.value()) {
            return {LeaderEpoch{entries[i - 1].epoch}, Offset{static_cast<std::int64_t>(i)}};
        }
    }
    return {LeaderEpoch{0}, Offset{0}};
}

Result<AppendedAt> VectorLog::append(Bytes batch, LeaderEpoch epoch) {
    const Offset first = end();
    entries.push_back({epoch.value(), load_be<std::int64_t>(batch.data())});
    return AppendedAt{first, end()};
}

Result<AppendedAt> VectorLog::append_leader_change(const LeaderChange&, LeaderEpoch epoch,
                                                   Timestamp) {
    const Offset first = end();
    entries.push_back({epoch.value(), -1});
    return AppendedAt{first, end()};
}

Result<void> VectorLog::append_fetched(Bytes batches) {
    ByteReader reader(batches.view());
    while (reader.left() >= kEntryBytes) {
        const auto offset = reader.be<std::int64_t>();
        if (offset != end().value()) return fail(ErrorCode::CorruptMessage, "not contiguous");
        const auto epoch = reader.be<std::int32_t>();
        entries.push_back({epoch, reader.be<std::int64_t>()});
    }
    return {};
}

Result<Bytes> VectorLog::read(Offset from, std::size_t bytes_max) {
    ByteSink sink;
    for (auto i = static_cast<std::size_t>(from.value());
         i < entries.size() && sink.size() < std::min<std::size_t>(bytes_max, 400); ++i) {
        encode(sink, static_cast<std::int64_t>(i), entries[i]);
    }
    return sink.to_bytes();
}

Result<void> VectorLog::truncate(Offset to) {
    entries.resize(static_cast<std::size_t>(to.value()));
    return {};
}

Cluster::Cluster(int voters, std::uint64_t seed, Faults faults, int observers)
    : random_(seed),
      seed_(seed),
      faults_(faults),
      voters_(voters),
      nodes_(static_cast<std::size_t>(voters + observers)) {
    for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) restart(i);
    push({.at = 0, .order = 0, .kind = Event::Client}, 1'000'000);
    push({.at = 0, .order = 0, .kind = Event::Fault}, 1'000'000);
}
Cluster::~Cluster() = default;

void Cluster::fail_with(std::string what) {
    if (failure_.empty())
        failure_ =
            "seed " + std::to_string(seed_) + " at " + std::to_string(now_ms()) + " ms: " + what;
}

void Cluster::push(Event event, std::int64_t delay_ns) {
    event.at = now_ + delay_ns;
    event.order = ++order_;
    events_.push(std::move(event));
}

void Cluster::restart(int index) {
    Node& node = nodes_[static_cast<std::size_t>(index)];
    if (node.quorum) return;
    QuorumSettings settings;
    settings.self = {NodeId{index + 1}, {}};
    for (int i = 0; i < voters_; ++i) settings.voters.push_back({NodeId{i + 1}, {}});
    settings.seed = random_.next();
    ++node.incarnation;
    node.syncing = false;
    node.wake_at = INT64_MAX;
    node.high_watermark = Offset{0};
    node.quorum = std::make_unique<Quorum>(settings, node.election, node.log, g_silent);
    Effects effects;
    node.quorum->start(now(), effects);
    carry_out(index, effects);
    check(index);
}

void Cluster::crash(int index) {
    Node& node = nodes_[static_cast<std::size_t>(index)];
    if (!node.quorum) return;
    node.quorum.reset();
    ++node.incarnation;
    // What was synced is there; of what was written since, a part may be. A cut that was not synced
    // may not have happened.
    std::size_t common = 0;
    while (common < node.durable.size() && common < node.log.entries.size() &&
           node.durable[common] == node.log.entries[common]) {
        ++common;
    }
    const bool extends = common == node.durable.size();
    if (extends || random_.one_in(2)) {
        const std::size_t unsynced = node.log.entries.size() - common;
        node.log.entries.resize(common + random_.below(unsynced + 1));
        if (!extends) node.durable.resize(common);
    } else {
        node.log.entries = node.durable;
    }
}

void Cluster::isolate(int node) {
    for (int other = 0; other < static_cast<int>(nodes_.size()); ++other) {
        cut_.insert({node, other});
        cut_.insert({other, node});
    }
}
void Cluster::join(int node) {
    std::erase_if(cut_,
                  [&](const auto& link) { return link.first == node || link.second == node; });
}

void Cluster::heal() {
    cut_.clear();
    faults_.loss = 0;
    faults_.cut_every_ms = faults_.crash_every_ms = 0;
    for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) restart(i);
}

void Cluster::step(int index, const Input& input) {
    Node& node = nodes_[static_cast<std::size_t>(index)];
    Effects effects;
    node.quorum->step(input, now(), effects);
    if (const auto* received = std::get_if<Received>(&input)) {
        // A vote is durable before it is answered.
        const auto* request = std::get_if<VoteRequest>(&received->envelope.message);
        if (request && !request->pre_vote) {
            for (const Envelope& sent : effects.send) {
                const auto* response = std::get_if<VoteResponse>(&sent.message);
                const ElectionState durable = effects.persist.value_or(node.election);
                if (response && response->granted &&
                    (durable.epoch != request->epoch || durable.voted != request->candidate)) {
                    fail_with("a vote was answered that is not durable");
                }
            }
        }
    }
    carry_out(index, effects);
    check(index);
}

void Cluster::carry_out(int index, Effects& effects) {
    Node& node = nodes_[static_cast<std::size_t>(index)];
    if (effects.persist) {
        const ElectionState& next = *effects.persist;
        if (next.epoch < node.election.epoch) fail_with("the epoch went back");
        if (next.voted) {
            const auto [vote, first] = node.votes.emplace(next.epoch.value(), *next.voted);
            if (!first && vote->second != *next.voted) fail_with("two votes in one epoch");
        }
        node.election = next;
    }
    if (effects.sync) start_sync(index);
    for (Envelope& envelope : effects.send) {
        const int to = id_of(envelope.to);
        if (cut_.contains({index, to})) continue;
        if (faults_.loss > 0 &&
            random_.below(1000) < static_cast<std::uint64_t>(faults_.loss * 1000))
            continue;
        std::int64_t delay =
            100'000 + static_cast<std::int64_t>(random_.below(
                          static_cast<std::uint64_t>(faults_.delay_ms_max) * 1'000'000));
        if (faults_.loss > 0 && random_.one_in(50)) delay *= 100;
        Event event{.at = 0, .order = 0, .kind = Event::Deliver, .node = to};
        event.incarnation = nodes_[static_cast<std::size_t>(to)].incarnation;
        event.envelope = std::move(envelope);
        push(std::move(event), delay);
    }
    if (effects.high_watermark) {
        const auto checked = static_cast<std::size_t>(node.high_watermark.value());
        if (*effects.high_watermark <= node.high_watermark)
            fail_with("the high watermark did not rise");
        node.high_watermark = *effects.high_watermark;
        for (std::size_t i = checked; i < static_cast<std::size_t>(node.high_watermark.value()); ++i) {
            if (i >= node.log.entries.size())
                return fail_with("the high watermark is beyond the log");
            if (i == committed_.size()) committed_.push_back(node.log.entries[i]);
            if (!(committed_[i] == node.log.entries[i]))
                fail_with("two values are committed at one offset");
        }
    }
    if (effects.wake_at != Time::never()) {
        const std::int64_t at = std::max(effects.wake_at.value(), now_ + 1000);
        if (at < node.wake_at || node.wake_at <= now_) {
            node.wake_at = at;
            Event event{.at = 0, .order = 0, .kind = Event::Wake, .node = index};
            event.incarnation = node.incarnation;
            push(std::move(event), at - now_);
        }
    }
}

void Cluster::start_sync(int index) {
    Node& node = nodes_[static_cast<std::size_t>(index)];
    if (node.syncing) return;
    node.syncing = true;
    Event event{.at = 0, .order = 0, .kind = Event::Synced, .node = index};
    event.incarnation = node.incarnation;
    event.snapshot = node.log.entries;
    event.generation = node.quorum->generation();
    push(std::move(event), static_cast<std::int64_t>(random_.below(
                               static_cast<std::uint64_t>(faults_.sync_delay_ms_max * 1e6) + 1)));
}

std::int64_t Cluster::append(int index) {
    Node& node = nodes_[static_cast<std::size_t>(index)];
    if (!node.quorum) return -1;
    Effects effects;
    auto at = node.quorum->append(value_batch(next_value_), now(), effects);
    carry_out(index, effects);
    check(index);
    if (!at) return -1;
    ++next_value_;
    return at->first.value();
}

void Cluster::run_for(std::int64_t ms) {
    const std::int64_t until = now_ + ms * 1'000'000;
    while (!events_.empty() && events_.top().at <= until && failure_.empty()) {
        Event event = events_.top();
        events_.pop();
        now_ = event.at;
        if (event.kind == Event::Client) {
            for (int i = 0; client_ && i < voters_; ++i) {
                if (alive(i) && quorum(i).is_leader() && random_.one_in(2)) append(i);
            }
            push({.at = 0, .order = 0, .kind = Event::Client}, 20'000'000);
            continue;
        }
        if (event.kind == Event::Fault) {
            const auto happens = [&](std::int64_t every) {
                return every > 0 && random_.below(static_cast<std::uint64_t>(every)) < 10;
            };
            const auto any = [&] { return static_cast<int>(random_.below(nodes_.size())); };
            if (happens(faults_.cut_every_ms)) {
                if (random_.one_in(3))
                    cut_.clear();
                else if (random_.one_in(2))
                    isolate(any());
                else
                    cut_.insert({any(), any()});
            }
            if (happens(faults_.crash_every_ms)) crash(any());
            if (happens(faults_.crash_every_ms / 2)) restart(any());
            if (random_.one_in(20)) check_log_matching();
            push({.at = 0, .order = 0, .kind = Event::Fault}, 10'000'000);
            continue;
        }
        Node& node = nodes_[static_cast<std::size_t>(event.node)];
        if (!node.quorum || event.incarnation != node.incarnation) continue;
        if (event.kind == Event::Deliver) {
            step(event.node, Received{std::move(event.envelope)});
        } else if (event.kind == Event::Synced) {
            node.durable = event.snapshot;
            node.syncing = false;
            step(event.node, Flushed{Offset{static_cast<std::int64_t>(event.snapshot.size())},
                                     event.generation});
        } else if (node.wake_at <= now_) {
            node.wake_at = INT64_MAX;
            step(event.node, Tick{});
        }
    }
    now_ = std::max(now_, until);
}

void Cluster::check(int index) {
    Node& node = nodes_[static_cast<std::size_t>(index)];
    if (!node.quorum || !node.quorum->is_leader()) return;
    const auto [known, first] = leader_of_.emplace(node.quorum->epoch().value(), index);
    if (known->second != index) fail_with("two leaders in epoch " + std::to_string(known->first));
    if (!first) return;
    for (std::size_t i = 0; i < committed_.size(); ++i) {  // leader completeness
        if (i >= node.log.entries.size() || !(node.log.entries[i] == committed_[i])) {
            return fail_with("a leader lacks committed entries");
        }
    }
}

void Cluster::check_log_matching() {
    for (const Node& a : nodes_) {
        for (const Node& b : nodes_) {
            if (&a >= &b) continue;
            std::size_t i = std::min(a.log.entries.size(), b.log.entries.size());
            while (i > 0 && a.log.entries[i - 1].epoch != b.log.entries[i - 1].epoch) --i;
            while (i > 0) {
                if (!(a.log.entries[i - 1] == b.log.entries[i - 1]))
                    return fail_with("logs do not match");
                --i;
            }
        }
    }
}

std::optional<int> Cluster::leader() const {
    std::optional<int> best;
    for (int i = 0; i < voters_; ++i) {
        if (alive(i) && quorum(i).is_leader() &&
            (!best || quorum(i).epoch() > quorum(*best).epoch()))
            best = i;
    }
    return best;
}

void Cluster::expect_converged() {
    client_ = false;
    run_for(5'000);
    const auto leads = leader();
    if (!leads) return fail_with("nobody leads after the faults are over");
    for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
        if (quorum(i).epoch() != quorum(*leads).epoch())
            return fail_with("epochs differ after the faults are over");
        if (log(i).entries != log(*leads).entries)
            return fail_with("logs differ after the faults are over");
        if (quorum(i).high_watermark() != log(i).end())
            return fail_with("not all is committed after the faults are over");
    }
    check_log_matching();
}

std::string Cluster::trace() const {
    std::string text;
    for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
        text += std::to_string(i + 1) + ":";
        if (!alive(i)) {
            text += "down ";
            continue;
        }
        text += std::string(quorum(i).state_name()) + "/" +
                std::to_string(quorum(i).epoch().value()) + "/" +
                std::to_string(log(i).end().value()) + "/" +
                std::to_string(quorum(i).high_watermark().value()) + " ";
    }
    return text;
}

}  // namespace millrace::broker::raft::test
