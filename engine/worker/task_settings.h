#pragma once
// What of an application's settings its tasks must know.
#include "millrace/base/log_line.h"
#include "millrace/base/result.h"
#include "millrace/engine/task/settings.h"
#include "millrace/engine/worker/streams_config.h"

namespace millrace::engine {

// InvalidConfig: a handler, extractor, optimization or store kind that is not known or not supported.
Result<TaskSettings> task_settings(const StreamsConfig& config, LogSink& log);

}  // namespace millrace::engine
