#pragma once
// Builds the Schema of a message from its list of fields. Only the .cc of a message includes this.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/error_code.h"
#include "millrace/base/uuid.h"
#include "millrace/wire/api.h"
#include "millrace/wire/records.h"
#include "millrace/wire/schema.h"

namespace millrace::wire {
namespace describe {

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
constexpr Kind kind_of() {
    if constexpr (std::is_same_v<T, bool>)
        return Kind::Bool;
    else if constexpr (std::is_same_v<T, std::int8_t>)
        return Kind::Int8;
    else if constexpr (std::is_same_v<T, std::int16_t> || std::is_same_v<T, ErrorCode>)
        return Kind::Int16;
    else if constexpr (std::is_same_v<T, std::uint16_t>)
        return Kind::UInt16;
    else if constexpr (std::is_same_v<T, std::int32_t>)
        return Kind::Int32;
    else if constexpr (std::is_same_v<T, std::uint32_t>)
        return Kind::UInt32;
    else if constexpr (std::is_same_v<T, std::int64_t>)
        return Kind::Int64;
    else if constexpr (std::is_same_v<T, double>)
        return Kind::Float64;
    else if constexpr (std::is_same_v<T, std::string>)
        return Kind::String;
    else if constexpr (std::is_same_v<T, Uuid>)
        return Kind::Uuid;
    else if constexpr (std::is_same_v<T, Bytes>)
        return Kind::Bytes;
    else if constexpr (std::is_same_v<T, Records>)
        return Kind::Records;
    else if constexpr (kIsVector<T>)
        return Kind::Array;
    else
        return Kind::Struct;
}

template <class T>
struct TypeOf {
    static constexpr Type make() {
        Type type;
        if constexpr (kIsOptional<T>) {
            using V = typename T::value_type;
            type = TypeOf<V>::make();
            type.get = [](const void* at) -> const void* {
                const T& it = *static_cast<const T*>(at);
                return it ? &*it : nullptr;
            };
            // Not emplace(): clang finds nested structs not constructible inside their parent.
            type.set = [](void* at) -> void* { return &*(*static_cast<T*>(at) = V{}); };
            type.reset = [](void* at) { static_cast<T*>(at)->reset(); };
        } else {
            type.kind = kind_of<T>();
            type.size = sizeof(T);
            if constexpr (kIsVector<T>) {
                type.element = &TypeOf<typename T::value_type>::kType;
                type.count = [](const void* at) { return static_cast<const T*>(at)->size(); };
                type.at = [](const void* at, std::size_t i) -> const void* {
                    return &(*static_cast<const T*>(at))[i];
                };
                type.add = [](void* at) -> void* { return &static_cast<T*>(at)->emplace_back(); };
                type.clear = [](void* at) { static_cast<T*>(at)->clear(); };
            } else if constexpr (kind_of<T>() == Kind::Struct) {
                type.schema = &schema_of<T>;
            }
        }
        return type;
    }
    static constexpr Type kType = make();
};

class Collector {  // what a list of fields is given to
public:
    Collector(Schema& schema, const void* defaults);
    template <class M, class T>
    void operator()(std::string_view name, T M::*member, const FieldSpec& spec) {
        add(name, &(static_cast<const M*>(defaults_)->*member), TypeOf<T>::kType, spec);
    }
    void finish();  // sorts by_tag

private:
    void add(std::string_view name, const void* member, const Type&, const FieldSpec&);
    Schema& schema_;
    const void* defaults_;
};

using Destroy = void (*)(void*);
std::shared_ptr<void> share(void* made, Destroy);

}  // namespace describe

template <class M>
const Schema& schema_of() {
    static const Schema& built = *[] {
        auto* schema = new Schema;
        describe::Collector collect(*schema, new M{});
        M::fields(collect);
        collect.finish();
        if constexpr (requires { M::kName; }) {
            schema->name = M::kName;
            schema->valid = M::kValid;
            schema->flexible = M::kFlexible;
            schema->make = [] {
                return describe::share(new M{}, [](void* made) { delete static_cast<M*>(made); });
            };
            if constexpr (requires { M::kFraming; }) schema->framing = M::kFraming;
            if constexpr (requires { M::kType; }) schema->type = M::kType;
            if constexpr (requires { M::kKey; }) {
                schema->type = static_cast<std::int16_t>(M::kKey);
                schema->tag = AnyMessage::tag<M>();
            }
        }
        return schema;
    }();
    return built;
}

template <class Request, class Response>
Api describe_api(std::string_view name) {
    constexpr Versions stable = [] {
        if constexpr (requires { Request::kStable; })
            return Request::kStable;
        else
            return Request::kValid;
    }();
    return {.key = Request::kKey,
            .name = name,
            .version_min = stable.low,
            .version_max = stable.high,
            .flexible_since =
                Request::kFlexible == kNever ? std::int16_t{INT16_MAX} : Request::kFlexible.low,
            .decode_request =
                [](const Bytes& body, std::int16_t version) {
                    return decode_any(schema_of<Request>(), body, version, true);
                },
            .decode_response =
                [](const Bytes& body, std::int16_t version) {
                    return decode_any(schema_of<Response>(), body, version, false);
                },
            .encode_request =
                [](const AnyRequest& any, ByteSink& sink) {
                    return encode_any(schema_of<Request>(), any, sink);
                },
            .encode_response =
                [](const AnyResponse& any, ByteSink& sink) {
                    return encode_any(schema_of<Response>(), any, sink);
                },
            .request = &schema_of<Request>,
            .response = &schema_of<Response>};
}

}  // namespace millrace::wire
