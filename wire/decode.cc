#include <string>

#include <fmt/core.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/codec.h"
#include "millrace/wire/records.h"

namespace millrace::wire {
namespace {

template <class T>
T& as(void* at) {
    return *static_cast<T*>(at);
}

class Decoder {
public:
    Decoder(BytesView bytes, const Bytes* block, std::int16_t version, bool flexible,
            UnknownTags* unknown)
        : begin_(bytes.data()),
          at_(bytes.data()),
          end_(bytes.data() + bytes.size()),
          block_(block),
          version_(version),
          flexible_(flexible),
          unknown_(unknown) {}

    bool structure(const Schema& schema, void* object) {
        for (const Field& field : schema.fields) {
            if (!field.spec.in.contains(version_) || field.spec.tagged.contains(version_)) continue;
            if (!named_member(field, object, false)) return fail_in(field);
        }
        return !flexible_ || tagged(schema, object);
    }
    std::size_t read() const { return static_cast<std::size_t>(at_ - begin_); }
    const std::string& error() const { return error_; }

private:
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
    bool failed(std::string what) {
        error_ = std::move(what);
        return false;
    }
    bool cut() { return failed("ends early"); }
    bool fail_in(const Field& field) {
        error_ = fmt::format(".{}{}{}", field.name,
                             error_.starts_with('[') || error_.starts_with('.') ? "" : " ", error_);
        return false;
    }

    template <class T>
    bool be(void* into) {
        if (left() < sizeof(T)) return cut();
        as<T>(into) = load_be<T>(at_);
        at_ += sizeof(T);
        return true;
    }
    bool varint(std::uint32_t& into) {
        std::uint64_t value = 0;
        const std::byte* next = load_unsigned_varint(at_, end_, value, kVarintBytesMax);
        if (!next) return failed("has a varint that is cut or too long");
        into = static_cast<std::uint32_t>(value);  // ByteUtils drops what does not fit as well
        at_ = next;
        return true;
    }

    // A length, or -1 for null: any negative one, as in Kafka's generated classes.
    bool length(Kind kind, bool compact, std::int64_t& into) {
        if (compact) {
            std::uint32_t plus_one = 0;
            if (!varint(plus_one)) return false;
            into = static_cast<std::int32_t>(plus_one - 1);
        } else if (kind == Kind::String) {
            std::int16_t n = 0;
            if (!be<std::int16_t>(&n)) return false;
            into = n;
        } else {
            std::int32_t n = 0;
            if (!be<std::int32_t>(&n)) return false;
            into = n;
        }
        if (into < 0) into = -1;
        return true;
    }

    bool named_member(const Field& field, void* object, bool tagged) {
        if (!unknown_) return member(field, object, tagged);
        const std::size_t parent = path_.size();
        path_ += '/' + json_name(field.name);
        const bool done = member(field, object, tagged);
        path_.resize(parent);
        return done;
    }
    bool member(const Field& field, void* object, bool tagged) {
        const Type& type = *field.type;
        void* into = field.in(object);
        const bool compact = flexible_ && field.spec.compact;
        const bool nullable = field.spec.nullable.contains(version_);
        bool null = false;
        std::int64_t n = 0;
        if (type.kind == Kind::Struct) {
            if (nullable && !struct_is_null(tagged, null)) return false;
        } else if (type.kind == Kind::String || type.kind == Kind::Bytes ||
                   type.kind == Kind::Records || type.kind == Kind::Array) {
            if (!length(type.kind, compact, n)) return false;
            null = n < 0;
        }
        if (null) {
            if (!nullable) return failed("is null, but this version knows no null there");
            if (type.kind == Kind::Records)
                as<Records>(into) = {};
            else
                type.reset(into);
            return true;
        }
        if (type.optional()) into = type.set(into);
        return get(type, into, n, compact);
    }

    bool struct_is_null(bool tagged, bool& null) {
        if (tagged) {
            std::uint32_t present = 0;
            if (!varint(present)) return false;
            null = static_cast<std::int32_t>(present) <= 0;
        } else {
            std::int8_t present = 0;
            if (!be<std::int8_t>(&present)) return false;
            null = present < 0;
        }
        return true;
    }

    bool get(const Type& type, void* into, std::int64_t length_read, bool compact) {
        const auto n = static_cast<std::size_t>(length_read);
        switch (type.kind) {
            case Kind::Bool: {
                std::int8_t byte = 0;
                if (!be<std::int8_t>(&byte)) return false;
                as<bool>(into) = byte != 0;
                return true;
            }
            case Kind::Int8:
                return be<std::int8_t>(into);
            case Kind::Int16:
                return be<std::int16_t>(into);
            case Kind::UInt16:
                return be<std::uint16_t>(into);
            case Kind::Int32:
                return be<std::int32_t>(into);
            case Kind::UInt32:
                return be<std::uint32_t>(into);
            case Kind::Int64:
                return be<std::int64_t>(into);
            case Kind::Float64:
                return be<double>(into);
            case Kind::Uuid:
                return be<std::uint64_t>(&as<Uuid>(into).high) &&
                       be<std::uint64_t>(&as<Uuid>(into).low);
            case Kind::String:
                if (n > kStringBytesMax)
                    return failed(fmt::format("has length {}, more than {}", n, kStringBytesMax));
                if (n > left()) return too_long(n);
                as<std::string>(into).assign(reinterpret_cast<const char*>(at_), n);
                at_ += n;
                return true;
            case Kind::Bytes:
                if (n > left()) return too_long(n);
                as<Bytes>(into) = take(n);
                return true;
            case Kind::Records:
                if (n > left()) return too_long(n);
                as<Records>(into) = Records(take(n));
                return true;
            case Kind::Array:
                return array(type, into, n, compact);
            case Kind::Struct:
                return structure(type.schema(), into);
        }
        return false;
    }
    bool too_long(std::size_t n) {
        return failed(fmt::format("has length {}, but {} bytes are left", n, left()));
    }
    Bytes take(std::size_t n) {
        const BytesView bytes{at_, n};
        at_ += n;
        return block_ ? block_->slice(static_cast<std::size_t>(bytes.data() - block_->data()), n)
                      : Bytes::copy(bytes);
    }

    bool array(const Type& type, void* into, std::size_t n, bool compact) {
        if (n > left())
            return failed(fmt::format("has {} elements, but {} bytes are left", n, left()));
        type.clear(into);
        for (std::size_t i = 0; i < n; ++i) {
            memory_ += type.element->size;
            if (memory_ > kDecodedElementBytesMax)
                return failed("makes the message larger than the limit for its memory");
            const std::size_t parent = path_.size();
            if (unknown_) path_ += '/' + std::to_string(i);
            const bool done = element(*type.element, type.add(into), compact);
            path_.resize(parent);
            if (!done) {
                error_ = fmt::format("[{}]{}{}", i, error_.starts_with('.') ? "" : " ", error_);
                return false;
            }
        }
        return true;
    }
    bool element(const Type& type, void* into, bool compact) {  // of an array: never null
        std::int64_t n = 0;
        if (type.kind == Kind::String || type.kind == Kind::Bytes) {
            if (!length(type.kind, compact, n)) return false;
            if (n < 0) return failed("is null, but this version knows no null there");
        }
        return get(type, into, n, compact);
    }

    // KIP-482. As Kafka does, a known tag is read by its type, whatever size it claims.
    bool tagged(const Schema& schema, void* object) {
        const std::uint32_t section = section_++;
        std::uint32_t count = 0;
        if (!varint(count)) return false;
        if (count > left()) {
            return failed(
                fmt::format("has {} tagged fields, but {} bytes are left", count, left()));
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            std::uint32_t tag = 0, size = 0;
            if (!varint(tag) || !varint(size)) return false;
            if (const Field* field = find_tag(schema, tag)) {
                if (!named_member(*field, object, true)) return fail_in(*field);
                continue;
            }
            if (size > left())
                return failed(fmt::format("has a tagged field {} of {} bytes, but {} are left", tag,
                                          size, left()));
            if (unknown_)
                unknown_->push_back({section, tag, take(size), path_.empty() ? "/" : path_});
            else
                at_ += size;
        }
        return true;
    }
    const Field* find_tag(const Schema& schema, std::uint32_t tag) const {
        for (const std::uint16_t index : schema.by_tag) {
            const Field& field = schema.fields[index];
            if (static_cast<std::uint32_t>(field.spec.tag) == tag &&
                field.spec.tagged.contains(version_))
                return &field;
        }
        return nullptr;
    }
    const std::byte* begin_;
    const std::byte* at_;
    const std::byte* end_;
    const Bytes* block_;
    std::int16_t version_;
    bool flexible_;
    UnknownTags* unknown_;
    std::uint32_t section_ = 0;
    std::size_t memory_ = 0;
    std::string path_;  // only with unknown_
    std::string error_;
};

}  // namespace

Result<std::size_t> decode(const Schema& schema, void* into, BytesView bytes, const Bytes* block,
                           std::int16_t version, UnknownTags* unknown) {
    if (!schema.valid.contains(version)) {
        return fail(ErrorCode::UnsupportedVersion,
                    fmt::format("{} has no version {} (it has {} to {})", schema.name, version,
                                schema.valid.low, schema.valid.high));
    }
    Decoder decoder(bytes, block, version, schema.flexible.contains(version), unknown);
    if (decoder.structure(schema, into)) return decoder.read();
    return fail(schema.tag ? ErrorCode::InvalidRequest : ErrorCode::CorruptMessage,
                fmt::format("{} version {}: {}", schema.name, version, decoder.error()));
}

}  // namespace millrace::wire
