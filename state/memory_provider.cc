#include "millrace/state/memory_provider.h"

#include "millrace/state/kv/table_key_value_store.h"
#include "millrace/state/session/segmented_session_store.h"
#include "millrace/state/window/segmented_window_store.h"

namespace millrace::state {

Result<std::unique_ptr<KeyValueStore>> MemoryProvider::key_value(const std::string&,
                                                                 const KeyValueSpec& spec) {
    return std::make_unique<TableKeyValueStore>(spec);
}
Result<std::unique_ptr<WindowStore>> MemoryProvider::window(const std::string&,
                                                            const WindowSpec& spec) {
    return std::make_unique<SegmentedWindowStore>(spec);
}

Result<std::unique_ptr<SessionStore>> MemoryProvider::session(const std::string&,
                                                              const SessionSpec& spec) {
    return std::make_unique<SegmentedSessionStore>(spec);
}

}  // namespace millrace::state
