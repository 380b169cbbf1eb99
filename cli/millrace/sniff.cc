// millrace wire sniff: stands between a client and a broker and prints their talk, one line a
// message.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "millrace/base/byte_order.h"
#include "millrace/cli/millrace/commands.h"
#include "millrace/io/event_loop.h"
#include "millrace/io/signals.h"
#include "millrace/io/stderr_log.h"
#include "millrace/io/tcp.h"
#include "millrace/wire/frame.h"
#include "millrace/wire/json.h"
#include "millrace/wire/messages/api_versions.h"
#include "millrace/wire/messages/describe_cluster.h"
#include "millrace/wire/messages/fetch.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/metadata.h"
#include "millrace/wire/messages/produce.h"
#include "millrace/wire/messages/share_acknowledge.h"
#include "millrace/wire/messages/share_fetch.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kHelp =
    "usage: millrace wire sniff --listen HOST:PORT --to HOST:PORT [--width N] [--as-told]\n"
    "\n"
    "Passes on what a client and a broker say to each other and prints it, one line a message:\n"
    "  TIME #CONNECTION CLIENT-ID > API vVERSION corr ID {request as JSON}\n"
    "  TIME #CONNECTION CLIENT-ID < API vVERSION corr ID MILLISECONDS {response as JSON}\n"
    "Point the client's bootstrap.servers at --listen (port 0 takes a free one). Brokers that an "
    "answer names are\n"
    "replaced by listeners of ours on the same host, so that the client stays with us: only there "
    "a message is\n"
    "encoded anew. What is no Kafka is passed on as it is, and said so.\n"
    "\n"
    "  --width N    cuts the JSON after N characters and says how many were left out (default "
    "1000; 0: whole)\n"
    "  --as-told    leaves the brokers' addresses alone: the client goes on to them without us\n";

constexpr std::size_t kQueuedMax =
    16 << 20;  // bytes that one side has not taken: the other is not read meanwhile
constexpr Duration kConnectTimeout = std::chrono::seconds(10);

struct Options {
    io::Endpoint listen, to;
    std::size_t width = 1000;
    bool as_told = false;
};

std::string text_of(const io::Endpoint& at) {
    return fmt::format("{}:{}", at.host, at.port);
}

class Sniffer {
public:
    Sniffer(Options options) : options_(std::move(options)) {}

    int run() {
        const auto at = listener_for(options_.to, options_.listen.port);
        if (!at) {
            std::fprintf(stderr, "millrace wire sniff: %s\n", at.error().detail.c_str());
            return 1;
        }
        fmt::print("sniffing on {} for {}\n", text_of(*at), text_of(options_.to));
        std::fflush(stdout);
        auto signals = io::watch_stop_signals(loop_, [this](int) { loop_.stop(); });
        loop_.add_turn_end("sniff", [this] { end_turn(); });
        loop_.run();
        for (auto& [number, session] : sessions_) session->close();
        return 0;
    }

private:
    struct Asked {
        const wire::Api* api;
        std::int16_t version;
        std::int32_t correlation_id;
        Time at;
    };

    // One client connection and ours to the broker.
    struct Session {
        struct Side final : io::ConnectionEvents {
            Side(Session& owner, bool client) : session(owner), is_client(client) {}
            void on_frame(Bytes frame) override { session.frame(*this, std::move(frame)); }
            void on_bad_frame(std::string reason) override {
                session.note(is_client ? '>' : '<', "no frame: " + reason);
            }
            void on_closed(std::string reason) override { session.closed(*this, reason); }
            Session& session;
            const bool is_client;
            std::shared_ptr<io::Connection> connection;
            bool paused = false;
        };

        Session(Sniffer& owner, int number) : sniffer(owner), number(number) {}

        void frame(Side& from, Bytes bytes) {
            std::vector<Bytes> parts = from.is_client ? request(bytes) : response(bytes);
            if (parts.empty()) {  // as it came
                std::byte length[4];
                store_be(length, static_cast<std::int32_t>(bytes.size()));
                parts = {Bytes::copy(BytesView(length)), std::move(bytes)};
            }
            Side& to = from.is_client ? server : client;
            if (to.connection)
                to.connection->send(std::move(parts));
            else
                for (Bytes& part : parts) early.push_back(std::move(part));
        }

        std::vector<Bytes> request(const Bytes& bytes) {
            auto decoded = wire::decode_request_frame(bytes);
            if (!decoded) {
                const auto& bad = decoded.error();
                std::string what = fmt::format("{} bytes: {}", bytes.size(), bad.error.detail);
                if (bad.header)
                    what =
                        fmt::format("api {} v{} corr {}, ", bad.header->request_api_key,
                                    bad.header->request_api_version, bad.header->correlation_id) +
                        what;
                note('>', what);
                if (bad.header)
                    asked.push_back({wire::find_api(bad.header->request_api_key),
                                     bad.header->request_api_version, bad.header->correlation_id,
                                     sniffer.now()});
                return {};
            }
            const wire::RequestHeader& header = decoded->header;
            client_id = header.client_id.value_or("");
            const wire::Api* api = wire::find_api(header.request_api_key);
            const bool answered = api->key != wire::ApiKey::Produce ||
                                  decoded->request.as<wire::ProduceRequest>().acks != 0;
            if (answered)
                asked.push_back(
                    {api, header.request_api_version, header.correlation_id, sniffer.now()});
            note('>', fmt::format("{} v{} corr {} {}", api->name, header.request_api_version,
                                  header.correlation_id,
                                  sniffer.json(api->request(), decoded->request)));
            return {};
        }

        std::vector<Bytes> response(const Bytes& bytes) {
            const auto id = wire::response_correlation_id(bytes.view());
            const auto at = std::find_if(asked.begin(), asked.end(), [&](const Asked& a) {
                return id && a.correlation_id == *id;
            });
            if (at == asked.end()) {
                note('<', fmt::format("{} bytes that nobody asked for", bytes.size()));
                return {};
            }
            const Asked was = *at;
            asked.erase(at);
            const double ms = static_cast<double>((sniffer.now() - was.at).count()) * 1e-6;
            std::string what =
                fmt::format("{} v{} corr {} {:.1f} ms ", was.api ? was.api->name : "?", was.version,
                            was.correlation_id, ms);
            if (!was.api) {
                note('<', what + fmt::format("{} bytes", bytes.size()));
                return {};
            }
            // An ApiVersions request that is too new is answered in version 0 (KIP-511).
            std::int16_t version = was.version;
            auto decoded = wire::decode_response_frame(bytes, *was.api, version);
            if (was.api->key == wire::ApiKey::ApiVersions &&
                (version > was.api->version_max || !decoded)) {
                version = 0;
                decoded = wire::decode_response_frame(bytes, *was.api, version);
            }
            if (!decoded) {
                note('<', what + fmt::format("{} bytes that do not parse: {}", bytes.size(),
                                             decoded.error().detail));
                return {};
            }
            note('<', what + sniffer.json(was.api->response(), decoded->response));
            if (sniffer.options_.as_told) return {};
            const auto moved = sniffer.with_our_addresses(decoded->response);
            if (!moved) return {};
            auto parts = wire::encode_response_frame(was.correlation_id, *moved);
            if (parts) return *std::move(parts);
            note('<', "passed on as it was: " + parts.error().detail);
            return {};
        }

        void note(char direction, const std::string& what) {
            const std::int64_t wall = sniffer.loop_.clock().now().wall.value();
            const std::int64_t day = wall / 1000 % 86'400;
            fmt::print("{:02}:{:02}:{:02}.{:03} #{} {} {} {}\n", day / 3600, day / 60 % 60,
                       day % 60, wall % 1000, number, client_id.empty() ? "-" : client_id,
                       direction, what);
        }

        void closed(Side& side, const std::string& reason) {
            side.connection = nullptr;
            Side& other = side.is_client ? server : client;
            note(side.is_client ? '>' : '<',
                 fmt::format("the {} closed: {}", side.is_client ? "client" : "broker", reason));
            if (other.connection) std::exchange(other.connection, nullptr)->close_when_sent();
            attempt = nullptr;
            over = true;
        }
        void close() {
            for (Side* side : {&client, &server})
                if (side->connection) std::exchange(side->connection, nullptr)->close();
        }

        Sniffer& sniffer;
        const int number;
        Side client{*this, true}, server{*this, false};
        std::unique_ptr<io::Attempt> attempt;
        std::vector<Bytes> early;  // said before the broker's connection stood
        std::deque<Asked> asked;
        std::string client_id;
        bool over = false;
    };

    Time now() { return loop_.clock().now().time; }

    std::string json(const wire::Schema& schema, const wire::AnyMessage& message) const {
        std::string text;
        if (const auto done = wire::to_json(schema, message.body(), message.version(), text); !done)
            return "(" + done.error().detail + ")";
        if (options_.width != 0 && text.size() > options_.width) {
            const std::size_t more = text.size() - options_.width;
            text.resize(options_.width);
            text += fmt::format("... {} more", more);
        }
        return text;
    }

    Result<io::Endpoint> listener_for(const io::Endpoint& broker, std::uint16_t port) {
        const std::string name = text_of(broker);
        auto found = listeners_.find(name);
        if (found == listeners_.end()) {
            MR_TRY(auto made, io::listen(loop_, {options_.listen.host, port}, {},
                                         [this, broker](std::shared_ptr<io::Connection> c) {
                                             return accepted(broker, std::move(c));
                                         }));
            found = listeners_.emplace(name, std::move(made)).first;
        }
        io::Endpoint at = found->second->address();
        at.host = options_.listen.host;
        return at;
    }

    io::ConnectionEvents* accepted(const io::Endpoint& broker,
                                   std::shared_ptr<io::Connection> connection) {
        const int number = next_session_++;
        auto made = std::make_unique<Session>(*this, number);
        Session* session = made.get();
        sessions_.emplace(number, std::move(made));
        session->client.connection = std::move(connection);
        session->note(
            '>', fmt::format("{} connects, for {}", text_of(session->client.connection->peer()),
                             text_of(broker)));
        session->attempt = io::connect(
            loop_, broker, kConnectTimeout, io::TcpLimits::of_client(),
            [session](Result<std::shared_ptr<io::Connection>> to) -> io::ConnectionEvents* {
                if (!to) {
                    session->note('<', "no connection to the broker: " + to.error().detail);
                    session->close();
                    session->over = true;
                    return nullptr;
                }
                if (session->over) return nullptr;
                session->server.connection = *std::move(to);
                if (!session->early.empty())
                    session->server.connection->send(std::exchange(session->early, {}));
                return &session->server;
            });
        return &session->client;
    }

    // Whoever does not take what it is sent stops the other side; what is over goes.
    void end_turn() {
        std::fflush(stdout);
        for (auto it = sessions_.begin(); it != sessions_.end();) {
            Session& session = *it->second;
            if (session.over) {
                it = sessions_.erase(it);
                continue;
            }
            ++it;
            hold(session.client, session.server);
            hold(session.server, session.client);
        }
    }
    static void hold(Session::Side& from, const Session::Side& to) {
        if (!from.connection || !to.connection) return;
        const std::size_t queued = to.connection->queued_bytes();
        if (!from.paused && queued > kQueuedMax) {
            from.paused = true;
            from.connection->pause_reading();
        } else if (from.paused && queued < kQueuedMax / 2) {
            from.paused = false;
            from.connection->resume_reading();
        }
    }

    // The answer with the brokers' addresses replaced by ours; nothing: it names none.
    std::optional<wire::AnyResponse> with_our_addresses(const wire::AnyResponse& any) {
        using enum wire::ApiKey;
        switch (any.key()) {
            case Metadata:
                return moved<wire::MetadataResponse>(any, [&](auto& r) { move_all(r.brokers); });
            case DescribeCluster:
                return moved<wire::DescribeClusterResponse>(any,
                                                            [&](auto& r) { move_all(r.brokers); });
            case FindCoordinator:
                return moved<wire::FindCoordinatorResponse>(any, [&](auto& r) {
                    move(r);
                    move_all(r.coordinators);
                });
            case Produce:
                return moved<wire::ProduceResponse>(any,
                                                    [&](auto& r) { move_all(r.node_endpoints); });
            case Fetch:
                return moved<wire::FetchResponse>(any,
                                                  [&](auto& r) { move_all(r.node_endpoints); });
            case ShareFetch:
                return moved<wire::ShareFetchResponse>(
                    any, [&](auto& r) { move_all(r.node_endpoints); });
            case ShareAcknowledge:
                return moved<wire::ShareAcknowledgeResponse>(
                    any, [&](auto& r) { move_all(r.node_endpoints); });
            default:
                return std::nullopt;
        }
    }
    template <class Response, class Change>
    std::optional<wire::AnyResponse> moved(const wire::AnyResponse& any, Change change) {
        Response response = any.as<Response>();
        moved_ = false;
        change(response);
        if (!moved_) return std::nullopt;
        return wire::AnyResponse::of(std::move(response), any.version());
    }
    void move_all(auto& nodes) {
        for (auto& node : nodes) move(node);
    }
    void move(auto& node) {
        if (node.host.empty() || node.port <= 0) return;
        const auto ours = listener_for({node.host, static_cast<std::uint16_t>(node.port)}, 0);
        if (!ours) {
            fmt::print("no listener for {}:{}: {}\n", node.host, node.port, ours.error().detail);
            return;
        }
        node.host = ours->host;
        node.port = ours->port;
        moved_ = true;
    }

    Options options_;
    io::StderrLog log_;
    io::EventLoop loop_{"sniff", &log_};
    std::map<std::string, std::unique_ptr<io::Listener>>
        listeners_;  // by the broker they stand for
    std::map<int, std::unique_ptr<Session>> sessions_;
    int next_session_ = 1;
    bool moved_ = false;
};

bool parse_endpoint(std::string_view text, io::Endpoint& into) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    into.host = std::string(text.substr(0, colon));
    const std::string_view port = text.substr(colon + 1);
    const auto [at, error] = std::from_chars(port.data(), port.data() + port.size(), into.port);
    return error == std::errc{} && at == port.data() + port.size() && !port.empty();
}

}  // namespace

int sniff_command(Arguments arguments) {
    Options options;
    bool have_listen = false, have_to = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string_view name = arguments[i], value;
        if (name == "--help" || name == "-h") {
            std::fwrite(kHelp.data(), 1, kHelp.size(), stdout);
            return 0;
        }
        if (name == "--as-told") {
            options.as_told = true;
            continue;
        }
        if (const auto equals = name.find('='); equals != std::string_view::npos) {
            value = name.substr(equals + 1);
            name = name.substr(0, equals);
        } else if (++i < arguments.size()) {
            value = arguments[i];
        }
        bool good = true;
        if (name == "--listen") {
            good = have_listen = parse_endpoint(value, options.listen);
        } else if (name == "--to") {
            good = have_to = parse_endpoint(value, options.to);
        } else if (name == "--width") {
            const auto [at, error] =
                std::from_chars(value.data(), value.data() + value.size(), options.width);
            good = error == std::errc{} && at == value.data() + value.size() && !value.empty();
        } else {
            std::fprintf(stderr, "millrace wire sniff: no option %.*s\n",
                         static_cast<int>(name.size()), name.data());
            return 2;
        }
        if (!good) {
            std::fprintf(stderr, "millrace wire sniff: %.*s %.*s: not what it takes\n",
                         static_cast<int>(name.size()), name.data(), static_cast<int>(value.size()),
                         value.data());
            return 2;
        }
    }
    if (!have_listen || !have_to) {
        std::fwrite(kHelp.data(), 1, kHelp.size(), stderr);
        return 2;
    }
    return Sniffer(std::move(options)).run();
}

}  // namespace millrace::cli
