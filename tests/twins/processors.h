#pragma once
// The processors of the twins, over one small port so that process and process_values share them.
#include "functions.h"
#include "millrace/dsl/streams.h"

namespace twins {

using millrace::Timestamp;
using Store = millrace::KeyValueStore<Value, Value>;

class Port {  // what a processor may do
public:
    virtual ~Port() = default;
    virtual void forward(const Maybe& value, std::optional<Timestamp> ts,
                         const millrace::Headers* headers) = 0;  // key kept
    virtual void forward_new(const Value& key, const Maybe& value, Timestamp ts) = 0;
    virtual Store store(const std::string& name) = 0;
    virtual void schedule(std::optional<Timestamp> start, std::int64_t every,
                          millrace::PunctuationType, std::function<void(Timestamp)>) = 0;
    virtual std::optional<millrace::RecordMetadata> metadata() = 0;
    virtual std::int64_t stream_time() = 0;
    virtual std::int64_t wall_time() = 0;
};

struct In {  // a record
    KeyRef key;
    const Value* value;
    Timestamp ts;
    const millrace::Headers* headers;
};

class Logic {
public:
    virtual ~Logic() = default;
    virtual void init(Port&) {}
    virtual void process(Port& port, const In& in) = 0;
};

std::function<std::unique_ptr<Logic>()> logic(Json processor);

class TwinProcessor final : public millrace::Processor<Value, Value, Value, Value>, public Port {
public:
    explicit TwinProcessor(std::unique_ptr<Logic> logic) : logic_(std::move(logic)) {}
    void init(Context&) override { logic_->init(*this); }
    void process(const millrace::Record<Value, Value>& record) override {
        record_ = &record;
        logic_->process(*this, {KeyRef(record.key_or_null()), record.value_or_null(),
                                record.timestamp(), &record.headers()});
        record_ = nullptr;
    }
    void forward(const Maybe& value, std::optional<Timestamp> ts,
                 const millrace::Headers* headers) override {
        const auto* record = record_;
        if (!ts && !headers && !value)
            return context().forward(record->with_value<Value>(std::optional<Value>()));
        auto out = record->with_value(value);
        context().forward(millrace::Record<Value, Value>(
            record->has_key() ? std::optional(record->key()) : std::nullopt, value,
            ts.value_or(record->timestamp()), headers ? *headers : record->headers()));
    }
    void forward_new(const Value& key, const Maybe& value, Timestamp ts) override {
        context().forward(millrace::Record<Value, Value>(key, value, ts));
    }
    Store store(const std::string& name) override { return context().state_store<Store>(name); }
    void schedule(std::optional<Timestamp> start, std::int64_t every,
                  millrace::PunctuationType type,
                  std::function<void(Timestamp)> callback) override {
        if (start)
            context().schedule(*start, std::chrono::milliseconds(every), type, std::move(callback));
        else
            context().schedule(std::chrono::milliseconds(every), type, std::move(callback));
    }
    std::optional<millrace::RecordMetadata> metadata() override {
        return context().record_metadata();
    }
    std::int64_t stream_time() override { return context().current_stream_time().value(); }
    std::int64_t wall_time() override { return context().current_system_time().value(); }

private:
    std::unique_ptr<Logic> logic_;
    const millrace::Record<Value, Value>* record_ = nullptr;
};

template <class K>
class TwinFixed final : public millrace::FixedKeyProcessor<K, Value, Value>, public Port {
public:
    explicit TwinFixed(std::unique_ptr<Logic> logic) : logic_(std::move(logic)) {}
    void init(typename millrace::FixedKeyProcessor<K, Value, Value>::Context&) override {
        logic_->init(*this);
    }
    void process(const millrace::FixedKeyRecord<K, Value>& record) override {
        record_ = &record;
        logic_->process(*this, {KeyRef(record.key_or_null()), record.value_or_null(),
                                record.timestamp(), &record.headers()});
        record_ = nullptr;
    }
    void forward(const Maybe& value, std::optional<Timestamp> ts,
                 const millrace::Headers* headers) override {
        auto out = record_->with_value(value);
        if (ts) out = out.with_timestamp(*ts);
        if (headers) out = out.with_headers(*headers);
        this->context().forward(out);
    }
    void forward_new(const Value&, const Maybe&, Timestamp) override {
        throw std::logic_error("process_values keeps the key");
    }
    Store store(const std::string& name) override {
        return this->context().template state_store<Store>(name);
    }
    void schedule(std::optional<Timestamp> start, std::int64_t every,
                  millrace::PunctuationType type,
                  std::function<void(Timestamp)> callback) override {
        if (start)
            this->context().schedule(*start, std::chrono::milliseconds(every), type,
                                     std::move(callback));
        else
            this->context().schedule(std::chrono::milliseconds(every), type, std::move(callback));
    }
    std::optional<millrace::RecordMetadata> metadata() override {
        return this->context().record_metadata();
    }
    std::int64_t stream_time() override { return this->context().current_stream_time().value(); }
    std::int64_t wall_time() override { return this->context().current_system_time().value(); }

private:
    std::unique_ptr<Logic> logic_;
    const millrace::FixedKeyRecord<K, Value>* record_ = nullptr;
};

}  // namespace twins
