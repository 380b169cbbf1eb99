#pragma once
// One client's view of a cluster: links to its nodes, the versions they speak, metadata,
// coordinators, and calls that are routed, timed and (when asked) repeated. A machine: inputs are
// LinkInputs and ticks, effects are LinkEffects; everything else in client/ talks to brokers
// through it. Kafka: NetworkClient, Metadata, ApiVersions.
//
// Each node has one link per lane, since answers of a link come in order: a long poll must not hold
// up a commit. Answers are delivered from step() and tick(); a `done` may make further calls.
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "millrace/base/clock.h"
#include "millrace/base/log_line.h"
#include "millrace/base/random.h"
#include "millrace/base/topic_partition.h"
#include "millrace/base/uuid.h"
#include "millrace/client/channel.h"
#include "millrace/wire/api.h"

namespace millrace::wire {
struct MetadataResponse;
struct ApiVersionsResponse;
}  // namespace millrace::wire

namespace millrace::client {

enum class Lane : std::uint8_t { Control, Group, Produce, Fetch, FetchMore, Restore };

struct AnyNode {};
enum class CoordinatorType : std::int8_t { Group = 0, Transaction = 1 };
struct Coordinator {
    CoordinatorType type = CoordinatorType::Group;
    std::string key;  // group id or transactional id
    friend auto operator<=>(const Coordinator&, const Coordinator&) = default;
};
using Target = std::variant<AnyNode, NodeId, Coordinator>;

struct Answer {
    // None: `response` is there. Else nothing came: NetworkException (the link is gone),
    // RequestTimedOut, UnsupportedVersion (the node lacks the API; `detail` names it), or a
    // coordinator's look-up error.
    ErrorCode error = ErrorCode::None;
    bool transmitted = false;  // false with an error: the request never left, so nothing happened
    wire::AnyResponse response;
    std::string detail;
    bool ok() const { return error == ErrorCode::None; }
};

struct Call {
    Target target;
    Lane lane = Lane::Control;
    wire::ApiKey api{};
    std::int16_t version_min = 0, version_max = INT16_MAX;        // besides what both sides speak
    Duration timeout{};                                           // zero: request.timeout.ms
    std::function<wire::AnyRequest(std::int16_t version)> build;  // called when it is sent
    std::function<void(Answer)> done;
};

// What makes calls. Its calls and timers are forgotten when it ends or is reset: their `done` is
// never run.
class Scope {
public:
    Scope() : alive_(std::make_shared<char>()) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    void reset() { alive_ = std::make_shared<char>(); }
    std::weak_ptr<char> watch() const { return alive_; }

private:
    std::shared_ptr<char> alive_;
};

struct PartitionMetadata {
    ErrorCode error = ErrorCode::LeaderNotAvailable;
    std::optional<NodeId> leader;
    std::optional<LeaderEpoch> epoch;
};
struct TopicMetadata {
    ErrorCode error = ErrorCode::LeaderNotAvailable;  // None once it was seen to exist
    Uuid id;                                          // zero: the brokers are too old
    std::vector<PartitionMetadata> partitions;
};

struct NodeVersions {                                                    // an ApiVersions answer
    std::map<std::int16_t, std::pair<std::int16_t, std::int16_t>> apis;  // key -> min, max
    std::map<std::string, std::int16_t> finalized_features;              // name -> level
};

struct ClusterConfig {
    std::vector<Address> bootstrap;
    Duration request_timeout = std::chrono::seconds(30);
    Duration connection_setup_timeout = std::chrono::seconds(10);
    Duration retry_backoff = std::chrono::milliseconds(100),
             retry_backoff_max = std::chrono::seconds(1);
    Duration reconnect_backoff = std::chrono::milliseconds(50),
             reconnect_backoff_max = std::chrono::seconds(1);
    Duration metadata_max_age = std::chrono::minutes(5);
    std::uint64_t seed = 1;  // of the jitter
};

class Cluster {
public:
    Cluster(ClusterConfig config, LogSink& log);
    Cluster(const Cluster&) = delete;

    void step(const LinkInput& input, Now now);
    void tick(Now now);
    void at(Now now) {
        now_ = now;
    }                              // the time, for calls that are made outside of step() and tick()
    void drain(Effects& effects);  // what steps and calls left to do, and when the next tick is due
    void close();                  // closes every link; calls are forgotten

    Now now() const { return now_; }
    const ClusterConfig& config() const { return config_; }

    void call(const Scope& scope, Call call);
    // Repeats with backoff while links are lost or `error_of` gives a retriable error, looking
    // coordinators up anew. `done` gets the first final answer, or the last one once `give_up` has
    // passed.
    void call_until_final(const Scope& scope, Call call,
                          std::function<ErrorCode(const wire::AnyResponse&)> error_of,
                          Time give_up = Time::never());
    void after(const Scope& scope, Duration delay, std::function<void()> run);
    Duration backoff(int failures);  // retry.backoff.ms doubled per failure, 20% jitter

    // Metadata. Topics stay of interest until forgotten; refreshes happen in tick().
    void want_topic(const std::string& topic, bool create_if_missing = false);
    void forget_topic(const std::string& topic);
    void refresh_metadata();
    const TopicMetadata* topic(const std::string& name) const;  // null: nothing known yet
    const std::string* topic_name(const Uuid& id) const;
    const PartitionMetadata* partition(const TopicPartition& tp) const;  // null: unknown
    std::uint64_t metadata_version() const {
        return metadata_version_;
    }  // grows with each change seen
    std::size_t node_count() const { return nodes_.size(); }
    // What a Produce or Fetch answer says about the leader; older epochs are ignored.
    void learn_leader(const TopicPartition& tp, NodeId leader, LeaderEpoch epoch);
    void learn_node(NodeId node, Address address);
    void forget_coordinator(const Coordinator& which);
    std::optional<NodeId> coordinator(const Coordinator& which) const;

    // Versions of a node with which a link was opened; null before.
    const NodeVersions* versions(NodeId node) const;
    std::int16_t finalized_feature(
        const std::string& name) const;  // the highest any node told; 0: none

    std::string describe_trouble() const;  // why nothing moves: for people; empty when links are up

private:
    struct Pending {
        std::weak_ptr<char> scope;
        Call call;
        Time deadline;
        std::optional<CorrelationId> correlation;
        std::int16_t version = 0;
    };
    enum class LinkState : std::uint8_t { Closed, Opening, Negotiating, Ready };
    struct Link {
        LinkState state = LinkState::Closed;
        LinkId id{};
        Address address;
        NodeId node;
        Lane lane{};
        int failures = 0;
        Time down_since{};      // when failures > 0
        Time retry_at{};        // when closed
        Time setup_deadline{};  // when opening or negotiating
        CorrelationId negotiation{};
        std::int16_t negotiation_version = 0;
        std::string last_failure;
        std::deque<Pending> waiting, in_flight;
    };
    struct CoordinatorState {
        std::optional<NodeId> node;
        bool looking = false;
        std::deque<Pending> waiting;
    };
    struct Timer {
        std::weak_ptr<char> scope;
        std::function<void()> run;
    };
    using LinkKey = std::pair<NodeId, Lane>;

    void route(Pending pending);
    void enqueue(NodeId node, Pending pending);
    NodeId pick_node();
    Link& link(NodeId node, Lane lane);
    void open(Link& link);
    void negotiate(Link& link, std::int16_t version);
    void negotiated(Link& link, const wire::ApiVersionsResponse& response);
    void transmit_waiting(LinkKey key);
    bool transmit(Link& link, Pending pending);  // false: answered with an error
    void lost(LinkKey key, const std::string& reason);
    void answer(Pending& pending, Answer answer);
    void look_up(const Coordinator& which);
    void poll_metadata();
    void metadata_arrived(const wire::MetadataResponse& response);
    void schedule_refresh(Duration delay);

    ClusterConfig config_;
    LogSink& log_;
    Random random_;
    Now now_{};
    std::vector<LinkEffect> out_;
    std::map<LinkKey, Link> links_;
    std::map<LinkId, LinkKey> link_keys_;
    std::map<NodeId, Address> nodes_;      // from metadata
    std::map<NodeId, Address> bootstrap_;  // ids -1000000, -1000001, ...
    std::map<NodeId, NodeVersions> versions_;
    std::map<std::string, std::int16_t> finalized_features_;
    std::map<Coordinator, CoordinatorState> coordinators_;
    std::multimap<Time, Timer> timers_;
    std::uint32_t next_link_ = 1;
    std::int32_t next_correlation_ = 1;
    std::size_t rotation_ = 0;

    std::map<std::string, TopicMetadata> topics_;
    std::map<Uuid, std::string> topic_names_;
    std::map<std::string, bool> wanted_topics_;  // -> create if missing
    Scope own_;
    bool refresh_in_flight_ = false;
    bool interest_grew_ = false;
    int refresh_failures_ = 0;
    Time refresh_at_ = Time{INT64_MIN};
    std::uint64_t metadata_version_ = 0;
};

}  // namespace millrace::client
