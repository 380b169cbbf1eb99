#include "millrace/broker/config/config_key.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace millrace::broker {
namespace {

std::string_view trim(std::string_view text) {
    const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && space(text.front())) text.remove_prefix(1);
    while (!text.empty() && space(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view type_name(ConfigType type) {
    switch (type) {
        case ConfigType::Boolean:
            return "boolean";
        case ConfigType::Int:
            return "int";
        case ConfigType::Short:
            return "short";
        case ConfigType::Long:
            return "long";
        case ConfigType::Double:
            return "double";
        default:
            return "string";
    }
}

std::string number_text(double v) {
    return v == static_cast<double>(static_cast<std::int64_t>(v))
               ? std::to_string(static_cast<std::int64_t>(v))
               : std::to_string(v);
}

Failure invalid(const ConfigKey& key, std::string_view value, std::string why) {
    return fail(ErrorCode::InvalidConfig, "Invalid value " + std::string(value) +
                                              " for configuration " + std::string(key.name) + ": " +
                                              std::move(why));
}

std::string join(std::span<const std::string_view> items) {
    std::string text;
    for (const std::string_view item : items) {
        if (!text.empty()) text += ", ";
        text += item;
    }
    return text;
}

// Levenshtein's distance, cut at `most`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t most) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > most) return most + 1;
    std::vector<std::size_t> row(a.size() + 1);
    for (std::size_t i = 0; i <= a.size(); ++i) row[i] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
        std::size_t diagonal = row[0];
        row[0] = j;
        for (std::size_t i = 1; i <= a.size(); ++i) {
            const std::size_t up = row[i];
            row[i] =
                std::min({row[i] + 1, row[i - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = up;
        }
    }
    return row[a.size()];
}

}  // namespace

bool parse_bool(std::string_view text, bool& into) {
    text = trim(text);
    const auto is = [&](std::string_view word) {
        return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
            return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
        });
    };
    if (is("true")) return into = true, true;
    if (is("false")) return into = false, true;
    return false;
}

bool parse_int64(std::string_view text, std::int64_t& into) {
    text = trim(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size();
}

bool parse_double(std::string_view text, double& into) {
    text = trim(text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size() && into == into;
}

std::vector<std::string> parse_list(std::string_view text) {
    std::vector<std::string> items;
    while (true) {
        const std::size_t comma = text.find(',');
        const std::string_view item = trim(text.substr(0, comma));
        if (!item.empty()) items.emplace_back(item);
        if (comma == std::string_view::npos) return items;
        text.remove_prefix(comma + 1);
    }
}

std::string list_text(std::span<const std::string> items) {
    std::string text;
    for (const std::string& item : items) {
        if (!text.empty()) text += ',';
        text += item;
    }
    return text;
}

Result<void> check_config_value(const ConfigKey& key, std::string_view value) {
    const auto in_range = [&](double number) -> Result<void> {
        if (number < key.rule.min)
            return invalid(key, value, "Value must be at least " + number_text(key.rule.min));
        if (number > key.rule.max)
            return invalid(key, value, "Value must be no more than " + number_text(key.rule.max));
        return {};
    };
    const auto integer = [&](std::int64_t low, std::int64_t high) -> Result<void> {
        std::int64_t number = 0;
        if (!parse_int64(value, number) || number < low || number > high) {
            return invalid(key, value, "Not a number of type " + std::string(type_name(key.type)));
        }
        return in_range(static_cast<double>(number));
    };
    const auto one_of = [&](std::string_view item) -> Result<void> {
        const auto& known = key.rule.one_of;
        if (known.empty() || std::find(known.begin(), known.end(), item) != known.end()) return {};
        return invalid(key, item, "String must be one of: " + join(known));
    };
    switch (key.type) {
        case ConfigType::Boolean: {
            bool parsed = false;
            if (!parse_bool(value, parsed))
                return invalid(key, value, "Expected value to be either true or false");
            return {};
        }
        case ConfigType::Short:
            return integer(INT16_MIN, INT16_MAX);
        case ConfigType::Int:
            return integer(INT32_MIN, INT32_MAX);
        case ConfigType::Long:
            return integer(INT64_MIN, INT64_MAX);
        case ConfigType::Double: {
            double number = 0;
            if (!parse_double(value, number))
                return invalid(key, value, "Not a number of type double");
            return in_range(number);
        }
        case ConfigType::List: {
            const auto items = parse_list(value);
            if (items.empty() && !key.rule.list_may_be_empty)
                return invalid(key, value, "The list must not be empty");
            for (const std::string& item : items) MR_TRY_VOID(one_of(item));
            return {};
        }
        default:
            return one_of(trim(value));
    }
}

const ConfigKey* find_config_key(std::span<const ConfigKey> sorted, std::string_view name) {
    const auto it = std::lower_bound(
        sorted.begin(), sorted.end(), name,
        [](const ConfigKey& key, std::string_view wanted) { return key.name < wanted; });
    return it != sorted.end() && it->name == name ? &*it : nullptr;
}

std::string_view nearest_name(std::span<const ConfigKey> keys, std::string_view name) {
    std::string_view best;
    std::size_t least = std::max<std::size_t>(2, name.size() / 4) + 1;
    for (const ConfigKey& key : keys) {
        const std::size_t d = distance(name, key.name, least);
        if (d < least) {
            least = d;
            best = key.name;
        }
    }
    return best;
}

}  // namespace millrace::broker
