#pragma once
// Drives a group coordinator of one partition by words; what it answers and asks for becomes lines.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "millrace/broker/group/group_coordinator.h"
#include "millrace/tests/broker/vector_log.h"

namespace millrace::broker {

class TopicMap final : public TopicLookup {
public:
    std::optional<KnownTopic> find(std::string_view name) const override {
        const auto it = topics.find(std::string(name));
        return it == topics.end() ? std::nullopt : std::optional(it->second);
    }
    std::optional<KnownTopic> find(const Uuid& id) const override {
        for (const auto& [name, topic] : topics)
            if (topic.id == id) return topic;
        return std::nullopt;
    }
    void each_topic(const std::function<void(const KnownTopic&)>& visit) const override {
        for (const auto& [name, topic] : topics) visit(topic);
    }
    std::optional<std::string> config_of_group(const std::string& group_id,
                                               const std::string& key) const override {
        const auto it = configs.find({group_id, key});
        return it == configs.end() ? std::nullopt : std::optional(it->second);
    }
    void add(const std::string& name, std::int32_t partitions) {
        const auto it = topics.find(name);
        const Uuid id = it == topics.end() ? Uuid{1, ++made_} : it->second.id;
        topics[name] = {name, id, partitions};
    }
    std::map<std::string, KnownTopic> topics;
    std::map<std::pair<std::string, std::string>, std::string> configs;  // by group and key

private:
    std::uint64_t made_ = 0;
};

class GroupRunner {
public:
    using Words = std::vector<std::string>;
    VectorLog log;
    CollectedLog lines;
    TopicMap topics;
    GroupConfig config;
    std::unique_ptr<GroupCoordinator> group;
    Now now{Time{1'000'000'000}, Timestamp{1'700'000'000'000}};
    std::vector<std::string> trace;
    bool create = true;  // internal topics that are asked for are made
    ErrorCode create_error = ErrorCode::None;

    GroupRunner() {
        config.partitions = 1;
        config.streams_heartbeat_interval_ms = 5000;
        config.streams_settling_heartbeat_interval_ms = 5000;  // a test of its own
        start();
    }

    void start() {
        group = std::make_unique<GroupCoordinator>(config, topics, lines);
        group->lead(0, log);
        settle();
    }

    void settle() {
        for (int turn = 0; turn < 100; ++turn) {
            if (group->serving("g") == ErrorCode::CoordinatorLoadInProgress) group->tick(now);
            group->flush(now);
            GroupEffects effects = group->take_effects();
            bool more = group->serving("g") == ErrorCode::CoordinatorLoadInProgress;
            for (const auto& topic : effects.create_topics) {
                trace.push_back("create " + topic.name + " with " +
                                std::to_string(topic.partitions));
                if (!create) continue;
                if (create_error == ErrorCode::None) topics.add(topic.name, topic.partitions);
                group->internal_topic_created(topic.group_id, topic.name, create_error, "", now);
                more = true;
            }
            if (more) group->topics_changed(now);
            if (!more) return;
        }
        trace.push_back("does not settle");
    }

    Words run(const Words& w) {
        trace.clear();
        if (w[0] == "topic") {
            topics.add(w[1], std::stoi(w[2]));
            group->topics_changed(now);
        } else if (w[0] == "delete-topic") {
            if (const auto topic = topics.find(w[1])) {
                topics.topics.erase(w[1]);
                group->topics_deleted({*topic}, now);
                group->topics_changed(now);
            }
        } else if (w[0] == "join" || w[0] == "beat" || w[0] == "leave" || w[0] == "away") {
            heartbeat(w);
        } else if (w[0] == "commit") {  // commit GROUP MEMBER EPOCH topic-0=5...
            wire::OffsetCommitRequest request;
            request.group_id = w[1];
            request.member_id = w[2] == "-" ? "" : w[2];
            request.generation_id_or_member_epoch = std::stoi(w[3]);
            fill_offsets(request.topics, w, 4);
            group->offset_commit(request, 9, now,
                                 [this](wire::OffsetCommitResponse response) { told(response); });
        } else if (w[0] == "txn-commit") {  // txn-commit GROUP MEMBER EPOCH PID/EPOCH topic-0=5...
            wire::TxnOffsetCommitRequest request;
            request.group_id = w[1];
            request.member_id = w[2] == "-" ? "" : w[2];
            request.generation_id_or_member_epoch = std::stoi(w[3]);
            const auto producer = parse(w[4]);
            request.producer_id = producer.id.value();
            request.producer_epoch = producer.epoch.value();
            fill_offsets(request.topics, w, 5);
            group->txn_offset_commit(
                request, 5, false, now,
                [this](wire::TxnOffsetCommitResponse response) { told(response); });
        } else if (w[0] == "marker") {  // marker PID/EPOCH commit|abort
            group->write_marker(
                0, {.producer = parse(w[1]), .commit = w[2] == "commit"}, now,
                [this](ErrorCode code) { trace.push_back("marker " + std::string(name(code))); });
        } else if (w[0] == "fetch" || w[0] == "fetch-stable") {
            wire::OffsetFetchRequest::Group request;
            request.group_id = w[1];
            if (w.size() == 2) request.topics = std::nullopt;
            for (std::size_t i = 2; i < w.size(); ++i) {
                const auto dash = w[i].rfind('-');
                auto& topic = request.topics->emplace_back();
                topic.name = w[i].substr(0, dash);
                topic.partition_indexes = {std::stoi(w[i].substr(dash + 1))};
            }
            group->offset_fetch(request, w[0] == "fetch-stable", false,
                                [this](wire::OffsetFetchResponse::Group fetched) {
                                    std::string text = "offsets";
                                    if (fetched.error_code != ErrorCode::None)
                                        text += " " + std::string(name(fetched.error_code));
                                    for (const auto& topic : fetched.topics)
                                        for (const auto& p : topic.partitions)
                                            text += " " + topic.name + "-" +
                                                    std::to_string(p.partition_index) + "=" +
                                                    (p.error_code == ErrorCode::None
                                                         ? std::to_string(p.committed_offset)
                                                         : std::string(name(p.error_code)));
                                    trace.push_back(text);
                                });
        } else if (w[0] == "tick") {
            const std::int64_t ms = std::stoll(w[1]);
            now = {now.time + std::chrono::milliseconds(ms), now.wall + ms};
            group->tick(now);
        } else if (w[0] == "restart") {
            start();
        } else if (w[0] == "crash") {
            log.lose_uncommitted();
            start();
        } else if (w[0] == "commits") {
            log.commits = w[1] == "on";
            if (log.commits) log.commit();
        } else if (w[0] == "fail-append") {
            log.fail_next = ErrorCode::NotEnoughReplicas;
        } else if (w[0] == "creates") {  // on, off, or an error
            create = w[1] != "off";
            create_error = w[1] == "on" || w[1] == "off" ? ErrorCode::None
                                                         : ErrorCode::InvalidReplicationFactor;
        } else if (w[0] == "describe") {
            group->streams_describe(
                w[1], [this](wire::StreamsGroupDescribeResponse::DescribedGroup g) { told(g); });
        } else {
            trace.push_back("what is " + w[0] + "?");
        }
        settle();
        return trace;
    }

    static ProducerIdAndEpoch parse(const std::string& text) {
        const auto slash = text.find('/');
        return {ProducerId{std::stoll(text.substr(0, slash))},
                ProducerEpoch{static_cast<std::int16_t>(std::stoi(text.substr(slash + 1)))}};
    }

    // "one": in -> store. "two": in -> repartition -> (joined with table) -> store. "three": as
    // one, another program.
    static wire::StreamsGroupHeartbeatRequest::Topology topology(const std::string& which) {
        wire::StreamsGroupHeartbeatRequest::Topology t;
        if (which == "one" || which == "three") {
            t.subtopologies = {
                {.subtopology_id = "0",
                 .source_topics = {"in"},
                 .state_changelog_topics = {{.name = "app-store-changelog",
                                             .topic_configs = {{"cleanup.policy", "compact"}}}}}};
            if (which == "three") t.subtopologies[0].source_topics.push_back("other");
        } else {
            t.subtopologies = {
                {.subtopology_id = "0",
                 .source_topics = {"in"},
                 .repartition_sink_topics = {"app-r-repartition"}},
                {.subtopology_id = "1",
                 .source_topics = {"table"},
                 .state_changelog_topics = {{.name = "app-join-changelog"}},
                 .repartition_source_topics = {{.name = "app-r-repartition"}},
                 .copartition_groups = {{.source_topics = {0}, .repartition_source_topics = {0}}}}};
        }
        return t;
    }

private:
    // join GROUP MEMBER [topology=one] [process=p] [instance=i] [loopback]; beat GROUP MEMBER EPOCH
    // [owned=0_0,0_1 or owned=]
    void heartbeat(const Words& w) {
        wire::StreamsGroupHeartbeatRequest request;
        RequestContext context{.client_id = "c", .client_host = "/127.0.0.1"};
        request.group_id = w[1];
        request.member_id = w[2];
        std::size_t options = 3;
        if (w[0] == "join") {
            request.rebalance_timeout_ms = 30'000;
            request.topology = topology("one");
            request.active_tasks.emplace();
            request.standby_tasks.emplace();
            request.warmup_tasks.emplace();
            request.process_id = "process-" + w[2];
        } else if (w[0] == "beat") {
            request.member_epoch = std::stoi(w[3]);
            options = 4;
        } else {
            request.member_epoch = w[0] == "leave" ? -1 : -2;
        }
        for (std::size_t i = options; i < w.size(); ++i) {
            const auto equals = w[i].find('=');
            const std::string key = w[i].substr(0, equals);
            const std::string value = equals == std::string::npos ? "" : w[i].substr(equals + 1);
            if (key == "loopback") context.loopback = true;
            if (key == "process") request.process_id = value;
            if (key == "instance") request.instance_id = value;
            if (key == "topology") request.topology = topology(value);
            if (key == "topology-epoch") request.topology->epoch = std::stoi(value);
            if (key == "endpoint") request.user_endpoint = {value, 80};
            if (key == "shutdown") request.shutdown_application = true;
            if (key == "owned") {
                request.active_tasks.emplace();
                request.standby_tasks.emplace();
                request.warmup_tasks.emplace();
                std::string task;
                for (const char c : value + ',') {
                    if (c != ',') {
                        task += c;
                        continue;
                    }
                    if (task.empty()) continue;
                    auto& tasks = task[0] == 's' ? *request.standby_tasks : *request.active_tasks;
                    if (task[0] == 's') task.erase(0, 1);
                    const auto at = task.find('_');
                    tasks.push_back({task.substr(0, at), {std::stoi(task.substr(at + 1))}});
                    task.clear();
                }
            }
        }
        group->streams_heartbeat(
            request, context, now, [this, member = w[2]](wire::StreamsGroupHeartbeatResponse r) {
                std::string text = member + ":";
                if (r.error_code != ErrorCode::None) {
                    trace.push_back(text + " " + std::string(name(r.error_code)));
                    return;
                }
                text += " epoch " + std::to_string(r.member_epoch);
                const auto role = [&](const char* what, const auto& tasks) {
                    if (!tasks || (tasks->empty() && what != std::string("active"))) return;
                    text += std::string(", ") + what;
                    if (tasks->empty()) text += " none";
                    for (const auto& ids : *tasks)
                        for (const std::int32_t p : ids.partitions)
                            text += " " + ids.subtopology_id + "_" + std::to_string(p);
                };
                role("active", r.active_tasks);
                role("standby", r.standby_tasks);
                if (r.heartbeat_interval_ms != 5000)
                    text += ", again in " + std::to_string(r.heartbeat_interval_ms) + " ms";
                for (const auto& status : *r.status)
                    text += ", status " + std::to_string(status.status_code) + ": " +
                            status.status_detail;
                if (r.partitions_by_user_endpoint)
                    for (const auto& endpoint : *r.partitions_by_user_endpoint) {
                        text += ", at " + endpoint.user_endpoint.host;
                        for (const auto& topic : endpoint.active_partitions)
                            for (const std::int32_t p : topic.partitions)
                                text += " " + topic.topic + "-" + std::to_string(p);
                    }
                trace.push_back(text);
            });
    }

    template <class Topics>
    static void fill_offsets(Topics& topics, const Words& w, std::size_t from) {
        for (std::size_t i = from; i < w.size(); ++i) {
            const auto equals = w[i].find('='), dash = w[i].rfind('-', equals);
            auto& topic = topics.emplace_back();
            topic.name = w[i].substr(0, dash);
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = std::stoi(w[i].substr(dash + 1, equals - dash - 1));
            partition.committed_offset = std::stoll(w[i].substr(equals + 1));
        }
    }

    template <class Response>
    void told(const Response& response) {
        std::string text = "committed";
        for (const auto& topic : response.topics)
            for (const auto& p : topic.partitions)
                text += " " + topic.name + "-" + std::to_string(p.partition_index) + " " +
                        std::string(name(p.error_code));
        trace.push_back(text);
    }
    void told(const wire::StreamsGroupDescribeResponse::DescribedGroup& g) {
        std::string text = g.group_id + ": " + g.group_state;
        if (g.error_code != ErrorCode::None)
            text += " " + std::string(name(g.error_code));
        else
            text += " epoch " + std::to_string(g.group_epoch) + " target " +
                    std::to_string(g.assignment_epoch);
        trace.push_back(text);
        for (const auto& m : g.members) {
            const auto list = [](const auto& tasks) {
                std::string s;
                for (const auto& ids : tasks)
                    for (const std::int32_t p : ids.partitions)
                        s += " " + ids.subtopology_id + "_" + std::to_string(p);
                return s.empty() ? std::string(" none") : s;
            };
            trace.push_back("  " + m.member_id + " epoch " + std::to_string(m.member_epoch) +
                            " has" + list(m.assignment.active_tasks) + ", is to have" +
                            list(m.target_assignment.active_tasks));
        }
    }
};

}  // namespace millrace::broker
