#pragma once
// The Processor API: user code that sees record by record, keeps state in stores, and is called by
// the clock.
//
//   struct Dedup : Processor<std::string, Payment, std::string, Payment> {
//       void init(Context& context) override { seen_ =
//       context.state_store<KeyValueStore<std::string, Payment>>("seen"); ... } void process(const
//       Record<std::string, Payment>& record) override { ... context().forward(record); }
//   };
//   payments.process([] { return std::make_unique<Dedup>(); }, {"seen"});
//
// One object per task; it runs on the task's thread. Time comes from the context, never from a
// clock.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "millrace/dsl/record.h"
#include "millrace/dsl/stores.h"
#include "millrace/engine/operators/processor.h"

namespace millrace {

using engine::Cancellable;
using engine::PunctuationType;

template <class KOut, class VOut>
class ProcessorContext {
public:
    explicit ProcessorContext(engine::ProcessorNode& node) : node_(node) {}

    // To every child, or to one by name (throws std::invalid_argument when there is none). Depth
    // first: when it returns, all that follows has been done.
    void forward(const Record<KOut, VOut>& record) { forward_to(record, nullptr); }
    void forward(const Record<KOut, VOut>& record, const std::string& child) {
        forward_to(record, &child);
    }

    // Throws std::invalid_argument for a store that is not connected to this processor, or of other
    // types.
    template <class S>
    S state_store(const std::string& name) {
        return S::open(node_.store(name), name);
    }

    // interval: at least 1 ms. Stream time fires with the first record; wall-clock time one
    // interval from now.
    Cancellable schedule(std::chrono::milliseconds interval, PunctuationType type,
                         std::function<void(Timestamp)> callback) {
        return node_.schedule(std::nullopt, interval.count(), type, std::move(callback));
    }
    Cancellable schedule(Timestamp start, std::chrono::milliseconds interval, PunctuationType type,
                         std::function<void(Timestamp)> callback) {
        return node_.schedule(start.value(), interval.count(), type,
                              std::move(callback));  // KIP-1146: on the grid of start
    }
    void commit() { node_.request_commit(); }  // as soon as possible

    std::optional<RecordMetadata> record_metadata() const {
        if (!node_.has_metadata()) return std::nullopt;
        const engine::Origin* origin = node_.origin();
        if (!origin || !origin->topic) return RecordMetadata{};
        return RecordMetadata{*origin->topic, origin->partition,
                              origin->offset[node_.origin_row()]};
    }
    Timestamp current_stream_time() const {
        return Timestamp{node_.stream_time()};
    }  // of the task; -1: none yet
    Timestamp current_system_time() const { return Timestamp{node_.system_time()}; }
    std::string task_id() const { return node_.task_id(); }
    std::int32_t partition() const { return node_.partition(); }
    const std::string& application_id() const { return node_.application_id(); }

private:
    void forward_to(const Record<KOut, VOut>& record, const std::string* child);
    engine::ProcessorNode& node_;
};

template <class KIn, class VIn, class KOut = KIn, class VOut = VIn>
class Processor {
public:
    using KeyIn = KIn;
    using ValueIn = VIn;
    using KeyOut = KOut;
    using ValueOut = VOut;
    using Context = ProcessorContext<KOut, VOut>;
    virtual ~Processor() = default;
    virtual void init(Context&) {}  // after restore; context() is there
    virtual void process(const Record<KIn, VIn>& record) = 0;
    virtual void close() {}

    Context& context() { return *context_; }
    void set_context(Context* context) { context_ = context; }  // engine

private:
    Context* context_ = nullptr;
};

// A record whose key cannot be changed (process_values): with_value, with_timestamp and
// with_headers only.
template <class K, class V>
class FixedKeyRecord {
public:
    explicit FixedKeyRecord(const Record<K, V>& record) : record_(&record) {}
    bool has_key() const { return record().has_key(); }
    bool has_value() const { return record().has_value(); }
    const K& key() const { return record().key(); }
    const V& value() const { return record().value(); }
    const K* key_or_null() const { return record().key_or_null(); }
    const V* value_or_null() const { return record().value_or_null(); }
    Timestamp timestamp() const { return record().timestamp(); }
    const Headers& headers() const { return record().headers(); }
    template <class V2>
    FixedKeyRecord<K, V2> with_value(std::optional<V2> value) const {
        return {record().with_value(std::move(value)), 0};
    }
    template <class V2>
    FixedKeyRecord<K, V2> with_value(V2 value) const {
        return {record().with_value(std::move(value)), 0};
    }
    FixedKeyRecord with_timestamp(Timestamp timestamp) const {
        return {record().with_timestamp(timestamp), 0};
    }
    FixedKeyRecord with_headers(Headers headers) const {
        return {record().with_headers(std::move(headers)), 0};
    }
    const Record<K, V>& record() const { return record_ ? *record_ : *own_; }  // engine

private:
    template <class K2, class V2>
    friend class FixedKeyRecord;
    FixedKeyRecord(const Record<K, V>& changed, int)
        : own_(std::make_shared<Record<K, V>>(changed)) {}
    const Record<K, V>* record_ = nullptr;
    std::shared_ptr<Record<K, V>> own_;
};

template <class K, class VOut>
class FixedKeyProcessorContext {
public:
    explicit FixedKeyProcessorContext(ProcessorContext<K, VOut>& context) : context_(context) {}
    void forward(const FixedKeyRecord<K, VOut>& record) { context_.forward(record.record()); }
    void forward(const FixedKeyRecord<K, VOut>& record, const std::string& child) {
        context_.forward(record.record(), child);
    }
    template <class S>
    S state_store(const std::string& name) {
        return context_.template state_store<S>(name);
    }
    template <class... A>
    Cancellable schedule(A&&... a) {
        return context_.schedule(std::forward<A>(a)...);
    }
    void commit() { context_.commit(); }
    std::optional<RecordMetadata> record_metadata() const { return context_.record_metadata(); }
    Timestamp current_stream_time() const { return context_.current_stream_time(); }
    Timestamp current_system_time() const { return context_.current_system_time(); }
    std::string task_id() const { return context_.task_id(); }

private:
    ProcessorContext<K, VOut>& context_;
};

template <class K, class VIn, class VOut = VIn>
class FixedKeyProcessor {
public:
    using KeyIn = K;
    using ValueIn = VIn;
    using ValueOut = VOut;
    using Context = FixedKeyProcessorContext<K, VOut>;
    virtual ~FixedKeyProcessor() = default;
    virtual void init(Context&) {}
    virtual void process(const FixedKeyRecord<K, VIn>& record) = 0;
    virtual void close() {}

    Context& context() { return *context_; }
    void set_context(Context* context) { context_ = context; }  // engine

private:
    Context* context_ = nullptr;
};

// ---- how a typed processor hangs in an erased node
// ------------------------------------------------------------------------

template <class KOut, class VOut>
void ProcessorContext<KOut, VOut>::forward_to(const Record<KOut, VOut>& record,
                                              const std::string* child) {
    engine::ForwardFrame& frame = node_.frame();
    engine::Run out = frame.begin(node_);
    const engine::Row row = out.selected[0];
    const auto place = [row](const auto& part, engine::Column& own, engine::Column*& into) {
        using T = std::remove_cvref_t<decltype(*part.get())>;
        if (part.column() && part.row() == row && into == part.column())
            return;  // unchanged: bytes stay bytes
        if (part.is_null())
            own.set_null(row);
        else
            own.template object<T>(row) = *part.get();
        into = &own;
    };
    place(record.key_part(), frame.keys, out.keys);
    place(record.value_part(), frame.values, out.values);
    frame.rows.timestamp[row] = record.timestamp().value();
    frame.set_headers(row, record.raw_headers(), record.own_headers());
    node_.emit(out, child);
}

namespace dsl {

template <class P>
class ProcessorAdapter final : public engine::UserProcessor {
    using Context = ProcessorContext<typename P::KeyOut, typename P::ValueOut>;

public:
    explicit ProcessorAdapter(std::unique_ptr<P> processor) : processor_(std::move(processor)) {}
    void init(engine::ProcessorNode& node) override {
        context_.emplace(node);
        processor_->set_context(&*context_);
        processor_->init(*context_);
    }
    void process(const engine::Run& run, engine::Row row) override {
        using K = typename P::KeyIn;
        using V = typename P::ValueIn;
        const Record<K, V> record(Part<K>(*run.keys, row), Part<V>(*run.values, row),
                                  Timestamp{run.rows->timestamp[row]}, run.rows->headers[row]);
        processor_->process(record);
    }
    void close() override { processor_->close(); }

private:
    std::unique_ptr<P> processor_;
    std::optional<Context> context_;
};

template <class P>
class FixedKeyAdapter final : public engine::UserProcessor {
    using K = typename P::KeyIn;
    using V = typename P::ValueIn;

public:
    explicit FixedKeyAdapter(std::unique_ptr<P> processor) : processor_(std::move(processor)) {}
    void init(engine::ProcessorNode& node) override {
        inner_.emplace(node);
        context_.emplace(*inner_);
        processor_->set_context(&*context_);
        processor_->init(*context_);
    }
    void process(const engine::Run& run, engine::Row row) override {
        const Record<K, V> record(Part<K>(*run.keys, row), Part<V>(*run.values, row),
                                  Timestamp{run.rows->timestamp[row]}, run.rows->headers[row]);
        processor_->process(FixedKeyRecord<K, V>(record));
    }
    void close() override { processor_->close(); }

private:
    std::unique_ptr<P> processor_;
    std::optional<ProcessorContext<K, typename P::ValueOut>> inner_;
    std::optional<FixedKeyProcessorContext<K, typename P::ValueOut>> context_;
};

}  // namespace dsl
}  // namespace millrace
