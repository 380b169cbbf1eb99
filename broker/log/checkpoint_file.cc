#include "millrace/broker/log/checkpoint_file.h"

#include <charconv>

namespace millrace::broker {

namespace {

Failure corrupt(std::string what) {
    return fail(ErrorCode::CorruptMessage, std::move(what));
}

// Cuts the first line off; CRLF counts as one.
std::optional<std::string_view> next_line(std::string_view& text) {
    if (text.empty()) return std::nullopt;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

std::vector<std::string_view> words(std::string_view line) {
    std::vector<std::string_view> all;
    while (!line.empty()) {
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos) break;
        const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
        all.push_back(line.substr(begin, end - begin));
        line.remove_prefix(end);
    }
    return all;
}

}  // namespace

bool parse_number(std::string_view text, std::int64_t& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Result<std::vector<std::vector<std::string_view>>> parse_checkpoint(std::string_view text,
                                                                    std::size_t columns) {
    std::vector<std::vector<std::string_view>> rows;
    std::int64_t number = 0;
    const auto version = next_line(text);
    if (!version) return rows;
    if (!parse_number(*version, number))
        return corrupt("malformed line in checkpoint file: " + std::string(*version));
    if (number != 0)
        return corrupt("unrecognised checkpoint version " + std::to_string(number) +
                       ", expected 0");
    const auto count = next_line(text);
    if (!count) return rows;
    if (!parse_number(*count, number) || number < 0)
        return corrupt("malformed line in checkpoint file: " + std::string(*count));
    while (const auto line = next_line(text)) {
        auto row = words(*line);
        if (row.size() != columns)
            return corrupt("malformed line in checkpoint file: " + std::string(*line));
        rows.push_back(std::move(row));
    }
    if (static_cast<std::int64_t>(rows.size()) != number)
        return corrupt("expected " + std::to_string(number) +
                       " entries in checkpoint file, but found " + std::to_string(rows.size()));
    return rows;
}

Result<OffsetCheckpoint> parse_offset_checkpoint(std::string_view text) {
    MR_TRY(const auto rows, parse_checkpoint(text, 3));
    OffsetCheckpoint offsets;
    for (const auto& row : rows) {
        std::int64_t partition, offset;
        if (!parse_number(row[1], partition) || !parse_number(row[2], offset) || partition < 0 ||
            partition > INT32_MAX)
            return corrupt("malformed number in checkpoint file");
        offsets.insert_or_assign({std::string(row[0]), static_cast<std::int32_t>(partition)},
                                 Offset{offset});
    }
    return offsets;
}

std::string to_text(const OffsetCheckpoint& offsets) {
    std::string text = "0\n" + std::to_string(offsets.size()) + '\n';
    for (const auto& [tp, offset] : offsets) {
        text += tp.topic;
        text += ' ' + std::to_string(tp.partition) + ' ' + std::to_string(offset.value()) + '\n';
    }
    return text;
}

Result<Uuid> parse_partition_metadata(std::string_view text) {
    Uuid id;
    bool versioned = false, found = false;
    while (const auto line = next_line(text)) {
        const std::size_t colon = line->find(':');
        if (colon == std::string_view::npos) return corrupt("malformed line in partition.metadata");
        const std::string_view key = line->substr(0, colon);
        const auto value = words(line->substr(colon + 1));
        if (value.size() != 1) return corrupt("malformed line in partition.metadata");
        if (key == "version") {
            if (value[0] != "0")
                return corrupt("unrecognised version of partition.metadata: " +
                               std::string(value[0]));
            versioned = true;
        } else if (key == "topic_id") {
            if (!Uuid::parse(value[0], id)) return corrupt("partition.metadata holds no topic id");
            found = true;
        }
    }
    if (!versioned || !found || id.is_zero())
        return corrupt("invalid topic id in partition.metadata");
    return id;
}

std::string partition_metadata_text(const Uuid& topic_id) {
    return "version: 0\ntopic_id: " + topic_id.to_string();
}

namespace {

// The escapes of java.util.Properties that its writer makes; unicode escapes are read too.
std::string unescape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char c = text[++i];
        switch (c) {
            case 't':
                out += '\t';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 'f':
                out += '\f';
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string escape(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else {
            if (c == ':' || c == '=' || c == '\\' || c == '#' || c == '!' || (c == ' ' && i == 0))
                out += '\\';
            out += c;
        }
    }
    return out;
}

}  // namespace

Result<MetaProperties> parse_meta_properties(std::string_view text) {
    std::map<std::string, std::string, std::less<>> values;
    while (auto line = next_line(text)) {
        const std::size_t begin = line->find_first_not_of(" \t\f");
        if (begin == std::string_view::npos || (*line)[begin] == '#' || (*line)[begin] == '!')
            continue;
        line->remove_prefix(begin);
        std::size_t split = 0;
        while (split < line->size() && (*line)[split] != '=' && (*line)[split] != ':')
            split += (*line)[split] == '\\' ? 2 : 1;
        if (split >= line->size()) return corrupt("malformed line in meta.properties");
        const auto key = words(line->substr(0, split));
        std::string_view value = line->substr(split + 1);
        while (!value.empty() && (value.front() == ' ' || value.front() == '\t'))
            value.remove_prefix(1);
        if (key.size() == 1) values.insert_or_assign(std::string(key[0]), unescape(value));
    }
    const auto number = [&values](const char* name,
                                  std::optional<std::int32_t>& into) -> Result<void> {
        const auto at = values.find(name);
        if (at == values.end()) return {};
        std::int64_t n;
        if (!parse_number(at->second, n) || n < INT32_MIN || n > INT32_MAX)
            return corrupt(std::string("meta.properties: unable to read ") + name + " as a number");
        into = static_cast<std::int32_t>(n);
        return {};
    };
    std::optional<std::int32_t> version;
    MR_TRY_VOID(number("version", version));
    if (version.value_or(0) != 0 && *version != 1)
        return corrupt("meta.properties: unknown version " + std::to_string(*version));
    MetaProperties properties;
    MR_TRY_VOID(number(version.value_or(0) == 0 ? "broker.id" : "node.id", properties.node_id));
    if (const auto at = values.find("cluster.id"); at != values.end())
        properties.cluster_id = at->second;
    if (const auto at = values.find("directory.id"); at != values.end()) {
        Uuid id;
        if (!Uuid::parse(at->second, id))
            return corrupt("meta.properties: unable to read directory.id as a Uuid");
        properties.directory_id = id;
    }
    if (version.value_or(0) == 1) {
        if (properties.cluster_id.empty())
            return corrupt("meta.properties: cluster.id was not found");
        if (!properties.node_id) return corrupt("meta.properties: node.id was not found");
    }
    return properties;
}

std::string to_text(const MetaProperties& properties) {
    std::string text = "#\n#\n";  // Java puts the date on the second line; we have no clock here
    if (properties.node_id) text += "node.id=" + std::to_string(*properties.node_id) + '\n';
    if (properties.directory_id)
        text += "directory.id=" + properties.directory_id->to_string() + '\n';
    return text + "version=1\ncluster.id=" + escape(properties.cluster_id) + '\n';
}

std::optional<CleanShutdown> parse_clean_shutdown(std::string_view text) {
    static constexpr std::string_view kKey = "\"brokerEpoch\":";
    const std::size_t at = text.find(kKey);
    if (at == std::string_view::npos) return std::nullopt;
    text.remove_prefix(at + kKey.size());
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    CleanShutdown marker;
    if (!parse_number(text.substr(0, text.find_first_not_of("-0123456789")), marker.broker_epoch))
        return std::nullopt;
    return marker;
}

std::string to_text(const CleanShutdown& marker) {
    return "{\"version\":0,\"brokerEpoch\":" + std::to_string(marker.broker_epoch) + "}";
}

}  // namespace millrace::broker
