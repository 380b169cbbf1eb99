#pragma once
// One controller node on a simulated disk, with its answers.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "millrace/broker/controller/controller_node.h"
#include "millrace/testkit/sim/sim_disk.h"
#include "millrace/wire/messages/broker_heartbeat.h"
#include "millrace/wire/messages/broker_registration.h"
#include "millrace/wire/messages/create_topics.h"

namespace millrace::broker::test {

class ControllerAnswers final : public Responder {
public:
    void respond(RequestToken token, wire::AnyResponse response) override {
        answers.emplace(token, std::move(response));
    }
    void close(RequestToken, std::string) override { ++closed; }
    std::map<RequestToken, wire::AnyResponse> answers;
    int closed = 0;
};

class ControllerHarness {
public:
    explicit ControllerHarness(ConfigOverrides overrides = {}) {
        overrides.emplace_back("log.dirs", "/data");
        overrides.emplace_back("node.id", "1");
        auto parsed = parse_broker_config("", overrides);
        EXPECT_TRUE(parsed) << parsed.error().detail;
        config = parsed->config;
        EXPECT_TRUE(Uuid::parse("zTh7AukIT7ao5vPLvwCaUw", directory_id));
    }

    Result<void> open(std::uint64_t seed = 1) {
        node.reset();
        effects = {};
        MR_TRY(node, ControllerNode::open({.config = &config,
                                           .cluster_id = cluster_id,
                                           .directory_id = directory_id,
                                           .seed = seed},
                                          disk, answers, sink, now, effects));
        return {};
    }
    // As a shell would: syncs until there is nothing left to sync.
    void run() {
        while (std::exchange(effects.sync, false)) {
            const auto end = node->sync();
            if (end) {
                node->synced(*end, now, effects);
            } else {
                node->sync_failed(now, effects);
            }
        }
    }
    void after(std::int64_t ms) {
        now.time = now.time + std::chrono::milliseconds(ms);
        now.wall = now.wall + ms;
    }
    template <class M>
    RequestToken ask(M request, std::int16_t version) {
        const auto token = static_cast<RequestToken>(++tokens);
        const Request asked{token, wire::AnyRequest::of(std::move(request), version), &context};
        node->handle(asked, now, effects);
        return token;
    }
    bool answered(RequestToken token) const { return answers.answers.contains(token); }
    template <class R>
    const R& answer(RequestToken token) const {
        return answers.answers.at(token).as<R>();
    }
    template <class R, class M>
    R call(M request, std::int16_t version) {
        const RequestToken token = ask(std::move(request), version);
        run();
        EXPECT_TRUE(answered(token));
        return answer<R>(token);
    }

    // Registers this broker and has it unfenced.
    void join(std::string incarnation = "Ha0ZnZTHTQKuGLTztN0EyQ", std::int32_t id = 1) {
        wire::BrokerRegistrationRequest request;
        request.broker_id = id;
        request.cluster_id = cluster_id;
        EXPECT_TRUE(Uuid::parse(incarnation, request.incarnation_id));
        request.listeners.push_back(
            {"PLAINTEXT", "host" + std::to_string(id), static_cast<std::uint16_t>(9090 + id), 0});
        request.features.push_back({"metadata.version", 7, 33});
        request.log_dirs = {directory_id};
        const auto registered = call<wire::BrokerRegistrationResponse>(std::move(request), 4);
        EXPECT_EQ(registered.error_code, ErrorCode::None);
        broker_epoch = registered.broker_epoch;
        EXPECT_FALSE(heartbeat(id).is_fenced);
    }
    wire::BrokerHeartbeatResponse heartbeat(std::int32_t id = 1, bool want_shut_down = false) {
        wire::BrokerHeartbeatRequest request;
        request.broker_id = id;
        request.broker_epoch = node->image().broker(NodeId{id})->epoch;
        request.current_metadata_offset = node->committed_end().value() - 1;
        request.want_shut_down = want_shut_down;
        return call<wire::BrokerHeartbeatResponse>(request, 2);
    }
    wire::CreateTopicsResponse create(std::string name, std::int32_t partitions = 1,
                                      std::int16_t replicas = 1,
                                      std::vector<std::pair<std::string, std::string>> configs = {},
                                      bool validate_only = false) {
        wire::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = std::move(name);
        topic.num_partitions = partitions;
        topic.replication_factor = replicas;
        for (auto& [key, value] : configs) topic.configs.push_back({key, value});
        request.validate_only = validate_only;
        return call<wire::CreateTopicsResponse>(std::move(request), 7);
    }
    ErrorCode create_error(std::string name, std::int32_t partitions = 1, std::int16_t replicas = 1,
                           std::vector<std::pair<std::string, std::string>> configs = {}) {
        return create(std::move(name), partitions, replicas, std::move(configs))
            .topics.front()
            .error_code;
    }

    testkit::SimDisk disk;
    BrokerConfig config;
    std::string cluster_id = "A9lrdoiy2cUociYaRmvAEA";
    Uuid directory_id;
    NullLog sink;
    ControllerAnswers answers;
    RequestContext context{.listener = "PLAINTEXT"};
    Now now{Time{1'000'000'000}, Timestamp{1'800'000'000'000}};
    ControllerEffects effects;
    std::unique_ptr<ControllerNode> node;
    std::int64_t broker_epoch = -1;
    std::uint64_t tokens = 0;
};

}  // namespace millrace::broker::test
