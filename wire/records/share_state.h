#pragma once
// __share_group_state: what the share coordinator remembers.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/uuid.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct ShareSnapshotKey {
    static constexpr std::string_view kName = "ShareSnapshotKey";
    static constexpr std::int16_t kType = 0;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    Uuid topic_id;
    std::int32_t partition = 0;

    static constexpr void fields(auto&& f) {
        using M = ShareSnapshotKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("topic_id", &M::topic_id, {.in = only(0)});
        f("partition", &M::partition, {.in = only(0)});
    }
    bool operator==(const ShareSnapshotKey&) const = default;
};

struct ShareSnapshotValue {
    static constexpr std::string_view kName = "ShareSnapshotValue";
    static constexpr std::int16_t kType = 0;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct StateBatch {
        std::int64_t first_offset = 0;
        std::int64_t last_offset = 0;
        std::int8_t delivery_state = 0;
        std::int16_t delivery_count = 0;

        static constexpr void fields(auto&& f) {
            using M = StateBatch;
            f("first_offset", &M::first_offset, {.in = since(0)});
            f("last_offset", &M::last_offset, {.in = since(0)});
            f("delivery_state", &M::delivery_state, {.in = since(0)});
            f("delivery_count", &M::delivery_count, {.in = since(0)});
        }
        bool operator==(const StateBatch&) const = default;
    };

    std::int32_t snapshot_epoch = 0;
    std::int32_t state_epoch = 0;
    std::int32_t leader_epoch = 0;
    std::int64_t start_offset = 0;
    std::int32_t delivery_complete_count = -1;
    std::int64_t create_timestamp = 0;
    std::int64_t write_timestamp = 0;
    std::vector<StateBatch> state_batches;

    static constexpr void fields(auto&& f) {
        using M = ShareSnapshotValue;
        f("snapshot_epoch", &M::snapshot_epoch, {.in = since(0)});
        f("state_epoch", &M::state_epoch, {.in = since(0)});
        f("leader_epoch", &M::leader_epoch, {.in = since(0)});
        f("start_offset", &M::start_offset, {.in = since(0)});
        f("delivery_complete_count", &M::delivery_complete_count,
          {.in = since(0), .tagged = since(0), .tag = 0});
        f("create_timestamp", &M::create_timestamp, {.in = since(0)});
        f("write_timestamp", &M::write_timestamp, {.in = since(0)});
        f("state_batches", &M::state_batches, {.in = since(0)});
    }
    bool operator==(const ShareSnapshotValue&) const = default;
};

struct ShareUpdateKey {
    static constexpr std::string_view kName = "ShareUpdateKey";
    static constexpr std::int16_t kType = 1;
    static constexpr Framing kFraming = Framing::Key;
    static constexpr Versions kValid = only(0), kFlexible = kNever;

    std::string group_id;
    Uuid topic_id;
    std::int32_t partition = 0;

    static constexpr void fields(auto&& f) {
        using M = ShareUpdateKey;
        f("group_id", &M::group_id, {.in = only(0)});
        f("topic_id", &M::topic_id, {.in = only(0)});
        f("partition", &M::partition, {.in = only(0)});
    }
    bool operator==(const ShareUpdateKey&) const = default;
};

struct ShareUpdateValue {
    static constexpr std::string_view kName = "ShareUpdateValue";
    static constexpr std::int16_t kType = 1;
    static constexpr Framing kFraming = Framing::Value;
    static constexpr Versions kValid = only(0), kFlexible = since(0);

    struct StateBatch {
        std::int64_t first_offset = 0;
        std::int64_t last_offset = 0;
        std::int8_t delivery_state = 0;
        std::int16_t delivery_count = 0;

        static constexpr void fields(auto&& f) {
            using M = StateBatch;
            f("first_offset", &M::first_offset, {.in = since(0)});
            f("last_offset", &M::last_offset, {.in = since(0)});
            f("delivery_state", &M::delivery_state, {.in = since(0)});
            f("delivery_count", &M::delivery_count, {.in = since(0)});
        }
        bool operator==(const StateBatch&) const = default;
    };

    std::int32_t snapshot_epoch = 0;
    std::int32_t leader_epoch = 0;
    std::int64_t start_offset = 0;
    std::int32_t delivery_complete_count = -1;
    std::vector<StateBatch> state_batches;

    static constexpr void fields(auto&& f) {
        using M = ShareUpdateValue;
        f("snapshot_epoch", &M::snapshot_epoch, {.in = since(0)});
        f("leader_epoch", &M::leader_epoch, {.in = since(0)});
        f("start_offset", &M::start_offset, {.in = since(0)});
        f("delivery_complete_count", &M::delivery_complete_count,
          {.in = since(0), .tagged = since(0), .tag = 0});
        f("state_batches", &M::state_batches, {.in = since(0)});
    }
    bool operator==(const ShareUpdateValue&) const = default;
};

}  // namespace millrace::wire
