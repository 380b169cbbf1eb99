// bench_app: one topology per mode over an input that is there, or for ever; for measuring beside other engines on the same
// work. Prints PEERS-MARK start once --warm records are processed, PEERS-MARK end when all is processed and committed, then
// one line of JSON.
//   bench_app --bootstrap H:P --mode stateless|count|table-join|latest|restore --in A [--in2 B] --out C --app-id X
//             --state-dir D [--threads N] [--eos true] [--commit-ms N] [--cache BYTES] [--warm N] [--forever true] [--prop k=v]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "millrace/app/kafka_streams.h"
#include "millrace/dsl/streams.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/system_clock.h"

namespace {

using namespace millrace;
using namespace std::chrono_literals;

std::vector<std::byte> with_first(BytesView v, char first) {
    std::vector<std::byte> copy(v.begin(), v.end());
    if (!copy.empty()) copy[0] = static_cast<std::byte>(first);
    return copy;
}

Topology topology(const std::string& mode, const std::string& in, const std::string& in2, const std::string& out) {
    StreamsBuilder builder;
    if (mode == "table-join") {
        auto stream = builder.stream<BytesView, BytesView>(in);
        auto table = builder.table<BytesView, BytesView>(in2);
        stream.join(table, [](const BytesView& left, const BytesView& right) {   // the left value, its tail from byte 50 the right one's
            std::vector<std::byte> both(left.begin(), left.end());
            if (left.size() > 50 && right.size() >= left.size()) std::copy(right.begin() + 50, right.begin() + static_cast<std::ptrdiff_t>(left.size()), both.begin() + 50);
            return both;
        }).to(out);
        return builder.build();
    }
    auto records = builder.stream<BytesView, BytesView>(in);
    if (mode == "stateless") {
        records.filter([](const BytesView& v) { return !v.empty() && v[0] == std::byte{'A'}; })
            .map_values([](const BytesView& v) { return with_first(v, 'M'); })
            .to(out);
    } else if (mode == "count") {
        records.group_by_key().windowed_by(TimeWindows::of_size_with_no_grace(1min)).count(Materialized::as("counts")).to_stream().to(out);
    } else if (mode == "latest" || mode == "restore") {
        builder.stream<std::string, std::vector<std::byte>>(in).group_by_key().reduce([](const std::vector<std::byte>&, const std::vector<std::byte>& last) { return last; }, Materialized::as("latest")).to_stream().to(out);
    } else {
        std::fprintf(stderr, "bench_app: mode %s is not there\n", mode.c_str());
        std::exit(2);
    }
    return builder.build();
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, std::string> flags = {{"threads", "1"}, {"eos", "false"}, {"warm", "0"}, {"forever", "false"}, {"cache", "0"}};
    std::map<std::string, std::string> settings;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i] + (std::strncmp(argv[i], "--", 2) == 0 ? 2 : 0);
        if (name == "prop") {
            const std::string pair = argv[i + 1];
            settings[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
        } else {
            flags[name] = argv[i + 1];
        }
    }
    const bool eos = flags["eos"] == "true", forever = flags["forever"] == "true";
    settings.emplace("application.id", flags["app-id"]);
    settings.emplace("bootstrap.servers", flags["bootstrap"]);
    settings.emplace("state.dir", flags["state-dir"]);
    settings.emplace("num.stream.threads", flags["threads"]);
    settings.emplace("statestore.cache.max.bytes", flags["cache"]);
    settings.emplace("processing.guarantee", eos ? "exactly_once_v2" : "at_least_once");
    if (flags.contains("commit-ms")) settings["commit.interval.ms"] = flags["commit-ms"];
    io::StderrLog log(LogLevel::Warn);
    KafkaStreams::Options options;
    options.log = &log;
    options.until_end = !forever;
    KafkaStreams streams(topology(flags["mode"], flags["in"], flags["in2"], flags["out"]), settings, options);
    if (auto started = streams.start(); !started) {
        std::fprintf(stderr, "%s\n", started.error().detail.c_str());
        return 1;
    }
    const std::int64_t warm = std::atoll(flags["warm"].c_str());
    bool marked = false;
    std::int64_t at_mark = 0;
    Time began{};
    while (forever || !streams.at_end()) {
        if (streams.failure()) {
            std::fprintf(stderr, "%s\n", streams.failure()->detail.c_str());
            return 1;
        }
        if (!marked && streams.metrics().records_processed >= warm) {
            marked = true;
            at_mark = streams.metrics().records_processed;
            began = io::monotonic_now();
            std::printf("PEERS-MARK start\n");
            std::fflush(stdout);
        }
        std::this_thread::sleep_for(1ms);
    }
    const std::int64_t records = streams.metrics().records_processed - at_mark;
    streams.close();
    const double seconds = static_cast<double>((io::monotonic_now() - began).count()) * 1e-9;
    std::printf("PEERS-MARK end\n{\"records\":%lld,\"records_per_s\":%.0f}\n", static_cast<long long>(records),
                static_cast<double>(records) / seconds);
    std::fflush(stdout);
    std::this_thread::sleep_for(200ms);
    return 0;
}
