#pragma once
// Log lines of programs: "2026-11-25T13:18:22.123Z WARN event name=value", one write(2) each, to
// standard error.
#include "millrace/base/log_line.h"

namespace millrace::io {

class StderrLog final : public LogSink {
public:
    explicit StderrLog(LogLevel from = LogLevel::Info) : from_(from) {}
    void write(LogLevel level, std::string_view event,
               std::initializer_list<LogField> fields) override;

private:
    LogLevel from_;
};

}  // namespace millrace::io
