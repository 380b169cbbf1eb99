// Topologies and what Apache Kafka Streams 4.4.0 makes of them (tests/golden/twins): each is built
// through the public DSL, fed its script and compared member by member.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>
#include <zlib.h>

#include "interpreter.h"
#include "millrace/testkit/topology_test_driver.h"

namespace twins {
namespace {

using namespace millrace;

std::vector<std::string> lines(const std::string& file) {
    std::vector<std::string> out(1);
    gzFile in = gzopen((std::string(MILLRACE_TESTS_DIR "/golden/twins/") + file).c_str(), "rb");
    EXPECT_TRUE(in) << file;
    if (!in) return {};
    char buffer[1 << 16];
    for (int n; (n = gzread(in, buffer, sizeof buffer)) > 0;) {
        for (int i = 0; i < n; ++i) {
            if (buffer[i] == '\n')
                out.emplace_back();
            else
                out.back() += buffer[i];
        }
    }
    gzclose(in);
    if (out.back().empty()) out.pop_back();
    return out;
}

std::optional<std::string> bytes_of(Json record, const char* part, const std::string& type) {
    const std::string raw = std::string(part) + "_raw";
    if (has(record, raw.c_str())) {
        std::vector<std::byte> bytes;
        EXPECT_TRUE(from_hex(str(record, raw.c_str()), bytes));
        return std::string(as_text(BytesView(bytes)));
    }
    Json json = record[part];
    if (json.is_null()) return std::nullopt;
    Value value;
    if (type == "i64") {
        value = Value::of(std::int64_t(json));
    } else if (type == "str") {
        value = Value::of(std::string(std::string_view(json)));
    } else {
        return std::string(std::string_view(json));  // a rec is its text
    }
    ByteSink sink;
    plain_serde(type).codec()->write(&value, sink);
    return std::string(as_text(sink.view()));
}

Headers headers_of(Json record) {
    Headers headers;
    if (!has(record, "headers")) return headers;
    for (Json pair : simdjson::dom::array(record["headers"])) {
        Json value = pair.at(1);
        headers.add(
            std::string(std::string_view(pair.at(0))),
            value.is_null() ? std::nullopt : std::optional<std::string>(std::string_view(value)));
    }
    return headers;
}

std::string headers_json(const Headers& headers) {
    std::string out = "[";
    for (const auto& header : headers)
        out += (out.size() > 1 ? "," : "") + ("[" + quote(header.key) + ',' +
                                              (header.value ? quote(*header.value) : "null") + ']');
    return out + ']';
}

TopologyTestDriver::Options options(Json twin) {
    TopologyTestDriver::Options o;
    o.settings.application_id = "twins";
    o.wall_clock = Timestamp{1'000'000};
    Json config = twin["config"];
    o.settings.in_memory_stores =
        has(config, "dsl_store") && str(config, "dsl_store") == "in_memory";
    if (has(config, "cache_bytes")) o.settings.cache_bytes = num(config, "cache_bytes");
    if (has(config, "processing_handler")) o.settings.processing = engine::OnError::Continue;
    if (has(config, "deserialization_handler"))
        o.settings.deserialization = engine::OnError::Continue;
    return o;
}

struct Report {  // members as JSON text
    std::map<std::string, std::string> outputs, internal, stores;
    std::int64_t dropped = 0;
    std::string dropped_at;
    std::string describe;
    std::optional<int> error_step;
    std::string error;
};

std::string hex_json(const std::optional<std::string>& bytes) {
    return bytes ? '"' + to_hex(as_bytes(*bytes)) + '"' : "null";
}

class Runner {
public:
    Runner(Json twin, TopologyTestDriver::Options options)
        : twin_(twin), options_(std::move(options)) {
        for (auto field : simdjson::dom::object(twin["topics"]))
            types_[std::string(field.key)] = {str(field.value, "key"), str(field.value, "value")};
    }

    Report run() {
        Report report;
        std::unique_ptr<TopologyTestDriver> driver;
        try {
            const Topology topology = build(twin_, visits_);
            report.describe = topology.describe();
            driver = std::make_unique<TopologyTestDriver>(topology, options_);
        } catch (const TopologyException& e) {
            report.error_step = -1;
            report.error = e.what();
            return report;
        }
        int step = 0;
        for (Json s : simdjson::dom::array(twin_["script"])) {
            bool failed = false;
            try {
                if (has(s, "advance_wall_clock"))
                    driver->advance_wall_clock_time(
                        std::chrono::milliseconds(num(s, "advance_wall_clock")));
                else
                    driver->pipe_input(str(s, "topic"), record(s));
            } catch (const std::exception& e) {
                failed = true;
                report.error_step = step;
                report.error = e.what();
            }
            collect(*driver, step, report);
            if (failed) break;
            ++step;
        }
        report.dropped = driver->dropped_records();
        if (!report.error_step)
            for (const std::string& name : driver->store_names())
                report.stores[name] = store(*driver, name);
        finish(report);
        return report;
    }

    // All records wait, then go in runs or one by one: the step is left out.
    Report run_at_once() {
        Report report;
        TopologyTestDriver driver(build(twin_, visits_), options_);
        try {
            for (Json s : simdjson::dom::array(twin_["script"])) {
                if (!has(s, "advance_wall_clock")) driver.enqueue(str(s, "topic"), record(s));
            }
            driver.process();
            for (Json s : simdjson::dom::array(twin_["script"])) {
                if (has(s, "advance_wall_clock"))
                    driver.advance_wall_clock_time(
                        std::chrono::milliseconds(num(s, "advance_wall_clock")));
            }
        } catch (const std::exception& e) {
            report.error_step = 0;
            report.error = e.what();
            return report;
        }
        collect(driver, 0, report);
        report.dropped = driver.dropped_records();
        for (const std::string& name : driver.store_names())
            report.stores[name] = store(driver, name);
        finish(report);
        return report;
    }

private:
    TopicRecord record(Json s) {
        const auto& [key, value] = types_.at(str(s, "topic"));
        TopicRecord record;
        record.key = bytes_of(s, "key", key);
        record.value = bytes_of(s, "value", value);
        record.timestamp = Timestamp{num(s, "ts")};
        record.headers = headers_of(s);
        return record;
    }

    void append(std::map<std::string, std::string>& to, const std::string& name,
                const std::string& json) {
        std::string& list = to[name];
        list += (list.empty() ? "" : ",") + json;
    }

    void collect(TopologyTestDriver& driver, int step, Report& report) {
        const std::string at = std::to_string(step);
        for (const std::string& topic : driver.topics()) {
            const auto& records = driver.records(topic);
            for (std::size_t& i = seen_[topic]; i < records.size(); ++i) {
                const TopicRecord& r = records[i];
                const std::string ts = std::to_string(r.timestamp.value());
                if (const auto it = types_.find(topic); it != types_.end()) {
                    append(
                        report.outputs, topic,
                        "{\"step\":" + at + ",\"key\":" + to_json(it->second.first, r.key) +
                            ",\"value\":" + to_json(it->second.second, r.value) + ",\"ts\":" + ts +
                            (r.headers.empty() ? "" : ",\"headers\":" + headers_json(r.headers)) +
                            '}');
                } else {
                    append(report.internal, topic,
                           '[' + at + ',' + hex_json(r.key) + ',' + hex_json(r.value) + ',' + ts +
                               (r.headers.empty() ? "" : "," + headers_json(r.headers)) + ']');
                }
            }
        }
        for (const auto& [name, visits] : visits_) {
            for (std::size_t& i = seen_[name]; i < visits.size(); ++i)
                append(report.outputs, name,
                       "{\"step\":" + at + ",\"key\":" + visits[i].first +
                           ",\"value\":" + visits[i].second + '}');
        }
        const std::int64_t dropped = driver.dropped_records();
        if (dropped != dropped_)
            report.dropped_at += (report.dropped_at.empty() ? "" : ",") +
                                 ('[' + at + ',' + std::to_string(dropped - dropped_) + ']');
        dropped_ = dropped;
    }

    std::string store(TopologyTestDriver& driver, const std::string& name) {
        engine::TaskStore& store = driver.task_store(name);
        const auto type = [](const engine::Codec* codec) {
            return codec->fingerprint() == "int64"   ? std::string("i64")
                   : codec->fingerprint() == "bytes" ? "str"
                                                     : "rec";
        };
        const auto text_of = [](BytesView bytes) {
            return std::optional<std::string>(as_text(bytes));
        };
        const std::string key_type = type(store.key_codec), value_type = type(store.value_codec);
        std::string rows;
        if (store.key_value) {
            for (auto it = store.key_value->range({}, {}, true); it->valid(); it->next()) {
                const auto value = it->value();
                rows +=
                    (rows.empty() ? "" : ",") +
                    ('[' + to_json(key_type, text_of(it->key())) + ',' +
                     to_json(value_type, text_of(value.value)) + ',' +
                     (store.timestamped ? std::to_string(value.timestamp.value()) : "null") + ']');
            }
            return "{\"kind\":\"kv\",\"rows\":[" + rows + "]}";
        }
        std::vector<std::tuple<std::string, std::int64_t, std::string>> found;
        for (auto it = store.window->fetch_all(0, INT64_MAX); it->valid(); it->next()) {
            const auto value = it->value();
            const std::int64_t start = it->window_start();
            found.emplace_back(
                std::string(as_text(it->key())), start,
                '[' + to_json(key_type, text_of(it->key())) + ',' + std::to_string(start) + ',' +
                    to_json(value_type, text_of(value.value)) + ',' +
                    (store.timestamped ? std::to_string(value.timestamp.value()) : "null") + ']');
        }
        std::sort(found.begin(), found.end());
        for (const auto& row : found) rows += (rows.empty() ? "" : ",") + std::get<2>(row);
        return "{\"kind\":\"window\",\"rows\":[" + rows + "]}";
    }

    static void finish(Report& report) {
        for (auto* map : {&report.outputs, &report.internal})
            for (auto& [name, list] : *map) list = '[' + list + ']';
        report.dropped_at = '[' + report.dropped_at + ']';
    }

    Json twin_;
    TopologyTestDriver::Options options_;
    Visits visits_;
    std::map<std::string, std::pair<std::string, std::string>> types_;
    std::map<std::string, std::size_t> seen_;
    std::int64_t dropped_ = 0;
};

// The same JSON, whatever the escapes.
std::string canonical(const std::string& json) {
    simdjson::dom::parser parser;
    auto parsed = parser.parse(json);
    return parsed.error() ? "no JSON: " + json
                          : std::string(simdjson::minify(parsed.value_unsafe()));
}

// Names inside (topics: [..]) and (stores: [..]) stand in the order of a Java hash set: sort them.
std::string sorted_sets(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] != '[') {
            out += text[at++];
            continue;
        }
        const auto end = text.find(']', at);
        std::vector<std::string> names{""};
        for (const char c : text.substr(at + 1, end - at - 1)) {
            if (c == ',')
                names.emplace_back();
            else if (c != ' ')
                names.back() += c;
        }
        std::sort(names.begin(), names.end());
        out += '[';
        for (const std::string& name : names) out += name + ' ';
        out += ']';
        at = end + 1;
    }
    return out;
}

void compare_lists(const char* what, std::map<std::string, std::string> ours, Json expected,
                   std::string& differences) {
    std::map<std::string, std::string> theirs;
    for (auto field : simdjson::dom::object(expected))
        theirs[std::string(field.key)] = simdjson::minify(field.value);
    for (auto* map : {&ours, &theirs})
        std::erase_if(*map, [](const auto& item) { return item.second == "[]"; });
    for (auto& [name, json] : ours) json = canonical(json);
    for (const auto& [name, json] : theirs)
        if (ours[name] != json)
            differences += std::string(what) + ' ' + name + "\n  expected " + json +
                           "\n  got      " + ours[name] + '\n';
    for (const auto& [name, json] : ours)
        if (!theirs.contains(name) && !json.empty())
            differences += std::string(what) + ' ' + name + " is not expected: " + json + '\n';
}

std::string differences(Json expected, const Report& report) {
    std::string d;
    const bool error = has(expected, "error");
    if (error != report.error_step.has_value() ||
        (error && num(expected["error"], "step") != *report.error_step)) {
        d +=
            "error: expected step " +
            (error ? std::to_string(num(expected["error"], "step")) : "none") + ", got " +
            (report.error_step ? std::to_string(*report.error_step) + ' ' + report.error : "none") +
            '\n';
        return d;
    }
    if (report.error_step == -1) return d;
    const std::string describe = str(expected, "describe");
    if (sorted_sets(describe) != sorted_sets(report.describe))
        d += "describe: expected\n" + describe + "got\n" + report.describe;
    compare_lists("output", report.outputs, expected["outputs"], d);
    compare_lists("internal topic", report.internal, expected["internal"], d);
    compare_lists("store", report.stores, expected["stores"], d);
    if (num(expected, "dropped") != report.dropped)
        d += "dropped: expected " + std::to_string(num(expected, "dropped")) + ", got " +
             std::to_string(report.dropped) + '\n';
    if (std::string(simdjson::minify(Json(expected["dropped_at"]))) != report.dropped_at)
        d += "dropped_at: expected " + std::string(simdjson::minify(Json(expected["dropped_at"]))) +
             ", got " + report.dropped_at + '\n';
    return d;
}

std::string same(const Report& a, const Report& b) {
    std::string d;
    if (a.error_step != b.error_step) return "error: " + a.error + " / " + b.error;
    if (a.error_step) return d;
    for (const auto& [what, x, y] : {std::tuple("outputs", &a.outputs, &b.outputs),
                                     std::tuple("internal", &a.internal, &b.internal),
                                     std::tuple("stores", &a.stores, &b.stores)}) {
        for (const auto& [name, json] : *x) {
            const auto it = y->find(name);
            if (it == y->end() || it->second != json)
                d += std::string(what) + ' ' + name + "\n  " + json + "\n  " +
                     (it == y->end() ? "-" : it->second) + '\n';
        }
        if (x->size() != y->size()) d += std::string(what) + " differ in number\n";
    }
    if (a.dropped != b.dropped)
        d += "dropped " + std::to_string(a.dropped) + " / " + std::to_string(b.dropped) + '\n';
    return d;
}

template <class F>
void for_each_twin(const std::string& file, F f, std::size_t at_least = 30) {
    const char* only = std::getenv("MILLRACE_TWIN");
    simdjson::dom::parser parser;
    std::size_t cases = 0, failures = 0;
    for (const std::string& line : lines(file)) {
        Json twin = parser.parse(line);
        const std::string id = str(twin, "id");
        if (only && id != only) continue;
        ++cases;
        std::string d;
        try {
            d = f(twin);
        } catch (const std::exception& e) {
            d = std::string("threw ") + e.what();
        }
        if (d.empty()) continue;
        if (++failures <= 3)
            ADD_FAILURE() << id << (has(twin, "why") ? ": " + str(twin, "why") : "") << '\n'
                          << d << simdjson::minify(Json(twin["topology"]));
    }
    if (!only) {
        EXPECT_GE(cases, at_least);
    }
    EXPECT_EQ(failures, 0u) << "of " << cases;
}

TEST(Twins, Wave1) {
    for_each_twin("wave1.jsonl.gz", [](Json twin) {
        return differences(twin["expected"], Runner(twin, options(twin)).run());
    });
}
TEST(Twins, TrapsOfWave1) {
    for_each_twin("traps.jsonl.gz", [](Json twin) {
        return differences(twin["expected"], Runner(twin, options(twin)).run());
    });
}

std::string runs_against_records(Json twin) {
    auto runs = options(twin);
    runs.records_per_step = 256;
    auto records = runs;
    records.settings.record_by_record = true;
    return same(Runner(twin, runs).run_at_once(), Runner(twin, records).run_at_once());
}
TEST(Twins, CachesAndHandlers) {
    for_each_twin(
        "more.jsonl.gz",
        [](Json twin) { return differences(twin["expected"], Runner(twin, options(twin)).run()); },
        5);
}

TEST(Twins, RunsAreRecordsOneByOne) {
    for_each_twin("wave1.jsonl.gz", runs_against_records);
    for_each_twin("traps.jsonl.gz", runs_against_records);
}

}  // namespace
}  // namespace twins
