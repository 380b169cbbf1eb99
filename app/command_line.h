#pragma once
// The flags that every Millrace application understands.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/result.h"

namespace millrace {

struct CommandLine {
    std::optional<std::string> embedded;            // directory of the broker in this process; "" until one is made
    std::optional<std::string> bootstrap_server;    // host:port of a broker elsewhere
    std::map<std::string, std::string> settings;    // Kafka's StreamsConfig names
    std::map<std::string, std::string> broker_settings;   // of the embedded broker: --broker-property k=v
    std::optional<int> instance;
    bool until_end = false, help = false;
    std::vector<std::string> rest;                  // what is not a flag of this list, in order

    // Unknown flags (those with a leading dash that `known` does not name) and missing values are errors that say so.
    // `known`: further flags of the program, each with whether it takes a value; they end up in `rest`.
    static Result<CommandLine> parse(int argc, const char* const* argv, const std::map<std::string, bool>& known = {});
    static std::string help_text();
};

}  // namespace millrace
