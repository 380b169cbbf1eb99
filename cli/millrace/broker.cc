// millrace broker [server.properties] [--override key=value ...]
#include <cstdio>
#include <string>

#include "millrace/broker/broker_host_shell.h"
#include "millrace/broker/tcp_shell.h"
#include "millrace/cli/millrace/commands.h"
#include "millrace/io/real_disk.h"
#include "millrace/io/signals.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/system_clock.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kHelp =
    "usage: millrace broker [server.properties] [--override key=value ...]\n"
    "\n"
    "Runs one node: broker and controller. Keys are Kafka's; an empty directory is formatted.\n"
    "Prints one line on standard output when it serves:\n"
    "  millrace broker ready on HOST:PORT node ID cluster CLUSTER\n"
    "SIGTERM and SIGINT stop it cleanly.\n"
    "\n"
    "  log.dirs               the data directory (default /tmp/millrace-logs)\n"
    "  listeners              NAME://host:port,...; port 0 takes a free one (default "
    "PLAINTEXT://:9092)\n"
    "  advertised.listeners   what clients are told\n"
    "  millrace.durability    synced (default): acks=all waits for the disk; page-cache: as Apache "
    "Kafka\n";

int fail_with(const std::string& line) {
    std::fprintf(stderr, "millrace broker: %s\n", line.c_str());
    return 1;
}

struct CommandLine {
    std::string properties_path;
    broker::ConfigOverrides overrides;
};

// What is wrong with it; empty: nothing.
std::string parse(Arguments arguments, CommandLine& into) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string_view argument = arguments[i];
        if (argument == "--override" || argument.starts_with("--override=")) {
            if (argument == "--override") {
                if (++i == arguments.size()) return "--override needs key=value";
                argument = arguments[i];
            } else {
                argument.remove_prefix(std::string_view("--override=").size());
            }
            const std::size_t at = argument.find('=');
            if (at == std::string_view::npos || at == 0)
                return "--override " + std::string(argument) + ": not key=value";
            into.overrides.emplace_back(argument.substr(0, at), argument.substr(at + 1));
        } else if (argument.starts_with("-")) {
            return "no option " + std::string(argument);
        } else if (into.properties_path.empty()) {
            into.properties_path = argument;
        } else {
            return "more than one properties file: " + std::string(argument);
        }
    }
    return {};
}

class BrokerProgram {
public:
    int run(const CommandLine& command) {
        std::string properties;
        if (!command.properties_path.empty()) {
            const auto text = read_file(disk_, command.properties_path);
            if (!text) return fail_with(text.error().detail);
            properties = as_text(text->view());
        }
        auto parsed = broker::parse_broker_config(properties, command.overrides);
        if (!parsed) return fail_with(parsed.error().detail);
        for (const std::string& warning : parsed->warnings) log_.warn(warning);
        auto server = broker::TcpServer::listen(loop_, parsed->config);
        if (!server) return fail_with(server.error().detail);
        server_ = *std::move(server);
        auto host =
            broker::BrokerHost::open(loop_, disk_, log_,
                                     {.config = parsed->config,
                                      .advertised = server_->advertised(parsed->config),
                                      .seed = io::entropy()},
                                     {.ready = [this] { print_ready(); },
                                      .fatal = [this](std::string why) { die(std::move(why)); }});
        if (!host) return fail_with(host.error().detail);
        host_ = *std::move(host);
        server_->serve(*host_);
        auto signals = io::watch_stop_signals(loop_, [this](int) { loop_.stop(); });
        loop_.run();
        if (!fatal_.empty()) return fail_with(fatal_);
        server_->close();
        const auto closed = host_->close();
        if (!closed) return fail_with(closed.error().detail);
        log_.info("stopped cleanly");
        return 0;
    }

private:
    void print_ready() {
        const broker::Endpoint at = server_->bound().front();
        const std::string host = at.host == "0.0.0.0" || at.host == "::" ? "localhost" : at.host;
        std::printf("millrace broker ready on %s:%u node %d cluster %s\n", host.c_str(), at.port,
                    host_->broker().config().node_id, host_->broker().cluster_id().c_str());
        std::fflush(stdout);
    }
    void die(std::string why) {
        fatal_ = std::move(why);
        loop_.stop();
    }

    io::StderrLog log_;
    io::RealDisk disk_;
    io::EventLoop loop_{"broker", &log_};
    std::unique_ptr<broker::TcpServer> server_;
    std::unique_ptr<broker::BrokerHost> host_;
    std::string fatal_;
};

}  // namespace

int broker_command(Arguments arguments) {
    for (const std::string_view argument : arguments) {
        if (argument == "--help" || argument == "-h") {
            std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
            return 0;
        }
    }
    CommandLine command;
    if (const std::string wrong = parse(arguments, command); !wrong.empty()) {
        std::fprintf(stderr, "millrace broker: %s\n", wrong.c_str());
        return 2;
    }
    BrokerProgram program;
    return program.run(command);
}

}  // namespace millrace::cli
