#pragma once
// What the engine knows of a user's type: how to keep objects of it (TypeOps) and how to turn them
// into bytes and back (Codec, the erased serde). Both are immutable and shared by all tasks. The
// typed face is dsl/serde/serde.h.
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "millrace/base/bytes.h"
#include "millrace/base/result.h"

namespace millrace::engine {

struct TypeOps {
    std::string_view name;  // as the compiler spells it, for messages
    std::size_t size;
    void* (*create)(std::size_t count);  // an array of default objects; recycled, so a decode costs
                                         // no allocation
    void (*destroy)(void* objects);
    void (*copy)(const void* from, void* to);  // assignment
};

template <class T>
constexpr std::string_view type_name() {
    std::string_view name = __PRETTY_FUNCTION__;  // "... [with T = X; std::string_view = ...]"
    const std::size_t from = name.find("T = ") + 4;
    const std::size_t to = name.find_first_of(";]", from);
    return name.substr(from, to - from);
}

template <class T>
const TypeOps& type_ops() {
    static constexpr TypeOps ops{
        type_name<T>(), sizeof(T), [](std::size_t count) -> void* { return new T[count](); },
        [](void* objects) { delete[] static_cast<T*>(objects); },
        [](const void* from, void* to) { *static_cast<T*>(to) = *static_cast<const T*>(from); }};
    return ops;
}

class Codec {
public:
    virtual ~Codec() = default;
    virtual const TypeOps& type() const = 0;
    // Into an object that is there: every member is set anew, buffers are reused.
    virtual Result<void> read(BytesView bytes, void* into) const = 0;
    virtual void write(const void* from, ByteSink& into) const = 0;
    // A cheap check at the source, before anything is decoded: false when read() is sure to fail (a
    // wrong length).
    virtual bool plausible(BytesView) const { return true; }
    virtual bool always_plausible() const { return true; }
    // read() fails exactly where plausible() is false: there is no need to read in order to know.
    virtual bool plausible_is_exact() const { return false; }
    virtual std::size_t fixed_size() const { return 0; }  // of what is plausible; 0: any size
    // What the partitioner hashes: of a windowed key, the inner key only
    // (WindowedStreamPartitioner).
    virtual BytesView partition_bytes(BytesView bytes) const { return bytes; }
    // Equal fingerprints: equal bytes for equal objects. Then bytes travel on without a serde; a
    // store remembers it.
    virtual const std::string& fingerprint() const = 0;
};
using CodecPtr = std::shared_ptr<const Codec>;

inline bool same_format(const Codec* a, const Codec* b) {
    return a == b || (a && b && a->fingerprint() == b->fingerprint());
}

}  // namespace millrace::engine
