#pragma once
// Watches what a broker's disk is given, to crash it between two adjacent durable steps of a commit. It looks at the bytes of
// the batches alone, not at the broker.
#include <cstdint>
#include <array>
#include <functional>
#include <optional>
#include <string_view>

#include "millrace/base/bytes.h"

namespace millrace::simulate {

enum class Step : std::uint8_t { None, Data, Offsets, Prepare, Marker, Complete, Sync };

// What a write to a segment file of a broker is to a commit; None: nothing.
Step step_of_write(std::string_view path, BytesView bytes);

}  // namespace millrace::simulate
