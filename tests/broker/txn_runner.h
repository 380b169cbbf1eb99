#pragma once
// Drives a transaction coordinator of one partition by words; what it answers and asks for becomes
// lines.
#include <string>
#include <vector>

#include "millrace/broker/txn/txn_coordinator.h"
#include "millrace/tests/broker/vector_log.h"

namespace millrace::broker {

class TxnRunner {
public:
    using Words = std::vector<std::string>;
    VectorLog log;
    CollectedLog lines;
    TxnConfig config;
    std::unique_ptr<TxnCoordinator> txn;
    Now now{Time{1'000'000'000}, Timestamp{1'700'000'000'000}};
    std::vector<std::string> trace;
    std::vector<WriteTxnMarkers> markers;  // asked for, not yet answered
    std::int64_t next_id = 1000;
    std::int32_t ids_each = 1000;
    bool ids_come = true;

    TxnRunner() {
        config.partitions = 1;
        start(false);
    }

    void start(bool unclean) {
        txn = std::make_unique<TxnCoordinator>(config, lines);
        markers.clear();
        txn->lead(0, log, unclean);
        settle();
    }

    // A turn of the loop, and what it asked for; markers are kept.
    void settle() {
        for (int turn = 0; turn < 100; ++turn) {
            if (txn->serving("x") == ErrorCode::CoordinatorLoadInProgress) txn->tick(now);
            txn->flush(now);
            TxnEffects effects = txn->take_effects();
            bool more = txn->serving("x") == ErrorCode::CoordinatorLoadInProgress;
            for (auto& one : effects.markers) {
                std::string text = "markers " + one.transactional_id + " " +
                                   producer(one.marker.producer) +
                                   (one.marker.commit ? " COMMIT" : " ABORT") + " v" +
                                   std::to_string(one.marker.transaction_version) + ":";
                for (const auto& tp : one.partitions) text += " " + tp.to_string();
                trace.push_back(text);
                markers.push_back(std::move(one));
            }
            if (effects.allocate_producer_ids && ids_come) {
                txn->producer_ids(ProducerId{next_id}, ids_each, now);
                next_id += ids_each;
                more = true;
            }
            if (!more) return;
        }
        trace.push_back("does not settle");
    }

    Words run(const Words& w) {
        trace.clear();
        if (w[0] == "init") {
            InitProducerIdAsk ask{.timeout_ms = 60'000};
            if (w.size() > 2) ask.expected = parse(w[2]);
            txn->init_producer_id(w[1], ask, now, answer(w[1]));
        } else if (w[0] == "add") {
            txn->add_partitions(w[1], parse(w[2]), partitions(w, 3), 0, now, code(w[1]));
        } else if (w[0] == "produce" || w[0] == "produce-v1" || w[0] == "produce-fast") {
            txn->verify_or_add(
                {.transactional_id = w[1],
                 .producer = parse(w[2]),
                 .partitions = partitions(w, 3),
                 .client_version = static_cast<std::int16_t>(w[0] == "produce-v1" ? 0 : 2),
                 .wait = w[0] == "produce-fast" ? TxnWait::Appended : TxnWait::Committed},
                now, [this, id = w[1]](TxnCoordinator::Admission admission) {
                    trace.push_back(id + ": " + std::string(name(admission.code)) +
                                    (admission.began ? ", began" : ""));
                });
        } else if (w[0] == "commit" || w[0] == "abort" || w[0] == "commit-v1" ||
                   w[0] == "abort-v1") {
            const bool v1 = w[0].ends_with("-v1");
            txn->end(w[1], parse(w[2]), w[0].starts_with("commit"), v1 ? 0 : 2, now, answer(w[1]));
        } else if (w[0] == "written") {  // every marker that was asked for; or what came of it
            for (auto& one : std::exchange(markers, {}))
                for (const auto& tp : one.partitions)
                    txn->marker_written(one.id, tp, w.size() > 1 ? error(w[1]) : ErrorCode::None,
                                        now);
        } else if (w[0] == "tick") {
            const std::int64_t ms = std::stoll(w[1]);
            now = {now.time + std::chrono::milliseconds(ms), now.wall + ms};
            txn->tick(now);
        } else if (w[0] == "restart") {
            start(false);
        } else if (w[0] == "crash") {  // what was not committed is gone
            log.lose_uncommitted();
            start(true);
        } else if (w[0] == "commits") {
            log.commits = w[1] == "on";
            if (log.commits) log.commit();
        } else if (w[0] == "fail-append") {
            log.fail_next = ErrorCode::NotEnoughReplicas;
        } else if (w[0] == "ids") {
            ids_come = w[1] == "on";
            if (ids_come) {
                txn->producer_ids(ProducerId{next_id}, ids_each, now);
                next_id += ids_each;
            }
        } else if (w[0] == "show") {
            for (const auto& [id, entry] : txn->fold(0)->entries()) {
                std::string text =
                    id + ": " + std::string(name(entry.metadata.state)) + " " +
                    producer({entry.metadata.producer_id, entry.metadata.producer_epoch});
                for (const auto& tp : entry.metadata.partitions) text += " " + tp.to_string();
                trace.push_back(text);
            }
        } else {
            trace.push_back("what is " + w[0] + "?");
        }
        settle();
        return trace;
    }

    static std::string producer(ProducerIdAndEpoch p) {
        return std::to_string(p.id.value()) + "/" + std::to_string(p.epoch.value());
    }
    static ProducerIdAndEpoch parse(const std::string& text) {
        const auto slash = text.find('/');
        return {ProducerId{std::stoll(text.substr(0, slash))},
                ProducerEpoch{static_cast<std::int16_t>(std::stoi(text.substr(slash + 1)))}};
    }

private:
    TxnCoordinator::ProducerAnswer answer(const std::string& id) {
        return [this, id](TxnCoordinator::Producer p) {
            trace.push_back(id + ": " + std::string(name(p.code)) +
                            (p.code == ErrorCode::None ? " " + producer(p.producer) : ""));
        };
    }
    TxnCoordinator::Answer code(const std::string& id) {
        return [this, id](ErrorCode c) { trace.push_back(id + ": " + std::string(name(c))); };
    }
    static std::set<TopicPartition> partitions(const Words& w, std::size_t from) {
        std::set<TopicPartition> result;
        for (std::size_t i = from; i < w.size(); ++i) {
            const auto dash = w[i].rfind('-');
            result.insert({w[i].substr(0, dash), std::stoi(w[i].substr(dash + 1))});
        }
        return result;
    }
    static ErrorCode error(const std::string& text) {
        for (int c = -1; c < 140; ++c)
            if (name(static_cast<ErrorCode>(c)) == text) return static_cast<ErrorCode>(c);
        return ErrorCode::UnknownServerError;
    }
};

}  // namespace millrace::broker
