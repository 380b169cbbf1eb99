#pragma once
// With a record cache over its store, a node forwards nothing while it processes; a flush hands
// each key's last update on (semantics §4.4), as a run of one row with the update's timestamp and
// headers.
#include "millrace/engine/operators/node.h"
#include "millrace/engine/operators/task_context.h"
#include "millrace/state/cache/cache.h"

namespace millrace::engine {

class CacheForwarder final : public state::CacheListener {
public:
    explicit CacheForwarder(Node& node) : node_(node) {}
    // `window_key`: of a window store, whose flushed keys end in a sequence number that goes.
    void attach(TaskContext& context, TaskStore& store, const TypeOps& key, const Codec* key_codec,
                const TypeOps& value, bool window_key);
    bool active() const { return context_ != nullptr; }
    void set_headers(BytesView headers) {
        current_headers_ = headers;
    }  // of the record about to be put

    bool wants_old_values() const override { return false; }
    BytesView headers() const override { return current_headers_; }
    void flushed(const state::CacheFlush& flush) override;

private:
    Node& node_;
    TaskContext* context_ = nullptr;
    bool window_key_ = false;
    BytesView current_headers_;
    Rows rows_;
    Column keys_, values_;
};

}  // namespace millrace::engine
