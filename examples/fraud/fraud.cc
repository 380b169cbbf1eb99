// Card payments in, alerts out: see topology.h for the page of DSL. This file is what stands around it: the feed, what is
// printed, and the verdict against the planted truth.
//
//   fraud                                   everything in one process: broker, feeder, application
//   fraud --bootstrap-server H:P            the application alone, on Millrace or on Apache Kafka
//   fraud feed --bootstrap-server H:P       the input alone
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>

#include "millrace/app/runner.h"
#include "millrace/app/topic_io.h"
#include "millrace/examples/fraud/input.h"
#include "millrace/examples/fraud/topology.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/system_clock.h"

namespace {

using namespace millrace;
using namespace std::chrono_literals;

const std::string kData = MILLRACE_SOURCE_DIR "/examples/fraud/data";

struct Flags {
    std::string input = kData + "/transactions.csv.gz";
    std::string truth = kData + "/truth.csv";
    std::string customers = kData + "/customers.csv";
    std::int64_t rate = 0;
    bool feed_only = false;
};

const std::map<std::string, bool> kFlags = {{"--input", true}, {"--customers", true}, {"--truth", true}, {"--rate", true}};

Result<Flags> parse(const std::vector<std::string>& rest) {
    Flags flags;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == "feed") flags.feed_only = true;
        else if (rest[i] == "--input") flags.input = rest[++i];
        else if (rest[i] == "--customers") flags.customers = rest[++i];
        else if (rest[i] == "--truth") flags.truth = rest[++i];
        else if (rest[i] == "--rate") flags.rate = std::atoll(rest[++i].c_str());
        else return fail(ErrorCode::InvalidConfig, "unexpected argument \"" + rest[i] + "\"; --help lists the flags");
    }
    for (const std::string* file : {&flags.input, &flags.customers}) {
        if (!std::ifstream(*file)) return fail(ErrorCode::InvalidConfig, "cannot read " + *file + ": give it with --input or --customers");
    }
    return flags;
}

constexpr char kHelp[] =
    "usage: fraud [flags]         finds card fraud in examples/fraud/data, broker and feeder included\n"
    "       fraud feed [flags]    only produces the input\n"
    "  --input FILE                 payments, .csv or .csv.gz (default: the whole file of examples/fraud/data)\n"
    "  --customers FILE             the card holders\n"
    "  --truth FILE                 what is planted, for the verdict\n"
    "  --rate N                     payments a second (default: all at once)\n";

// The customers, then the payments: read in a thread's turn, never held whole.
class Feed {
public:
    explicit Feed(const Flags& flags) : customers_(fraud::read_customers(flags.customers)) {
        fraud::read_payments(flags.input, [this](fraud::InputRecord record) {
            payments_.push_back(std::move(record));
            return true;
        });
    }
    std::optional<app::TopicRecord> next() {
        const fraud::InputRecord* r = nullptr;
        if (customer_ < customers_.size()) r = &customers_[customer_++];
        else if (payment_ < payments_.size()) r = &payments_[payment_++];
        if (r == nullptr) return std::nullopt;
        return app::TopicRecord{r->topic, 0, {}, r->key, r->value, Timestamp{r->timestamp}};
    }

private:
    std::vector<fraud::InputRecord> customers_, payments_;
    std::size_t customer_ = 0, payment_ = 0;
};

int feed(const CommandLine& line, const Flags& flags) {
    if (!line.bootstrap_server) {
        std::fprintf(stderr, "fraud feed needs --bootstrap-server H:P\n");
        return 2;
    }
    const auto bootstrap = app::parse_bootstrap(*line.bootstrap_server);
    if (!bootstrap) {
        std::fprintf(stderr, "%s\n", bootstrap.error().detail.c_str());
        return 2;
    }
    Feed source(flags);
    io::StderrLog log(LogLevel::Warn);
    io::EventLoop loop("feed", &log);
    client::ClusterConfig config;
    config.bootstrap = *bootstrap;
    config.seed = io::entropy();
    app::ClientHost host(loop, config, "fraud-feed", nullptr, log);
    app::TopicWriter writer(host, {"customers", "payments"}, [&source] { return source.next(); }, flags.rate);
    host.add([&] { if (writer.finished() || writer.failure()) loop.stop(); }, [] { return Time::never(); });
    loop.post("begin", [&host] { host.turn(); });
    loop.run();
    if (writer.failure()) {
        std::fprintf(stderr, "the feed stopped: %s\n", writer.failure()->detail.c_str());
        return 1;
    }
    std::printf("fed %lld records\n", static_cast<long long>(writer.sent()));
    return 0;
}

std::int64_t number(const std::string& json, const char* field) {
    const std::size_t at = json.find(field);
    return at == std::string::npos ? 0 : std::atoll(json.c_str() + at + std::strlen(field));
}

int application(CommandLine line, const Flags& flags) {
    line.settings.try_emplace("application.id", "fraud");
    line.settings.try_emplace("processing.guarantee", "exactly_once_v2");
    line.settings.try_emplace("statestore.cache.max.bytes", "0");   // every update leaves, as the golden output has it
    line.broker_settings.try_emplace("num.partitions", "4");
    line.broker_settings.try_emplace("log.retention.ms", "-1");   // the payments are months old: they must not expire
    auto prepared = app::Runner::prepare(fraud::topology(), line);
    if (!prepared) {
        std::fprintf(stderr, "%s\n", prepared.error().detail.c_str());
        return 1;
    }
    app::Runner& runner = **prepared;
    const bool embedded = runner.broker() != nullptr;
    if (embedded && !runner.broker()->address().empty()) {
        std::printf("broker: %s\n", runner.broker()->address().c_str());
    }

    fraud::Verdict verdict(flags.truth);
    std::optional<Feed> source;
    std::unique_ptr<app::ClientHost> client;
    std::unique_ptr<app::TopicWriter> writer;
    std::unique_ptr<app::TopicReader> reader;
    const Time began = io::monotonic_now();
    std::int64_t last_records = 0;
    Time last_line = began;
    int last_status = 0;

    if (embedded) source.emplace(flags);
    runner.client_loop().call("clients", [&] {
        client = runner.make_client("fraud-client");
        if (embedded) {
            writer = std::make_unique<app::TopicWriter>(*client, std::vector<std::string>{"customers", "payments"},
                                                        [&source] { return source->next(); }, flags.rate);
        }
        reader = std::make_unique<app::TopicReader>(*client, std::vector<std::string>{"alerts"}, [&](const app::TopicRecord& r) {
            if (!r.key || !r.value) return;
            const std::int64_t start = number(*r.value, "\"window_start\":"), n = number(*r.value, "\"payments\":");
            verdict.alert(*r.key, start, n);
            std::printf("alert: card %.4s********%s, %lld payments in the minute from %lld (+%.2f s)\n", r.key->c_str(),
                        r.key->size() > 4 ? r.key->c_str() + r.key->size() - 4 : "", static_cast<long long>(n),
                        static_cast<long long>(start), static_cast<double>((io::monotonic_now() - began).count()) * 1e-9);
        });
        client->turn();
    });
    runner.every_second([&] {
        client->turn();
        const Time now = io::monotonic_now();
        const double seconds = static_cast<double>((now - last_line).count()) * 1e-9;
        if (seconds < 0.95) return;
        const KafkaStreams::Metrics m = runner.streams().metrics();
        std::printf("%s: %lld records/s, %lld processed, lag %s, %lld commits, %zu tasks (%zu restoring)\n",
                    std::string(name(runner.streams().state())).c_str(),
                    static_cast<long long>(static_cast<double>(m.records_processed - last_records) / seconds),
                    static_cast<long long>(m.records_processed), m.lag_unknown > 0 ? "not known yet" : std::to_string(m.lag).c_str(),
                    static_cast<long long>(m.commits), m.tasks_running, m.tasks_restoring);
        std::fflush(stdout);
        last_records = m.records_processed;
        last_line = now;
    });
    runner.streams().set_restore_listener([](const KafkaStreams::RestoreStatus& r) {
        std::printf("restoring %s of task %s: %lld of %lld records, %.0f records/s, %.1f s left%s\n", r.store.c_str(),
                    r.task.c_str(), static_cast<long long>(r.restored), static_cast<long long>(r.total),
                    r.records_per_second, r.seconds_left, r.done ? ", done" : "");
    });
    // The embedded application must not start before its input is there: --until-end means the input of the start.
    if (embedded && line.until_end && flags.rate == 0) {
        while (true) {
            bool fed = false;
            runner.client_loop().call("fed?", [&] { fed = writer->finished() || writer->failure().has_value(); });
            if (fed) break;
            struct timespec nap{0, 2'000'000};
            nanosleep(&nap, nullptr);
        }
    }
    runner.hold_end([&] { return (!writer || writer->finished()) && reader->at_end(); });
    const auto started = runner.go();
    if (started) {
        last_status = runner.wait();
    } else {
        std::fprintf(stderr, "%s\n", started.error().detail.c_str());
        last_status = 1;
    }
    runner.client_loop().call("clients end", [&] {
        reader.reset();
        writer.reset();
        client.reset();
    });
    if (started) std::printf("%s\n", verdict.text().c_str());
    return last_status;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto line = CommandLine::parse(argc, argv, kFlags);
        if (!line) {
            std::fprintf(stderr, "%s\n", line.error().detail.c_str());
            return 2;
        }
        if (line->help) {
            std::printf("%s%s", kHelp, CommandLine::help_text().c_str());
            return 0;
        }
        const auto flags = parse(line->rest);
        if (!flags) {
            std::fprintf(stderr, "%s\n", flags.error().detail.c_str());
            return 2;
        }
        return flags->feed_only ? feed(*line, *flags) : application(*line, *flags);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "fraud: %s\n", e.what());
        return 1;
    }
}
