#include "millrace/io/stderr_log.h"

#include <ctime>
#include <unistd.h>

namespace millrace::io {

void StderrLog::write(LogLevel level, std::string_view event,
                      std::initializer_list<LogField> fields) {
    if (level < from_) return;
    timespec at{};
    clock_gettime(CLOCK_REALTIME, &at);
    tm utc{};
    gmtime_r(&at.tv_sec, &utc);
    char stamp[64];
    const std::size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(stamp + n, sizeof stamp - n, ".%03ldZ ", at.tv_nsec / 1'000'000);
    static constexpr std::string_view kLevels[] = {"INFO ", "WARN ", "ERROR "};
    std::string line = stamp;
    line += kLevels[static_cast<std::size_t>(level)];
    line += format_line(event, fields);
    line += '\n';
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace millrace::io
