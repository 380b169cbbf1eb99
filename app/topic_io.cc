#include "millrace/app/topic_io.h"

#include <algorithm>

#include "millrace/base/hash.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::app {

using namespace std::chrono_literals;

TopicWriter::TopicWriter(ClientHost& host, std::vector<std::string> topics, Pull pull, std::int64_t records_per_second)
    : host_(host),
      producer_(host.cluster(), client::ProducerConfig{.transactional_id = {}, .linger = 5ms}, host.log()),
      pull_(std::move(pull)),
      rate_(records_per_second) {
    for (const std::string& topic : topics) {
        host.cluster().want_topic(topic, true);
        topics_[topic] = producer_.topic(topic);
    }
    producer_.init();
    host.add([this] { poll(); }, [this] { return next_due(); });
}

void TopicWriter::poll() {
    static constexpr int kPerTurn = 4096;
    if (failure_ || finished_) return;
    producer_.poll();   // outcomes and trouble are found here
    if (producer_.trouble() != client::Trouble::None) {
        failure_ = producer_.error();
        return;
    }
    if (producer_.take_outcome()) finished_ = true;
    if (!over_ && producer_.initialized() && producer_.topics_known()) {
        const Time now = host_.now().time;
        if (!began_) began_ = now;
        std::int64_t due = INT64_MAX;
        if (rate_ > 0) due = static_cast<std::int64_t>(static_cast<double>((now - *began_).count()) * 1e-9 * static_cast<double>(rate_));
        for (int n = 0; n < kPerTurn && !producer_.full() && sent_ < due; ++n) {
            auto record = pull_();
            if (!record) {
                over_ = true;
                break;
            }
            const auto topic = topics_.at(record->topic);
            const std::int32_t partitions = producer_.partition_count(topic);
            if (partitions <= 0) {
                failure_ = Error{ErrorCode::UnknownTopicOrPartition, "topic " + record->topic + " does not exist"};
                return;
            }
            const std::int32_t partition = record->key ? partition_for_key(as_bytes(*record->key), partitions)
                                                       : static_cast<std::int32_t>(sent_ % partitions);
            const auto view = [](const std::optional<std::string>& text) {
                return text ? std::optional<BytesView>(as_bytes(*text)) : std::nullopt;
            };
            producer_.send(topic, partition, view(record->key), view(record->value), record->timestamp, {});
            ++sent_;
        }
    }
    if (over_ && !committing_) {
        committing_ = true;
        producer_.commit({}, {});
    }
    producer_.poll();
}

Time TopicWriter::next_due() const {
    if (failure_ || finished_) return Time::never();
    const Time due = producer_.next_due();
    if (over_ || !producer_.initialized() || !began_ || producer_.full()) return due;
    const Time next = rate_ > 0 ? *began_ + Duration{(sent_ + 1) * 1'000'000'000 / rate_} : host_.loop().clock().now().time;
    const Time soon = host_.loop().clock().now().time + 1ms;   // a paced feed sends in steps of a millisecond
    return std::min(due, rate_ > 0 ? std::max(next, soon) : next);
}

TopicReader::TopicReader(ClientHost& host, std::vector<std::string> topics, Take take)
    : host_(host),
      topics_(std::move(topics)),
      take_(std::move(take)),
      fetcher_(host.cluster(), client::FetcherConfig{}, *this, host.log()) {
    for (const std::string& topic : topics_) host.cluster().want_topic(topic);
    host.add([this] { poll(); }, [this] { return fetcher_.next_due(); });
}

void TopicReader::poll() {
    for (const std::string& name : topics_) {
        const client::TopicMetadata* topic = host_.cluster().topic(name);
        if (topic == nullptr || topic->error != ErrorCode::None) continue;
        for (std::int32_t p = 0; p < static_cast<std::int32_t>(topic->partitions.size()); ++p) {
            const TopicPartition tp{name, p};
            if (fetcher_.assigned(tp) || std::find(partitions_.begin(), partitions_.end(), tp) != partitions_.end()) continue;
            partitions_.push_back(tp);
            fetcher_.assign(tp, static_cast<Tag>(partitions_.size() - 1), Offset{0});
        }
    }
    fetcher_.poll();
}

bool TopicReader::at_end() const {
    if (partitions_.empty()) return false;
    return std::all_of(partitions_.begin(), partitions_.end(), [this](const TopicPartition& tp) {
        const auto lag = fetcher_.lag(tp);
        return lag && *lag <= 0;
    });
}

void TopicReader::fetched(Tag tag, client::FetchedBatches batches) {
    const TopicPartition& tp = partitions_[tag];
    wire::BatchWalker walker(batches.batches.view());
    std::vector<wire::RecordView> chunk(256);
    while (const auto batch = walker.next()) {
        wire::RecordReader reader(*batch, batch->encoded_records());
        while (true) {
            const auto n = reader.read(chunk);
            if (!n || *n == 0) break;
            for (std::size_t i = 0; i < *n; ++i) {
                const wire::RecordView& r = chunk[i];
                if (r.offset < batches.from) continue;
                TopicRecord record{tp.topic, tp.partition, r.offset, std::nullopt, std::nullopt, r.timestamp};
                if (r.key) record.key = std::string(as_text(*r.key));
                if (r.value) record.value = std::string(as_text(*r.value));
                ++records_;
                take_(record);
            }
        }
    }
}

void TopicReader::fetch_failed(Tag tag, Error error) {
    host_.log().error("a topic cannot be read", {{"partition", partitions_[tag].to_string()}, {"error", name(error.code)},
                                                  {"detail", error.detail}});
}

}  // namespace millrace::app
