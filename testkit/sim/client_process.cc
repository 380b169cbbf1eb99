#include "millrace/testkit/sim/client_process.h"

#include "millrace/wire/batch/record_batch.h"

namespace millrace::sim {

using namespace std::chrono_literals;

// ---- ClientProcess
// --------------------------------------------------------------------------------------------------

ClientProcess::ClientProcess(Scheduler& scheduler, Network& network, std::string name,
                             client::Address bootstrap, LogSink& log)
    : scheduler_(scheduler), network_(network), name_(std::move(name)), log_(log) {
    client::ClusterConfig config;
    config.bootstrap = {std::move(bootstrap)};
    config.request_timeout = 5s;
    config.seed = scheduler.random().next();
    cluster_ = std::make_unique<client::Cluster>(config, log_);
    cluster_->tick(scheduler.now());
    network_id_ = network.attach(this, name_, false);
    schedule(scheduler.now().time);
}

ClientProcess::~ClientProcess() {
    network_.detach(network_id_);
}

void ClientProcess::link_input(client::LinkInput input) {
    if (scheduler_.now().time < paused_until_) {
        waiting_.push_back(std::move(input));
        return;
    }
    cluster_->step(input, scheduler_.now());
    run();
}

void ClientProcess::pause(Duration how_long) {
    paused_until_ = scheduler_.now().time + how_long;
    schedule(paused_until_);
}

void ClientProcess::wake() {
    schedule(scheduler_.now().time);
}

void ClientProcess::run() {
    const Now now = scheduler_.now();
    if (now.time < paused_until_) {  // this wake-up may have stood in for the one at the pause's end
        schedule(paused_until_);
        return;
    }
    std::vector<client::LinkInput> waiting = std::move(waiting_);
    waiting_.clear();
    for (const client::LinkInput& input : waiting) cluster_->step(input, now);
    cluster_->tick(now);
    turn();
    client::Effects effects;
    cluster_->drain(effects);
    network_.carry_out(network_id_, effects.links);
    effects.wake(next_due());
    scheduler_.trace().note(effects.wake_at.value());
    if (effects.wake_at != Time::never()) schedule(effects.wake_at);
}

void ClientProcess::schedule(Time at) {
    const Time now = scheduler_.now().time;
    if (at < now) at = now;
    if (scheduled_ != Time::never() && scheduled_ <= at && scheduled_ > now) return;
    scheduled_ = at;
    scheduler_.at(at, [this, alive = std::weak_ptr<char>(alive_), at] {
        if (alive.expired()) return;
        if (scheduled_ == at) scheduled_ = Time::never();
        run();
    });
}

// ---- Feeder
// ---------------------------------------------------------------------------------------------------------

Feeder::Feeder(Scheduler& scheduler, Network& network, client::Address bootstrap, LogSink& sink, History& history,
               Source source, Duration every, std::size_t batch)
    : ClientProcess(scheduler, network, "feeder", std::move(bootstrap), sink),
      history_(history),
      source_(std::move(source)),
      every_(every),
      batch_(batch),
      producer_(cluster(),
                client::ProducerConfig{
                    .transactional_id = {}, .linger = Duration{}, .delivery_timeout = 60s},
                log()) {
    producer_.init();
}

void Feeder::turn() {
    const Time now = scheduler().now().time;
    producer_.poll();  // outcomes are found here
    if (producer_.trouble() !=
        client::Trouble::None) {  // what was not acknowledged is in doubt, and is not sent again
        in_doubt_ += sent_.size();
        sent_.clear();
        committing_ = false;
        producer_.init();
    }
    if (const auto outcome = producer_.take_outcome()) {
        for (const FeedRecord& record : sent_) {
            if (!record.deletes)
                history_.acknowledged({record.topic, record.partition}, std::nullopt, record.value);
        }
        acknowledged_ += sent_.size();
        sent_.clear();
        committing_ = false;
    }
    if (!finished_ && !committing_ && producer_.initialized() && now >= next_feed_) {
        next_feed_ = now + every_;
        for (std::size_t i = 0; i < batch_ && !finished_; ++i) {
            auto record = source_();
            if (!record) {
                finished_ = true;
                break;
            }
            const auto topic = producer_.topic(record->topic);
            producer_.send(topic, record->partition, as_bytes(record->key),
                           record->deletes ? std::nullopt : std::optional(as_bytes(record->value)),
                           Timestamp{record->timestamp}, {});
            sent_.push_back(std::move(*record));
        }
        if (!sent_.empty()) {
            producer_.commit({}, {});
            committing_ = true;
        }
    }
    producer_.poll();
}

Time Feeder::next_due() const {
    const Time due = producer_.next_due();
    if (finished_ || committing_) return due;
    const Time feed = producer_.initialized() ? next_feed_ : Time::never();
    return due < feed ? due : feed;
}

// ---- Reader
// ---------------------------------------------------------------------------------------------------------

Reader::Reader(Scheduler& scheduler, Network& network, std::string name,
               client::Address bootstrap, LogSink& sink, History& history,
               std::vector<TopicPartition> partitions, Options options)
    : ClientProcess(scheduler, network, std::move(name), std::move(bootstrap), sink),
      history_(history),
      partitions_(std::move(partitions)),
      options_(std::move(options)),
      fetcher_(cluster(),
               client::FetcherConfig{.read_committed = options_.read_committed,
                                     .max_partition_fetch_bytes = options_.partition_bytes,
                                     .fetch_max_wait = 200ms},
               *this, log()) {
    for (const TopicPartition& tp : partitions_) cluster().want_topic(tp.topic);
}

void Reader::turn() {
    if (!assigned_) {
        assigned_ = true;
        for (std::size_t i = 0; i < partitions_.size(); ++i) {
            const auto from = options_.from.find(partitions_[i]);
            const Offset begin = from == options_.from.end() ? Offset{0} : from->second;
            history_.begins(this->name(), partitions_[i], begin);
            fetcher_.assign(partitions_[i], static_cast<Tag>(i), begin);
        }
    }
    fetcher_.poll();
}

Time Reader::next_due() const {
    return fetcher_.next_due();
}

bool Reader::caught_up() const {
    for (const TopicPartition& tp : partitions_) {
        const auto lag = fetcher_.lag(tp);
        if (!lag || *lag > 0) return false;
    }
    return true;
}

void Reader::fetched(Tag tag, client::FetchedBatches batches) {
    const TopicPartition& tp = partitions_[tag];
    wire::BatchWalker walker(batches.batches.view());
    std::vector<wire::RecordView> chunk(64);
    while (const auto batch = walker.next()) {
        wire::RecordReader reader(*batch, batch->encoded_records());
        while (true) {
            const auto n = reader.read(chunk);
            if (!n) {
                history_.violation("a reader was given a record of " + tp.to_string() +
                                   " that does not parse");
                return;
            }
            if (*n == 0) break;
            for (std::size_t i = 0; i < *n; ++i) {
                const wire::RecordView& record = chunk[i];
                if (record.offset < batches.from) continue;
                SeenRecord seen{record.offset, std::nullopt, std::nullopt, record.timestamp};
                if (record.key) seen.key = std::string(as_text(*record.key));
                if (record.value) seen.value = std::string(as_text(*record.value));
                history_.seen(name(), tp, std::move(seen));
            }
        }
    }
}

void Reader::position_reset(Tag tag, Offset position, bool truncated) {
    if (truncated || position.value() != 0) {
        history_.violation("I7: the log of " + partitions_[tag].to_string() +
                           " was cut below what " + name() + " had read: position is now " +
                           std::to_string(position.value()));
    }
}

void Reader::fetch_failed(Tag tag, Error error) {
    history_.violation("reading " + partitions_[tag].to_string() +
                       " failed: " + std::string(millrace::name(error.code)) + ' ' + error.detail);
}

// ---- PairWriter
// -----------------------------------------------------------------------------------------------------

PairWriter::PairWriter(Scheduler& scheduler, Network& network, std::string name,
                       client::Address bootstrap, LogSink& sink, std::string transactional_id,
                       Duration transaction_timeout, std::shared_ptr<Ledger> ledger)
    : ClientProcess(scheduler, network, std::move(name), std::move(bootstrap), sink),
      ledger_(std::move(ledger)),
      transaction_timeout_(transaction_timeout),
      producer_(cluster(),
                client::ProducerConfig{.transactional_id = std::move(transactional_id),
                                       .transaction_timeout = transaction_timeout,
                                       .linger = Duration{}},
                log()),
      topic_(producer_.topic("pairs")) {}

void PairWriter::settle(std::set<std::string>& where) {
    if (!number_.empty()) where.insert(number_);
    number_.clear();
    open_ = ending_ = false;
}

void PairWriter::turn() {
    const Time now = scheduler().now().time;
    producer_.poll();
    if (!asked_init_) {
        asked_init_ = true;
        producer_.init();
    }
    if (producer_.initialized() && !holds_) {
        holds_ = true;
        ledger_->holder = name();
    }
    switch (producer_.trouble()) {
        case client::Trouble::None:
            break;
        case client::Trouble::Abortable:
            if (!ending_ || !abort_) {  // the commit failed or was never sent: this transaction
                                        // must not be seen
                if (!ending_) {
                    producer_.abort();
                    ending_ = abort_ = true;
                }
            }
            break;
        case client::Trouble::Lost: {
            const bool fenced = holds_ && ledger_->holder != name();
            ledger_->fenced += fenced;
            settle(ledger_->in_doubt);
            holds_ = false;
            if (fenced && scheduler().random().one_in(2)) {   // the other half do not take it for an answer
                stopping_ = true;
                return;
            }
            producer_.init();
            break;
        }
        case client::Trouble::Fatal:
            settle(ledger_->in_doubt);
            stopping_ = true;
            return;
    }
    if (const auto outcome = producer_.take_outcome()) {
        settle(*outcome == client::Outcome::Committed ? ledger_->committed : ledger_->aborted);
    }
    if (!open_ && !stopping_ && producer_.initialized() && now >= end_at_ &&
        producer_.partition_count(topic_) >= 2) {
        number_ = name() + '-' + std::to_string(next_++);
        open_ = true;
        for (const std::int32_t partition : {0, 1}) {
            producer_.send(topic_, partition, std::nullopt, as_bytes(number_),
                           scheduler().now().wall, {});
        }
        Duration length = scheduler().between(1ms, 80ms);
        if (scheduler().random().one_in(25)) {  // outlives its timeout: the coordinator aborts it
            length = transaction_timeout_ + scheduler().between(200ms, 3s);
        }
        end_at_ = now + length;
    } else if (open_ && !ending_ && now >= end_at_ &&
               producer_.trouble() == client::Trouble::None) {
        ending_ = true;
        abort_ = scheduler().random().one_in(4);
        if (abort_)
            producer_.abort();
        else
            producer_.commit({}, {});
        end_at_ = now + scheduler().between(1ms, 150ms);
    }
    producer_.poll();
    ready_at_ =
        producer_.initialized() && producer_.partition_count(topic_) >= 2 ? now : Time::never();
}

Time PairWriter::next_due() const {
    const Time due = producer_.next_due();
    const bool waits = ending_ || !producer_.initialized() ||
                       producer_.trouble() != client::Trouble::None || (stopping_ && !open_) ||
                       (!open_ && ready_at_ == Time::never());
    return waits || due < end_at_ ? due : end_at_;
}

void check_pairs(History& history, const PairWriter::Ledger& ledger) {
    std::map<std::string, int> seen[2];
    for (const std::int32_t partition : {0, 1}) {
        for (const SeenRecord& record : history.log({"pairs", partition}))
            ++seen[partition][record.value.value_or("")];
    }
    for (const int p : {0, 1}) {
        for (const auto& [number, times] : seen[p]) {
            if (times > 1)
                history.violation("I8: pair " + number + " is there twice in partition " +
                                  std::to_string(p));
            if (!seen[1 - p].contains(number)) {
                history.violation("I10: pair " + number + " is in partition " + std::to_string(p) +
                                  " alone");
            }
            if (ledger.aborted.contains(number))
                history.violation("I10: pair " + number + " was aborted and is visible");
        }
    }
    for (const std::string& number : ledger.committed) {
        if (!seen[0].contains(number))
            history.violation("I10: pair " + number + " was committed and is not visible");
    }
}

}  // namespace millrace::sim
