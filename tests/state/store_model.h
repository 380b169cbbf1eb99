#pragma once
// The reference: std::map with transactions, and a changelog kept as a list. What a store must
// equal at every moment.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/state/store.h"

namespace millrace::state::test {

struct Logged {
    std::string key;
    std::optional<std::string> value;
    std::int64_t timestamp;
    friend bool operator==(const Logged&, const Logged&) = default;
};

class ListLog final : public ChangeLog {  // what is logged: open, in flight, committed
public:
    void log(BytesView key, MaybeBytes value, Timestamp timestamp) override {
        Logged record{std::string(as_text(key)), {}, timestamp.value()};
        if (value) record.value = std::string(as_text(*value));
        open.push_back(std::move(record));
    }
    void seal() {
        in_flight = std::move(open);
        open.clear();
    }
    void commit() {
        committed.insert(committed.end(), in_flight.begin(), in_flight.end());
        in_flight.clear();
    }
    void abort() { open.clear(), in_flight.clear(); }
    std::vector<Logged> open, in_flight, committed;
};

template <class K, class V>
class Model {
public:
    std::map<K, V> open, in_flight, committed;  // each the whole content as seen from that layer
    bool sealed = false;

    void seal() { in_flight = open, sealed = true; }
    void commit() {
        if (sealed) committed = in_flight;
        sealed = false;
    }
    void abort() { open = committed, sealed = false; }
};

struct Row {
    std::string value;
    std::int64_t timestamp;
    friend bool operator==(const Row&, const Row&) = default;
};

inline std::optional<Row> row(const std::optional<ValueAndTimestamp>& v) {
    if (!v) return {};
    return Row{std::string(as_text(v->value)), v->timestamp.value()};
}

}  // namespace millrace::state::test
