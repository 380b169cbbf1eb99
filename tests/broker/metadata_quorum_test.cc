// Three controller nodes on simulated disks and a simulated network, their messages as Kafka's
// bytes. Nodes lose power and the unsynced part of their disks, links are cut, snapshots are taken
// often. What a client was told stays true, and at equal offsets all images are equal.
#include <map>
#include <queue>
#include <set>

#include <gtest/gtest.h>

#include "controller_harness.h"
#include "millrace/wire/messages/allocate_producer_ids.h"
#include "millrace/wire/messages/create_topics.h"

namespace millrace::broker::test {
namespace {

wire::AnyRequest over_the_wire(const wire::AnyRequest& request) {
    const wire::Api* api = wire::find_api(static_cast<std::int16_t>(request.key()));
    ByteSink sink;
    const auto encoded = api->encode_request(request, sink);
    EXPECT_TRUE(encoded) << encoded.error().detail;
    auto decoded = api->decode_request(sink.to_bytes(), request.version());
    EXPECT_TRUE(decoded) << decoded.error().detail;
    return *decoded;
}
wire::AnyResponse over_the_wire_back(const wire::AnyResponse& response) {
    const wire::Api* api = wire::find_api(static_cast<std::int16_t>(response.key()));
    ByteSink sink;
    const auto encoded = api->encode_response(response, sink);
    EXPECT_TRUE(encoded) << encoded.error().detail;
    auto decoded = api->decode_response(sink.to_bytes(), response.version());
    EXPECT_TRUE(decoded) << decoded.error().detail;
    return *decoded;
}

class MetadataCluster {
public:
    explicit MetadataCluster(std::uint64_t seed) : random_(seed), seed_(seed), nodes_(3) {
        for (int i = 0; i < 3; ++i) {
            Node& node = nodes_[static_cast<std::size_t>(i)];
            auto parsed = parse_broker_config(
                "", {{"log.dirs", "/data"},
                     {"node.id", std::to_string(i + 1)},
                     {"controller.quorum.voters", "1@a:1,2@b:2,3@c:3"},
                     {"metadata.log.max.record.bytes.between.snapshots", "3000"}});
            EXPECT_TRUE(parsed);
            node.config = parsed->config;
            node.answers.cluster = this;
            node.answers.node = i;
            EXPECT_TRUE(node.disk.make_directories("/data"));
            EXPECT_TRUE(node.disk.sync_directory("/"));
            start(i);
        }
        push(1'000'000, [this] { client(); });
    }

    void run_for(std::int64_t ms) {
        const std::int64_t until = now_ + ms * 1'000'000;
        while (!events_.empty() && events_.top().at <= until && failure.empty()) {
            auto what = events_.top().what;
            now_ = events_.top().at;
            events_.pop();
            what();
        }
        now_ = std::max(now_, until);
    }
    void faults(bool on) {
        faults_ = on;
        if (on) {
            push(1'000'000, [this] { fault(); });
        } else {
            cut_.clear();
            for (int i = 0; i < 3; ++i) start(i);
        }
    }
    void stop_client() { client_ = false; }
    ControllerNode* node(int i) { return nodes_[static_cast<std::size_t>(i)].node.get(); }

    std::string failure;
    std::set<std::string> promised;
    std::int64_t ids_given = 0;

private:
    struct RoutedAnswers final : Responder {
        void respond(RequestToken token, wire::AnyResponse response) override {
            cluster->responded(node, token, std::move(response));
        }
        void close(RequestToken, std::string reason) override {
            cluster->fail("closed: " + reason);
        }
        MetadataCluster* cluster = nullptr;
        int node = 0;
    };
    struct Node {
        testkit::SimDisk disk;
        BrokerConfig config;
        RoutedAnswers answers;
        NullLog sink;
        std::unique_ptr<ControllerNode> node;
        std::uint64_t life = 0;
        std::int64_t wake_at = INT64_MAX;
        Offset last_committed{};
    };
    struct Event {
        std::int64_t at;
        std::uint64_t order;
        std::function<void()> what;
        bool operator>(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
    };
    struct Asked {  // a request of one node to another that has no answer yet
        int from;
        std::uint64_t life, correlation;
    };

    void fail(std::string what) {
        if (failure.empty())
            failure = "seed " + std::to_string(seed_) + " at " + std::to_string(now_ / 1'000'000) +
                      " ms: " + what;
    }
    Now now() const { return {Time{now_}, Timestamp{1'800'000'000'000 + now_ / 1'000'000}}; }
    void push(std::int64_t delay, std::function<void()> what) {
        events_.push({now_ + delay, ++order_, std::move(what)});
    }
    std::int64_t delay() { return 100'000 + static_cast<std::int64_t>(random_.below(8'000'000)); }
    bool reaches(int from, int to) {
        return !cut_.contains({from, to}) && !(faults_ && random_.one_in(30));
    }

    void start(int i) {
        Node& n = nodes_[static_cast<std::size_t>(i)];
        if (n.node) return;
        ++n.life;
        n.wake_at = INT64_MAX;
        ControllerEffects effects;
        auto opened = ControllerNode::open(
            {.config = &n.config, .cluster_id = "cluster", .seed = random_.next()}, n.disk,
            n.answers, n.sink, now(), effects);
        if (!opened)
            return fail("node " + std::to_string(i + 1) +
                        " does not open: " + opened.error().detail);
        n.node = *std::move(opened);
        carry_out(i, effects);
    }
    void crash(int i) {
        Node& n = nodes_[static_cast<std::size_t>(i)];
        if (!n.node) return;
        n.node.reset();
        ++n.life;
        n.disk.crash(random_);
        std::erase_if(asked_, [&](const auto& entry) { return entry.first.first == i; });
    }

    void carry_out(int i, ControllerEffects& effects) {
        Node& n = nodes_[static_cast<std::size_t>(i)];
        const std::uint64_t life = n.life;
        if (n.node->failed()) return fail("a disk failed that has no faults");
        if (effects.sync) {
            push(static_cast<std::int64_t>(random_.below(5'000'000)), [this, i, life] {
                Node& same = nodes_[static_cast<std::size_t>(i)];
                if (same.life != life) return;
                const auto end = same.node->sync();
                if (!end) return fail("sync failed");
                ControllerEffects more;
                same.node->synced(*end, now(), more);
                carry_out(i, more);
            });
        }
        for (const raft::Envelope& envelope : effects.send) {
            if (!is_request(envelope.message)) {
                fail("a reply left as an envelope");
                continue;
            }
            const int to = envelope.to.value() - 1;
            const wire::AnyRequest request = over_the_wire(n.node->quorum_request(envelope));
            if (!reaches(i, to)) continue;
            push(delay(), [this, i, to, life, request, correlation = envelope.correlation,
                           target = nodes_[static_cast<std::size_t>(to)].life] {
                Node& receiver = nodes_[static_cast<std::size_t>(to)];
                if (receiver.life != target || !receiver.node) return;
                const auto token = static_cast<RequestToken>(++tokens_);
                asked_[{to, token}] = {i, life, correlation};
                static const RequestContext context{};
                ControllerEffects more;
                receiver.node->handle(Request{token, request, &context}, now(), more);
                carry_out(to, more);
            });
        }
        if (n.node->committed_end() > n.last_committed &&
            n.node->committed_end().value() % 4 == 0) {
            n.last_committed = n.node->committed_end();
            const auto [known, first] =
                hashes_.emplace(n.node->committed_end().value(), n.node->image().hash());
            if (!first && known->second != n.node->image().hash())
                fail("two images differ at offset " + std::to_string(known->first));  // K5
        }
        if (effects.wake_at != Time::never()) {
            const std::int64_t at = std::max(effects.wake_at.value(), now_ + 1000);
            if (at < n.wake_at || n.wake_at <= now_) {
                n.wake_at = at;
                push(at - now_, [this, i, life] {
                    Node& same = nodes_[static_cast<std::size_t>(i)];
                    if (same.life != life || same.wake_at > now_) return;
                    same.wake_at = INT64_MAX;
                    ControllerEffects more;
                    same.node->tick(now(), more);
                    carry_out(i, more);
                });
            }
        }
    }

    void responded(int node, RequestToken token, wire::AnyResponse response) {
        if (const auto it = clients_.find(token); it != clients_.end()) {
            const auto tell = std::move(it->second);
            clients_.erase(it);
            return tell(response);
        }
        const auto it = asked_.find({node, token});
        if (it == asked_.end()) return;
        const Asked asked = it->second;
        asked_.erase(it);
        const wire::AnyResponse arrived = over_the_wire_back(response);
        if (!reaches(node, asked.from)) return;
        push(delay(), [this, node, asked, arrived] {
            Node& n = nodes_[static_cast<std::size_t>(asked.from)];
            if (n.life != asked.life || !n.node) return;
            ControllerEffects more;
            n.node->quorum_answered(NodeId{node + 1}, asked.correlation, arrived, now(), more);
            carry_out(asked.from, more);
        });
    }

    // Registers a broker, creates topics, reserves producer ids, at whoever decides.
    void client() {
        push(100'000'000, [this] { client(); });
        if (!client_) return;
        for (int i = 0; i < 3; ++i) {
            Node& n = nodes_[static_cast<std::size_t>(i)];
            if (!n.node || !n.node->active()) continue;
            const BrokerImage* broker = n.node->image().broker(NodeId{77});
            if (!broker) {
                wire::BrokerRegistrationRequest request;
                request.broker_id = 77;
                request.cluster_id = "cluster";
                request.incarnation_id = Uuid{7, 7};
                request.listeners.push_back({"PLAINTEXT", "host", 9092, 0});
                ask(i, std::move(request), 4, [](const wire::AnyResponse&) {});
                continue;
            }
            auto heartbeat = wire::BrokerHeartbeatRequest();
            heartbeat.cordoned_log_dirs.reset();
            heartbeat.broker_id = 77;
            heartbeat.broker_epoch = broker->epoch;
            heartbeat.current_metadata_offset = n.node->committed_end().value();
            const std::int64_t broker_epoch = heartbeat.broker_epoch;
            ask(i, std::move(heartbeat), 1, [](const wire::AnyResponse&) {});
            if (!n.node || broker->fenced) continue;
            wire::CreateTopicsRequest create;
            auto& topic = create.topics.emplace_back();
            topic.name = "topic-" + std::to_string(++topics_);
            topic.num_partitions = 1 + static_cast<std::int32_t>(random_.below(3));
            topic.replication_factor = 1;
            topic.configs.push_back({"retention.ms", "77"});
            ask(i, std::move(create), 7, [this](const wire::AnyResponse& any) {
                const auto& result = any.as<wire::CreateTopicsResponse>().topics[0];
                if (result.error_code == ErrorCode::None) promised.insert(result.name);
            });
            if (!n.node) continue;
            wire::AllocateProducerIdsRequest ids;
            ids.broker_id = 77;
            ids.broker_epoch = broker_epoch;
            ask(i, ids, 0, [this](const wire::AnyResponse& any) {
                const auto& block = any.as<wire::AllocateProducerIdsResponse>();
                if (block.error_code != ErrorCode::None) return;
                if (block.producer_id_start < ids_given) fail("producer ids were given twice");
                ids_given = std::max(ids_given, block.producer_id_start + block.producer_id_len);
            });
        }
    }
    template <class M>
    void ask(int i, M request, std::int16_t version,
             std::function<void(const wire::AnyResponse&)> tell) {
        const auto token = static_cast<RequestToken>(++tokens_);
        clients_[token] = std::move(tell);
        static const RequestContext context{};
        ControllerEffects effects;
        nodes_[static_cast<std::size_t>(i)].node->handle(
            Request{token, wire::AnyRequest::of(std::move(request), version), &context}, now(),
            effects);
        carry_out(i, effects);
    }

    void fault() {
        if (!faults_) return;
        const auto any = [&] { return static_cast<int>(random_.below(3)); };
        if (random_.one_in(8)) {
            if (random_.one_in(2)) {
                cut_.clear();
            } else {
                const int lonely = any();
                for (int other = 0; other < 3; ++other)
                    cut_.insert({{lonely, other}, {other, lonely}});
            }
        }
        if (random_.one_in(6)) crash(any());
        if (random_.one_in(3)) start(any());
        push(200'000'000, [this] { fault(); });
    }

    Random random_;
    std::uint64_t seed_;
    std::vector<Node> nodes_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::uint64_t order_ = 0, tokens_ = 0;
    std::int64_t now_ = 1'000'000, topics_ = 0;
    bool faults_ = false, client_ = true;
    std::set<std::pair<int, int>> cut_;
    std::map<std::pair<int, RequestToken>, Asked> asked_;
    std::map<RequestToken, std::function<void(const wire::AnyResponse&)>> clients_;
    std::map<std::int64_t, std::uint64_t> hashes_;  // of images, by the offset they end at
};

TEST(MetadataQuorum, OfThreeNodesIsOnlyConfiguration) {
    MetadataCluster cluster(1);
    cluster.run_for(6'000);
    EXPECT_EQ(cluster.failure, "");
    EXPECT_GT(cluster.promised.size(), 10u);
    int active = 0;
    for (int i = 0; i < 3; ++i) active += cluster.node(i)->active();
    EXPECT_EQ(active, 1);
}

TEST(MetadataQuorum, KeepsWhatItSaidThroughPowerCutsAndPartitions) {
    std::size_t promised = 0, with_snapshot = 0;
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
        MetadataCluster cluster(seed);
        cluster.run_for(3'000);
        cluster.faults(true);
        cluster.run_for(12'000);
        cluster.faults(false);
        cluster.run_for(8'000);
        cluster.stop_client();
        cluster.run_for(3'000);
        ASSERT_EQ(cluster.failure, "");
        for (int i = 0; i < 3; ++i) {
            ASSERT_EQ(cluster.node(i)->committed_end(), cluster.node(0)->committed_end())
                << "seed " << seed;
            ASSERT_EQ(cluster.node(i)->image(), cluster.node(0)->image()) << "seed " << seed;
            for (const std::string& name : cluster.promised) {
                ASSERT_TRUE(cluster.node(i)->image().topic(std::string_view(name)))
                    << "seed " << seed << ": " << name << " was promised";
            }
            ASSERT_GE(cluster.node(i)->image().next_producer_id(), cluster.ids_given);
            with_snapshot += cluster.node(i)->log().start() > Offset{0};
        }
        promised += cluster.promised.size();
    }
    EXPECT_GT(promised, 12u * 20u);
    EXPECT_GT(with_snapshot, 12u);  // logs were cut short, and followers caught up from snapshots
}

}  // namespace
}  // namespace millrace::broker::test
