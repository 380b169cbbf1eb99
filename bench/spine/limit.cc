#include "millrace/bench/spine/limit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "millrace/base/check.h"
#include "millrace/base/hash.h"
#include "millrace/wire/batch/record_batch.h"
#include "millrace/wire/batch/record_batch_builder.h"

namespace millrace::bench {

namespace {

constexpr std::size_t kChunk = 256, kReadBytes = 1 << 20, kBatchBytes = 64 << 10;
constexpr std::int64_t kWindowMs = 60'000;

// Counts per (16-byte key, window): linear probing over 32-byte slots, doubled at a load of 0.6.
class CountTable {
public:
    CountTable() { grow(1 << 16); }
    struct Slot {
        std::byte key[16];
        std::int64_t window = -1, count = 0;
    };
    static std::uint64_t hash(const std::byte* key, std::int64_t window) {
        return hash_bytes({key, 16}) ^ static_cast<std::uint64_t>(window) * 0x9e3779b97f4a7c15ULL;
    }
    void prefetch(std::uint64_t h) const { __builtin_prefetch(&slots_[h & mask_]); }
    std::int64_t add(const std::byte* key, std::int64_t window, std::uint64_t h) {
        if (used_ * 10 > slots_.size() * 6) grow(slots_.size() * 2);
        for (std::size_t at = h & mask_;; at = (at + 1) & mask_) {
            Slot& slot = slots_[at];
            if (slot.count == 0) {
                std::memcpy(slot.key, key, 16);
                slot.window = window;
                ++used_;
                return slot.count = 1;
            }
            if (slot.window == window && std::memcmp(slot.key, key, 16) == 0) return ++slot.count;
        }
    }

private:
    void grow(std::size_t size) {
        std::vector<Slot> old = std::move(slots_);
        slots_.assign(size, Slot{});
        mask_ = size - 1;
        for (const Slot& slot : old) {
            if (slot.count == 0) continue;
            std::size_t at = hash(slot.key, slot.window) & mask_;
            while (slots_[at].count != 0) at = (at + 1) & mask_;
            slots_[at] = slot;
        }
    }
    std::vector<Slot> slots_;
    std::size_t mask_ = 0, used_ = 0;
};

class Output {
public:
    explicit Output(const std::string& path) {
        if (path.empty()) return;
        fd_ = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
        MR_CHECK(fd_ >= 0);
    }
    ~Output() { if (fd_ >= 0) ::close(fd_); }
    void append(Timestamp ts, BytesView key, BytesView value) {
        builder_.append(ts, key, value);
        if (builder_.size() >= kBatchBytes) flush();
    }
    void flush() {
        if (builder_.empty()) return;
        wire::BatchSettings settings;
        settings.base_offset = next_;
        settings.leader_epoch = LeaderEpoch{0};
        next_ += builder_.count();
        const Bytes batch = builder_.finish(settings);
        MR_CHECK(::write(fd_, batch.data(), batch.size()) == static_cast<ssize_t>(batch.size()));
    }
    void sync() {
        flush();
        if (fd_ >= 0) MR_CHECK(::fdatasync(fd_) == 0);
    }

private:
    int fd_ = -1;
    Offset next_{0};
    wire::RecordBatchBuilder builder_{kBatchBytes + 4096};
};

struct Run {
    explicit Run(const LimitConfig& c) : config(c), output(c.output), changelog(c.changelog) {}
    const LimitConfig& config;
    Output output, changelog;
    CountTable counts;
    LimitResult result;
    std::int64_t since_commit = 0;

    void stateless(std::span<const wire::RecordView> records) {
        std::byte value[4096];
        for (const wire::RecordView& r : records) {
            const BytesView v = r.value.view();
            if (v.empty() || v[0] != std::byte{'A'} || v.size() > sizeof value) continue;
            std::memcpy(value, v.data(), v.size());
            value[0] = std::byte{'M'};
            output.append(r.timestamp, r.key.view(), {value, v.size()});
            result.checksum = fold(result.checksum, r.key.data(), r.key.size(), value, v.size());
            ++result.outputs;
        }
    }
    void count(std::span<const wire::RecordView> records) {
        std::uint64_t hashes[kChunk];
        for (std::size_t i = 0; i < records.size(); ++i) {
            const std::int64_t window = records[i].timestamp.value() / kWindowMs * kWindowMs;
            hashes[i] = CountTable::hash(records[i].key.data(), window);
            counts.prefetch(hashes[i]);
        }
        for (std::size_t i = 0; i < records.size(); ++i) {
            const wire::RecordView& r = records[i];
            const std::int64_t window = r.timestamp.value() / kWindowMs * kWindowMs;
            const std::int64_t n = counts.add(r.key.data(), window, hashes[i]);
            std::byte key[28], value[8];
            std::memcpy(key, r.key.data(), 16);
            store_be(key + 16, window);
            store_be(key + 24, std::int32_t{0});
            store_be(value, n);
            changelog.append(r.timestamp, {key, 28}, {value, 8});
            output.append(r.timestamp, {key, 24}, {value, 8});
            result.checksum = fold(result.checksum, key, 24, value, 8);
            ++result.outputs;
        }
    }
    void take(BytesView bytes, std::size_t& used) {
        wire::BatchWalker walker(bytes);
        std::vector<wire::RecordView> chunk(kChunk);
        while (const auto batch = walker.next()) {
            if (batch->control()) continue;
            MR_CHECK(batch->validate().has_value());
            wire::RecordReader reader(*batch, batch->encoded_records());
            while (true) {
                const auto n = reader.read(chunk);
                MR_CHECK(n.has_value());
                if (*n == 0) break;
                const std::span<const wire::RecordView> records(chunk.data(), *n);
                if (config.job == Job::Stateless) stateless(records);
                else count(records);
                result.records += static_cast<std::int64_t>(*n);
                since_commit += static_cast<std::int64_t>(*n);
            }
            if (since_commit >= config.records_per_commit) commit();
        }
        MR_CHECK(walker.status().has_value());
        used = walker.position();
    }
    void commit() {
        if (since_commit == 0) return;
        since_commit = 0;
        ++result.commits;
        changelog.sync();
        output.sync();
    }
};

}  // namespace

std::uint64_t fold(std::uint64_t checksum, const void* key, std::size_t key_size, const void* value, std::size_t value_size) {
    const std::uint64_t k = hash_bytes({static_cast<const std::byte*>(key), key_size});
    const std::uint64_t v = hash_bytes({static_cast<const std::byte*>(value), value_size});
    return checksum + (k * 0x9e3779b97f4a7c15ULL ^ (v + (k >> 32))) * 0xd6e8feb86659fd93ULL;
}

LimitResult run_limit(const LimitConfig& config) {
    Run run(config);
    std::unique_ptr<std::byte[]> buffer(new std::byte[4 * kReadBytes]);
    for (const std::string& path : config.inputs) {
        const int fd = ::open(path.c_str(), O_RDONLY);
        MR_CHECK(fd >= 0);
        std::size_t held = 0;
        while (true) {
            const ssize_t got = ::read(fd, buffer.get() + held, kReadBytes);
            MR_CHECK(got >= 0);
            if (got == 0) break;
            held += static_cast<std::size_t>(got);
            std::size_t used = 0;
            run.take({buffer.get(), held}, used);
            held -= used;
            MR_CHECK(held < 3 * kReadBytes);
            std::memmove(buffer.get(), buffer.get() + used, held);
        }
        ::close(fd);
    }
    run.commit();
    return run.result;
}

}  // namespace millrace::bench
