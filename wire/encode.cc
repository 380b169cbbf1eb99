#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/codec.h"
#include "millrace/wire/records.h"

namespace millrace::wire {
namespace {

// Where an Encoder writes: a sink, with records left out as splices if wanted ...
struct Writing {
    ByteSink& sink;
    std::vector<Splice>* splices;

    template <class T>
    void be(T value) {
        append_be(sink, value);
    }
    void varint(std::uint32_t value) { append_unsigned_varint(sink, value); }
    void bytes(BytesView bytes) { sink.append(bytes); }
    void records(const Bytes& part) {
        if (splices)
            splices->push_back({sink.size(), part});
        else
            sink.append(part.view());
    }
};

// ... or a count, for sizes that stand before what they measure.
struct Counting {
    std::size_t size = 0;

    template <class T>
    void be(T) {
        size += sizeof(T);
    }
    void varint(std::uint32_t value) { size += unsigned_varint_size(value); }
    void bytes(BytesView bytes) { size += bytes.size(); }
    void records(const Bytes& part) { size += part.size(); }
};

template <class T>
const T& as(const void* at) {
    return *static_cast<const T*>(at);
}

template <class Out>
class Encoder {
public:
    Encoder(Out& out, std::int16_t version, bool flexible, const UnknownTags* unknown,
            std::uint32_t section = 0)
        : out_(out), version_(version), flexible_(flexible), unknown_(unknown), section_(section) {}

    bool structure(const Schema& schema, const void* object) {
        std::uint32_t tags = 0;
        for (const Field& field : schema.fields) {
            if (!field.spec.in.contains(version_)) {
                if (!field.spec.ignorable && !is_default(field, schema, object)) {
                    failed("is set, but this version does not carry it");
                    return fail_in(field);
                }
            } else if (field.spec.tagged.contains(version_)) {
                if (!is_default(field, schema, object)) ++tags;
            } else if (!member(field, object, false)) {
                return fail_in(field);
            }
        }
        return !flexible_ || tagged(schema, object, tags);
    }
    std::string& error() { return error_; }

private:
    bool failed(std::string what) {
        error_ = std::move(what);
        return false;
    }
    bool fail_in(const Field& field) {  // the way out of a failure spells the path
        error_ = fmt::format(".{}{}{}", field.name,
                             error_.starts_with('[') || error_.starts_with('.') ? "" : " ", error_);
        return false;
    }

    bool member(const Field& field, const void* object, bool tagged) {
        const Type& type = *field.type;
        const void* value = field.in(object);
        const bool compact = flexible_ && field.spec.compact;
        const bool nullable = field.spec.nullable.contains(version_);
        if (type.optional()) value = type.get(value);
        if (type.kind == Kind::Records && as<Records>(value).is_null()) value = nullptr;
        if (!value) {
            if (!nullable) {
                return failed("is null, but this version knows no null there");
            }
            write_null(type.kind, compact, tagged);
            return true;
        }
        if (type.kind == Kind::Struct && nullable) out_.be(std::int8_t{1});
        return put(type, value, compact);
    }

    void write_null(Kind kind, bool compact, bool tagged) {
        if (kind == Kind::Struct)
            out_.be(static_cast<std::int8_t>(tagged ? 0 : -1));
        else if (compact)
            out_.varint(0);
        else if (kind == Kind::String)
            out_.be(std::int16_t{-1});
        else
            out_.be(std::int32_t{-1});
    }

    bool length(std::size_t n, bool compact) {
        if (n >= INT32_MAX) return failed("is too long");
        if (compact)
            out_.varint(static_cast<std::uint32_t>(n) + 1);
        else
            out_.be(static_cast<std::int32_t>(n));
        return true;
    }

    bool put(const Type& type, const void* value, bool compact) {
        switch (type.kind) {
            case Kind::Bool:
                out_.be(static_cast<std::int8_t>(as<bool>(value)));
                return true;
            case Kind::Int8:
                out_.be(as<std::int8_t>(value));
                return true;
            case Kind::Int16:
                out_.be(as<std::int16_t>(value));
                return true;
            case Kind::UInt16:
                out_.be(as<std::uint16_t>(value));
                return true;
            case Kind::Int32:
                out_.be(as<std::int32_t>(value));
                return true;
            case Kind::UInt32:
                out_.be(as<std::uint32_t>(value));
                return true;
            case Kind::Int64:
                out_.be(as<std::int64_t>(value));
                return true;
            case Kind::Float64:
                out_.be(as<double>(value));
                return true;
            case Kind::Uuid:
                out_.be(as<Uuid>(value).high);
                out_.be(as<Uuid>(value).low);
                return true;
            case Kind::String:
                return string(as<std::string>(value), compact);
            case Kind::Bytes:
                if (!length(as<Bytes>(value).size(), compact)) return false;
                out_.bytes(as<Bytes>(value).view());
                return true;
            case Kind::Records:
                if (!length(as<Records>(value).size(), compact)) return false;
                for (const Bytes& part : as<Records>(value).parts()) out_.records(part);
                return true;
            case Kind::Array:
                return array(type, value, compact);
            case Kind::Struct:
                return structure(type.schema(), value);
        }
        return false;
    }

    bool string(const std::string& text, bool compact) {
        if (text.size() > kStringBytesMax) {
            return failed(
                fmt::format("is a string of {} bytes, more than {}", text.size(), kStringBytesMax));
        }
        if (compact)
            out_.varint(static_cast<std::uint32_t>(text.size()) + 1);
        else
            out_.be(static_cast<std::int16_t>(text.size()));
        out_.bytes(as_bytes(text));
        return true;
    }

    bool array(const Type& type, const void* value, bool compact) {
        const std::size_t n = type.count(value);
        if (!length(n, compact)) return false;
        for (std::size_t i = 0; i < n; ++i) {
            if (!put(*type.element, type.at(value, i), compact)) {
                error_ = fmt::format("[{}]{}", i, error_.starts_with('.') ? error_ : " " + error_);
                return false;
            }
        }
        return true;
    }

    // KIP-482: count, then tag, size, value, ascending. An unknown tag comes behind a known one of
    // its number.
    bool tagged(const Schema& schema, const void* object, std::uint32_t known) {
        const std::uint32_t section = section_++;
        std::vector<const UnknownTag*> unknown;
        if (unknown_) {
            for (const UnknownTag& tag : *unknown_) {
                if (tag.section == section) unknown.push_back(&tag);
            }
        }
        for (std::size_t i = 1; i < unknown.size(); ++i) {
            if (unknown[i]->tag <= unknown[i - 1]->tag) {
                return failed(fmt::format("has unknown tag {} behind tag {}", unknown[i]->tag,
                                          unknown[i - 1]->tag));
            }
        }
        out_.varint(known + static_cast<std::uint32_t>(unknown.size()));
        auto next = unknown.begin();
        const auto unknown_below = [&](std::uint64_t tag) {
            for (; next != unknown.end() && (*next)->tag < tag; ++next) {
                out_.varint((*next)->tag);
                out_.varint(static_cast<std::uint32_t>((*next)->data.size()));
                out_.bytes((*next)->data.view());
            }
        };
        for (const std::uint16_t index : schema.by_tag) {
            const Field& field = schema.fields[index];
            if (!field.spec.tagged.contains(version_) || is_default(field, schema, object))
                continue;
            const auto tag = static_cast<std::uint32_t>(field.spec.tag);
            unknown_below(tag);
            out_.varint(tag);
            Counting count;
            Encoder<Counting> measure(count, version_, flexible_, unknown_, section_);
            if (!measure.member(field, object, true)) {
                error_ = std::move(measure.error());
                return fail_in(field);
            }
            out_.varint(static_cast<std::uint32_t>(count.size));
            if (!member(field, object, true)) return fail_in(field);
        }
        unknown_below(UINT64_MAX);
        return true;
    }

    template <class>
    friend class Encoder;

    Out& out_;
    std::int16_t version_;
    bool flexible_;
    const UnknownTags* unknown_;
    std::uint32_t section_;
    std::string error_;
};

template <class Out>
Result<void> run(const Schema& schema, const void* message, std::int16_t version, Out& out,
                 const UnknownTags* unknown) {
    if (!schema.valid.contains(version)) {
        return fail(ErrorCode::UnsupportedVersion,
                    fmt::format("{} has no version {} (it has {} to {})", schema.name, version,
                                schema.valid.low, schema.valid.high));
    }
    const bool flexible = schema.flexible.contains(version);
    if (unknown && !unknown->empty() && !flexible) {
        return fail(ErrorCode::UnsupportedVersion,
                    fmt::format("{} version {} carries no tagged fields", schema.name, version));
    }
    Encoder<Out> encoder(out, version, flexible, unknown);
    if (encoder.structure(schema, message)) return {};
    return fail(ErrorCode::UnsupportedVersion,
                fmt::format("{} version {}: {}", schema.name, version, encoder.error()));
}

}  // namespace

Result<void> encode(const Schema& schema, const void* message, std::int16_t version, ByteSink& sink,
                    const EncodeOptions& options) {
    Writing out{sink, options.splices};
    const std::size_t begin = sink.size();
    auto done = run(schema, message, version, out, options.unknown);
    if (!done) sink.shrink_to(begin);
    return done;
}

Result<std::size_t> encoded_size(const Schema& schema, const void* message, std::int16_t version) {
    Counting out;
    MR_TRY_VOID(run(schema, message, version, out, nullptr));
    return out.size;
}

}  // namespace millrace::wire
