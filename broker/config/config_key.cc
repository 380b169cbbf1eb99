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
            return "BOOLEAN";
        case ConfigType::Int:
            return "INT";
        case ConfigType::Short:
            return "SHORT";
        case ConfigType::Long:
            return "LONG";
        case ConfigType::Double:
            return "DOUBLE";
        default:
            return "STRING";
    }
}

std::string number_text(double v) {
    if (v < -9.2e18 || v > 9.2e18) return v < 0 ? "-9223372036854775808" : "9223372036854775807";
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

namespace {

Result<void> check_range(const ConfigKey& key, double number, std::string_view value) {
    const ConfigRule& rule = key.rule;
    if (rule.or_value) {
        if (number == *rule.or_value || (number >= rule.min && number <= rule.max)) return {};
        return invalid(key, value,
                       "Value must be between " + number_text(rule.min) + " and " +
                           number_text(rule.max) + " or equal to " + number_text(*rule.or_value));
    }
    if (number < rule.min)
        return invalid(key, value, "Value must be at least " + number_text(rule.min));
    if (number > rule.max)
        return invalid(key, value, "Value must be no more than " + number_text(rule.max));
    return {};
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

Result<void> check_one_of(const ConfigKey& key, std::string_view item) {
    const ConfigRule& rule = key.rule;
    if (rule.one_of.empty()) return {};
    for (const std::string_view known : rule.one_of)
        if (known == item || (rule.ignore_case && same_ignoring_case(known, item))) return {};
    return invalid(key, item,
                   (rule.ignore_case ? "String must be one of (case insensitive): "
                                     : "String must be one of: ") +
                       join(rule.one_of));
}

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> check_throttled_replicas(const ConfigKey& key, std::span<const std::string> items) {
    if (items.empty() || (items.size() == 1 && items[0] == "*")) return {};
    const bool pairs = std::all_of(items.begin(), items.end(), [](std::string_view item) {
        const std::size_t colon = item.find(':');
        return colon != std::string_view::npos && all_digits(item.substr(0, colon)) &&
               all_digits(item.substr(colon + 1));
    });
    if (pairs) return {};
    std::string shown = "[";
    for (const std::string& item : items) shown += (shown.size() > 1 ? ", " : "") + item;
    return invalid(key, shown + "]",
                   std::string(key.name) +
                       " must be the literal '*' or a list of replicas in the following format: "
                       "[partitionId]:[brokerId],[partitionId]:[brokerId],...");
}

// ISO 8601 as java.time.Duration reads it, without sign: P1DT2H3M4.5S.
bool is_duration(std::string_view text) {
    if (!text.starts_with('P') || text.size() < 3) return false;
    text.remove_prefix(1);
    std::string_view units = "D";
    bool any = false;
    while (!text.empty()) {
        if (text.front() == 'T' && units.find('H') == std::string_view::npos) {
            units = "HMS";
            text.remove_prefix(1);
            any = false;
            continue;
        }
        std::size_t n = 0;
        while (n < text.size() && ((text[n] >= '0' && text[n] <= '9') || text[n] == '.')) ++n;
        if (n == 0 || n == text.size()) return false;
        const std::size_t unit = units.find(text[n]);
        if (unit == std::string_view::npos) return false;
        units.remove_prefix(unit + 1);
        text.remove_prefix(n + 1);
        any = true;
    }
    return any;
}

Result<void> check_offset_reset(const ConfigKey& key, std::string_view value) {
    if (value == "earliest" || value == "latest") return {};
    if (value.starts_with("by_duration:") && is_duration(value.substr(12))) return {};
    const std::string name(key.name);
    return invalid(key, value,
                   "Invalid value `" + std::string(value) + "` for configuration " + name +
                       ". The value must be either 'earliest', 'latest' or of the format "
                       "'by_duration:<PnDTnHnMn.nS>'.");
}

std::string java_double(double v) {  // Double.toString, of what people write into configs
    std::string text = number_text(v);
    if (text.find('.') == std::string::npos) return text + ".0";
    while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
    return text;
}

}  // namespace

Result<void> check_config_value(const ConfigKey& key, std::string_view value) {
    const auto integer = [&](std::int64_t low, std::int64_t high) -> Result<void> {
        std::int64_t number = 0;
        if (!parse_int64(value, number) || number < low || number > high)
            return invalid(key, value, "Not a number of type " + std::string(type_name(key.type)));
        return check_range(key, static_cast<double>(number), trim(value));
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
                return invalid(key, value, "Not a number of type DOUBLE");
            return check_range(key, number, java_double(number));
        }
        case ConfigType::List: {
            const auto items = parse_list(value);
            if (key.rule.form == ValueForm::ThrottledReplicas)
                return check_throttled_replicas(key, items);
            if (items.empty() && !key.rule.list_may_be_empty)
                return invalid(key, value, "The list must not be empty");
            for (const std::string& item : items) MR_TRY_VOID(check_one_of(key, item));
            return {};
        }
        default:
            if (key.rule.form == ValueForm::OffsetReset)
                return check_offset_reset(key, trim(value));
            if (key.rule.form == ValueForm::NonEmpty && trim(value).empty())
                return invalid(key, value, "String must be non-empty");
            return check_one_of(key, trim(value));
    }
}

std::string parsed_text(const ConfigKey& key, std::string_view value) {
    return key.type == ConfigType::List ? list_text(parse_list(value)) : std::string(trim(value));
}

std::string documentation(const ConfigKey& key) {
    std::string text(key.doc);
    if (!key.has_effect)
        text +=
            (text.empty() ? "" : " ") +
            std::string("(Millrace accepts and keeps this config, but nothing acts on it yet.)");
    return text;
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
