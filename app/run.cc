#include "millrace/app/run.h"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "millrace/app/runner.h"
#include "millrace/io/signals.h"

namespace millrace {

int run(const Topology& topology, int argc, const char* const* argv, const ErrorHandlers& handlers) {
    const auto line = CommandLine::parse(argc, argv);
    if (!line) {
        std::fprintf(stderr, "%s\n", line.error().detail.c_str());
        return 2;
    }
    if (line->help) {
        std::printf("usage: %s [flags]\n%s", argv[0], CommandLine::help_text().c_str());
        return 0;
    }
    if (!line->rest.empty()) {
        std::fprintf(stderr, "unexpected argument \"%s\"; --help lists the flags\n", line->rest.front().c_str());
        return 2;
    }
    auto runner = app::Runner::start(topology, *line, handlers);
    if (!runner) {
        std::fprintf(stderr, "%s\n", runner.error().detail.c_str());
        return 1;
    }
    return (*runner)->wait();
}

}  // namespace millrace
