#include <fmt/core.h>

#include "millrace/base/base64.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/json.h"
#include "millrace/wire/records.h"

namespace millrace::wire {
namespace {

template <class T>
const T& as(const void* at) {
    return *static_cast<const T*>(at);
}

class Printer {
public:
    Printer(std::int16_t version, std::string& out) : version_(version), out_(out) {}

    bool structure(const Schema& schema, const void* object) {
        out_ += '{';
        bool first = true;
        for (const Field& field : schema.fields) {
            const bool carried = field.spec.in.contains(version_);
            if (!carried || field.spec.tagged.contains(version_)) {
                const bool at_default = is_default(field, schema, object);
                if (!carried && !at_default && !field.spec.ignorable) {
                    error_ =
                        fmt::format("{} is set, but this version does not carry it", field.name);
                    return false;
                }
                if (!carried || at_default) continue;
            }
            if (!first) out_ += ',';
            first = false;
            out_ += '"';
            out_ += json_name(field.name);
            out_ += "\":";
            const void* value = field.in(object);
            if (field.type->optional()) value = field.type->get(value);
            if (!value)
                out_ += "null";
            else if (!put(*field.type, value))
                return false;
        }
        out_ += '}';
        return true;
    }
    const std::string& error() const { return error_; }

private:
    bool put(const Type& type, const void* value) {
        switch (type.kind) {
            case Kind::Bool:
                out_ += as<bool>(value) ? "true" : "false";
                break;
            case Kind::Int8:
                out_ += std::to_string(as<std::int8_t>(value));
                break;
            case Kind::Int16:
                out_ += std::to_string(as<std::int16_t>(value));
                break;
            case Kind::UInt16:
                out_ += std::to_string(as<std::uint16_t>(value));
                break;
            case Kind::Int32:
                out_ += std::to_string(as<std::int32_t>(value));
                break;
            case Kind::UInt32:
                out_ += std::to_string(as<std::uint32_t>(value));
                break;
            case Kind::Int64:
                out_ += std::to_string(as<std::int64_t>(value));
                break;
            case Kind::Float64:
                append_java_double(as<double>(value), out_);
                break;
            case Kind::String:
                append_json_text(as<std::string>(value), out_);
                break;
            case Kind::Uuid:
                append_json_text(as<Uuid>(value).to_string(), out_);
                break;
            case Kind::Bytes:
                base64(as<Bytes>(value));
                break;
            case Kind::Records:
                if (as<Records>(value).is_null())
                    out_ += "null";
                else
                    base64(as<Records>(value).joined());
                break;
            case Kind::Struct:
                return structure(type.schema(), value);
            case Kind::Array: {
                out_ += '[';
                const std::size_t n = type.count(value);
                for (std::size_t i = 0; i < n; ++i) {
                    if (i > 0) out_ += ',';
                    if (!put(*type.element, type.at(value, i))) return false;
                }
                out_ += ']';
                break;
            }
        }
        return true;
    }
    void base64(const Bytes& bytes) {
        out_ += '"';
        append_base64(bytes.view(), out_);
        out_ += '"';
    }

    std::int16_t version_;
    std::string& out_;
    std::string error_;
};

}  // namespace

Result<void> to_json(const Schema& schema, const void* message, std::int16_t version,
                     std::string& into) {
    Printer printer(version, into);
    if (printer.structure(schema, message)) return {};
    return fail(ErrorCode::UnsupportedVersion,
                fmt::format("{} version {}: {}", schema.name, version, printer.error()));
}

}  // namespace millrace::wire
