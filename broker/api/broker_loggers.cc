// The part of IncrementalAlterConfigs that is about this broker's log (resource type 8, KIP-412;
// Java: ConfigAdminManager, LoggingController).
// - There is one logger, "root". SET to TRACE, DEBUG, INFO (all lines), WARN, ERROR or FATAL; the
//   level holds until the broker stops. Another logger or level: 40. DELETE, APPEND, SUBTRACT: 42.
// - What else the request asks goes on to the controller; the answers are put together again.
#include <algorithm>
#include <array>
#include <set>

#include "millrace/broker/api/handlers.h"
#include "millrace/broker/broker_state.h"
#include "millrace/wire/messages/incremental_alter_configs.h"

namespace millrace::broker {
namespace {

using wire::IncrementalAlterConfigsRequest;
using wire::IncrementalAlterConfigsResponse;
using Resource = IncrementalAlterConfigsRequest::AlterConfigsResource;
constexpr auto kLogger = static_cast<std::int8_t>(ConfigResourceType::BrokerLogger);
constexpr std::array<std::string_view, 6> kLevels = {"DEBUG", "ERROR", "FATAL",
                                                     "INFO",  "TRACE", "WARN"};
enum Operation : std::int8_t { Set = 0, Delete = 1, Append = 2, Subtract = 3 };

Failure refused(std::string why) {
    return fail(ErrorCode::InvalidRequest, std::move(why));
}

Result<void> check(const Broker::State& broker, const Resource& resource) {
    std::set<std::string> seen;
    for (const auto& config : resource.configs) {
        if (!seen.insert(config.name).second) return refused("Error due to duplicate config keys");
        if (config.config_operation != Delete && !config.value)
            return refused("Null value not supported for : " + config.name);
    }
    std::int64_t id = 0;
    if (!parse_int64(resource.resource_name, id))
        return refused("Node id must be an integer, but it is: " + resource.resource_name);
    if (id != broker.node.value())
        return refused("Unexpected node id. Expected " + std::to_string(broker.node.value()) +
                       ", but received " + resource.resource_name);
    for (const auto& config : resource.configs) {
        if (config.config_operation == Append || config.config_operation == Subtract)
            return refused(std::string(config.config_operation == Append ? "APPEND" : "SUBTRACT") +
                           " operation is not allowed for the BROKER_LOGGER resource");
        if (config.name != "root")
            return fail(ErrorCode::InvalidConfig, "Logger " + config.name + " does not exist!");
        if (config.config_operation == Delete)
            return refused("Removing the log level of the root logger is not allowed");
        if (std::find(kLevels.begin(), kLevels.end(), *config.value) == kLevels.end())
            return fail(ErrorCode::InvalidConfig,
                        "Cannot set the log level of root to " + *config.value +
                            " as it is not a supported log level. Valid log levels are DEBUG, "
                            "ERROR, FATAL, INFO, TRACE, WARN");
    }
    return {};
}

void alter(Broker::State& broker, const Resource& resource, bool twice, bool validate_only,
           IncrementalAlterConfigsResponse::AlterConfigsResourceResponse& into) {
    into.resource_type = resource.resource_type;
    into.resource_name = resource.resource_name;
    into.error_message.reset();
    const Result<void> legal =
        twice ? Result<void>(refused("Each resource must appear at most once."))
              : check(broker, resource);
    if (!legal) {
        into.error_code = legal.error().code;
        into.error_message = legal.error().detail;
    } else if (!validate_only) {
        for (const auto& config : resource.configs) broker.leveled_log.set_level(*config.value);
    }
}

}  // namespace

bool names_loggers(const IncrementalAlterConfigsRequest& request) {
    return std::any_of(request.resources.begin(), request.resources.end(),
                       [](const Resource& resource) { return resource.resource_type == kLogger; });
}

void handle_broker_loggers(Broker::State& broker, const Request& request) {
    const auto& body = request.body.as<IncrementalAlterConfigsRequest>();
    auto rest = body;
    std::erase_if(rest.resources, [](const Resource& r) { return r.resource_type == kLogger; });
    const auto finish = [&broker, request](const IncrementalAlterConfigsResponse& others) {
        const auto& asked = request.body.as<IncrementalAlterConfigsRequest>();
        IncrementalAlterConfigsResponse response;
        std::size_t next = 0;
        for (const Resource& resource : asked.resources) {
            auto& result = response.responses.emplace_back();
            if (resource.resource_type != kLogger) {
                if (next < others.responses.size()) result = others.responses[next++];
                continue;
            }
            const auto times = std::count_if(
                asked.resources.begin(), asked.resources.end(), [&](const Resource& other) {
                    return other.resource_type == kLogger &&
                           other.resource_name == resource.resource_name;
                });
            alter(broker, resource, times > 1, asked.validate_only, result);
        }
        broker.answer(request, std::move(response));
    };
    if (rest.resources.empty()) return finish({});
    broker.ask_controller(wire::AnyRequest::of(std::move(rest), request.body.version()),
                          [finish](const wire::AnyResponse& any) {
                              finish(any.as<IncrementalAlterConfigsResponse>());
                          });
}

}  // namespace millrace::broker
