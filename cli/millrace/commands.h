#pragma once
// The subcommands of `millrace`. Each stands in a .cc of its name and gets what follows its name on
// the command line; it returns the exit status: 0, 1 for a failure (said on stderr), 2 for a wrong
// command line.
#include <span>
#include <string_view>

namespace millrace::cli {

using Arguments = std::span<const std::string_view>;

int broker_command(Arguments);  // broker.cc
int wire_command(Arguments);    // wire.cc
int sniff_command(Arguments);   // sniff.cc: `wire sniff`

struct Command {
    std::string_view name;
    int (*run)(Arguments);
    std::string_view help;  // one line
};
inline constexpr Command kCommands[] = {
    {"broker", broker_command, "a node: broker and controller"},
    {"wire", wire_command, "Kafka messages and records: bytes to JSON and back"},
};

}  // namespace millrace::cli
