// DeleteTopics, key 20, versions 1-6 (Java: ControllerApis.deleteTopics,
// ReplicationControlManager).
// - v1-5 by name; v6 by name or id (KIP-516), never both.
// - Unknown: 3 by name, 100 by id. delete.topic.enable=false: 73, before v3 42.
// - A topic that is named twice is answered once: 42.
// Missing: authorization.
#include <map>
#include <set>

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
    std::map<std::string, int> names;
    std::map<Uuid, int> ids;
    for (const Asked& topic : topics) {
        if (topic.name && topic.topic_id.is_zero()) ++names[*topic.name];
        if (!topic.name && !topic.topic_id.is_zero()) ++ids[topic.topic_id];
    }
    std::set<std::string> name_answered;
    std::set<Uuid> id_answered;
    for (const Asked& topic : topics) {
        const bool by_name = topic.name.has_value(), by_id = !topic.topic_id.is_zero();
        const auto refuse = [&](ErrorCode code, std::string why) {
            response.responses.push_back(refused(topic, code, std::move(why)));
        };
        if (by_name && by_id) {
            refuse(ErrorCode::InvalidRequest, "You may not specify both topic name and topic id.");
            continue;
        }
        if (!by_name && !by_id) {
            refuse(ErrorCode::InvalidRequest, "Neither topic name nor id were specified.");
            continue;
        }
        // What is named twice is answered once.
        if (by_name ? !name_answered.insert(*topic.name).second
                    : !id_answered.insert(topic.topic_id).second)
            continue;
        const TopicImage* image =
            by_name ? state.image.topic(*topic.name) : state.image.topic(topic.topic_id);
        if (by_name ? names[*topic.name] > 1 : ids[topic.topic_id] > 1) {
            refuse(ErrorCode::InvalidRequest,
                   by_name ? "Duplicate topic name." : "Duplicate topic id.");
        } else if (!image) {
            refuse(by_name ? ErrorCode::UnknownTopicOrPartition : ErrorCode::UnknownTopicId,
                   by_name ? "This server does not host this topic-partition."
                           : "This server does not host this topic ID.");
        } else if (by_name && ids.contains(image->id)) {
            refuse(ErrorCode::InvalidRequest,
                   "The provided topic name maps to an ID that was already supplied.");
            response.responses.back().topic_id = image->id;
        } else if (by_id && names.contains(image->name)) {
            continue;  // answered by name
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
