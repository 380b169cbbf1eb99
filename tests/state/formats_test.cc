// Store keys against those that Apache Kafka 4.4.0 wrote (tests/golden/streams/formats.tsv).
#include <fstream>

#include <gtest/gtest.h>

#include "millrace/state/memory_provider.h"
#include "millrace/state/session/session_key.h"
#include "millrace/state/window/window_key.h"
#include "millrace/tests/state/store_model.h"

namespace millrace::state::test {
namespace {

std::int64_t number(const std::string& json, const std::string& name) {
    return std::stoll(json.substr(json.find("\"" + name + "\":") + name.size() + 3));
}
std::string text(
    const std::string& json,
    const std::string& name) {  // without escapes: lines that have some are passed over
    const std::size_t at = json.find("\"" + name + "\":\"") + name.size() + 4;
    return json.substr(at, json.find('"', at) - at);
}

TEST(Formats, WindowKeysAreKafkas) {
    std::ifstream file(std::string(MILLRACE_TESTS_DIR) + "/golden/streams/formats.tsv");
    std::string line;
    int seen = 0;
    while (std::getline(file, line)) {
        if (!line.starts_with("WindowKeySchema (key, timestamp, seqnum)\t")) continue;
        const std::size_t a = line.find('\t'), b = line.find('\t', a + 1);
        const std::string json = line.substr(a + 1, b - a - 1), hex = line.substr(b + 1);
        if (json.find('\\') != std::string::npos) continue;
        ++seen;
        const std::string key = text(json, "key");
        const std::int64_t start = number(json, "timestamp");
        ByteSink sink;
        write_window_key(sink, as_bytes(key), start,
                         static_cast<std::int32_t>(number(json, "seqnum")));
        EXPECT_EQ(to_hex(sink.view()), hex) << json;
        EXPECT_EQ(as_text(key_of_window_key(sink.view())), key);
        EXPECT_EQ(start_of_window_key(sink.view()), start);
        if (number(json, "seqnum") != 0) continue;
        ListLog log;  // and this is what the changelog gets
        MemoryProvider provider;
        auto store = *provider.window("0_0", WindowSpec{.name = "w", .retention_ms = 1000});
        store->set_changelog(&log);
        store->put(HashedKey(as_bytes(key)), start, as_bytes("v"), Timestamp{3});
        EXPECT_EQ(to_hex(as_bytes(log.open.at(0).key)), hex);
    }
    EXPECT_GT(seen, 10);
}

TEST(Formats, SessionKeysAreKafkas) {
    std::ifstream file(std::string(MILLRACE_TESTS_DIR) + "/golden/streams/formats.tsv");
    std::string line;
    int seen = 0;
    while (std::getline(file, line)) {
        if (!line.starts_with("SessionKeySchema (key, end, start)\t")) continue;
        const std::size_t a = line.find('\t'), b = line.find('\t', a + 1);
        const std::string json = line.substr(a + 1, b - a - 1), hex = line.substr(b + 1);
        if (json.find('\\') != std::string::npos) continue;
        ++seen;
        ByteSink sink;
        write_session_key(sink, as_bytes(text(json, "key")), number(json, "start"),
                          number(json, "end"));
        EXPECT_EQ(to_hex(sink.view()), hex) << json;
        EXPECT_EQ(start_of_session_key(sink.view()), number(json, "start"));
        EXPECT_EQ(end_of_session_key(sink.view()), number(json, "end"));
    }
    EXPECT_GT(seen, 5);
}

}  // namespace
}  // namespace millrace::state::test
