#include "millrace/engine/operators/table.h"

namespace millrace::engine {
namespace {

Error no_store(const Node& node, const std::string& store) {
    return Error{ErrorCode::InvalidRequest, node.place() + " has no store " + store};
}

void announce(TaskContext& context, RunKeys& keys, const Run& run, state::KeyValueStore& store) {
    if (auto read = keys.prefetch(run, store); !read) context.fail(std::move(read.error()));
}

}  // namespace

std::optional<BytesView> RunKeys::convert(const Run& run, const Codec& codec, bool same, Row row) {
    if ((*run.keys)[row].is_null()) return {};
    const auto bytes = run.keys->bytes_as(codec, same, row, scratch_);
    if (!bytes || same) return bytes;
    return arena_.copy(*bytes);
}

void RunKeys::hash(const Run& run, const Codec& codec) {
    const bool same = same_format(&codec, run.keys->codec());
    begin();
    for (std::size_t i = 0; i < run.size; ++i) {
        const Row row = run.selected[i];
        const auto bytes = read(run, codec, same, row);
        present_[row] = bytes.has_value();
        if (!bytes) continue;
        bytes_[row] = *bytes;
        hash_[row] = hash_bytes(*bytes);
    }
}

Result<void> RunKeys::prefetch(const Run& run, state::KeyValueStore& store, bool hint) {
    if (run.size < 2) return {};
    for (std::size_t i = 0; hint && i < run.size; ++i) {
        const Row row = run.selected[i];
        if (present_[row]) store.prefetch((*this)[row]);
    }
    if (store.complete()) return {};
    all_.clear();
    cold_.clear();
    for (std::size_t i = 0; i < run.size; ++i) {
        const Row row = run.selected[i];
        if (present_[row]) all_.push_back((*this)[row]);
    }
    store.needs_read(all_, cold_);
    if (cold_.empty()) return {};
    return store.load(cold_);
}

Result<void> TableSourceNode::init(TaskContext& context) {
    MR_TRY_VOID(Node::init(context));
    if (store_name_.empty()) return {};
    store_ = context.store(store_name_);
    if (!store_ || !store_->key_value) return tl::make_unexpected(no_store(*this, store_name_));
    cache_.attach(context, *store_, store_->key_codec->type(), store_->key_codec,
                  store_->value_codec->type(), false);
    return {};
}

void TableSourceNode::process(const Run& run) {
    selection_.size = 0;
    if (store_) {
        keys_.hash(run, *store_->key_codec);
        announce(context(), keys_, run, *store_->key_value);
    }
    drive(run, [&](std::size_t& at) {
        const bool same_value = store_ && same_format(store_->value_codec, run.values->codec());
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            if ((*run.keys)[row].is_null()) {
                context().drop();
                continue;
            }
            if (store_) {
                if (!keys_.has(row)) throw CellIsBad{};
                state::MaybeBytes value;
                if (!(*run.values)[row].is_null()) {
                    value = run.values->bytes_as(*store_->value_codec, same_value, row, scratch_);
                    if (!value) throw CellIsBad{};
                }
                cache_.set_headers(run.rows->headers[row]);
                store_->key_value->put(keys_[row], value, Timestamp{run.rows->timestamp[row]});
                if (cache_.active()) continue;  // a flush forwards
            }
            selection_.rows[selection_.size++] = row;
        }
    });
    Run out = run;
    out.selected = selection_.rows.data();
    out.size = selection_.size;
    forward(out);
}

StreamTableJoinNode::StreamTableJoinNode(std::string name, std::source_location at,
                                         std::shared_ptr<const JoinKernel> kernel,
                                         std::string store, bool left, ColumnType result)
    : Node(std::move(name), at),
      kernel_(std::move(kernel)),
      store_name_(std::move(store)),
      left_(left),
      result_(std::move(result)) {
    values_.set_type(*result_.ops, result_.codec.get());
}

Result<void> StreamTableJoinNode::init(TaskContext& context) {
    MR_TRY_VOID(Node::init(context));
    store_ = context.store(store_name_);
    if (!store_ || !store_->key_value) return tl::make_unexpected(no_store(*this, store_name_));
    table_.set_type(kernel_->table_type(), store_->value_codec);
    return {};
}

void StreamTableJoinNode::process(const Run& run) {
    selection_.size = 0;
    values_.reset();
    keys_.hash(run, *store_->key_codec);
    announce(context(), keys_, run, *store_->key_value);
    drive(run, [&](std::size_t& at) {
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            const bool null_key = (*run.keys)[row].is_null();
            if ((*run.values)[row].is_null() || (null_key && !left_)) {
                context().drop();
                continue;
            }
            table_.set_null(row);
            if (!null_key) {
                if (!keys_.has(row)) throw CellIsBad{};
                // The view is good until the store's next call: the kernel is done by then.
                if (const auto found = store_->key_value->get(keys_[row])) {
                    table_[row].set_bytes(found->value);
                } else if (!left_) {
                    continue;  // a miss of an inner join is silent
                }
            }
            kernel_->join(run, row, table_, values_);
            selection_.rows[selection_.size++] = row;
        }
    });
    Run joined = run;
    joined.values = &values_;
    joined.selected = selection_.rows.data();
    joined.size = selection_.size;
    forward(joined);
}

}  // namespace millrace::engine
