#include "millrace/testkit/sim/inspector.h"

#include "millrace/client/admin.h"

namespace millrace::sim {

namespace {
constexpr bool kUncommitted = false;
}

Inspector::Inspector(Scheduler& scheduler, Network& network, client::Address bootstrap,
                     LogSink& sink, History& history, History& uncommitted, Options options)
    : ClientProcess(scheduler, network, "inspector", std::move(bootstrap), sink),
      history_(history),
      uncommitted_(uncommitted),
      options_(std::move(options)) {
    for (const auto* topics : {&options_.logs, &options_.inputs, &options_.repartition})
        for (const TopicPartition& tp : *topics) cluster().want_topic(tp.topic);
}

void Inspector::turn() {
    if (asking_ || scheduler().now().time < next_) return;
    asking_ = true;
    switch (scheduler().random().below(3)) {
        case 0:
            return ask_timestamp();
        case 1:
            return ask_committed();
        default:
            return ask_starts();
    }
}

void Inspector::answered() {
    ++answers_;
    asking_ = false;
    next_ = scheduler().now().time + options_.every;
    wake();
}

void Inspector::ask_timestamp() {
    const TopicPartition tp = options_.logs[scheduler().random().below(options_.logs.size())];
    const auto& known = uncommitted_.log(tp);
    if (known.empty()) return answered();
    const Timestamp at = known[scheduler().random().below(known.size())].timestamp;
    client::list_offsets(
        cluster(), scope_, {tp}, at.value(), kUncommitted, [this, tp, at](auto found) {
            answered();
            if (!found || !found->contains(tp)) return;
            const Offset offset = found->at(tp).offset;
            for (const SeenRecord& record : uncommitted_.log(tp)) {
                if (record.offset < offset && record.timestamp < at) continue;
                if (record.offset == offset && record.timestamp >= at) return;
                if (record.offset < offset && uncommitted_.absent(tp, record.offset)) continue;
                if (record.offset > offset && offset.value() >= 0) return;  // not read yet
                return history_.violation("ListOffsets: the first record of " + tp.to_string() +
                                          " at or after " + std::to_string(at.value()) +
                                          " is said to be " + std::to_string(offset.value()) +
                                          ", a reader saw offset " +
                                          std::to_string(record.offset.value()) + " of " +
                                          std::to_string(record.timestamp.value()));
            }
        });
}

void Inspector::ask_committed() {
    std::vector<TopicPartition> inputs = options_.inputs;
    inputs.insert(inputs.end(), options_.repartition.begin(), options_.repartition.end());
    client::fetch_committed(
        cluster(), scope_,
        [this] {
            return client::GroupMetadata{options_.group, {}, -1, {}};
        },
        std::move(inputs),
        [this](auto found) {
            answered();
            if (!found) return;
            for (const auto& [tp, before] : committed_)
                if (!found->contains(tp))
                    history_.violation("I15: the committed offset of " + tp.to_string() +
                                       " is gone");
            for (const auto& [tp, now] : *found) {
                Offset& before = committed_[tp];
                if (now.offset < before)
                    history_.violation("I15: the committed offset of " + tp.to_string() +
                                       " went from " + std::to_string(before.value()) +
                                       " back to " + std::to_string(now.offset.value()));
                before = std::max(before, now.offset);
            }
        });
}

// First where the logs begin, then what is committed: it only grows.
void Inspector::ask_starts() {
    if (options_.repartition.empty()) return answered();
    client::list_offsets(
        cluster(), scope_, options_.repartition, client::kEarliest, kUncommitted,
        [this](auto starts) {
            if (!starts) return answered();
            client::fetch_committed(
                cluster(), scope_,
                [this] {
                    return client::GroupMetadata{options_.group, {}, -1, {}};
                },
                options_.repartition,
                [this, starts = std::move(*starts)](auto committed) {
                    answered();
                    if (!committed) return;
                    for (const auto& [tp, start] : starts) {
                        const auto upto = committed->find(tp);
                        if (start.offset.value() > 0 &&
                            (upto == committed->end() || upto->second.offset < start.offset))
                            history_.violation("E7: " + tp.to_string() + " was purged up to " +
                                               std::to_string(start.offset.value()) +
                                               ", past what is committed");
                    }
                });
        });
}

}  // namespace millrace::sim
