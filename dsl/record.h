#pragma once
// A record as user code sees it (org.apache.kafka.streams.processor.api.Record): immutable, each
// with_... gives a changed copy. One that comes in borrows from the run and decodes its key or
// value when asked; a copy of it owns what it holds, so it may be kept for later.
#include <optional>
#include <stdexcept>
#include <utility>

#include "millrace/engine/operators/headers.h"
#include "millrace/engine/operators/run.h"

namespace millrace {

struct RecordMetadata {  // of the record that came in from a topic
    std::string topic;   // "": a punctuation
    std::int32_t partition = -1;
    std::int64_t offset = -1;
};

// One side of a record: borrowed from a column, owned, or null.
template <class T>
class Part {
public:
    Part() = default;  // null
    Part(engine::Column& column, engine::Row row) : column_(&column), row_(row) {}
    explicit Part(T value) : own_(std::move(value)) {}
    explicit Part(std::optional<T> value) : own_(std::move(value)) {}
    Part(const Part& other) { *this = other; }
    Part(Part&& other) noexcept = default;  // a move keeps what it was; Record offers none
    Part& operator=(Part&& other) noexcept = default;
    Part& operator=(const Part& other) {  // a copy owns
        if (this == &other) return *this;
        const T* value = other.get();
        if (value)
            own_ = *value;
        else
            own_.reset();
        column_ = nullptr;
        return *this;
    }
    static Part borrow(const Part& other) {  // for a call's length
        return other.column_ ? Part(*other.column_, other.row_) : Part(other.own_);
    }

    bool is_null() const { return column_ ? (*column_)[row_].is_null() : !own_; }
    const T* get() const {  // null: null
        if (!column_) return own_ ? &*own_ : nullptr;
        const T* value = column_->get<T>(row_);
        if (!value && (*column_)[row_].is_bad()) throw engine::CellIsBad{};
        return value;
    }
    engine::Column* column() const { return column_; }  // null: owned
    engine::Row row() const { return row_; }

private:
    engine::Column* column_ = nullptr;
    engine::Row row_ = 0;
    std::optional<T> own_;
};

template <class K, class V>
class Record {
public:
    // Throws std::invalid_argument for a negative timestamp.
    Record(std::optional<K> key, std::optional<V> value, Timestamp timestamp, Headers headers = {})
        : key_(std::move(key)),
          value_(std::move(value)),
          timestamp_(checked(timestamp)),
          headers_(std::move(headers)) {}
    Record(Part<K>&& key, Part<V>&& value, Timestamp timestamp,
           BytesView raw_headers)  // engine: borrows
        : key_(std::move(key)),
          value_(std::move(value)),
          timestamp_(timestamp),
          raw_headers_(raw_headers) {}
    Record(const Record& other)
        : key_(other.key_),
          value_(other.value_),
          timestamp_(other.timestamp_),
          headers_(other.headers()) {}
    Record& operator=(const Record& other) {
        key_ = other.key_;
        value_ = other.value_;
        timestamp_ = other.timestamp_;
        headers_ = other.headers();
        raw_headers_ = {};
        return *this;
    }

    bool has_key() const { return !key_.is_null(); }
    bool has_value() const { return !value_.is_null(); }
    const K& key() const { return deref(key_.get(), "key"); }  // throws std::logic_error when null
    const V& value() const { return deref(value_.get(), "value"); }
    const K* key_or_null() const { return key_.get(); }
    const V* value_or_null() const { return value_.get(); }
    Timestamp timestamp() const { return timestamp_; }
    const Headers& headers() const {
        if (!headers_) headers_ = Headers::decode(raw_headers_);
        return *headers_;
    }

    // These borrow what they keep: hand the result to forward(), or copy it.
    template <class K2>
    Record<K2, V> with_key(std::optional<K2> key) const {
        return {Part<K2>(std::move(key)), Part<V>::borrow(value_), timestamp_, headers_,
                raw_headers_};
    }
    template <class K2>
    Record<K2, V> with_key(K2 key) const {
        return with_key(std::optional<K2>(std::move(key)));
    }
    template <class V2>
    Record<K, V2> with_value(std::optional<V2> value) const {
        return {Part<K>::borrow(key_), Part<V2>(std::move(value)), timestamp_, headers_,
                raw_headers_};
    }
    template <class V2>
    Record<K, V2> with_value(V2 value) const {
        return with_value(std::optional<V2>(std::move(value)));
    }
    Record with_timestamp(Timestamp timestamp) const {
        return {Part<K>::borrow(key_), Part<V>::borrow(value_), checked(timestamp), headers_,
                raw_headers_};
    }
    Record with_headers(Headers headers) const {
        return {Part<K>::borrow(key_),
                Part<V>::borrow(value_),
                timestamp_,
                std::optional<Headers>(std::move(headers)),
                {}};
    }

    const Part<K>& key_part() const { return key_; }      // engine
    const Part<V>& value_part() const { return value_; }  // engine
    const std::optional<Headers>& own_headers() const { return headers_; }
    BytesView raw_headers() const {
        return raw_headers_;
    }  // engine: what headers_ decodes from, when it borrows

private:
    template <class K2, class V2>
    friend class Record;
    Record(Part<K>&& key, Part<V>&& value, Timestamp timestamp, std::optional<Headers> headers,
           BytesView raw)
        : key_(std::move(key)),
          value_(std::move(value)),
          timestamp_(timestamp),
          headers_(std::move(headers)),
          raw_headers_(raw) {}
    static Timestamp checked(Timestamp timestamp) {
        if (timestamp.value() < 0)
            throw std::invalid_argument("a record's timestamp must not be negative");
        return timestamp;
    }
    template <class T>
    static const T& deref(const T* value, const char* what) {
        if (!value) throw std::logic_error(std::string("the record's ") + what + " is null");
        return *value;
    }

    Part<K> key_;
    Part<V> value_;
    Timestamp timestamp_;
    mutable std::optional<Headers> headers_;
    BytesView raw_headers_;
};

}  // namespace millrace
