#include "millrace/engine/operators/node.h"

#include <stdexcept>

#include "millrace/engine/operators/task_context.h"

namespace millrace::engine {
namespace {

constexpr std::array<Row, kRunMax> make_identity() {
    std::array<Row, kRunMax> rows{};
    for (std::size_t i = 0; i < kRunMax; ++i) rows[i] = static_cast<Row>(i);
    return rows;
}
constexpr std::array<Row, kRunMax> kIdentity = make_identity();

}  // namespace

std::string Node::place() const {
    std::string_view file = at_.file_name();
    if (const auto slash = file.rfind('/'); slash != std::string_view::npos)
        file.remove_prefix(slash + 1);
    return name_ + " (" + std::string(file) + ':' + std::to_string(at_.line()) + ')';
}

void Node::forward(const Run& run) {
    if (run.size == 0) return;
    for (Node* child : children_) {
        if (context_->failed()) return;
        context_->forwarding = this;
        child->process(run);
    }
}

bool Node::guard(const Run& run, std::size_t& at, const std::function<void()>& step) {
    try {
        step();
        return true;
    } catch (const CellIsBad&) {
        context_->bad_cell(*this, run, run.selected[at]);
    } catch (const std::exception& e) {
        context_->processing_exception(blamed(), &run, run.selected[at], e);
    } catch (...) {
        context_->processing_exception(
            *this, &run, run.selected[at],
            std::runtime_error("an exception that is no std::exception"));
    }
    ++at;
    return context_->failed();
}

RowEmitter::RowEmitter(Node& node) : node_(node) {}

void RowEmitter::begin(const Run& run) {
    run_ = &run;
    rows_.any_headers = run.rows->any_headers;
    size_ = 0;
    limit_ = node_.context().one_by_one ? 1 : kRunMax;
    keys_.reset();
    values_.reset();
}

void RowEmitter::flush() {
    if (size_ == 0) return;
    const Run out{&rows_, &keys_, &values_, run_->origin, kIdentity.data(), size_};
    size_ = 0;
    node_.forward(out);
    keys_.reset();
    values_.reset();
}

}  // namespace millrace::engine
