#pragma once
// An application as a program: run(topology, argc, argv) parses the common flags, starts a broker in the process or connects
// to one elsewhere, runs until SIGTERM or SIGINT (or, with --until-end, until the input is processed), and closes cleanly.
#include <functional>
#include <string>

#include "millrace/app/command_line.h"
#include "millrace/dsl/streams.h"

namespace millrace {

// The exit status of main: 0 clean, 1 failed (a task that was given up too), 2 bad usage. `handlers`: the application's own.
int run(const Topology& topology, int argc, const char* const* argv, const ErrorHandlers& handlers = {});

}  // namespace millrace
