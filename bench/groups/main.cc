// Many members of classic groups: how long until all groups are stable, and what their heartbeats
// cost.
//
//     build/release/bin/bench_groups [--groups 1000] [--members 10] [--one 1000] [--seconds 60]
//
// The whole broker machine, requests and answers encoded and decoded as on a connection, a disk in
// memory, simulated time; what is printed as CPU is the processor time of this process, members
// included. Goals: all stable within 30 s, the heartbeats of 10,000 members (one each three
// seconds) below a tenth of a core.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/byte_order.h"
#include "millrace/broker/broker.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/wire/messages/find_coordinator.h"
#include "millrace/wire/messages/heartbeat.h"
#include "millrace/wire/messages/join_group.h"
#include "millrace/wire/messages/sync_group.h"

namespace {

using namespace millrace;
using namespace millrace::broker;
using namespace std::chrono_literals;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Bytes subscription() {  // to one topic, in version 0
    ByteSink sink;
    append_be<std::int16_t>(sink, 0);
    append_be<std::int32_t>(sink, 1);
    append_be<std::int16_t>(sink, 8);
    sink.append("payments");
    append_be<std::int32_t>(sink, -1);
    return sink.to_bytes();
}

class Members {
public:
    Members(int groups, int members) : groups_(groups) {
        auto parsed = parse_broker_config(
            "log.dirs=/data\nlisteners=PLAINTEXT://127.0.0.1:9092\n"
            "max.connections.per.ip=2147483647\n");
        const BrokerConfig config = std::move(parsed)->config;
        Effects effects;
        auto opened = Broker::open({.config = config, .advertised = config.advertised_endpoints()},
                                   disk_, log_, now_, effects);
        if (!opened) {
            std::fprintf(stderr, "%s\n", opened.error().detail.c_str());
            std::exit(1);
        }
        broker_ = *std::move(opened);
        take(std::move(effects));
        settle();
        members_.resize(static_cast<std::size_t>(groups * members));
        for (std::size_t i = 0; i < members_.size(); ++i) {
            members_[i].group = static_cast<int>(i) % groups;
            step(ConnectionOpened{ConnectionId{i + 1}, "127.0.0.1", "PLAINTEXT", false});
        }
        wire::FindCoordinatorRequest find;
        find.coordinator_keys = {"group-0"};
        send(0, find, 6);
        settle();
    }

    // Simulated seconds until every group is stable.
    double join() {
        const Time start = now_.time;
        for (std::size_t i = 0; i < members_.size(); ++i) {
            send_join(i);
            if (i % 100 == 99) settle();  // some of them meet in a turn
        }
        settle();
        while (stable_ < members_.size()) {
            if (wake_at_ == Time::never()) {
                std::fprintf(stderr, "%zu of %zu members are stable, and nothing moves\n", stable_,
                             members_.size());
                std::exit(1);
            }
            move_to(wake_at_);
            step(Tick{});
            settle();
        }
        return static_cast<double>((now_.time - start).count()) * 1e-9;
    }

    // Everybody each three seconds.
    void heartbeats(int seconds) {
        const std::size_t parts = 300;  // of three seconds: ten milliseconds each
        for (int tick = 0; tick < seconds * 100; ++tick) {
            const Time target = now_.time + 10ms;
            while (wake_at_ <= target) {
                move_to(wake_at_);
                step(Tick{});
                settle();
            }
            move_to(target);
            for (std::size_t i = static_cast<std::size_t>(tick) % parts; i < members_.size();
                 i += parts)
                send_heartbeat(i);
            settle();
        }
    }
    std::size_t beats() const { return beats_; }

private:
    struct Member {
        int group = 0;
        std::string id;
        std::int32_t generation = -1;
        bool stable = false;
    };

    static std::string name(int group) { return "group-" + std::to_string(group); }

    template <class Q>
    void send(std::size_t member, const Q& request, std::int16_t version) {
        const wire::Api* api = wire::find_api(static_cast<std::int16_t>(Q::kKey));
        sink_.clear();
        if (!api->encode_request(wire::AnyRequest::of(request, version), sink_)) std::abort();
        auto decoded = api->decode_request(sink_.to_bytes(), version);
        if (!decoded) std::abort();
        step(RequestArrived{ConnectionId{member + 1}, 0, "bench", *std::move(decoded)});
    }
    void send_join(std::size_t i) {
        Member& member = members_[i];
        member.stable = false;
        wire::JoinGroupRequest request;
        request.group_id = name(member.group);
        request.member_id = member.id;
        request.session_timeout_ms = 45'000;
        request.rebalance_timeout_ms = 300'000;
        request.protocol_type = "consumer";
        request.protocols = {{"range", subscription_}, {"cooperative-sticky", subscription_}};
        send(i, request, 9);
    }
    void send_heartbeat(std::size_t i) {
        const Member& member = members_[i];
        wire::HeartbeatRequest request;
        request.group_id = name(member.group);
        request.member_id = member.id;
        request.generation_id = member.generation;
        send(i, request, 4);
    }

    void answered(std::size_t i, const wire::AnyResponse& any) {
        Member& member = members_[i];
        if (any.key() == wire::ApiKey::JoinGroup) {
            const auto& response = any.as<wire::JoinGroupResponse>();
            member.id = response.member_id;
            if (response.error_code != ErrorCode::None) return send_join(i);
            member.generation = response.generation_id;
            wire::SyncGroupRequest sync;
            sync.group_id = name(member.group);
            sync.generation_id = member.generation;
            sync.member_id = member.id;
            sync.protocol_type = "consumer";
            sync.protocol_name = response.protocol_name;
            for (const auto& one : response.members)
                sync.assignments.push_back({one.member_id, subscription_});
            return send(i, sync, 5);
        }
        if (any.key() == wire::ApiKey::SyncGroup) {
            if (any.as<wire::SyncGroupResponse>().error_code != ErrorCode::None) {
                if (member.stable) --stable_;
                return send_join(i);
            }
            if (!member.stable) ++stable_;
            member.stable = true;
            return;
        }
        if (any.key() == wire::ApiKey::Heartbeat) {
            if (any.as<wire::HeartbeatResponse>().error_code != ErrorCode::None) {
                std::fprintf(stderr, "a heartbeat is answered %d\n",
                             static_cast<int>(any.as<wire::HeartbeatResponse>().error_code));
                std::exit(1);
            }
            ++beats_;
        }
    }

    void step(Input input) {
        Effects effects;
        broker_->step(std::move(input), now_, effects);
        take(std::move(effects));
    }
    void take(Effects effects) {
        for (Sync& sync : effects.sync) syncs_.push_back(std::move(sync));
        for (Respond& respond : effects.respond) responses_.push_back(std::move(respond));
        wake_at_ = effects.wake_at;
    }
    void settle() {
        for (;;) {
            Effects effects;
            broker_->end_turn(now_, effects);
            take(std::move(effects));
            if (!syncs_.empty()) {
                Sync sync = std::move(syncs_.front());
                syncs_.pop_front();
                step(Synced{sync.ticket, sync.run()});
                continue;
            }
            if (!responses_.empty()) {
                for (Respond& respond : std::exchange(responses_, {})) {
                    const wire::Api* api =
                        wire::find_api(static_cast<std::int16_t>(respond.response.key()));
                    sink_.clear();
                    if (!api->encode_response(respond.response, sink_)) std::abort();
                    answered(static_cast<std::size_t>(respond.connection) - 1, respond.response);
                }
                continue;
            }
            if (wake_at_ > now_.time) return;
            step(Tick{});
        }
    }
    void move_to(Time at) {
        if (at <= now_.time) return;
        now_.wall = Timestamp{1'700'000'000'000 + at.value() / 1'000'000};
        now_.time = at;
    }

    int groups_;
    testkit::SimDisk disk_;
    NullLog log_;
    Now now_{Time{1'000'000'000}, Timestamp{1'700'000'000'000}};
    std::unique_ptr<Broker> broker_;
    std::vector<Member> members_;
    std::deque<Sync> syncs_;
    std::vector<Respond> responses_;
    Time wake_at_ = Time::never();
    ByteSink sink_;
    const Bytes subscription_ = subscription();
    std::size_t stable_ = 0, beats_ = 0;
};

void measure(int groups, int members, int seconds) {
    Members all(groups, members);
    double before = cpu_seconds();
    const double simulated = all.join();
    const double cpu = cpu_seconds() - before;
    std::printf("%d group%s of %d: stable after %.1f s, of which %.2f s CPU\n", groups,
                groups == 1 ? "" : "s", members, simulated + cpu, cpu);
    before = cpu_seconds();
    all.heartbeats(seconds);
    const double core = (cpu_seconds() - before) / seconds;
    std::printf("  heartbeats of %d members, each 3 s: %.4f of a core (%.1f us each)\n",
                groups * members, core,
                core * seconds * 1e6 / static_cast<double>(std::max<std::size_t>(all.beats(), 1)));
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string_view, int> flags{
        {"--groups", 1000}, {"--members", 10}, {"--one", 1000}, {"--seconds", 60}};
    for (int i = 1; i < argc; ++i) {
        const auto flag = flags.find(argv[i]);
        const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
        if (flag == flags.end() ||
            std::from_chars(value.data(), value.data() + value.size(), flag->second).ec !=
                std::errc{} ||
            flag->second <= 0) {
            std::fprintf(stderr,
                         "usage: groups [--groups N] [--members N] [--one N] [--seconds N]\n");
            return 2;
        }
        ++i;
    }
    measure(flags["--groups"], flags["--members"], flags["--seconds"]);
    measure(1, flags["--one"], flags["--seconds"]);
}
