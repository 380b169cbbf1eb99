#include "millrace/broker/group/streams_topology.h"

#include <algorithm>
#include <set>

#include "millrace/base/hash.h"

namespace millrace::broker {

namespace {

using Topology = wire::StreamsGroupTopologyValue;
using Counts = std::map<std::string, std::int32_t>;  // partitions; 0: not known yet

constexpr std::size_t kTopicNameBytesMax = 249;

std::string listed(const std::vector<std::string>& names) {
    std::string text = "[";
    for (const std::string& name : names) text += (text.size() > 1 ? ", " : "") + name;
    return text + "]";
}

bool valid_topic_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.size() <= kTopicNameBytesMax &&
           std::ranges::all_of(name, [](unsigned char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
           });
}

bool kafka_internal(const std::string& name) {
    return name == "__consumer_offsets" || name == "__transaction_state" ||
           name == "__share_group_state" || name == "__cluster_metadata";
}

// What each repartition topic was told to have, 0 where it must be derived.
Counts repartition_counts(const Topology& topology) {
    Counts counts;
    for (const auto& sub : topology.subtopologies)
        for (const auto& topic : sub.repartition_source_topics)
            counts[topic.name] = topic.partitions;
    return counts;
}

// A repartition topic has as many partitions as the largest source of the subtopologies that write
// it; those may read repartition topics themselves, hence the rounds. False: a cycle, or nobody
// writes it.
bool derive_repartition_counts(const Topology& topology, const Counts& sources, Counts& counts) {
    for (std::size_t round = 0; round <= counts.size(); ++round) {
        bool all = true;
        for (auto& [name, count] : counts) {
            if (count > 0) continue;
            std::int32_t largest = 0;
            for (const auto& sub : topology.subtopologies) {
                if (std::ranges::find(sub.repartition_sink_topics, name) ==
                    sub.repartition_sink_topics.end())
                    continue;
                for (const std::string& source : sub.source_topics)
                    if (const auto it = sources.find(source); it != sources.end())
                        largest = std::max(largest, it->second);
                for (const auto& source : sub.repartition_source_topics)
                    largest = std::max(largest, counts[source.name]);
            }
            count = largest;
            all = all && largest > 0;
        }
        if (all) return true;
    }
    return false;
}

// Topics that are joined must have equally many partitions. Those that were not told how many
// follow the others.
std::optional<StreamsProblem> enforce_copartitioning(const Topology& topology,
                                                     const Counts& sources, const Counts& told,
                                                     Counts& counts) {
    for (const auto& sub : topology.subtopologies)
        for (const auto& group : sub.copartition_groups) {
            std::vector<std::string> fixed_names, derived;
            std::int32_t fixed = 0, largest = 0;
            bool differ = false;
            const auto fix = [&](const std::string& name, std::int32_t count) {
                differ = differ || (fixed != 0 && fixed != count);
                fixed = count;
                fixed_names.push_back(name);
            };
            for (const std::int16_t index : group.source_topics) {
                const std::string& name = sub.source_topics[static_cast<std::size_t>(index)];
                fix(name, sources.at(name));
            }
            for (const std::int16_t index : group.repartition_source_topics) {
                const std::string& name =
                    sub.repartition_source_topics[static_cast<std::size_t>(index)].name;
                if (told.at(name) > 0) {
                    fix(name, told.at(name));
                } else {
                    derived.push_back(name);
                    largest = std::max(largest, counts.at(name));
                }
            }
            if (differ) {
                std::ranges::sort(fixed_names);
                return StreamsProblem{
                    StreamsStatus::IncorrectlyPartitionedTopics,
                    "Following topics do not have the same number of partitions: " +
                        listed(fixed_names)};
            }
            for (const std::string& name : derived) counts[name] = fixed > 0 ? fixed : largest;
        }
    return std::nullopt;
}

// Two CRCs of the same bytes with different starts: 64 bits that any build computes alike.
std::int64_t hash_text(const std::string& text) {
    const std::uint64_t low = crc32c(as_bytes(text), 0), high = crc32c(as_bytes(text), 0x9e3779b9u);
    const auto hash = static_cast<std::int64_t>(high << 32 | low);
    return hash == 0 ? 1 : hash;
}

}  // namespace

Topology topology_value(const wire::StreamsGroupHeartbeatRequest::Topology& from) {
    const auto infos = [](const auto& topics) {
        std::vector<Topology::TopicInfo> result;
        for (const auto& topic : topics) {
            Topology::TopicInfo info{topic.name, topic.partitions, topic.replication_factor, {}};
            for (const auto& config : topic.topic_configs)
                info.topic_configs.push_back({config.key, config.value});
            result.push_back(std::move(info));
        }
        return result;
    };
    Topology value{.epoch = from.epoch};
    for (const auto& sub : from.subtopologies) {
        Topology::Subtopology to{.subtopology_id = sub.subtopology_id,
                                 .source_topics = sub.source_topics,
                                 .source_topic_regex = sub.source_topic_regex,
                                 .state_changelog_topics = infos(sub.state_changelog_topics),
                                 .repartition_sink_topics = sub.repartition_sink_topics,
                                 .repartition_source_topics = infos(sub.repartition_source_topics)};
        for (const auto& group : sub.copartition_groups)
            to.copartition_groups.push_back(
                {group.source_topics, group.source_topic_regex, group.repartition_source_topics});
        value.subtopologies.push_back(std::move(to));
    }
    return value;
}

Result<void> validate_topology(const Topology& topology) {
    const auto invalid = [](std::string detail) {
        return fail(ErrorCode::StreamsInvalidTopology, std::move(detail));
    };
    std::set<std::string> ids, written;
    for (const auto& sub : topology.subtopologies)
        written.insert(sub.repartition_sink_topics.begin(), sub.repartition_sink_topics.end());
    for (const auto& sub : topology.subtopologies) {
        if (!sub.source_topic_regex.empty())
            return fail(ErrorCode::InvalidRequest,
                        "Regular expressions for source topics are not supported yet.");
        if (!ids.insert(sub.subtopology_id).second)
            return invalid("Subtopology " + sub.subtopology_id + " stands in the topology twice.");
        if (sub.source_topics.empty() && sub.repartition_source_topics.empty())
            return invalid("Subtopology " + sub.subtopology_id + " has no source topics.");
        const auto check_names = [&](const auto& names, const auto& name_of) -> Result<void> {
            for (const auto& one : names) {
                const std::string& name = name_of(one);
                if (!valid_topic_name(name)) return invalid("Topic name " + name + " is invalid.");
                if (kafka_internal(name))
                    return invalid("Use of Kafka internal topic " + name +
                                   " in a Kafka Streams topology is prohibited.");
            }
            return {};
        };
        const auto itself = [](const std::string& name) -> const std::string& { return name; };
        const auto its_name = [](const Topology::TopicInfo& info) -> const std::string& {
            return info.name;
        };
        MR_TRY_VOID(check_names(sub.source_topics, itself));
        MR_TRY_VOID(check_names(sub.repartition_sink_topics, itself));
        MR_TRY_VOID(check_names(sub.repartition_source_topics, its_name));
        MR_TRY_VOID(check_names(sub.state_changelog_topics, its_name));
        for (const auto& topic : sub.repartition_source_topics) {
            if (topic.partitions < 0)
                return invalid("Topic " + topic.name + " has a negative number of partitions.");
            if (topic.partitions == 0 && !written.contains(topic.name))
                return invalid("Repartition topic " + topic.name +
                               " is written by no subtopology, and has no number of partitions.");
        }
        for (const auto& group : sub.copartition_groups) {
            const auto outside = [](std::size_t size) {
                return [size](std::int16_t index) {
                    return index < 0 || static_cast<std::size_t>(index) >= size;
                };
            };
            if (!group.source_topic_regex.empty())
                return fail(ErrorCode::InvalidRequest,
                            "Regular expressions for source topics are not supported yet.");
            if (std::ranges::any_of(group.source_topics, outside(sub.source_topics.size())) ||
                std::ranges::any_of(group.repartition_source_topics,
                                    outside(sub.repartition_source_topics.size())))
                return invalid("A copartition group of subtopology " + sub.subtopology_id +
                               " points outside its topics.");
        }
    }
    // Whether the counts resolve does not depend on how large the sources are.
    Counts sources, counts = repartition_counts(topology);
    for (const auto& sub : topology.subtopologies)
        for (const std::string& name : sub.source_topics) sources[name] = 1;
    if (!derive_repartition_counts(topology, sources, counts))
        return invalid(
            "Failed to compute number of partitions for all repartition topics, because a "
            "repartition source topic is never used as a sink topic.");
    return {};
}

ConfiguredTopology configure_topology(const Topology& topology, const TopicLookup& topics) {
    ConfiguredTopology result;
    Counts sources;
    std::set<std::string> missing_sources;
    std::string described;  // every topic that is there, for the hash
    std::set<std::string> seen;
    const auto describe = [&](const std::string& name) {
        if (!seen.insert(name).second) return;
        if (const auto topic = topics.find(name))
            described +=
                name + ':' + topic->id.to_string() + ':' + std::to_string(topic->partitions) + ';';
    };
    for (const auto& sub : topology.subtopologies) {
        for (const std::string& name : sub.source_topics) {
            describe(name);
            const auto topic = topics.find(name);
            if (topic)
                sources[name] = topic->partitions;
            else
                missing_sources.insert(name);
        }
        for (const auto& topic : sub.repartition_source_topics) describe(topic.name);
        for (const auto& topic : sub.state_changelog_topics) describe(topic.name);
    }
    result.metadata_hash = hash_text(described);
    if (!missing_sources.empty()) {
        std::string names;
        for (const std::string& name : missing_sources) names += (names.empty() ? "" : ", ") + name;
        result.problem = {StreamsStatus::MissingSourceTopics,
                          "Source topics " + names + " are missing."};
        return result;
    }

    const Counts told = repartition_counts(topology);
    Counts counts = told;
    if (!derive_repartition_counts(topology, sources,
                                   counts)) {  // refused at the join; a log may say otherwise
        result.problem = {StreamsStatus::IncorrectlyPartitionedTopics,
                          "Failed to compute number of partitions for all repartition topics."};
        return result;
    }
    result.problem = enforce_copartitioning(topology, sources, told, counts);

    std::map<std::string, InternalTopic> internal;
    for (const auto& sub : topology.subtopologies) {
        std::int32_t tasks = 0;
        for (const std::string& name : sub.source_topics) tasks = std::max(tasks, sources[name]);
        for (const auto& topic : sub.repartition_source_topics)
            tasks = std::max(tasks, counts[topic.name]);
        result.tasks[sub.subtopology_id] = tasks;
        const auto add = [&](const Topology::TopicInfo& info, std::int32_t partitions) {
            InternalTopic topic{info.name, partitions, info.replication_factor, {}};
            for (const auto& config : info.topic_configs)
                topic.configs.emplace_back(config.key, config.value);
            internal[info.name] = std::move(topic);
        };
        for (const auto& topic : sub.repartition_source_topics) add(topic, counts[topic.name]);
        for (const auto& topic : sub.state_changelog_topics)
            if (!sources.contains(
                    topic.name))  // a source that serves as its own changelog is the user's
                add(topic, topic.partitions > 0 ? topic.partitions : tasks);
    }
    for (auto& [name, topic] : internal) {
        const auto there = topics.find(name);
        if (!there) {
            result.missing.push_back(name);
        } else if (there->partitions != topic.partitions && !result.problem) {
            result.problem = {StreamsStatus::IncorrectlyPartitionedTopics,
                              "Existing topic " + name +
                                  " does not match the expected number of partitions: it has " +
                                  std::to_string(there->partitions) + ", expected are " +
                                  std::to_string(topic.partitions) + "."};
        }
        result.internal_topics.push_back(std::move(topic));
    }
    if (!result.missing.empty() && !result.problem)
        result.problem = {StreamsStatus::MissingInternalTopics,
                          "Internal topics are missing: " + listed(result.missing)};
    return result;
}

}  // namespace millrace::broker
