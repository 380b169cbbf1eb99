#include "millrace/dsl/stores.h"

namespace millrace {
namespace stores_detail {

void check_type(const engine::Codec* codec, std::string_view type, const std::string& store,
                const char* what) {
    if (codec && codec->type().name == type) return;
    throw std::invalid_argument("StateStore " + store + " has " + what + " of type " +
                                std::string(codec ? codec->type().name : "nothing") + ", not " +
                                std::string(type));
}

std::shared_ptr<Open> open(engine::TaskStore& store, const std::string& name, std::string_view key,
                           std::string_view value, bool window) {
    check_type(store.key_codec, key, name, "keys");
    check_type(store.value_codec, value, name, "values");
    if (window != (store.window != nullptr))
        throw std::invalid_argument("StateStore " + name + " is a " +
                                    (store.window ? "window" : "key-value") +
                                    " store; open it as one");
    auto opened = std::make_shared<Open>();
    opened->store = &store;
    return opened;
}

}  // namespace stores_detail

StoreBuilder Stores::make(const Supplier& supplier, engine::CodecPtr key, engine::CodecPtr value,
                          bool timestamped, engine::StoreSpec::Kind kind) {
    engine::StoreSpec spec;
    spec.kind = kind;
    spec.name = supplier.name;
    spec.timestamped = timestamped;
    spec.persistent = supplier.persistent;
    spec.key = std::move(key);
    spec.value = std::move(value);
    spec.caching = false;  // of a store added by hand, unless asked for
    spec.window_size_ms = supplier.window_size_ms;
    spec.retention_ms = supplier.retention_ms;
    spec.retain_duplicates = supplier.retain_duplicates;
    return StoreBuilder(std::move(spec));
}

}  // namespace millrace
