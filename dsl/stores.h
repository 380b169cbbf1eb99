#pragma once
// Stores as user code sees them (typed handles, cheap to copy, good as long as the processor
// lives), and the builders of stores that are added by hand:
// builder.add_state_store(Stores::key_value_store_builder<K,
// V>(Stores::persistent_key_value_store("seen"))).
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "millrace/dsl/serde/serde.h"
#include "millrace/engine/operators/task_context.h"
#include "millrace/engine/topology/topology.h"

namespace millrace {

template <class V>
struct ValueAndTimestamp {
    V value{};
    Timestamp timestamp{};
    friend bool operator==(const ValueAndTimestamp&, const ValueAndTimestamp&) = default;
};

namespace stores_detail {

template <class T>
void decode(const engine::Codec& codec, BytesView bytes, T& into) {
    auto read = codec.read(bytes, &into);
    if (!read) throw std::runtime_error("stored bytes do not deserialise: " + read.error().detail);
}
void check_type(const engine::Codec* codec, std::string_view type, const std::string& store,
                const char* what);

// What a handle shares: the store, and buffers that are used again.
struct Open {
    engine::TaskStore* store = nullptr;
    ByteSink key, from, to, value;
    state::HashedKey write_key(const void* object) {
        key.clear();
        store->key_codec->write(object, key);
        return state::HashedKey(key.view());
    }
};
std::shared_ptr<Open> open(engine::TaskStore& store, const std::string& name, std::string_view key,
                           std::string_view value, bool window);

}  // namespace stores_detail

template <class K, class V>
struct KeyValue {
    K key{};
    V value{};
};

// Iterates in unsigned byte order of the serialised keys. What it points at may change with the
// store: read first, write then.
template <class K, class V>
class KeyValueIterator {
public:
    KeyValueIterator(std::unique_ptr<state::KeyValueCursor> cursor,
                     std::shared_ptr<stores_detail::Open> open)
        : cursor_(std::move(cursor)), open_(std::move(open)) {}
    bool has_next() const { return cursor_->valid(); }
    KeyValue<K, V> next() {
        KeyValue<K, V> entry;
        stores_detail::decode(*open_->store->key_codec, cursor_->key(), entry.key);
        stores_detail::decode(*open_->store->value_codec, cursor_->value().value, entry.value);
        cursor_->next();
        return entry;
    }

private:
    std::unique_ptr<state::KeyValueCursor> cursor_;
    std::shared_ptr<stores_detail::Open> open_;
};

template <class K, class V>
class KeyValueStore {
public:
    KeyValueStore() = default;
    static KeyValueStore open(engine::TaskStore& store, const std::string& name) {
        KeyValueStore handle;
        handle.open_ =
            stores_detail::open(store, name, engine::type_name<K>(), engine::type_name<V>(), false);
        return handle;
    }
    const std::string& name() const { return open_->store->name; }
    std::optional<V> get(const K& key) const {
        const auto found = store().get(open_->write_key(&key));
        if (!found) return std::nullopt;
        V value{};
        stores_detail::decode(*open_->store->value_codec, found->value, value);
        return value;
    }
    // Nothing deletes. The timestamp is that of the record under way, as in Kafka (it goes to the
    // changelog).
    void put(const K& key, const std::optional<V>& value) {
        const state::HashedKey hashed = open_->write_key(&key);
        state::MaybeBytes bytes;
        if (value) {
            open_->value.clear();
            open_->store->value_codec->write(&*value, open_->value);
            bytes = open_->value.view();
        }
        store().put(hashed, bytes, Timestamp{open_->store->write_timestamp()});
    }
    std::optional<V> put_if_absent(const K& key, const V& value) {
        auto old = get(key);
        if (!old) put(key, value);
        return old;
    }
    std::optional<V> erase(const K& key) {  // Kafka's delete
        auto old = get(key);
        put(key, std::nullopt);
        return old;
    }
    KeyValueIterator<K, V> all() const {
        return {store().range(std::nullopt, std::nullopt, true), open_};
    }
    KeyValueIterator<K, V> reverse_all() const {
        return {store().range(std::nullopt, std::nullopt, false), open_};
    }
    KeyValueIterator<K, V> range(const K& from, const K& to) const {
        return ranged(from, to, true);
    }  // both inclusive
    KeyValueIterator<K, V> reverse_range(const K& from, const K& to) const {
        return ranged(from, to, false);
    }
    std::int64_t approximate_num_entries() const { return store().approximate_num_entries(); }

private:
    state::KeyValueStore& store() const { return *open_->store->key_value; }
    KeyValueIterator<K, V> ranged(const K& from, const K& to, bool forward) const {
        open_->from.clear();
        open_->to.clear();
        open_->store->key_codec->write(&from, open_->from);
        open_->store->key_codec->write(&to, open_->to);
        return {store().range(open_->from.view(), open_->to.view(), forward), open_};
    }
    std::shared_ptr<stores_detail::Open> open_;
};

// The store behind a table or an aggregate: a value with its timestamp.
template <class K, class V>
class TimestampedKeyValueStore {
public:
    static TimestampedKeyValueStore open(engine::TaskStore& store, const std::string& name) {
        TimestampedKeyValueStore handle;
        handle.open_ =
            stores_detail::open(store, name, engine::type_name<K>(), engine::type_name<V>(), false);
        return handle;
    }
    std::optional<ValueAndTimestamp<V>> get(const K& key) const {
        const auto found = open_->store->key_value->get(open_->write_key(&key));
        if (!found) return std::nullopt;
        ValueAndTimestamp<V> value;
        stores_detail::decode(*open_->store->value_codec, found->value, value.value);
        value.timestamp = found->timestamp;
        return value;
    }
    void put(const K& key, const std::optional<ValueAndTimestamp<V>>& value) {
        const state::HashedKey hashed = open_->write_key(&key);
        if (!value)
            return open_->store->key_value->put(hashed, std::nullopt,
                                                Timestamp{open_->store->write_timestamp()});
        open_->value.clear();
        open_->store->value_codec->write(&value->value, open_->value);
        open_->store->key_value->put(hashed, open_->value.view(), value->timestamp);
    }
    KeyValueIterator<K, V> all() const {
        return {open_->store->key_value->range(std::nullopt, std::nullopt, true), open_};
    }

private:
    std::shared_ptr<stores_detail::Open> open_;
};

template <class K, class V>
class WindowStoreIterator {  // of one key: window starts ascending
public:
    WindowStoreIterator(std::unique_ptr<state::WindowCursor> cursor,
                        std::shared_ptr<stores_detail::Open> open)
        : cursor_(std::move(cursor)), open_(std::move(open)) {}
    bool has_next() const { return cursor_->valid(); }
    struct Entry {
        K key{};
        Timestamp start{};
        V value{};
    };
    Entry next() {
        Entry entry;
        stores_detail::decode(*open_->store->key_codec, cursor_->key(), entry.key);
        entry.start = Timestamp{cursor_->window_start()};
        stores_detail::decode(*open_->store->value_codec, cursor_->value().value, entry.value);
        cursor_->next();
        return entry;
    }

private:
    std::unique_ptr<state::WindowCursor> cursor_;
    std::shared_ptr<stores_detail::Open> open_;
};

template <class K, class V>
class WindowStore {
public:
    static WindowStore open(engine::TaskStore& store, const std::string& name) {
        WindowStore handle;
        handle.open_ =
            stores_detail::open(store, name, engine::type_name<K>(), engine::type_name<V>(), true);
        return handle;
    }
    void put(const K& key, const std::optional<V>& value, Timestamp start) {
        const state::HashedKey hashed = open_->write_key(&key);
        state::MaybeBytes bytes;
        if (value) {
            open_->value.clear();
            open_->store->value_codec->write(&*value, open_->value);
            bytes = open_->value.view();
        }
        open_->store->window->put(hashed, start.value(), bytes,
                                  Timestamp{open_->store->write_timestamp()});
    }
    std::optional<V> fetch(const K& key, Timestamp start) const {
        const auto found = open_->store->window->fetch(open_->write_key(&key), start.value());
        if (!found) return std::nullopt;
        V value{};
        stores_detail::decode(*open_->store->value_codec, found->value, value);
        return value;
    }
    WindowStoreIterator<K, V> fetch(const K& key, Timestamp from,
                                    Timestamp to) const {  // both inclusive
        return {open_->store->window->fetch(open_->write_key(&key).key, from.value(), to.value()),
                open_};
    }
    WindowStoreIterator<K, V> fetch_all(Timestamp from, Timestamp to) const {
        return {open_->store->window->fetch_all(from.value(), to.value()), open_};
    }

private:
    std::shared_ptr<stores_detail::Open> open_;
};

class StoreBuilder {
public:
    explicit StoreBuilder(engine::StoreSpec spec) : spec_(std::move(spec)) {}
    StoreBuilder with_logging_enabled(std::map<std::string, std::string> config) const {
        StoreBuilder b = *this;
        b.spec_.logging = true;
        b.spec_.log_config = std::move(config);
        return b;
    }
    StoreBuilder with_logging_disabled() const {
        StoreBuilder b = *this;
        b.spec_.logging = false;
        return b;
    }
    StoreBuilder with_caching_enabled() const {
        StoreBuilder b = *this;
        b.spec_.caching = true;
        return b;
    }
    StoreBuilder with_caching_disabled() const {
        StoreBuilder b = *this;
        b.spec_.caching = false;
        return b;
    }
    const engine::StoreSpec& spec() const { return spec_; }

private:
    engine::StoreSpec spec_;
};

class Stores {
public:
    struct Supplier {
        std::string name;
        bool persistent = true;
        std::int64_t retention_ms = 0, window_size_ms = 0;  // window stores
        bool retain_duplicates = false;
    };
    static Supplier persistent_key_value_store(std::string name) { return {std::move(name), true}; }
    static Supplier in_memory_key_value_store(std::string name) { return {std::move(name), false}; }
    static Supplier persistent_window_store(std::string name, std::chrono::milliseconds retention,
                                            std::chrono::milliseconds size,
                                            bool retain_duplicates) {
        return {std::move(name), true, retention.count(), size.count(), retain_duplicates};
    }
    static Supplier in_memory_window_store(std::string name, std::chrono::milliseconds retention,
                                           std::chrono::milliseconds size, bool retain_duplicates) {
        return {std::move(name), false, retention.count(), size.count(), retain_duplicates};
    }
    template <class K, class V>
    static StoreBuilder key_value_store_builder(const Supplier& supplier,
                                                const Serde<K>& key = serde<K>(),
                                                const Serde<V>& value = serde<V>()) {
        return make(supplier, key.codec(), value.codec(), false, engine::StoreSpec::Kind::KeyValue);
    }
    template <class K, class V>
    static StoreBuilder timestamped_key_value_store_builder(const Supplier& supplier,
                                                            const Serde<K>& key = serde<K>(),
                                                            const Serde<V>& value = serde<V>()) {
        return make(supplier, key.codec(), value.codec(), true, engine::StoreSpec::Kind::KeyValue);
    }
    template <class K, class V>
    static StoreBuilder window_store_builder(const Supplier& supplier,
                                             const Serde<K>& key = serde<K>(),
                                             const Serde<V>& value = serde<V>()) {
        return make(supplier, key.codec(), value.codec(), false, engine::StoreSpec::Kind::Window);
    }

private:
    static StoreBuilder make(const Supplier& supplier, engine::CodecPtr key, engine::CodecPtr value,
                             bool timestamped, engine::StoreSpec::Kind kind);
};

}  // namespace millrace
