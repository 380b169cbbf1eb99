// Compaction under a random workload with transactions, tombstones, codecs, tiny segments and tiny
// offset maps, with power failing at any step. Whatever happened, what a read_committed consumer
// makes of the log is what it makes of the log without compaction. (hard-bugs R14, T13)
#include "compaction_fixture.h"

namespace millrace::broker::log_test {
namespace {

struct Tally {
    std::int64_t runs = 0, cleanings = 0, groups = 0, crashes_in_cleaning = 0, swaps_ended = 0,
                 cleaned_left = 0, given_up = 0, offline = 0, shrunk = 0, reopened = 0;
};

class CompactedWorkload {
public:
    CompactedWorkload(std::uint64_t seed, Tally& tally) : random_(seed), tally_(tally) {
        config_ = small_config();
        config_.journal_file_bytes = 2048 << random_.below(4);
        config_.large_append_bytes = random_.one_in(2) ? 500 : 1 << 20;
        config_.checkpoint_interval_ms = 20;
        config_.new_log_interval_ms = 10;
        config_.reserve_bytes = 1 << 10;
        if (random_.one_in(4)) config_.durability = LogDurability::PageCache;
        config_.page_cache_checkpoint_interval_ms = 30;
        config_.cleaner.backoff_ms = 5;
        config_.cleaner.slice_bytes = 100 << random_.below(6);
        config_.cleaner.dedupe_bytes =
            static_cast<std::int64_t>(OffsetMap::kSlotBytes * (random_.one_in(2) ? 4 : 4000));
        topic_.cleanup_compact = true;
        topic_.cleanup_delete = false;
        topic_.segment_bytes = 600 << random_.below(3);
        topic_.index_interval_bytes = 100;
        topic_.tail_cache_bytes = random_.one_in(2) ? 1000 : 1 << 20;
        topic_.min_cleanable_dirty_ratio = random_.one_in(2) ? 0 : 0.3;
        topic_.delete_retention_ms = random_.one_in(2) ? 0 : random_.one_in(2) ? 60 : 1 << 30;
        topic_.file_delete_delay_ms = random_.one_in(2) ? 0 : 30;
        keys_ = 1 + random_.below(12);
    }

    void run() {
        ++tally_.runs;
        if (!open()) return;
        for (int round = 0; round < 4 && !::testing::Test::HasFailure(); ++round) {
            disk_.freeze_after(random_.one_in(5) ? std::optional<std::uint64_t>()
                                                 : random_.below(400));
            for (int i = 0; i < 250 && !disk_.frozen() && !directory_->offline(); ++i) {
                operation();
                if (::testing::Test::HasFailure()) return;
            }
            tally_.offline += directory_->offline();
            count();
            if (!disk_.frozen() && !directory_->offline() && random_.one_in(2)) {
                settle();
                const auto closed = directory_->close();
                ASSERT_TRUE(closed.has_value() || disk_.frozen()) << closed.error().detail;
                if (!closed) crash();
                directory_.reset();
                ++tally_.reopened;
            } else {
                crash();
            }
            pending_.clear();
            disk_.freeze_after({});
            if (!open()) return;
            check("after the start");
            if (random_.one_in(2)) {  // a second crash right away
                directory_.reset();
                crash_disk();
                if (!open()) return;
                check("after the second start");
            }
        }
        peace();
    }

private:
    void dump(const char* when) {  // for a failing seed: MILLRACE_DUMP=1
        if (!std::getenv("MILLRACE_DUMP")) return;
        std::printf("==== %s: the model ends at %lld, synced %lld\n", when,
                    static_cast<long long>(model_.end), static_cast<long long>(synced_));
        for (const std::string& path : disk_.paths())
            std::printf("%s %zu\n", path.c_str(), disk_.content(path)->size());
        for (const CompactedModel::Record& r : model_.records)
            std::printf("%lld%s%s=%s producer %lld\n", static_cast<long long>(r.offset),
                        r.marker ? r.commit ? " commit " : " abort " : " ", r.key.c_str(),
                        r.value ? r.value->substr(0, 5).c_str() : "null",
                        static_cast<long long>(r.producer));
        if (const auto text = disk_.content("data/millrace-checkpoint"))
            std::printf("%s", std::string(as_text(*text)).c_str());
    }
    bool open() {
        dump("before a start");
        auto opened = LogDirectory::open(disk_, config_, sink_);
        EXPECT_TRUE(opened.has_value()) << opened.error().detail;
        if (!opened) return false;
        directory_ = *std::move(opened);
        const auto log = directory_->open_log({"t", 0}, kTopicId, topic_);
        EXPECT_TRUE(log.has_value()) << log.error().detail;
        if (!log) return false;
        log_ = *log;
        dump("after it");
        log_->set_high_watermark(log_->log_end_offset());
        now_ms_ += 1000;
        counted_ = {};
        return true;
    }
    void count() {
        const CleanerStats& s = directory_->cleaner_stats();
        tally_.cleanings += s.cleanings - counted_.cleanings;
        tally_.groups += s.groups - counted_.groups;
        tally_.given_up += s.given_up - counted_.given_up;
        counted_ = s;
    }
    void crash_disk() {
        if (config_.durability == LogDurability::PageCache || random_.one_in(8))
            disk_.kill_process();  // in that mode a power cut may take anything
        else
            disk_.crash(random_);
    }
    void crash() {
        bool cleaned = false, swap = false;
        directory_.reset();
        crash_disk();
        for (const std::string& path : disk_.paths()) {
            cleaned |= path.ends_with(".log.cleaned");
            swap |= path.ends_with(".log.swap");
        }
        tally_.cleaned_left += cleaned;
        tally_.swaps_ended += swap;
        tally_.crashes_in_cleaning += cleaned || swap;
    }

    void operation() {
        LogEffects effects;
        switch (random_.below(16)) {
            case 0:
            case 1:
            case 2:
            case 3:
                append();
                break;
            case 4:
                marker();
                break;
            case 5:
            case 6:
                directory_->flush(effects);
                break;
            case 7:
            case 8:
                complete(effects);
                break;
            case 9:
                if (random_.one_in(10)) log_->release_memory();
                break;
            case 10:
                if (random_.one_in(10)) check("on the way");
                break;
            default:
                tick(effects);
        }
        take(effects);
    }
    void tick(LogEffects& effects) {
        now_ms_ += static_cast<std::int64_t>(1 + random_.below(8));
        directory_->tick({Time{now_ms_ * 1'000'000}, Timestamp{kStart + now_ms_}}, effects);
    }
    void append() {
        KeyedBatch b;
        for (std::uint64_t i = 0, n = 1 + random_.below(4); i < n; ++i) {
            KeyValue record{"k" + std::to_string(random_.below(keys_)), std::nullopt};
            if (!random_.one_in(4))
                record.value = std::to_string(++values_) + std::string(random_.below(60), 'x');
            b.records.push_back(std::move(record));
        }
        b.timestamp = kStart + now_ms_;
        b.codec =
            random_.one_in(3) ? static_cast<wire::Codec>(random_.below(5)) : wire::Codec::None;
        if (random_.one_in(2)) {
            b.producer = 1 + static_cast<std::int64_t>(random_.below(4));
            b.transactional = b.producer > 1;
            const ProducerState* known = log_->producers().find(ProducerId{b.producer});
            b.epoch = known ? known->epoch.value() : std::int16_t{0};
            b.sequence = known ? known->last_sequence() + 1 : 0;
        }
        const auto info = log_->append_as_leader(batch(b), client(0, kStart + now_ms_));
        if (!info) {
            EXPECT_TRUE(disk_.frozen() || directory_->offline()) << info.error().detail;
            return;
        }
        EXPECT_EQ(info->first_offset.value(), model_.end);
        for (const KeyValue& record : b.records)
            model_.records.push_back(
                {model_.end++, record.key, record.value, b.transactional ? b.producer : -1});
        ends_.insert(model_.end);
        if (b.producer >= 0)
            model_.sequences.push_back(
                {model_.end, b.producer,
                 b.sequence + static_cast<std::int32_t>(b.records.size()) - 1});
        advance();
    }
    void marker() {
        const std::int64_t producer = 2 + static_cast<std::int64_t>(random_.below(3));
        const ProducerState* known = log_->producers().find(ProducerId{producer});
        if (!known || (!known->transaction_start && !random_.one_in(6))) return;
        const bool commit = random_.one_in(2), bump = random_.one_in(3);
        const auto info = log_->append_as_leader(
            log_test::marker(commit ? wire::ControlType::Commit : wire::ControlType::Abort,
                             producer, static_cast<std::int16_t>(known->epoch.value() + bump)),
            coordinator());
        if (!info) {
            EXPECT_TRUE(disk_.frozen() || directory_->offline()) << info.error().detail;
            return;
        }
        model_.records.push_back({model_.end++, {}, {}, producer, true, commit});
        ends_.insert(model_.end);
        if (bump) model_.sequences.push_back({model_.end, producer, -1});
        advance();
    }
    void advance() { log_->set_high_watermark(log_->durable_end()); }
    void take(LogEffects& effects) {
        for (SyncRequest& request : effects.syncs) pending_.push_back(std::move(request));
        advance();
    }
    void complete(LogEffects& effects) {
        if (pending_.empty()) return;
        const std::size_t i = random_.below(pending_.size());
        const SyncRequest request = pending_[i];
        pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
        const auto outcome = request.run(disk_);
        directory_->synced(request.id, outcome, effects);
        if (outcome && !directory_->offline())
            synced_ = std::max(synced_, log_->durable_end().value());
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

    void check(const char* when) {
        if (disk_.frozen() || directory_->offline()) return;
        const std::int64_t end = log_->log_end_offset().value();
        if (end < model_.end) {  // after a crash
            EXPECT_GE(end, synced_) << when;
            EXPECT_TRUE(ends_.contains(end)) << when;
            model_.cut(end);
        }
        ASSERT_EQ(end, model_.end) << when;
        const std::int64_t readable = log_->high_watermark().value();
        const auto fold = committed_fold(*log_, 1 + random_.below(2000));
        ASSERT_TRUE(fold.has_value()) << when << ": " << fold.error().detail;
        EXPECT_EQ(show(*fold), show(model_.fold(readable))) << when;
        EXPECT_EQ(log_->producers().first_open_offset().has_value(), model_.open_at(end)) << when;
        for (const auto& [producer, last] : model_.last_sequences(end)) {
            const ProducerState* known = log_->producers().find(ProducerId{producer});
            ASSERT_NE(known, nullptr) << when << ", producer " << producer;
            EXPECT_EQ(known->last_sequence(), last) << when << ", producer " << producer;
        }
    }
    // Everything ends; then compaction does what it can.
    void peace() {
        disk_.freeze_after({});
        if (::testing::Test::HasFailure() || directory_->offline()) return;
        for (std::int64_t producer = 2; producer < 5; ++producer) {
            const ProducerState* known = log_->producers().find(ProducerId{producer});
            if (!known || !known->transaction_start) continue;
            ASSERT_TRUE(log_->append_as_leader(log_test::marker(wire::ControlType::Abort, producer,
                                                                known->epoch.value()),
                                               coordinator())
                            .has_value());
            model_.records.push_back({model_.end++, {}, {}, producer, true, false});
        }
        ASSERT_TRUE(log_->roll(Timestamp{kStart + now_ms_}).has_value());
        const std::int64_t before = log_->size_bytes();
        for (int i = 0; i < 600; ++i) {
            LogEffects effects;
            tick(effects);
            take(effects);
            settle();
        }
        count();
        tally_.shrunk += log_->size_bytes() < before;
        check("at the end");
        ASSERT_TRUE(directory_->close().has_value());
        if (!open()) return;
        check("after the last start");
        for (const std::string& path : disk_.paths()) {
            EXPECT_FALSE(path.ends_with(".cleaned") || path.ends_with(".swap") ||
                         path.ends_with(".deleted"))
                << path;
        }
    }

    static constexpr std::int64_t kStart = 1'700'000'000'000;
    Random random_;
    Tally& tally_;
    testkit::SimDisk disk_;
    NullLog sink_;
    LogDirectoryConfig config_;
    LogConfig topic_;
    std::unique_ptr<LogDirectory> directory_;
    Log* log_ = nullptr;
    CompactedModel model_;
    std::set<std::int64_t> ends_{0};
    std::int64_t synced_ = 0, now_ms_ = 1, values_ = 0;
    std::uint64_t keys_ = 1;
    std::vector<SyncRequest> pending_;
    CleanerStats counted_;
};

TEST(CompactionCrash, TheCommittedFoldIsTheSameWhateverHappens) {
    Tally tally;
    const char* one = std::getenv("MILLRACE_SEED");
    const char* more = std::getenv("MILLRACE_SEED_LAST");
    const std::uint64_t first = one ? std::stoull(one) : 0;
    const std::uint64_t last = more ? std::stoull(more) : one ? first : 100;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        SCOPED_TRACE("MILLRACE_SEED=" + std::to_string(seed));
        CompactedWorkload(seed, tally).run();
        if (::testing::Test::HasFailure()) break;
    }
    std::printf(
        "cleanings %lld, groups %lld, crashes in one %lld (.swap %lld, .cleaned %lld), given up "
        "%lld, offline %lld, shrunk %lld, reopened %lld of %lld runs\n",
        static_cast<long long>(tally.cleanings), static_cast<long long>(tally.groups),
        static_cast<long long>(tally.crashes_in_cleaning),
        static_cast<long long>(tally.swaps_ended), static_cast<long long>(tally.cleaned_left),
        static_cast<long long>(tally.given_up), static_cast<long long>(tally.offline),
        static_cast<long long>(tally.shrunk), static_cast<long long>(tally.reopened),
        static_cast<long long>(tally.runs));
    if (one) return;
    EXPECT_GT(tally.cleanings, 500);
    EXPECT_GT(tally.crashes_in_cleaning, 50);
    EXPECT_GT(tally.swaps_ended, 20);
}

}  // namespace
}  // namespace millrace::broker::log_test
