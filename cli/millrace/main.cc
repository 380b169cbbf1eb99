#include <cstdio>
#include <exception>
#include <vector>

#include "millrace/cli/millrace/commands.h"

namespace millrace::cli {
namespace {

void print_help(std::FILE* to) {
    std::fprintf(to, "usage: millrace COMMAND ...\n\n");
    for (const Command& command : kCommands) {
        std::fprintf(to, "  %-10.*s %.*s\n", static_cast<int>(command.name.size()),
                     command.name.data(), static_cast<int>(command.help.size()),
                     command.help.data());
    }
    std::fprintf(to, "\n`millrace COMMAND --help` says more.\n");
}

int run(Arguments arguments) {
    if (arguments.empty()) {
        print_help(stderr);
        return 2;
    }
    const std::string_view name = arguments.front();
    if (name == "--help" || name == "-h" || name == "help") {
        print_help(stdout);
        return 0;
    }
    for (const Command& command : kCommands) {
        if (command.name == name) return command.run(arguments.subspan(1));
    }
    std::fprintf(stderr, "millrace: no command \"%.*s\"\n", static_cast<int>(name.size()),
                 name.data());
    print_help(stderr);
    return 2;
}

}  // namespace
}  // namespace millrace::cli

int main(int argc, char** argv) {
    const std::vector<std::string_view> arguments(argv + 1, argv + argc);
    try {
        return millrace::cli::run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "millrace: %s\n", error.what());
        return 1;
    }
}
