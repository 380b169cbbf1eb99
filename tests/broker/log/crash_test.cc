// Crashes at every step. A random workload over several logs runs against a model that remembers
// the state after each operation; power fails somewhere; what recovery finds must be the state
// after some operation (of all logs together, so no later turn without an earlier one), not before
// the last one that was synced. A second crash right away changes nothing.
#include <map>

#include "log_fixture.h"
#include "millrace/broker/log/journal.h"

namespace millrace::broker::log_test {
namespace {

struct LogModel {
    Uuid id;
    std::int64_t start = 0, end = 0;
    std::map<std::int64_t, std::string> records;
    friend bool operator==(const LogModel&, const LogModel&) = default;
};
using State = std::map<TopicPartition, LogModel>;

struct Tally {
    int runs = 0, torn = 0, recovered_more = 0, truncations = 0, deletions = 0, references = 0,
        checkpoints = 0, offline = 0, passed_over = 0, aborted = 0, open_transactions = 0;
};

class Workload {
public:
    Workload(std::uint64_t seed, Tally& tally) : random_(seed), tally_(tally) {
        config_ = small_config();
        config_.journal_file_bytes = 2048 << random_.below(4);
        config_.large_append_bytes = random_.one_in(2) ? 700 : 1 << 20;
        topic_.segment_bytes =
            static_cast<std::int64_t>(2700 >> random_.below(2)) * (random_.one_in(3) ? 10 : 1);
        topic_.index_interval_bytes = 100;
        topic_.tail_cache_bytes = 1000;
        config_.log_defaults = topic_;
    }

    void run() {
        ++tally_.runs;
        if (!open()) return;
        if (random_.one_in(4)) {  // a clean stop in the past
            for (int i = 0; i < 10; ++i) operation();
            settle();
            const auto closed = directory_->close();
            ASSERT_TRUE(closed.has_value()) << closed.error().detail;
            if (!open()) return;
        }
        history_ = {model_};
        synced_through_ = 0;
        disk_.freeze_after(random_.below(250));
        for (int i = 0; i < 120 && !disk_.frozen() && !directory_->offline(); ++i) operation();
        tally_.offline += directory_->offline();
        const std::uint64_t torn = disk_.stats().files_torn;
        crash();
        tally_.torn += disk_.stats().files_torn > torn;
        dump("crashed");

        if (!open()) return;
        dump("recovered");
        const State found = read();
        const std::size_t match = check(found);
        tally_.recovered_more += match > synced_through_;
        directory_.reset();
        if (random_.one_in(2)) {  // crash twice: what was served must stay (hard-bugs R6)
            disk_.crash(random_);
            if (!open()) return;
            EXPECT_EQ(difference(read(), found), "");
        } else {  // or go on for a while, crash again
            pending_.clear();
            if (!open()) return;
            model_ = found;
            history_ = {model_};
            synced_through_ = 0;
            for (int i = 0; i < 30; ++i) operation();
            crash();
            dump("crashed again");
            if (!open()) return;
            check(read());
        }
    }

private:
    // For a failing seed: MILLRACE_DUMP=1.
    void dump(const char* when) {
        if (!std::getenv("MILLRACE_DUMP")) return;
        std::printf("==== %s, synced through operation %zu\n", when, synced_through_);
        for (const auto& path : disk_.paths())
            std::printf("%s %zu\n", path.c_str(), disk_.content(path)->size());
        if (const auto text = disk_.content("data/millrace-checkpoint"))
            std::printf("%s", std::string(as_text(*text)).c_str());
        const auto all = Journal(disk_, "data", 1000).read(std::nullopt);
        if (!all) return;
        for (const JournalGroup& group : all->groups) {
            for (const JournalEntry& e : group.entries)
                std::printf("group %llu kind %d %s id %llu: [%lld, %lld) at %lld/%lld\n",
                            static_cast<unsigned long long>(group.sequence),
                            static_cast<int>(e.item.kind), e.log.directory.c_str(),
                            static_cast<unsigned long long>(e.log.topic_id.low),
                            static_cast<long long>(e.item.offset.value()),
                            static_cast<long long>(e.item.end.value()),
                            static_cast<long long>(e.item.segment.value()),
                            static_cast<long long>(e.item.position));
        }
    }
    bool open() {
        auto opened = LogDirectory::open(disk_, config_, sink_);
        EXPECT_TRUE(opened.has_value()) << opened.error().detail;
        if (!opened) return false;
        directory_ = *std::move(opened);
        return true;
    }
    void crash() {
        directory_.reset();
        pending_.clear();
        if (random_.one_in(8))
            disk_.kill_process();
        else
            disk_.crash(random_);
    }
    TopicPartition some_log() {
        return {random_.one_in(3) ? "u" : "t", static_cast<std::int32_t>(random_.below(2))};
    }

    void operation() {
        LogEffects effects;
        switch (random_.below(20)) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
            case 6:
            case 7:
                append();
                break;
            case 8:
            case 9:
            case 10:
            case 11:
                directory_->flush(effects);
                break;
            case 12:
            case 13:
            case 14:
                complete(effects);
                break;
            case 15:
                if (random_.one_in(3)) truncate();
                break;
            case 16:
                move_start();
                break;
            case 17:
                if (random_.one_in(6)) remove();
                break;
            case 18:
                now_ += 61'000'000'000;
                ++tally_.checkpoints;
                directory_->tick({Time{now_}, Timestamp{1000}}, effects);
                break;
            default:
                if (Log* log = directory_->find(some_log())) log->release_memory();
        }
        take(effects);
    }
    void took(State next) {  // one operation, done or begun
        model_ = next;
        history_.push_back(std::move(next));
        if (!std::getenv("MILLRACE_DUMP")) return;
        std::printf("operation %zu:", history_.size() - 1);
        for (const auto& [tp, m] : model_)
            std::printf(" %s id %llu [%lld, %lld)", tp.to_string().c_str(),
                        static_cast<unsigned long long>(m.id.low), static_cast<long long>(m.start),
                        static_cast<long long>(m.end));
        std::printf("%s\n", disk_.frozen() ? " frozen" : "");
    }
    void synced() { synced_through_ = history_.size() - 1; }

    Log* open_log(const TopicPartition& tp, State& next) {
        LogModel& m = next[tp];
        if (m.id.is_zero()) m.id = {tp.topic == "t" ? 1u : 2u, ++ids_};
        const auto log = directory_->open_log(tp, m.id, topic_);
        EXPECT_TRUE(log.has_value() || disk_.frozen() || directory_->offline())
            << log.error().detail;
        return log ? *log : nullptr;
    }

    void append() {
        const TopicPartition tp = some_log();
        State next = model_;
        Log* log = open_log(tp, next);
        if (!log) return;
        model_[tp].id = next[tp].id;
        BatchOf b;
        for (std::uint64_t i = 0, n = 1 + random_.below(3); i < n;
             ++i)  // below the least segment size together
            b.values.push_back(
                std::to_string(++values_) +
                std::string(random_.one_in(5) ? random_.below(350) : random_.below(40), 'x'));
        b.timestamp = 1000 + static_cast<std::int64_t>(random_.below(100));
        if (random_.one_in(3)) {  // a transaction goes on, or ends
            b.producer = 1 + static_cast<std::int64_t>(random_.below(3));
            const ProducerState* known = log->producers().find(ProducerId{b.producer});
            if (known && known->transaction_start && random_.one_in(2))
                return end_transaction(*log, std::move(next), b.producer);
            b.sequence = known ? known->last_sequence() + 1 : 0;
            b.transactional = true;
        }
        const auto info = log->append_as_leader(batch(b), client(epoch_));
        if (!info) {
            EXPECT_TRUE(disk_.frozen() || directory_->offline()) << info.error().detail;
            return;
        }
        LogModel& m = next[tp];
        EXPECT_EQ(info->first_offset.value(), m.end);
        for (const std::string& value : b.values) m.records[m.end++] = value;
        took(std::move(next));
    }
    void end_transaction(Log& log, State next, std::int64_t producer) {
        const auto how = random_.one_in(2) ? wire::ControlType::Abort : wire::ControlType::Commit;
        const auto info = log.append_as_leader(marker(how, producer, 0), coordinator(epoch_));
        if (!info) {
            EXPECT_TRUE(disk_.frozen() || directory_->offline()) << info.error().detail;
            return;
        }
        next[log.topic_partition()].end += 1;
        took(std::move(next));
    }
    void truncate() {
        const TopicPartition tp = some_log();
        Log* log = directory_->find(tp);
        if (!log || log->log_end_offset() == log->log_start_offset()) return;
        ++tally_.truncations;
        ++epoch_;
        State next = model_;
        LogModel& m = next[tp];
        bool done;
        if (random_.one_in(4)) {
            const std::int64_t to = m.end + static_cast<std::int64_t>(random_.below(5));
            m.records.clear();
            m.start = m.end = to;
            done = log->truncate_fully_and_start_at(Offset{to}).has_value();
        } else {
            const Offset to{random_.between(log->log_start_offset().value() + 1,
                                            log->log_end_offset().value())};
            if (to == log->log_end_offset()) return;  // nothing to do, and nothing is synced
            std::int64_t at = to.value();             // the batch that holds it goes whole
            if (const auto bytes = log->read(to, 1, Offset{INT64_MAX}); bytes && !bytes->empty())
                at = wire::RecordBatchView::of(*bytes)->base_offset().value();
            if (at <= m.start) at = m.start;
            m.records.erase(m.records.lower_bound(at), m.records.end());
            m.end = at;
            done = log->truncate_to(to).has_value();
            if (done && log->log_end_offset().value() !=
                            at) {  // a start inside of a batch: everything went
                m.end = log->log_end_offset().value();
            }
        }
        took(std::move(next));  // begun is as good as done: either state may be found
        if (done)
            synced();
        else
            EXPECT_TRUE(disk_.frozen() || directory_->offline());
    }
    void move_start() {
        const TopicPartition tp = some_log();
        Log* log = directory_->find(tp);
        if (!log) return;
        log->set_high_watermark(log->durable_end());  // as every broker does
        const Offset to{
            random_.between(log->log_start_offset().value(),
                            std::max(log->log_start_offset(), log->durable_end()).value())};
        const auto moved = log->set_log_start_offset(to);
        State next = model_;
        LogModel& m = next[tp];
        m.start = log->log_start_offset().value();
        m.records.erase(m.records.begin(), m.records.lower_bound(m.start));
        took(std::move(next));
        EXPECT_TRUE(moved.has_value() || disk_.frozen() || directory_->offline());
    }
    void remove() {
        const TopicPartition tp = some_log();
        ++tally_.deletions;
        State next = model_;
        if (next.erase(tp) == 0) return;
        const auto done = directory_->delete_log(tp);
        took(std::move(next));
        if (done)
            synced();
        else
            EXPECT_TRUE(disk_.frozen() || directory_->offline()) << done.error().detail;
    }

    void take(LogEffects& effects) {
        for (SyncRequest& request : effects.syncs) pending_.push_back(std::move(request));
        for (Log* log : effects.durable_moved) EXPECT_LE(log->durable_end(), log->log_end_offset());
    }
    void complete(LogEffects& effects) {
        if (pending_.empty()) return;
        const std::size_t i = random_.below(pending_.size());
        const SyncRequest request = pending_[i];
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
        tally_.references += request.files.size() > 1;
        const auto outcome = request.run(disk_);
        directory_->synced(request.id, outcome, effects);
        if (!outcome) return;
        for (std::size_t k = history_.size(); k-- > synced_through_;) {
            if (!all_durable(history_[k])) continue;
            // Moved starts show in no durable end: the first state with these ends is sure.
            while (k > synced_through_ && same_ends(history_[k], history_[k - 1])) --k;
            synced_through_ = k;
            break;
        }
    }
    static bool same_ends(const State& a, const State& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
            return x.first == y.first && x.second.id == y.second.id && x.second.end == y.second.end;
        });
    }
    bool all_durable(const State& state) {
        for (const auto& [tp, m] : state) {
            const Log* log = directory_->find(tp);
            if (m.end != 0 &&
                (!log || log->topic_id() != m.id || log->durable_end().value() < m.end))
                return false;
        }
        return true;
    }
    void settle() {
        LogEffects effects;
        directory_->flush(effects);
        take(effects);
        while (!pending_.empty()) {
            LogEffects more;
            complete(more);
            take(more);
        }
    }

    State read() {
        State found;
        for (const TopicPartition& tp : directory_->topic_partitions()) {
            Log* log = directory_->find(tp);
            if (!log) {  // nothing came to it since a checkpoint: it is opened when it is asked for
                ++tally_.passed_over;
                const auto text = disk_.content("data/" + tp.to_string() + "/partition.metadata");
                const auto id = parse_partition_metadata(text ? as_text(*text) : "");
                const auto opened = directory_->open_log(tp, id ? *id : Uuid{9, 9}, topic_);
                EXPECT_TRUE(opened.has_value()) << opened.error().detail;
                if (!opened) continue;
                log = *opened;
            }
            ProducerStateTable producers;  // as the batches that are there say
            std::vector<AbortedTransaction> aborted;
            LogModel m{log->topic_id(),
                       log->log_start_offset().value(),
                       log->log_end_offset().value(),
                       {}};
            EXPECT_EQ(log->durable_end(), log->log_end_offset());
            for (Offset from = log->log_start_offset(); from < log->log_end_offset();) {
                const auto bytes = log->read(from, 1 << 20, Offset{INT64_MAX});
                EXPECT_TRUE(bytes.has_value())
                    << tp.to_string() << ' ' << (bytes ? "" : bytes.error().detail);
                if (!bytes || bytes->empty()) break;
                wire::BatchWalker walker(*bytes);
                while (const auto b = walker.next()) {
                    EXPECT_TRUE(b->validate().has_value());
                    if (b->base_offset() >= log->log_start_offset()) {
                        if (const auto entry = producers.applied(*b)) aborted.push_back(*entry);
                    }
                    from = b->next_offset();
                    if (b->control()) continue;
                    wire::RecordReader reader(*b, b->encoded_records());
                    std::vector<wire::RecordView> records(static_cast<std::size_t>(b->count()));
                    EXPECT_TRUE(reader.read(records).has_value());
                    for (const auto& r : records)
                        if (r.offset >= log->log_start_offset())
                            m.records[r.offset.value()] = as_text(r.value.view());
                }
            }
            check_producers(*log, producers, aborted);
            found[tp] = std::move(m);
        }
        return found;
    }

    // What lies below the log start may be known still; what lies above it must be.
    void check_producers(Log& log, const ProducerStateTable& expected,
                         const std::vector<AbortedTransaction>& aborted) {
        const auto where = [&log](ProducerId id) {
            return log.topic_partition().to_string() + ", producer " + std::to_string(id.value());
        };
        for (const ProducerId id : expected.producer_ids()) {
            const ProducerState* there = log.producers().find(id);
            const ProducerState* wanted = expected.find(id);
            ASSERT_NE(there, nullptr) << where(id);
            if (wanted->batch_count > 0)
                EXPECT_EQ(there->last_sequence(), wanted->last_sequence()) << where(id);
            if (wanted->transaction_start) {
                ++tally_.open_transactions;
                ASSERT_TRUE(there->transaction_start) << where(id);
                EXPECT_LE(*there->transaction_start, *wanted->transaction_start) << where(id);
            } else {
                EXPECT_FALSE(there->transaction_start) << where(id);
            }
        }
        const auto known = log.aborted_transactions(log.log_start_offset(), log.log_end_offset());
        ASSERT_TRUE(known.has_value()) << known.error().detail;
        for (const AbortedTransaction& entry : aborted) {
            ++tally_.aborted;
            EXPECT_TRUE(std::any_of(known->begin(), known->end(),
                                    [&](const AbortedTransaction& a) {
                                        return a.producer_id == entry.producer_id &&
                                               a.last_offset == entry.last_offset &&
                                               a.first_offset <= entry.first_offset;
                                    }))
                << where(entry.producer_id) << ": the transaction that was aborted at "
                << entry.last_offset.value() << " counts as committed";
        }
        for (const AbortedTransaction& a : *known)
            EXPECT_TRUE(a.first_offset < log.log_start_offset() ||
                        std::any_of(aborted.begin(), aborted.end(),
                                    [&](const AbortedTransaction& entry) {
                                        return a.producer_id == entry.producer_id &&
                                               a.last_offset == entry.last_offset;
                                    }))
                << where(a.producer_id) << ": no transaction was aborted at "
                << a.last_offset.value();
    }

    // The latest operation whose state this is; log starts may be ahead of it.
    std::size_t check(const State& found) {
        std::string why;
        for (std::size_t k = history_.size(); k-- > synced_through_;) {
            const std::string here = difference(found, history_[k]);
            if (here.empty()) return k;
            why += "\n  " + std::to_string(k) + ": " + here;
        }
        ADD_FAILURE() << "the state is not that after any operation from " << synced_through_
                      << " to " << history_.size() - 1 << ":" << why;
        return synced_through_;
    }
    static std::string difference(const State& found, const State& expected) {
        for (const auto& [tp, m] : expected) {
            const auto at = found.find(tp);
            if (at == found.end()) {
                if (m.records.empty() && m.end == 0) continue;  // made, never written: may be gone
                return tp.to_string() + " is missing";
            }
            const LogModel& f = at->second;
            if (f.id != m.id && m.end != 0) return tp.to_string() + " has another id";
            if (f.end != m.end)
                return tp.to_string() + " ends at " + std::to_string(f.end) + ", not " +
                       std::to_string(m.end);
            if (f.start < m.start)
                return tp.to_string() + " starts at " + std::to_string(f.start) + ", not " +
                       std::to_string(m.start);
            auto records = m.records;
            records.erase(records.begin(), records.lower_bound(f.start));
            if (f.records != records) return tp.to_string() + " has other records";
        }
        for (const auto& [tp, f] : found) {
            if (!expected.contains(tp) && f.end != 0)
                return tp.to_string() + " should not be there";
        }
        return {};
    }

    Random random_;
    Tally& tally_;
    testkit::SimDisk disk_;
    NullLog sink_;
    LogDirectoryConfig config_;
    LogConfig topic_;
    std::unique_ptr<LogDirectory> directory_;
    State model_;
    std::vector<State> history_{State()};
    std::size_t synced_through_ = 0;
    std::vector<SyncRequest> pending_;
    std::uint64_t values_ = 0, ids_ = 0;
    std::int32_t epoch_ = 0;
    std::int64_t now_ = 0;
};

TEST(Crash, WhatWasSyncedSurvivesAndNothingIsInvented) {
    Tally tally;
    const char* one = std::getenv("MILLRACE_SEED");
    const char* more = std::getenv("MILLRACE_SEED_LAST");
    const std::uint64_t first = one ? std::stoull(one) : 0;
    const std::uint64_t last = more ? std::stoull(more) : one ? first : 300;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE("MILLRACE_SEED=" + std::to_string(seed));
        Workload(seed, tally).run();
        if (::testing::Test::HasFailure()) break;
    }
    if (one) return;
    EXPECT_GT(tally.torn, 20);
    EXPECT_GT(tally.recovered_more, 20) << "unsynced groups that happened to be whole";
    EXPECT_GT(tally.truncations, 100);
    EXPECT_GT(tally.deletions, 50);
    EXPECT_GT(tally.references, 100);
    EXPECT_GT(tally.checkpoints, 100);
    EXPECT_GT(tally.passed_over, 100);
    EXPECT_GT(tally.aborted, 100);
    EXPECT_GT(tally.open_transactions, 100);
}

// hard-bugs R7: whatever is damaged, opening gives a prefix or an error that says where; it never
// crashes or hangs.
TEST(Crash, DamagedDirectoriesOpenOrSayWhy) {
    Random random(5);
    NullLog sink;
    for (int round = 0; round < 200; ++round) {
        testkit::SimDisk disk;
        LogDirectoryConfig config = small_config();
        LogConfig topic;
        topic.segment_bytes = 400;
        topic.index_interval_bytes = 100;
        config.log_defaults = topic;
        std::vector<std::string> written;
        {
            auto directory = *LogDirectory::open(disk, config, sink);
            Log& log = **directory->open_log({"t", 0}, kTopicId, topic);
            for (int i = 0; i < 12; ++i) {
                written.push_back("value-" + std::to_string(i));
                ASSERT_TRUE(log.append_as_leader(
                                   batch({{written.back()}, 1000 + i, 3, 0, i, false}), client())
                                .has_value());
            }
            if (random.one_in(2)) {
                ASSERT_TRUE(directory->close().has_value());
            } else {
                LogEffects effects;
                directory->flush(effects);
                for (const SyncRequest& request : effects.syncs)
                    ASSERT_TRUE(request.run(disk).has_value());
                directory.reset();
                disk.kill_process();
            }
        }
        const std::vector<std::string> paths = disk.paths();
        for (std::uint64_t i = 0, n = 1 + random.below(3); i < n; ++i) {
            const std::string& path = paths[random.below(paths.size())];
            const auto content = disk.content(path);
            if (!content) continue;
            auto file = *disk.open(path, OpenMode::Write);
            switch (random.below(4)) {
                case 0:
                    disk.corrupt(path, static_cast<std::int64_t>(random.below(content->size() + 1)),
                                 static_cast<unsigned>(random.below(8)));
                    break;
                case 1:
                    ASSERT_TRUE(
                        file->truncate(static_cast<std::int64_t>(random.below(content->size() + 1)))
                            .has_value());
                    break;
                case 2:
                    ASSERT_TRUE(disk.remove(path).has_value());
                    break;
                default: {
                    std::vector<std::byte> noise(1 + random.below(60));
                    for (std::byte& b : noise) b = static_cast<std::byte>(random.next());
                    ASSERT_TRUE(
                        file->write(static_cast<std::int64_t>(random.below(content->size() + 1)),
                                    noise)
                            .has_value());
                }
            }
        }
        auto opened = LogDirectory::open(disk, config, sink);
        if (!opened) {
            EXPECT_FALSE(opened.error().detail.empty());
            continue;
        }
        const auto log = (*opened)->open_log({"t", 0}, kTopicId, topic);
        if (!log) {
            EXPECT_FALSE(log.error().detail.empty());
            continue;
        }
        const auto all = read_all(**log, (*log)->log_start_offset());
        if (!all) continue;  // an error, not wrong bytes
        for (const std::string& record : *all) {
            const auto colon = record.find(':');
            const auto offset = std::stoull(record.substr(0, colon));
            const std::string value = record.substr(colon + 1);
            // A batch's base offset lies outside of its CRC: a flipped bit there moves it, and no
            // reader of the format can tell.
            if (offset < written.size() && value == written[offset]) continue;
            EXPECT_NE(std::find(written.begin(), written.end(), value), written.end()) << record;
        }
    }
}

}  // namespace
}  // namespace millrace::broker::log_test
