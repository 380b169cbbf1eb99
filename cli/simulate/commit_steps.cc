#include "millrace/cli/simulate/commit_steps.h"

#include "millrace/wire/batch/record_batch.h"

namespace millrace::simulate {

namespace {

// The status in a TransactionLogValue: version 2, producer id 8, [v1: tagged fields come last] epoch 2, timeout 4, status 1.
std::optional<int> status_of(const wire::RecordBatchView& batch) {
    wire::RecordReader reader(batch, batch.encoded_records());
    std::array<wire::RecordView, 16> records;
    std::optional<int> last;
    while (true) {
        const auto n = reader.read(records);
        if (!n || *n == 0) return last;
        for (std::size_t i = 0; i < *n; ++i) {
            const BytesView value = records[i].value.view();
            if (value.size() > 16) last = std::to_integer<int>(value[16]);
        }
    }
}

}  // namespace

Step step_of_write(std::string_view path, BytesView bytes) {
    if (path.size() < 4 || path.substr(path.size() - 4) != ".log") return Step::None;
    const auto batch = wire::RecordBatchView::of(bytes);
    if (!batch) return Step::None;
    if (path.find("__transaction_state-") != std::string_view::npos) {
        const auto status = status_of(*batch);
        if (status == 2 || status == 3) return Step::Prepare;
        if (status == 4 || status == 5) return Step::Complete;
        return Step::None;
    }
    if (path.find("__cluster_metadata") != std::string_view::npos || !batch->transactional()) return Step::None;
    if (batch->control()) return Step::Marker;
    return path.find("__consumer_offsets-") != std::string_view::npos ? Step::Offsets : Step::Data;
}

}  // namespace millrace::simulate
