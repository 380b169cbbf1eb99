#pragma once
// Serdes. A serde of T reads into an object that is there and writes into a sink; anything with
// these two functions is one:
//
//   struct CardSerde {
//       Result<void> read(BytesView bytes, Card& into) const;
//       void write(const Card& card, ByteSink& into) const;
//   };
//   builder.stream<Card, Payment>("payments", Consumed::with(serde<Card>(CardSerde{}),
//   serde<Payment>()));
//
// A serde may also have `bool plausible(BytesView bytes) const`, a quick check without an object,
// and say `static constexpr bool kPlausibleIsExact = true` when nothing else can go wrong in read()
// (or nothing at all, without plausible): then a record need not be read at its source to know that
// it parses.
//
// Without a word the serde is chosen by the type: Kafka's own formats for strings, integers,
// floating point, bool, UUID and bytes; JSON for plain structs (json.h). `DefaultSerde<T>` may be
// specialised for a type of yours.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "millrace/base/bytes.h"
#include "millrace/base/fields.h"
#include "millrace/base/result.h"
#include "millrace/base/uuid.h"
#include "millrace/engine/operators/codec.h"

namespace millrace {

template <class S, class T>
concept SerdeFor = requires(const S& serde, BytesView bytes, T& into, const T& from,
                            ByteSink& sink) {
    { serde.read(bytes, into) } -> std::same_as<Result<void>>;
    {serde.write(from, sink)};
};

template <class T>
class Serde {  // a serde of T, erased; cheap to copy
public:
    explicit Serde(engine::CodecPtr codec) : codec_(std::move(codec)) {}
    const engine::CodecPtr& codec() const { return codec_; }

private:
    engine::CodecPtr codec_;
};

namespace serde_detail {

template <class T, class S>
class CodecOf final : public engine::Codec {
public:
    explicit CodecOf(S serde) : serde_(std::move(serde)) {
        if constexpr (requires { serde_.fingerprint(); }) {
            fingerprint_ = serde_.fingerprint();
        } else {
            fingerprint_ = std::string(engine::type_name<S>());
            // Two objects of a serde with state may write different bytes.
            if constexpr (!std::is_empty_v<S>)
                fingerprint_ += '@' + std::to_string(reinterpret_cast<std::uintptr_t>(this));
        }
    }
    const engine::TypeOps& type() const override { return engine::type_ops<T>(); }
    Result<void> read(BytesView bytes, void* into) const override {
        return serde_.read(bytes, *static_cast<T*>(into));
    }
    void write(const void* from, ByteSink& into) const override {
        serde_.write(*static_cast<const T*>(from), into);
    }
    bool plausible(BytesView bytes) const override {
        if constexpr (requires { serde_.plausible(bytes); })
            return serde_.plausible(bytes);
        else
            return true;
    }
    bool always_plausible() const override {
        return !requires(const S& s, BytesView b) {
            s.plausible(b);
        };
    }
    bool plausible_is_exact() const override {
        if constexpr (requires { serde_.plausible_is_exact(); })
            return serde_.plausible_is_exact();
        else if constexpr (requires { S::kPlausibleIsExact; })
            return S::kPlausibleIsExact;
        else
            return false;
    }
    std::size_t fixed_size() const override {
        if constexpr (requires { S::kFixedSize; })
            return S::kFixedSize;
        else
            return 0;
    }
    BytesView partition_bytes(BytesView bytes) const override {
        if constexpr (requires { serde_.partition_bytes(bytes); })
            return serde_.partition_bytes(bytes);
        else
            return bytes;
    }
    const std::string& fingerprint() const override { return fingerprint_; }

private:
    S serde_;
    std::string fingerprint_;
};

}  // namespace serde_detail

// A serde object as a Serde<T>.
template <class T, SerdeFor<T> S>
Serde<T> serde(S object) {
    return Serde<T>(std::make_shared<const serde_detail::CodecOf<T, S>>(std::move(object)));
}

// ---- Kafka's own formats (org.apache.kafka.common.serialization); null is never seen here: no
// bytes -----------------------

struct StringSerde {  // UTF-8 as it is
    static constexpr bool kPlausibleIsExact = true;
    Result<void> read(BytesView bytes, std::string& into) const {
        into.assign(as_text(bytes));
        return {};
    }
    void write(const std::string& text, ByteSink& into) const {
        into.append(std::string_view(text));
    }
    std::string fingerprint() const { return "bytes"; }
};
struct BytesSerde {  // ByteArraySerde
    static constexpr bool kPlausibleIsExact = true;
    Result<void> read(BytesView bytes, std::vector<std::byte>& into) const {
        into.assign(bytes.begin(), bytes.end());
        return {};
    }
    void write(const std::vector<std::byte>& bytes, ByteSink& into) const {
        into.append(BytesView(bytes));
    }
    std::string fingerprint() const { return "bytes"; }
};
struct SharedBytesSerde {  // the same as Kafka's BytesSerde: bytes that copies share
    static constexpr bool kPlausibleIsExact = true;
    Result<void> read(BytesView bytes, Bytes& into) const {
        into = Bytes::copy(bytes);
        return {};
    }
    void write(const Bytes& bytes, ByteSink& into) const { into.append(bytes.view()); }
    std::string fingerprint() const { return "bytes"; }
};
// No copy: the view is good while the lambda that got it runs. What a lambda returns may point into
// its arguments.
struct BytesViewSerde {
    static constexpr bool kPlausibleIsExact = true;
    Result<void> read(BytesView bytes, BytesView& into) const {
        into = bytes;
        return {};
    }
    void write(const BytesView& bytes, ByteSink& into) const { into.append(bytes); }
    std::string fingerprint() const { return "bytes"; }
};
template <class T>  // big endian, as Java's; float and double by their IEEE-754 bits
struct NumberSerde {
    static constexpr std::size_t kFixedSize = sizeof(T);
    static constexpr bool kPlausibleIsExact = true;
    Result<void> read(BytesView bytes, T& into) const;
    void write(const T& value, ByteSink& into) const;
    bool plausible(BytesView bytes) const { return bytes.size() == sizeof(T); }
    std::string fingerprint() const;
};
extern template struct NumberSerde<std::int16_t>;
extern template struct NumberSerde<std::int32_t>;
extern template struct NumberSerde<std::int64_t>;
extern template struct NumberSerde<float>;
extern template struct NumberSerde<double>;
struct BoolSerde {  // one byte, 0 or 1
    static constexpr bool kPlausibleIsExact = true;
    Result<void> read(BytesView bytes, bool& into) const;
    void write(const bool& value, ByteSink& into) const {
        into.push(static_cast<std::byte>(value));
    }
    bool plausible(BytesView bytes) const {
        return bytes.size() == 1 && static_cast<unsigned>(bytes[0]) <= 1;
    }
    std::string fingerprint() const { return "bool"; }
};
struct UuidSerde {  // its 36 characters
    static constexpr bool kPlausibleIsExact = true;
    Result<void> read(BytesView bytes, Uuid& into) const;
    void write(const Uuid& value, ByteSink& into) const;
    bool plausible(BytesView bytes) const;
    std::string fingerprint() const { return "uuid"; }
};
struct Void {  // a key or value that is always null
    friend bool operator==(Void, Void) = default;
};
struct VoidSerde {
    static constexpr bool kPlausibleIsExact = true;
    Result<void> read(BytesView bytes, Void&) const;
    void write(const Void&, ByteSink&) const {}
    bool plausible(BytesView) const { return false; }
    std::string fingerprint() const { return "void"; }
};

// ---- the serde of a type, when none is named
// --------------------------------------------------------------------------------

template <class T>
struct DefaultSerde;  // no member `make`: the type has none

template <>
struct DefaultSerde<std::string> {
    static auto make() { return serde<std::string>(StringSerde{}); }
};
template <>
struct DefaultSerde<std::vector<std::byte>> {
    static auto make() { return serde<std::vector<std::byte>>(BytesSerde{}); }
};
template <>
struct DefaultSerde<Bytes> {
    static auto make() { return serde<Bytes>(SharedBytesSerde{}); }
};
template <>
struct DefaultSerde<BytesView> {
    static auto make() { return serde<BytesView>(BytesViewSerde{}); }
};
template <>
struct DefaultSerde<bool> {
    static auto make() { return serde<bool>(BoolSerde{}); }
};
template <>
struct DefaultSerde<Uuid> {
    static auto make() { return serde<Uuid>(UuidSerde{}); }
};
template <>
struct DefaultSerde<Void> {
    static auto make() { return serde<Void>(VoidSerde{}); }
};
template <>
struct DefaultSerde<std::int16_t> {
    static auto make() { return serde<std::int16_t>(NumberSerde<std::int16_t>{}); }
};
template <>
struct DefaultSerde<std::int32_t> {
    static auto make() { return serde<std::int32_t>(NumberSerde<std::int32_t>{}); }
};
template <>
struct DefaultSerde<std::int64_t> {
    static auto make() { return serde<std::int64_t>(NumberSerde<std::int64_t>{}); }
};
template <>
struct DefaultSerde<float> {
    static auto make() { return serde<float>(NumberSerde<float>{}); }
};
template <>
struct DefaultSerde<double> {
    static auto make() { return serde<double>(NumberSerde<double>{}); }
};

template <class T>
concept HasDefaultSerde = requires {
    DefaultSerde<T>::make();
};

template <HasDefaultSerde T>
Serde<T> serde() {
    return DefaultSerde<T>::make();
}

namespace serde_detail {
template <class T>
engine::CodecPtr
default_codec() {  // null when the type has none: an error only where bytes are needed
    if constexpr (HasDefaultSerde<T>)
        return DefaultSerde<T>::make().codec();
    else
        return nullptr;
}
}  // namespace serde_detail

}  // namespace millrace

#include "millrace/dsl/serde/json.h"
