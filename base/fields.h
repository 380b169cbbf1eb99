#pragma once
// The members of a plain struct by name (design §3.13). A type that is more than a plain aggregate
// (private members, a base, C arrays, renamed fields) says so itself, in the idiom of the wire
// messages, and this wins:
//
//   struct Alert {
//       std::string rule;
//       static void fields(auto&& f) { f("rule", &Alert::rule); }
//   };
#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace millrace {

template <class T>
concept HasFieldList = requires {
    T::fields([](auto&&...) {});
};

namespace fields_detail {

struct AnyMember {
    template <class U>
    operator U&() const& noexcept;
    template <class U>
    operator U&&() const&& noexcept;
};

template <class T, std::size_t... I>
constexpr bool made_of(std::index_sequence<I...>) {
    return requires {
        T{(static_cast<void>(I), AnyMember{})...};
    };
}
// The greatest number of initialisers is the number of members.
template <class T, std::size_t N = 33>
constexpr std::size_t count() {
    if constexpr (N == 0)
        return 0;
    else if constexpr (made_of<T>(std::make_index_sequence<N>{}))
        return N;
    else
        return count<T, N - 1>();
}

template <class T>
constexpr auto tie(T& object) {
    constexpr std::size_t n = count<std::remove_const_t<T>>();
    static_assert(
        n <= 32,
        "a plain record type has at most 32 members; give it `static void fields(auto&& f)`");
    if constexpr (n == 0) {
        static_cast<void>(object);
        return std::tuple<>();
    } else if constexpr (n == 1) {
        auto& [m1] = object;
        return std::tie(m1);
    } else if constexpr (n == 2) {
        auto& [m1, m2] = object;
        return std::tie(m1, m2);
    } else if constexpr (n == 3) {
        auto& [m1, m2, m3] = object;
        return std::tie(m1, m2, m3);
    } else if constexpr (n == 4) {
        auto& [m1, m2, m3, m4] = object;
        return std::tie(m1, m2, m3, m4);
    } else if constexpr (n == 5) {
        auto& [m1, m2, m3, m4, m5] = object;
        return std::tie(m1, m2, m3, m4, m5);
    } else if constexpr (n == 6) {
        auto& [m1, m2, m3, m4, m5, m6] = object;
        return std::tie(m1, m2, m3, m4, m5, m6);
    } else if constexpr (n == 7) {
        auto& [m1, m2, m3, m4, m5, m6, m7] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7);
    } else if constexpr (n == 8) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8);
    } else if constexpr (n == 9) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9);
    } else if constexpr (n == 10) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10);
    } else if constexpr (n == 11) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11);
    } else if constexpr (n == 12) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12);
    } else if constexpr (n == 13) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13);
    } else if constexpr (n == 14) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14);
    } else if constexpr (n == 15) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15);
    } else if constexpr (n == 16) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16);
    } else if constexpr (n == 17) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17);
    } else if constexpr (n == 18) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18] =
            object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18);
    } else if constexpr (n == 19) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18,
               m19] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19);
    } else if constexpr (n == 20) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20);
    } else if constexpr (n == 21) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21);
    } else if constexpr (n == 22) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22);
    } else if constexpr (n == 23) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23);
    } else if constexpr (n == 24) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24);
    } else if constexpr (n == 25) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24, m25] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24, m25);
    } else if constexpr (n == 26) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24, m25, m26] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24, m25, m26);
    } else if constexpr (n == 27) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24, m25, m26, m27] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24, m25, m26, m27);
    } else if constexpr (n == 28) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24, m25, m26, m27, m28] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28);
    } else if constexpr (n == 29) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24, m25, m26, m27, m28, m29] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29);
    } else if constexpr (n == 30) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30);
    } else if constexpr (n == 31) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31);
    } else if constexpr (n == 32) {
        auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
               m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32] = object;
        return std::tie(m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17,
                        m18, m19, m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32);
    }
}

template <class T>
struct Holder {
    T value;
};
template <class T>
extern const Holder<T> holder;  // never defined: only addresses of its members are named

template <const auto* Member>
constexpr std::string_view pretty() {
    return __PRETTY_FUNCTION__;  // ... [with const auto* Member = (&
                                 // holder<X>.Holder<X>::value.X::name); ...
}
constexpr std::string_view last_name(std::string_view text) {
    std::size_t end = text.find(';');
    if (end == std::string_view::npos) end = text.rfind(']');
    text = text.substr(0, end);
    while (!text.empty() && (text.back() == ')' || text.back() == ' ')) text.remove_suffix(1);
    const std::size_t from = text.find_last_of(":.");
    return text.substr(from + 1);
}
template <class T, std::size_t I>
constexpr std::string_view name() {
    return last_name(pretty<&std::get<I>(tie(holder<T>.value))>());
}

}  // namespace fields_detail

// A struct that JSON and the like can take apart without help.
template <class T>
concept PlainStruct = HasFieldList<T> ||
    (std::is_class_v<T>&& std::is_aggregate_v<T>&& std::is_default_constructible_v<T>);

// Calls f(name, member&) for each member, in order.
template <class T, class F>
void for_each_field(T& object, F&& f) {
    using Plain = std::remove_const_t<T>;
    if constexpr (HasFieldList<Plain>) {
        Plain::fields(
            [&](std::string_view name, auto member, auto&&...) { f(name, object.*member); });
    } else {
        static_assert(std::is_aggregate_v<Plain>,
                      "this type is no plain struct: give it `static void fields(auto&& f) { "
                      "f(\"name\", &T::name); ... }`");
        auto members = fields_detail::tie(object);
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (f(fields_detail::name<Plain, I>(), std::get<I>(members)), ...);
        }
        (std::make_index_sequence<std::tuple_size_v<decltype(members)>>{});
    }
}

}  // namespace millrace
