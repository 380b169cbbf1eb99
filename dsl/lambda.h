#pragma once
// What a lambda asks for. It names only what it needs, and what no lambda of a topology names is
// not deserialised. What one names is read once, at the source: a record that does not parse goes
// to the deserialization handler there and reaches nobody, as in Kafka.
//
//     [](const V& value)                 [](const K& key, const V& value)             [](const
//     Record<K, V>& record)
//
// A null: a parameter `const T&` (or T) promises to have no nulls. The lambda is then not called,
// and the operator goes on as if there were nothing to say: filter is false, map_values gives null,
// flat_map nothing, select_key a null key, peek is silent, an aggregate stays as it is. `map` alone
// has no such answer: a null there is a processing exception. A parameter `const T*` or
// `std::optional<T>` sees nulls; so does a Record. A result std::optional<T> can be null.
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "millrace/dsl/record.h"

namespace millrace::dsl {

// Named in compile errors: "required from ... Caller<op::filter, Key, Value, Lambda>".
namespace op {
struct filter;
struct filter_not;
struct map;
struct map_values;
struct flat_map;
struct flat_map_values;
struct select_key;
struct peek;
struct for_each;
struct group_by;
struct reduce;
struct aggregate;
struct join;
}  // namespace op

template <class F, class = void>
struct CallOf {
    static constexpr bool known = false;  // a generic lambda, or an overloaded call operator
    using args = std::tuple<>;
};
template <class M>
struct MemberCall;
template <class C, class R, class... A>
struct MemberCall<R (C::*)(A...) const> {
    using args = std::tuple<A...>;
};
template <class C, class R, class... A>
struct MemberCall<R (C::*)(A...) const noexcept> {
    using args = std::tuple<A...>;
};
template <class C, class R, class... A>
struct MemberCall<R (C::*)(A...)> {
    using args = std::tuple<A...>;
};
template <class C, class R, class... A>
struct MemberCall<R (C::*)(A...) noexcept> {
    using args = std::tuple<A...>;
};
template <class F>
struct CallOf<F, std::void_t<decltype(&F::operator())>> {
    static constexpr bool known = true;
    using args = typename MemberCall<decltype(&F::operator())>::args;
};
template <class R, class... A>
struct CallOf<R (*)(A...), void> {
    static constexpr bool known = true;
    using args = std::tuple<A...>;
};

enum class See : std::uint8_t { No, Value, Pointer, Optional };  // how a parameter takes a T

template <class Param, class T>
constexpr See see() {
    using Bare = std::remove_cvref_t<Param>;
    if constexpr (std::is_same_v<Bare, const T*>)
        return See::Pointer;
    else if constexpr (std::is_same_v<Bare, std::optional<T>>)
        return See::Optional;
    else if constexpr (std::is_convertible_v<const T&, Param> && !std::is_pointer_v<Bare>)
        return See::Value;
    else
        return See::No;
}

// One argument on its way in: usable() is false for a null that the parameter cannot take.
template <See kSee, class T>
struct Argument {
    Argument(engine::Column& column, engine::Row row) {
        if constexpr (std::is_same_v<T, BytesView>) {  // bytes as they are need no object
            if (column.are_bytes(row)) [[likely]] {
                bytes = column[row].bytes();
                value = &bytes;
                return;
            }
        }
        value = column.get<T>(row);
        if (!value && column[row].is_bad()) [[unlikely]]
            throw engine::CellIsBad{};
    }
    Argument(const Argument&) = delete;
    Argument& operator=(const Argument&) = delete;
    explicit Argument(const T* v) : value(v) {}
    bool usable() const { return kSee != See::Value || value; }
    decltype(auto) pass() const {
        if constexpr (kSee == See::Value)
            return static_cast<const T&>(*value);
        else if constexpr (kSee == See::Pointer)
            return value;
        else
            return value ? std::optional<T>(*value) : std::optional<T>();
    }
    const T* value = nullptr;
    struct None {};
    [[no_unique_address]] std::conditional_t<std::is_same_v<T, BytesView>, BytesView, None> bytes;
};

enum class Shape : std::uint8_t { Wrong, Value, KeyValue, Record };

template <class Op, class K, class V, class F>
struct Caller {
    using Args = typename CallOf<F>::args;
    static constexpr std::size_t kArity = std::tuple_size_v<Args>;

    template <std::size_t I, class T>
    static constexpr See see_argument() {
        if constexpr (CallOf<F>::known && I < kArity)
            return see<std::tuple_element_t<I, Args>, T>();
        else
            return See::Value;  // a generic lambda gets references
    }
    static constexpr Shape find_shape() {
        if constexpr (CallOf<F>::known) {
            if constexpr (kArity == 1) {
                if constexpr (std::is_same_v<std::remove_cvref_t<std::tuple_element_t<0, Args>>,
                                             Record<K, V>>)
                    return Shape::Record;
                else
                    return see_argument<0, V>() != See::No ? Shape::Value : Shape::Wrong;
            } else if constexpr (kArity == 2) {
                return see_argument<0, K>() != See::No && see_argument<1, V>() != See::No
                           ? Shape::KeyValue
                           : Shape::Wrong;
            } else {
                return Shape::Wrong;
            }
        } else if constexpr (std::is_invocable_v<const F&, const V&>) {
            return Shape::Value;
        } else if constexpr (std::is_invocable_v<const F&, const K&, const V&>) {
            return Shape::KeyValue;
        } else if constexpr (std::is_invocable_v<const F&, const Record<K, V>&>) {
            return Shape::Record;
        } else {
            return Shape::Wrong;
        }
    }
    static constexpr Shape kShape = find_shape();
    static_assert(kShape != Shape::Wrong,
                  "this operator's lambda must take (value), (key, value) or (const Record<K, "
                  "V>&), with the key and value types "
                  "of the stream, each as T, const T&, const T* or std::optional<T>: see the "
                  "operator, K, V and the lambda in "
                  "'Caller<operator, K, V, lambda>' above");

    static constexpr bool kAsksKey = kShape == Shape::KeyValue || kShape == Shape::Record;
    static constexpr bool kAsksValue = true;

    // Calls then(result); false: a null stood in the way and the lambda was not called.
    template <class Then>
    static bool call(const F& f, const engine::Run& run, engine::Row row, Then&& then) {
        if constexpr (kShape == Shape::Value) {
            const Argument<see_argument<0, V>(), V> value(*run.values, row);
            if (!value.usable()) return false;
            then_with(then, [&]() -> decltype(auto) { return f(value.pass()); });
        } else if constexpr (kShape == Shape::KeyValue) {
            const Argument<see_argument<0, K>(), K> key(*run.keys, row);
            if (!key.usable()) return false;
            const Argument<see_argument<1, V>(), V> value(*run.values, row);
            if (!value.usable()) return false;
            then_with(then, [&]() -> decltype(auto) { return f(key.pass(), value.pass()); });
        } else if constexpr (kShape == Shape::Record) {
            const Record<K, V> record(Part<K>(*run.keys, row), Part<V>(*run.values, row),
                                      Timestamp{run.rows->timestamp[row]}, run.rows->headers[row]);
            then_with(then, [&]() -> decltype(auto) { return f(record); });
        }
        return true;
    }
    static auto result_type() {
        if constexpr (kShape == Shape::Value)
            return Type<std::invoke_result_t<
                const F&, decltype(std::declval<Argument<see_argument<0, V>(), V>>().pass())>>{};
        else if constexpr (kShape == Shape::KeyValue)
            return Type<std::invoke_result_t<
                const F&, decltype(std::declval<Argument<see_argument<0, K>(), K>>().pass()),
                decltype(std::declval<Argument<see_argument<1, V>(), V>>().pass())>>{};
        else if constexpr (kShape == Shape::Record)
            return Type<std::invoke_result_t<const F&, const Record<K, V>&>>{};
        else
            return Type<void>{};
    }
    template <class T>
    struct Type {
        using type = T;
    };
    using Result = typename decltype(result_type())::type;

private:
    template <class Then, class Call>
    static void then_with(Then& then, Call&& call) {
        if constexpr (std::is_void_v<decltype(call())>) {
            call();
            then();
        } else {
            then(call());
        }
    }
};

// The type a stream has when a lambda returns R: optional is a null or not; text is std::string.
template <class R>
struct StreamType {
    using type = R;
};
template <class T>
struct StreamType<std::optional<T>> {
    using type = typename StreamType<T>::type;
};
template <>
struct StreamType<const char*> {
    using type = std::string;
};
template <>
struct StreamType<std::string_view> {
    using type = std::string;
};
template <class R>
using StreamTypeOf = typename StreamType<std::remove_cvref_t<R>>::type;

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

// Writes a lambda's result into a cell.
template <class T, class R>
void put(engine::Column& column, engine::Row row, R&& result) {
    if constexpr (IsOptional<std::remove_cvref_t<R>>::value) {
        if (result)
            column.object<T>(row) = *std::forward<R>(result);
        else
            column.set_null(row);
    } else if constexpr (std::is_same_v<T, BytesView>) {
        column[row].set_bytes(result);  // no copy: it points into the lambda's arguments
    } else {
        column.object<T>(row) = std::forward<R>(result);
    }
}

}  // namespace millrace::dsl
