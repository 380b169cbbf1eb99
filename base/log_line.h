#pragma once
// A log line is a constant event plus fields: log.info("became leader", {{"partition", tp}, {"epoch", epoch}}).
// Info: state changed. Warn: degraded, handled. Error: someone must act. Never per record; never a key or a value.
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace millrace {

enum class LogLevel : std::uint8_t { Info, Warn, Error };

struct LogField {
    LogField(std::string_view n, std::string v) : name(n), value(std::move(v)) {}
    LogField(std::string_view n, std::string_view v) : name(n), value(v) {}
    LogField(std::string_view n, const char* v) : name(n), value(v) {}
    LogField(std::string_view n, std::int64_t v) : name(n), value(std::to_string(v)) {}
    LogField(std::string_view n, int v) : name(n), value(std::to_string(v)) {}
    LogField(std::string_view n, std::uint64_t v) : name(n), value(std::to_string(v)) {}
    std::string_view name;
    std::string value;
};

class LogSink {   // who writes: stderr in programs, a vector in tests, the trace in the simulator
public:
    virtual ~LogSink() = default;
    virtual void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::Info, event, fields); }
    void warn(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::Warn, event, fields); }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) { write(LogLevel::Error, event, fields); }
};

// "event name=value name=value", control characters escaped, each value cut at 512 bytes.
std::string format_line(std::string_view event, std::initializer_list<LogField> fields);

class NullLog final : public LogSink {
public:
    void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace millrace
