#include "millrace/engine/operators/processor.h"

#include <algorithm>
#include <stdexcept>

namespace millrace::engine {
Run ForwardFrame::begin(ProcessorNode& node) {
    keys.reset();
    values.reset();
    headers.reset();
    if (const Run* in = node.run()) {
        // The same row, so that columns which do not change are shared.
        selected = node.row();
        rows.origin[node.row()] = in->rows->origin[node.row()];
        return Run{&rows, in->keys, in->values, in->origin, &selected, 1};
    }
    rows.origin[0] = 0;
    selected = 0;
    return Run{&rows, nullptr, nullptr, nullptr, &selected, 1};
}

void ForwardFrame::set_headers(Row row, BytesView raw, const std::optional<Headers>& own) {
    if (!own) {
        rows.headers[row] = raw;
        return;
    }
    scratch.clear();
    own->encode(scratch);
    rows.headers[row] = scratch.size() == 0 ? BytesView{} : headers.copy(scratch.view());
}

ProcessorNode::ProcessorNode(std::string name, std::source_location at, Make make,
                             std::vector<std::string> stores, ColumnType key, ColumnType value)
    : Node(std::move(name), at), make_(std::move(make)), stores_(std::move(stores)) {
    frame_.keys.set_type(*key.ops, key.codec.get());
    frame_.values.set_type(*value.ops, value.codec.get());
    key_ = std::move(key);
    value_ = std::move(value);
}
ProcessorNode::~ProcessorNode() = default;

Result<void> ProcessorNode::init(TaskContext& context) {
    MR_TRY_VOID(Node::init(context));
    try {
        processor_ = make_();
        if (!processor_)
            return fail(ErrorCode::InvalidRequest, place() + ": the supplier gave no processor");
        processor_->init(*this);
    } catch (const std::exception& e) {
        return fail(ErrorCode::UnknownServerError, place() + " failed in init(): " + e.what());
    }
    return {};
}

void ProcessorNode::process(const Run& run) {
    run_ = &run;
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            row_ = run.selected[at];
            context().record_time = run.rows->timestamp[row_];
            processor_->process(run, row_);
            if (context().failed()) return;
        }
    });
    run_ = nullptr;
}

void ProcessorNode::close() {
    if (!processor_) return;
    try {
        processor_->close();
    } catch (const std::exception& e) {
        if (context().settings().log)
            context().settings().log->warn("exception in close()",
                                           {{"node", place()}, {"exception", e.what()}});
    }
    processor_.reset();
}

void ProcessorNode::emit(const Run& run, const std::string* child) {
    const std::int64_t time = context().record_time;  // a processor below sets its own
    if (!child) {
        forward(run);
        context().record_time = time;
        return;
    }
    for (Node* node : children()) {
        if (node->name() != *child) continue;
        context().forwarding = this;
        node->process(run);
        context().record_time = time;
        return;
    }
    throw std::invalid_argument("unknown downstream node " + *child + " of " + place());
}

TaskStore& ProcessorNode::store(const std::string& name) {
    TaskStore* found = context().store(name);
    if (std::find(stores_.begin(), stores_.end(), name) == stores_.end() || !found)
        throw std::invalid_argument(
            "processor " + place() + " has no access to StateStore " + name +
            ", as the store is not connected to it: name it in process(...)");
    return *found;
}

Cancellable ProcessorNode::schedule(std::optional<std::int64_t> start, std::int64_t interval,
                                    PunctuationType type, std::function<void(Timestamp)> callback) {
    if (interval < 1)
        throw std::invalid_argument("the minimum supported scheduling interval is 1 millisecond");
    if (start && *start < 0)
        throw std::invalid_argument("the start time of a punctuation must not be negative");
    return Cancellable(context().schedule(*this, type, start, interval,
                                          [this, callback = std::move(callback)](Timestamp time) {
                                              punctuating_ = true;
                                              const Run* before = std::exchange(run_, nullptr);
                                              try {
                                                  callback(time);
                                              } catch (...) {
                                                  punctuating_ = false;
                                                  run_ = before;
                                                  throw;
                                              }
                                              punctuating_ = false;
                                              run_ = before;
                                          }));
}

void ProcessorNode::request_commit() {
    context().commit_requested = true;
}

std::int64_t ProcessorNode::stream_time() const {
    if (run_ && run_->origin) return run_->origin->stream_time;
    return context().stream_time;
}
std::int64_t ProcessorNode::system_time() const {
    return context().now.wall.value();
}
std::string ProcessorNode::task_id() const {
    return context().id().to_string();
}
std::int32_t ProcessorNode::partition() const {
    return context().partition();
}
const std::string& ProcessorNode::application_id() const {
    return context().settings().application_id;
}

}  // namespace millrace::engine
