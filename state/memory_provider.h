#pragma once
// Stores in memory alone, of every kind's semantics: for the topology test driver and for tests. A
// persistent spec behaves as Kafka's RocksDB store does, but nothing is behind it.
#include "millrace/state/provider.h"

namespace millrace::state {

class MemoryProvider final : public StoreProvider {
public:
    Result<std::unique_ptr<KeyValueStore>> key_value(const std::string& task,
                                                     const KeyValueSpec& spec) override;
    Result<std::unique_ptr<WindowStore>> window(const std::string& task,
                                                const WindowSpec& spec) override;
    Result<std::unique_ptr<SessionStore>> session(const std::string& task,
                                                  const SessionSpec& spec) override;
};

}  // namespace millrace::state
