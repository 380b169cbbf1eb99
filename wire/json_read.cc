#include <cmath>
#include <limits>
#include <vector>

#include <fmt/core.h>
#include <simdjson.h>

#include "millrace/base/base64.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/json.h"
#include "millrace/wire/records.h"

namespace millrace::wire {
namespace {

using simdjson::dom::element;

template <class T>
T& as(void* at) {
    return *static_cast<T*>(at);
}

class Reader {
public:
    Reader(std::int16_t version, Missing missing) : version_(version), missing_(missing) {}

    bool structure(const Schema& schema, void* into, element json) {
        simdjson::dom::object object;
        if (json.get_object().get(object) != simdjson::SUCCESS) return failed("is no object");
        std::vector<bool> seen(schema.fields.size());
        for (const auto [name, value] : object) {
            std::size_t i = 0;
            while (i < schema.fields.size() && json_name(schema.fields[i].name) != name) ++i;
            if (i == schema.fields.size()) return failed(fmt::format("has no field \"{}\"", name));
            seen[i] = true;
            if (!member(schema.fields[i], into, value)) return fail_in(schema.fields[i]);
        }
        for (std::size_t i = 0; i < seen.size() && missing_ == Missing::Refuse; ++i) {
            const FieldSpec& spec = schema.fields[i].spec;
            if (!seen[i] && spec.in.contains(version_) && !spec.tagged.contains(version_)) {
                return failed("is missing") || fail_in(schema.fields[i]);
            }
        }
        return true;
    }
    const std::string& error() const { return error_; }

private:
    bool failed(std::string what) {
        error_ = std::move(what);
        return false;
    }
    bool fail_in(const Field& field) {
        error_ = fmt::format(".{}{}{}", json_name(field.name),
                             error_.starts_with('[') || error_.starts_with('.') ? "" : " ", error_);
        return false;
    }

    bool member(const Field& field, void* object, element json) {
        const Type& type = *field.type;
        void* into = field.in(object);
        if (json.is_null()) {
            if (type.kind == Kind::Records)
                as<Records>(into) = {};
            else if (type.optional())
                type.reset(into);
            else
                return failed("is null, but may not be");
            return true;
        }
        return get(type, type.optional() ? type.set(into) : into, json);
    }

    template <class T>
    bool integer(void* into, element json) {
        std::int64_t value = 0;
        if (json.get_int64().get(value) != simdjson::SUCCESS) return failed("is no integer");
        if (value < std::numeric_limits<T>::min() ||
            value > std::int64_t{std::numeric_limits<T>::max()}) {
            return failed(fmt::format("has value {}, outside of its type", value));
        }
        as<T>(into) = static_cast<T>(value);
        return true;
    }

    bool get(const Type& type, void* into, element json) {
        switch (type.kind) {
            case Kind::Bool:
                return json.get_bool().get(as<bool>(into)) == simdjson::SUCCESS ||
                       failed("is no boolean");
            case Kind::Int8:
                return integer<std::int8_t>(into, json);
            case Kind::Int16:
                return integer<std::int16_t>(into, json);
            case Kind::UInt16:
                return integer<std::uint16_t>(into, json);
            case Kind::Int32:
                return integer<std::int32_t>(into, json);
            case Kind::UInt32:
                return integer<std::uint32_t>(into, json);
            case Kind::Int64:
                return integer<std::int64_t>(into, json);
            case Kind::Float64:
                return number(as<double>(into), json);
            case Kind::Array:
                return array(type, into, json);
            case Kind::Struct:
                return structure(type.schema(), into, json);
            default:
                break;
        }
        std::string_view text;
        if (json.get_string().get(text) != simdjson::SUCCESS) return failed("is no text");
        if (type.kind == Kind::String) {
            as<std::string>(into) = text;
            return true;
        }
        if (type.kind == Kind::Uuid) {
            return Uuid::parse(text, as<Uuid>(into)) ||
                   failed("is no uuid of 22 characters of base64url");
        }
        std::vector<std::byte> bytes;
        if (!from_base64(text, bytes)) return failed("is no base64");
        if (type.kind == Kind::Bytes)
            as<Bytes>(into) = Bytes::copy(BytesView(bytes));
        else
            as<Records>(into) = Records(Bytes::copy(BytesView(bytes)));
        return true;
    }

    bool number(double& into, element json) {
        std::string_view text;
        if (json.get_string().get(text) != simdjson::SUCCESS) {
            return json.get_double().get(into) == simdjson::SUCCESS || failed("is no number");
        }
        constexpr double kInfinity = std::numeric_limits<double>::infinity();
        if (text == "NaN")
            into = std::numeric_limits<double>::quiet_NaN();
        else if (text == "Infinity")
            into = kInfinity;
        else if (text == "-Infinity")
            into = -kInfinity;
        else
            return failed("is no number");
        return true;
    }

    bool array(const Type& type, void* into, element json) {
        simdjson::dom::array elements;
        if (json.get_array().get(elements) != simdjson::SUCCESS) return failed("is no array");
        type.clear(into);
        std::size_t i = 0;
        for (const element value : elements) {
            if (!get(*type.element, type.add(into), value)) {
                error_ = fmt::format("[{}]{}{}", i, error_.starts_with('.') ? "" : " ", error_);
                return false;
            }
            ++i;
        }
        return true;
    }

    std::int16_t version_;
    Missing missing_;
    std::string error_;
};

}  // namespace

Result<void> from_json(const Schema& schema, void* into, std::int16_t version,
                       std::string_view json, Missing missing) {
    simdjson::dom::parser parser;
    element root;
    if (const auto error = parser.parse(json.data(), json.size()).get(root);
        error != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidRequest,
                    fmt::format("no JSON: {}", simdjson::error_message(error)));
    }
    Reader reader(version, missing);
    if (reader.structure(schema, into, root)) return {};
    return fail(ErrorCode::InvalidRequest,
                fmt::format("{} version {}: {}", schema.name, version, reader.error()));
}

}  // namespace millrace::wire
