#include "millrace/engine/worker/task_settings.h"

#include <algorithm>

namespace millrace::engine {

namespace {

// Java's package in front may be there or not.
std::string_view class_name(std::string_view given) {
    const std::size_t dot = given.rfind('.');
    return dot == std::string_view::npos ? given : given.substr(dot + 1);
}

Result<TimestampPolicy> extractor(std::string_view given) {
    constexpr std::pair<std::string_view, TimestampPolicy> kKnown[] = {
        {"FailOnInvalidTimestamp", TimestampPolicy::FailOnInvalid},
        {"LogAndSkipOnInvalidTimestamp", TimestampPolicy::LogAndSkipOnInvalid},
        {"UsePartitionTimeOnInvalidTimestamp", TimestampPolicy::UsePartitionTimeOnInvalid},
        {"WallclockTimestampExtractor", TimestampPolicy::WallClock}};
    std::string all;
    for (const auto& [name, policy] : kKnown) {
        if (name == class_name(given)) return policy;
        all += (all.empty() ? "" : ", ") + std::string(name);
    }
    return fail(ErrorCode::InvalidConfig, "default.timestamp.extractor: \"" + std::string(given) + "\" is not known; it is one of " +
                                              all + " (one of your own: Consumed::with_timestamp_extractor)");
}

// "LogAndContinueExceptionHandler".
Result<OnError> handler(std::string_view setting, std::string_view given, std::string_view middle) {
    const std::string_view name = class_name(given);
    const std::string fails = "LogAndFail" + std::string(middle) + "ExceptionHandler";
    const std::string continues = "LogAndContinue" + std::string(middle) + "ExceptionHandler";
    if (name == fails || name == "LogAndFailExceptionHandler") return OnError::Fail;
    if (name == continues || name == "LogAndContinueExceptionHandler") return OnError::Continue;
    return fail(ErrorCode::InvalidConfig, std::string(setting) + ": \"" + std::string(given) + "\" is not known; it is " + fails +
                                              " or " + continues);
}

}  // namespace

Result<TaskSettings> task_settings(const StreamsConfig& config, LogSink& log) {
    TaskSettings settings;
    settings.application_id = config.application_id;
    MR_TRY(settings.deserialization,
           handler("deserialization.exception.handler", config.deserialization_exception_handler, ""));
    MR_TRY(settings.processing,
           handler("processing.exception.handler", config.processing_exception_handler, "Processing"));
    if (config.topology_optimization != "none") {
        return fail(ErrorCode::InvalidConfig, "topology.optimization: \"" + config.topology_optimization +
                                                  "\" is not supported yet; use none");
    }
    if (const std::string_view given = class_name(config.production_exception_handler);
        given != "DefaultProductionExceptionHandler")
        return fail(ErrorCode::InvalidConfig,
                    "production.exception.handler: \"" + config.production_exception_handler +
                        "\" is not known; it is DefaultProductionExceptionHandler, or an object in the application's options");
    MR_TRY(settings.timestamps, extractor(config.default_timestamp_extractor));
    settings.topic_configs = config.topic_configs;
    settings.window_changelog_additional_retention_ms = config.windowstore_changelog_additional_retention_ms;
    settings.explicit_names = config.ensure_explicit_internal_resource_naming;
    settings.dead_letter_topic = config.errors_dead_letter_queue_topic_name;
    settings.max_task_idle_ms = config.max_task_idle_ms;
    settings.buffered_records_per_partition = static_cast<std::size_t>(config.buffered_records_per_partition);
    settings.cache_bytes = config.statestore_cache_max_bytes / std::max<std::int64_t>(1, config.num_stream_threads);
    settings.in_memory_stores = config.dsl_store != "rocksDB";
    settings.log = &log;
    return settings;
}

}  // namespace millrace::engine
