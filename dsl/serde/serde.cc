#include "millrace/dsl/serde/serde.h"

#include "millrace/base/byte_order.h"

namespace millrace {
namespace {

Failure wrong_size(const char* type, std::size_t expected, std::size_t got) {
    return fail(ErrorCode::InvalidRecord, std::string(type) + " has " + std::to_string(expected) +
                                              " bytes, not " + std::to_string(got));
}

template <class T>
constexpr const char* number_name() {
    if constexpr (std::is_same_v<T, std::int16_t>)
        return "int16";
    else if constexpr (std::is_same_v<T, std::int32_t>)
        return "int32";
    else if constexpr (std::is_same_v<T, std::int64_t>)
        return "int64";
    else if constexpr (std::is_same_v<T, float>)
        return "float";
    else
        return "double";
}

}  // namespace

template <class T>
Result<void> NumberSerde<T>::read(BytesView bytes, T& into) const {
    if (bytes.size() != sizeof(T)) return wrong_size(number_name<T>(), sizeof(T), bytes.size());
    into = load_be<T>(bytes.data());
    return {};
}
template <class T>
void NumberSerde<T>::write(const T& value, ByteSink& into) const {
    store_be<T>(into.grow(sizeof(T)), value);
}
template <class T>
std::string NumberSerde<T>::fingerprint() const {
    return number_name<T>();
}
template struct NumberSerde<std::int16_t>;
template struct NumberSerde<std::int32_t>;
template struct NumberSerde<std::int64_t>;
template struct NumberSerde<float>;
template struct NumberSerde<double>;

Result<void> BoolSerde::read(BytesView bytes, bool& into) const {
    if (bytes.size() != 1) return wrong_size("bool", 1, bytes.size());
    const auto b = std::to_integer<unsigned>(bytes[0]);
    if (b > 1) return fail(ErrorCode::InvalidRecord, "a bool is 0 or 1");
    into = b == 1;
    return {};
}

Result<void> UuidSerde::read(BytesView bytes, Uuid& into) const {
    const std::string_view text = as_text(bytes);
    std::string hex;
    for (std::size_t i = 0; i < text.size() && i < 36; ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text[i] == '-')) return fail(ErrorCode::InvalidRecord, "no UUID text");
        if (!dash) hex += text[i];
    }
    std::vector<std::byte> raw;
    if (text.size() != 36 || !from_hex(hex, raw) || raw.size() != 16)
        return fail(ErrorCode::InvalidRecord, "a UUID is 36 characters of hex and dashes");
    into.high = load_be<std::uint64_t>(raw.data());
    into.low = load_be<std::uint64_t>(raw.data() + 8);
    return {};
}

bool UuidSerde::plausible(BytesView bytes) const {
    Uuid ignored;
    return read(bytes, ignored).has_value();
}

void UuidSerde::write(const Uuid& value, ByteSink& into) const {
    into.append(std::string_view(value.to_text()));
}

Result<void> VoidSerde::read(BytesView, Void&) const {
    return fail(ErrorCode::InvalidRecord, "Void is always null");
}

}  // namespace millrace
