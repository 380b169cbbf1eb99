#include "millrace/engine/worker/task_settings.h"

#include <algorithm>

namespace millrace::engine {

namespace {

// "LogAndContinueExceptionHandler", with or without Java's package in front.
Result<OnError> handler(std::string_view setting, std::string_view given, std::string_view middle) {
    const std::size_t dot = given.rfind('.');
    const std::string_view name = dot == std::string_view::npos ? given : given.substr(dot + 1);
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
    settings.dead_letter_topic = config.errors_dead_letter_queue_topic_name;
    settings.max_task_idle_ms = config.max_task_idle_ms;
    settings.buffered_records_per_partition = static_cast<std::size_t>(config.buffered_records_per_partition);
    settings.cache_bytes = config.statestore_cache_max_bytes / std::max<std::int64_t>(1, config.num_stream_threads);
    settings.in_memory_stores = config.dsl_store != "rocksDB";
    settings.log = &log;
    return settings;
}

}  // namespace millrace::engine
