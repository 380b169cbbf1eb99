#pragma once
// One setting as people see it: name, type, default, rule, meaning. Values travel as text, as in
// Kafka.
#include <cstdint>
#include <limits>
#include <optional>
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

enum class ValueForm : std::uint8_t {
    Any,
    NonEmpty,           // text
    ThrottledReplicas,  // *, or partition:broker,...
    OffsetReset,        // earliest, latest, by_duration:PnDTnHnMn.nS
};

struct ConfigRule {
    double min = std::numeric_limits<double>::lowest();  // numbers
    double max = std::numeric_limits<double>::max();
    std::vector<std::string_view> one_of;  // strings and items of lists; empty: anything
    bool list_may_be_empty = true;
    bool ignore_case = false;        // of one_of
    std::optional<double> or_value;  // allowed outside of the range
    ValueForm form = ValueForm::Any;
};

enum class UpdateMode : std::uint8_t {  // of a broker's key (KIP-226)
    ReadOnly,                           // needs a restart
    PerBroker,
    ClusterWide,  // also for one broker
};

struct ConfigKey {
    std::string_view name;
    ConfigType type = ConfigType::String;
    std::string default_text;
    ConfigRule rule;
    std::string_view doc;
    bool default_is_null = false;
    bool internal = false;   // not shown unless it is set
    bool has_effect = true;  // false: accepted, but nothing here acts on it yet
    UpdateMode update = UpdateMode::ReadOnly;
    bool sensitive() const { return type == ConfigType::Password; }
};

// The text of the value that a text means: without the blanks around it.
std::string parsed_text(const ConfigKey& key, std::string_view value);

// How a key is documented to clients; says so when nothing acts on it yet.
std::string documentation(const ConfigKey& key);

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
