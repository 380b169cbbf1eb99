#pragma once
// Record headers as bytes: varint count, then per header varint key length, key, varint value
// length (-1: null), value. The empty view is the empty list. Order and duplicates are kept.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/bytes.h"

namespace millrace {

class Headers {
public:
    struct Header {
        std::string key;
        std::optional<std::string> value;  // bytes
        friend bool operator==(const Header&, const Header&) = default;
    };
    Headers() = default;
    // Bytes that are no header list give an empty one (they were checked when the record was read).
    static Headers decode(BytesView encoded);
    void encode(ByteSink& into) const;  // nothing for the empty list

    Headers& add(std::string key, std::optional<std::string> value) {
        headers_.push_back({std::move(key), std::move(value)});
        return *this;
    }
    Headers& remove(std::string_view key);
    const Header* last(std::string_view key) const;  // null: none of that key
    bool empty() const { return headers_.empty(); }
    std::size_t size() const { return headers_.size(); }
    auto begin() const { return headers_.begin(); }
    auto end() const { return headers_.end(); }
    friend bool operator==(const Headers&, const Headers&) = default;

private:
    std::vector<Header> headers_;
};

}  // namespace millrace
