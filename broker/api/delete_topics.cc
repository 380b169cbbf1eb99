// DeleteTopics, key 20, versions 1-6 (Java: ControllerApis.deleteTopics,
// ReplicationControlManager).
// - v1-5 by name; v6 by name or id (KIP-516), never both.
// - Unknown: 3 by name, 100 by id. delete.topic.enable=false: 73, before v3 42.
// - The answer has the topics in the order of the request.
// Missing: authorization.
#include <map>

#include "millrace/broker/api/controller_handlers.h"

namespace millrace::broker {
namespace {

using Asked = wire::DeleteTopicsRequest::DeleteTopicState;
using Deleted = wire::DeleteTopicsResponse::DeletableTopicResult;

std::vector<Asked> asked_for(const wire::DeleteTopicsRequest& request) {
    std::vector<Asked> all = request.topics;
    for (const std::string& name : request.topic_names) {
        Asked one;
        one.name = name;
        all.push_back(std::move(one));
    }
    return all;
}

Deleted refused(const Asked& topic, ErrorCode code, std::string why) {
    Deleted result;
    result.name = topic.name;
    result.topic_id = topic.topic_id;
    result.error_code = code;
    result.error_message = std::move(why);
    return result;
}

}  // namespace

Decision delete_topics(ControllerState& state, const wire::DeleteTopicsRequest& request,
                       std::int16_t version) {
    if (!state.config->delete_topic_enable) {
        const ErrorCode code =
            version < 3 ? ErrorCode::InvalidRequest : ErrorCode::TopicDeletionDisabled;
        return {{}, wire::AnyResponse::of(delete_topics_error(request, code), version)};
    }
    Decision decision;
    wire::DeleteTopicsResponse response;
    const std::vector<Asked> topics = asked_for(request);
    std::map<Uuid, int> times;  // by the id that is meant
    const auto find = [&](const Asked& topic) {
        return topic.name ? state.image.topic(*topic.name) : state.image.topic(topic.topic_id);
    };
    for (const Asked& topic : topics) {
        if (const TopicImage* image = find(topic)) ++times[image->id];
    }
    for (const Asked& topic : topics) {
        const TopicImage* image = find(topic);
        if (topic.name && !topic.topic_id.is_zero()) {
            response.responses.push_back(
                refused(topic, ErrorCode::InvalidRequest,
                        "You may not specify both topic name and topic id."));
        } else if (!topic.name && topic.topic_id.is_zero()) {
            response.responses.push_back(refused(topic, ErrorCode::InvalidRequest,
                                                 "Neither topic name nor id were specified."));
        } else if (!image) {
            const bool by_name = topic.name.has_value();
            response.responses.push_back(refused(
                topic, by_name ? ErrorCode::UnknownTopicOrPartition : ErrorCode::UnknownTopicId,
                by_name ? "This server does not host this topic-partition."
                        : "This server does not host this topic ID."));
        } else if (times[image->id] > 1) {
            response.responses.push_back(
                refused(topic, ErrorCode::InvalidRequest,
                        topic.name ? "Duplicate topic name." : "Duplicate topic id."));
        } else {
            wire::RemoveTopicRecord record;
            record.topic_id = image->id;
            decision.records.emplace_back(std::move(record));
            Deleted result;
            result.name = image->name;
            result.topic_id = image->id;
            response.responses.push_back(std::move(result));
        }
    }
    decision.response = wire::AnyResponse::of(std::move(response), version);
    return decision;
}

wire::DeleteTopicsResponse delete_topics_error(const wire::DeleteTopicsRequest& request,
                                               ErrorCode code) {
    wire::DeleteTopicsResponse response;
    for (const Asked& topic : asked_for(request))
        response.responses.push_back(refused(topic, code, std::string(name(code))));
    return response;
}

}  // namespace millrace::broker
