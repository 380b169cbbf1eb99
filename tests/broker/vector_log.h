#pragma once
// A partition as coordinators see it, over a vector of batches: appends can fail, commits can wait.
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/log_line.h"
#include "millrace/broker/coordinator/partition_log.h"
#include "millrace/wire/batch/record_batch.h"

namespace millrace::broker {

class VectorLog final : public PartitionLog {
public:
    bool commits = true;                 // an append is committed at once
    std::optional<ErrorCode> fail_next;  // the next append fails
    std::optional<std::size_t> fail_at;  // the append with this number (from 0) fails, once
    ErrorCode fail_with = ErrorCode::NotEnoughReplicas;
    std::size_t appends = 0;  // tried
    LeaderEpoch epoch{0};

    Result<AppendedAt> append(Bytes batch) override {
        const std::size_t number = appends++;
        if (fail_at == number) {
            fail_at.reset();
            return fail(fail_with, "as told");
        }
        if (const auto code = std::exchange(fail_next, std::nullopt)) return fail(*code, "as told");
        MR_TRY(const auto view, wire::RecordBatchView::of(batch.view()));
        MR_TRY_VOID(view.validate());
        MutableBlock block(view.size());
        std::memcpy(block.data(), view.bytes().data(), view.size());
        wire::stamp_offset_and_epoch(block.data(), end_, epoch);
        const AppendedAt at{end_, end_ + view.last_offset_delta() + 1};
        end_ = at.end;
        batches_.emplace_back(std::move(block));
        if (commits) committed_ = end_;
        return at;
    }
    Result<Bytes> read(Offset from, std::size_t bytes_max) override {
        ByteSink sink;
        for (const Bytes& batch : batches_) {
            const auto view = wire::RecordBatchView::of(batch.view());
            if (view->next_offset() <= from) continue;
            if (sink.size() > 0 && sink.size() + batch.size() > bytes_max) break;
            sink.append(batch.view());
        }
        return sink.to_bytes();
    }
    Offset log_start() const override { return Offset{0}; }
    Offset log_end() const override { return end_; }
    Offset committed_end() const override { return committed_; }
    LeaderEpoch leader_epoch() const override { return epoch; }

    void commit() { committed_ = end_; }
    void lose_uncommitted() {  // a power cut
        while (!batches_.empty() &&
               wire::RecordBatchView::of(batches_.back().view())->next_offset() > committed_)
            batches_.pop_back();
        end_ = committed_;
    }
    const std::vector<Bytes>& batches() const { return batches_; }
    // A segment file of Kafka's.
    void load_file(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(file)),
                               std::istreambuf_iterator<char>());
        wire::BatchWalker walker(as_bytes(text));
        while (auto batch = walker.next()) {
            batches_.push_back(Bytes::copy(batch->bytes()));
            end_ = batch->next_offset();
        }
        committed_ = end_;
    }

private:
    std::vector<Bytes> batches_;
    Offset end_{0}, committed_{0};
};

class CollectedLog final : public LogSink {
public:
    void write(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
        lines.push_back(format_line(event, fields));
    }
    std::vector<std::string> lines;
};

}  // namespace millrace::broker
