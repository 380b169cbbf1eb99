#pragma once
// The configuration objects of DSL calls, with Kafka's names. A serde given here must be one of the
// stream's own type; the builder says so when it is not.
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "millrace/dsl/serde/serde.h"
#include "millrace/engine/operators/sink.h"
#include "millrace/engine/topology/topology.h"

namespace millrace {

class Named {  // the name of a processor: 1 to 249 of [a-zA-Z0-9._-]
public:
    Named() = default;
    static Named as(std::string name) {
        Named named;
        named.name_ = std::move(name);
        return named;
    }
    const std::string& name() const { return name_; }  // "": generated

private:
    std::string name_;
};

enum class AutoOffsetReset : std::uint8_t { Default, Earliest, Latest, None };

// Kafka's TimestampExtractor: built in, or a function of (key, value, record timestamp, partition
// time) in ms.
using engine::TimestampPolicy;

struct Consumed {
    static Consumed as(std::string name) { return Consumed{}.with_name(std::move(name)); }
    template <class K, class V>
    static Consumed with(const Serde<K>& key, const Serde<V>& value) {
        Consumed c;
        c.key = key.codec();
        c.value = value.codec();
        return c;
    }
    Consumed with_name(std::string n) const { return set(&Consumed::name, std::move(n)); }
    Consumed with_timestamp_extractor(TimestampPolicy p) const {
        return set(&Consumed::timestamps, p);
    }
    // f(const K* key, const V* value, std::int64_t record_timestamp, std::int64_t partition_time)
    // -> ms; negative: skipped
    template <class K, class V, class F>
    Consumed with_timestamp_extractor(F f) const {
        Consumed c = set(&Consumed::timestamps, TimestampPolicy::Custom);
        c.extractor = [f = std::move(f)](engine::Column& keys, engine::Column& values,
                                         engine::Row row, std::int64_t timestamp,
                                         std::int64_t partition_time) -> std::int64_t {
            const K* k = keys.get<K>(row);
            const V* v = values.get<V>(row);
            if (keys[row].is_bad() || values[row].is_bad()) throw engine::CellIsBad{};
            return f(k, v, timestamp, partition_time);
        };
        return c;
    }

    std::string name;
    engine::CodecPtr key, value;
    TimestampPolicy timestamps = TimestampPolicy::Default;  // as default.timestamp.extractor says
    engine::CustomExtractor extractor;

private:
    template <class M, class T>
    Consumed set(M member, T value_to_set) const {
        Consumed c = *this;
        c.*member = std::move(value_to_set);
        return c;
    }
};

namespace options_detail {
// f(const std::string& topic, const K* key, const V* value, int32 partitions) -> optional<int32>
template <class K, class V, class F>
engine::Partitioner partitioner(F f) {
    return [f = std::move(f)](const std::string& topic, engine::Column& keys,
                              engine::Column& values, engine::Row row,
                              std::int32_t partitions) -> std::optional<std::int32_t> {
        return f(topic, keys.get<K>(row), values.get<V>(row), partitions);
    };
}
}  // namespace options_detail

struct Produced {
    static Produced as(std::string name) { return Produced{}.with_name(std::move(name)); }
    template <class K, class V>
    static Produced with(const Serde<K>& key, const Serde<V>& value) {
        Produced p;
        p.key = key.codec();
        p.value = value.codec();
        return p;
    }
    Produced with_name(std::string n) const {
        Produced p = *this;
        p.name = std::move(n);
        return p;
    }
    template <class K, class V, class F>
    Produced with_stream_partitioner(F f) const {
        Produced p = *this;
        p.partitioner = options_detail::partitioner<K, V>(std::move(f));
        return p;
    }
    std::string name;
    engine::CodecPtr key, value;
    engine::Partitioner partitioner;
};

struct Grouped {
    static Grouped as(std::string name) { return Grouped{}.with_name(std::move(name)); }
    template <class K, class V>
    static Grouped with(const Serde<K>& key, const Serde<V>& value) {
        Grouped g;
        g.key = key.codec();
        g.value = value.codec();
        return g;
    }
    template <class K, class V>
    static Grouped with(std::string name, const Serde<K>& key, const Serde<V>& value) {
        return with(key, value).with_name(std::move(name));
    }
    Grouped with_name(std::string n) const {
        Grouped g = *this;
        g.name = std::move(n);
        return g;
    }
    std::string name;
    engine::CodecPtr key, value;
};

struct Joined {
    static Joined as(std::string name) { return Joined{}.with_name(std::move(name)); }
    template <class K, class V, class VT>
    static Joined with(const Serde<K>& key, const Serde<V>& value, const Serde<VT>& other) {
        Joined j;
        j.key = key.codec();
        j.value = value.codec();
        j.other = other.codec();
        return j;
    }
    Joined with_name(std::string n) const {
        Joined j = *this;
        j.name = std::move(n);
        return j;
    }
    std::string name;
    engine::CodecPtr key, value, other;
};

struct Repartitioned {
    static Repartitioned as(std::string name) { return Repartitioned{}.with_name(std::move(name)); }
    template <class K, class V>
    static Repartitioned with(const Serde<K>& key, const Serde<V>& value) {
        Repartitioned r;
        r.key = key.codec();
        r.value = value.codec();
        return r;
    }
    static Repartitioned number_of_partitions(std::int32_t n) {
        return Repartitioned{}.with_number_of_partitions(n);
    }
    Repartitioned with_name(std::string n) const {
        Repartitioned r = *this;
        r.name = std::move(n);
        return r;
    }
    Repartitioned with_number_of_partitions(std::int32_t n) const {
        Repartitioned r = *this;
        r.partitions = n;
        return r;
    }
    template <class K, class V, class F>
    Repartitioned with_stream_partitioner(F f) const {
        Repartitioned r = *this;
        r.partitioner = options_detail::partitioner<K, V>(std::move(f));
        return r;
    }
    std::string name;
    engine::CodecPtr key, value;
    std::optional<std::int32_t> partitions;
    engine::Partitioner partitioner;
};

enum class StoreType : std::uint8_t { RocksDb, InMemory };  // Materialized.StoreType

struct Materialized {
    static Materialized as(std::string store) {
        Materialized m;
        m.store = std::move(store);
        return m;
    }
    static Materialized as(StoreType type) { return Materialized{}.with_store_type(type); }
    template <class K, class V>
    static Materialized with(const Serde<K>& key, const Serde<V>& value) {
        return Materialized{}.with_key_serde(key).with_value_serde(value);
    }
    template <class K>
    Materialized with_key_serde(const Serde<K>& serde) const {
        Materialized m = *this;
        m.key = serde.codec();
        return m;
    }
    template <class V>
    Materialized with_value_serde(const Serde<V>& serde) const {
        Materialized m = *this;
        m.value = serde.codec();
        return m;
    }
    Materialized with_store_type(StoreType type) const {
        Materialized m = *this;
        m.persistent = type == StoreType::RocksDb;
        return m;
    }
    Materialized with_retention(std::chrono::milliseconds r) const {
        Materialized m = *this;
        m.retention = r;
        return m;
    }
    Materialized with_caching_enabled() const { return with_caching(true); }
    Materialized with_caching_disabled() const { return with_caching(false); }
    Materialized with_logging_enabled(std::map<std::string, std::string> config) const {
        Materialized m = *this;
        m.logging = true;
        m.log_config = std::move(config);
        return m;
    }
    Materialized with_logging_disabled() const {
        Materialized m = *this;
        m.logging = false;
        m.log_config.clear();
        return m;
    }

    std::string store;  // "": generated
    engine::CodecPtr key, value;
    std::optional<bool> persistent;
    std::optional<std::chrono::milliseconds> retention;
    bool caching = true, logging = true;
    std::map<std::string, std::string> log_config;

private:
    Materialized with_caching(bool on) const {
        Materialized m = *this;
        m.caching = on;
        return m;
    }
};

}  // namespace millrace
