#pragma once
// A client that asks what a broker answers from its indexes and folds, and holds the answers
// against each other and against what readers were given: offsets by timestamp, committed offsets
// of a group (never back: I15), the start of repartition topics (never past what is committed: E7).
#include <vector>

#include "millrace/testkit/sim/client_process.h"

namespace millrace::sim {

class Inspector final : public ClientProcess {
public:
    struct Options {
        std::vector<TopicPartition>
            logs;  // `uncommitted` is a reader of all of them; nothing deletes from them
        std::string group;
        std::vector<TopicPartition> inputs;       // of the group, without repartition topics
        std::vector<TopicPartition> repartition;  // inputs too; purged up to what is committed
        Duration every = std::chrono::milliseconds(150);
    };
    Inspector(Scheduler&, Network&, client::Address bootstrap, LogSink& log, History& history,
              History& uncommitted, Options options);
    std::uint64_t answers() const { return answers_; }

private:
    void turn() override;
    Time next_due() const override { return asking_ ? Time::never() : next_; }
    void ask_timestamp();
    void ask_committed();
    void ask_starts();
    void answered();

    History& history_;
    History& uncommitted_;
    Options options_;
    client::Scope scope_;
    std::map<TopicPartition, Offset> committed_;  // the greatest seen
    Time next_{};
    bool asking_ = false;
    std::uint64_t answers_ = 0;
};

}  // namespace millrace::sim
