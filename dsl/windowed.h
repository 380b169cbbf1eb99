#pragma once
// Windows: what TimeWindows describes, and a key with its window. Times are ms since 1970; start
// inclusive, end exclusive.
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "millrace/base/byte_order.h"
#include "millrace/dsl/serde/serde.h"
#include "millrace/engine/topology/topology.h"

namespace millrace {

struct Window {
    std::int64_t start = 0, end = 0;
    friend bool operator==(const Window&, const Window&) = default;
};

template <class K>
class Windowed {
public:
    Windowed() = default;
    Windowed(K key, Window window) : key_(std::move(key)), window_(window) {}
    const K& key() const { return key_; }
    const Window& window() const { return window_; }
    K& key_storage() { return key_; }
    void set_window(Window window) { window_ = window; }
    friend bool operator==(const Windowed&, const Windowed&) = default;

private:
    K key_{};
    Window window_{};
};

// Kafka's TimeWindowedSerde in topic format: inner key, start as int64. The end is start + size; an
// overflow gives the maximum.
template <class K>
class TimeWindowedSerde {
public:
    TimeWindowedSerde(engine::CodecPtr inner, std::int64_t window_size_ms)
        : inner_(std::move(inner)), size_ms_(window_size_ms) {}
    Result<void> read(BytesView bytes, Windowed<K>& into) const {
        if (bytes.size() < 8)
            return fail(ErrorCode::InvalidRecord, "a windowed key has at least 8 bytes");
        const std::int64_t start = load_be<std::int64_t>(bytes.data() + bytes.size() - 8);
        const bool overflow = start > INT64_MAX - size_ms_;
        into.set_window({start, overflow ? INT64_MAX : start + size_ms_});
        return inner_->read(bytes.first(bytes.size() - 8), &into.key_storage());
    }
    void write(const Windowed<K>& key, ByteSink& into) const {
        inner_->write(&key.key(), into);
        append_be<std::int64_t>(into, key.window().start);
    }
    bool plausible(BytesView bytes) const {
        return bytes.size() >= 8 && inner_->plausible(bytes.first(bytes.size() - 8));
    }
    bool plausible_is_exact() const { return inner_->plausible_is_exact(); }
    BytesView partition_bytes(BytesView bytes) const {
        return inner_->partition_bytes(bytes.size() < 8 ? bytes : bytes.first(bytes.size() - 8));
    }
    std::string fingerprint() const {
        return "time-windowed " + std::to_string(size_ms_) + ' ' + inner_->fingerprint();
    }

private:
    engine::CodecPtr inner_;
    std::int64_t size_ms_;
};

template <class K>
Serde<Windowed<K>> time_windowed_serde(const Serde<K>& inner, std::chrono::milliseconds size) {
    return serde<Windowed<K>>(TimeWindowedSerde<K>(inner.codec(), size.count()));
}

class TimeWindows {  // tumbling windows, aligned to 1970
public:
    static TimeWindows of_size_with_no_grace(std::chrono::milliseconds size) {
        return TimeWindows(size, {});
    }
    static TimeWindows of_size_and_grace(std::chrono::milliseconds size,
                                         std::chrono::milliseconds grace) {
        return TimeWindows(size, grace);
    }
    std::chrono::milliseconds size() const { return size_; }
    std::chrono::milliseconds grace() const { return grace_; }

private:
    TimeWindows(std::chrono::milliseconds size, std::chrono::milliseconds grace)
        : size_(size), grace_(grace) {
        if (size.count() <= 0) throw TopologyException("a window's size must be positive");
        if (grace.count() < 0) throw TopologyException("a window's grace must not be negative");
    }
    std::chrono::milliseconds size_, grace_;
};

}  // namespace millrace
