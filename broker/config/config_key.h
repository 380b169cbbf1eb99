#pragma once
// One setting as people see it: name, type, default, rule, meaning. Values travel as text, as in
// Kafka.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/result.h"

namespace millrace::broker {

enum class ConfigType : std::int8_t {  // DescribeConfigs' numbers
    Unknown = 0,
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
};

struct ConfigRule {
    double min = -1e300, max = 1e300;      // numbers
    std::vector<std::string_view> one_of;  // strings and items of lists; empty: anything
    bool list_may_be_empty = true;
};

struct ConfigKey {
    std::string_view name;
    ConfigType type = ConfigType::String;
    std::string default_text;
    ConfigRule rule;
    std::string_view doc;
};

// InvalidConfig, in Kafka's words: "Invalid value x for configuration y: ...".
Result<void> check_config_value(const ConfigKey& key, std::string_view value);

const ConfigKey* find_config_key(std::span<const ConfigKey> sorted, std::string_view name);
// The most similar name, for "did you mean"; empty when none is near.
std::string_view nearest_name(std::span<const ConfigKey> keys, std::string_view name);

// Parsers of the types; false: not of that type or out of its range.
bool parse_bool(std::string_view text, bool& into);
bool parse_int64(std::string_view text, std::int64_t& into);
bool parse_double(std::string_view text, double& into);
std::vector<std::string> parse_list(std::string_view text);  // commas, trimmed, empty items dropped
std::string list_text(std::span<const std::string> items);

}  // namespace millrace::broker
