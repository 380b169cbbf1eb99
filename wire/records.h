#pragma once
// A message's field of record batches: shares of the blocks that hold them, so that data on its way
// from the log to a socket, or from a socket to the log, is never copied. Each part is one or more
// batches; only a reader that asked for less gets a last one cut short. Null and empty differ on
// the wire.
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "millrace/base/bytes.h"

namespace millrace::wire {

class Records {
public:
    Records() = default;  // null
    explicit Records(Bytes part) { append(std::move(part)); }
    static Records empty() {
        Records none;
        none.null_ = false;
        return none;
    }
    void append(Bytes part) {
        null_ = false;
        if (!part.empty()) parts_.push_back(std::move(part));
    }

    bool is_null() const { return null_; }
    std::size_t size() const {  // bytes
        std::size_t bytes = 0;
        for (const Bytes& part : parts_) bytes += part.size();
        return bytes;
    }
    std::span<const Bytes> parts() const { return parts_; }
    Bytes joined() const;  // one block; a copy when there are several parts
    friend bool operator==(const Records& a, const Records& b);  // the same bytes, however cut

private:
    bool null_ = true;
    std::vector<Bytes> parts_;
};

}  // namespace millrace::wire
