// millrace wire: Kafka's messages and records as JSON in the form of its *JsonConverter classes,
// and back.
#include <charconv>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "millrace/cli/millrace/commands.h"
#include "millrace/wire/api.h"
#include "millrace/wire/catalog.h"
#include "millrace/wire/json.h"
#include "millrace/wire/record_codec.h"

namespace millrace::cli {
namespace {

constexpr const char* kHelp =
    R"(usage: millrace wire decode NAME VERSION HEX     prints the message as JSON
       millrace wire encode NAME VERSION JSON    prints its bytes in hex
       millrace wire decode|encode --lines       reads NAME VERSION HEX|JSON a line, answers a line each
       millrace wire list                        prints every name with its versions
       millrace wire sniff --listen H:P --to H:P  stands between a client and a broker and prints their talk

NAME is Kafka's: FetchRequest, RequestHeader, PartitionRecord, OffsetCommitValue, ... HEX is a body without frame and
header; "-" is no bytes. Records have what stands in front of them in a log (the type of a key, the version of a value,
the frame of a metadata record); --bare leaves it out. Unknown tagged fields are not shown. In --lines a line that fails
is answered by "error: ..." and the exit status is 1. With --defaults, fields that the JSON leaves out are at their defaults.
)";

struct Options {
    bool decode = true;
    bool bare = false;
    wire::Missing missing = wire::Missing::Refuse;
};

Result<std::string> decode_hex(const wire::Schema& schema, std::int16_t version,
                               std::string_view hex, bool bare) {
    std::vector<std::byte> raw;
    if (hex != "-" && !from_hex(hex, raw)) return fail(ErrorCode::InvalidRequest, "this is no hex");
    const Bytes bytes = Bytes::copy(BytesView(raw));
    const auto message = schema.make();
    if (bare || schema.framing == wire::Framing::None) {
        MR_TRY_VOID(wire::decode(schema, message.get(), bytes.view(), &bytes, version));
    } else {
        MR_TRY(const std::int16_t found,
               wire::decode_record(schema, message.get(), bytes.view(), &bytes, version));
        if (found != version && schema.framing != wire::Framing::Protocol) {
            return fail(ErrorCode::InvalidRequest,
                        fmt::format("the bytes are {} version {}", schema.name, found));
        }
        version = found;
    }
    std::string json;
    MR_TRY_VOID(wire::to_json(schema, message.get(), version, json));
    return json;
}

Result<std::string> encode_json(const wire::Schema& schema, std::int16_t version,
                                std::string_view json, bool bare, wire::Missing missing) {
    const auto message = schema.make();
    MR_TRY_VOID(wire::from_json(schema, message.get(), version, json, missing));
    ByteSink sink;
    if (bare)
        MR_TRY_VOID(wire::encode(schema, message.get(), version, sink));
    else
        MR_TRY_VOID(wire::encode_record(schema, message.get(), version, sink));
    return sink.size() == 0 ? "-" : to_hex(sink.view());
}

Result<std::string> convert(Options options, std::string_view name, std::string_view version_text,
                            std::string_view input) {
    const wire::Schema* schema = wire::find_message(name);
    if (!schema)
        return fail(ErrorCode::InvalidRequest,
                    fmt::format("no message \"{}\": see `millrace wire list`", name));
    std::int16_t version = 0;
    const char* end = version_text.data() + version_text.size();
    if (const auto [at, error] = std::from_chars(version_text.data(), end, version);
        error != std::errc{} || at != end) {
        return fail(ErrorCode::InvalidRequest, fmt::format("\"{}\" is no version", version_text));
    }
    return options.decode ? decode_hex(*schema, version, input, options.bare)
                          : encode_json(*schema, version, input, options.bare, options.missing);
}

// Cuts the next word off, at tabs or spaces.
std::string_view word(std::string_view& line) {
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    const std::string_view cut = line.substr(0, end);
    line.remove_prefix(std::min(line.find_first_not_of(" \t", end), line.size()));
    return cut;
}

int convert_lines(Options options) {
    std::ios::sync_with_stdio(false);
    int status = 0;
    for (std::string text; std::getline(std::cin, text);) {
        std::string_view line = text;
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::string_view name = word(line), version = word(line);
        const auto result = convert(options, name, version, options.decode ? word(line) : line);
        if (result) {
            std::cout << *result << '\n';
        } else {
            std::cout << "error: " << result.error().detail << '\n';
            status = 1;
        }
        if (std::cin.rdbuf()->in_avail() <= 0) std::cout.flush();  // whoever waits for it gets it
    }
    std::cout.flush();
    return status;
}

int list() {
    for (const wire::Schema* schema : wire::all_messages()) {
        std::cout << fmt::format("{} {}-{}\n", schema->name, schema->valid.low, schema->valid.high);
    }
    return 0;
}

int wrong_usage() {
    std::cerr << kHelp;
    return 2;
}

}  // namespace

int wire_command(Arguments arguments) {
    if (!arguments.empty() && arguments[0] == "sniff") return sniff_command(arguments.subspan(1));
    Options options;
    bool lines = false;
    std::vector<std::string_view> rest;
    for (const std::string_view argument : arguments) {
        if (argument == "--help" || argument == "-h") {
            std::cout << kHelp;
            return 0;
        }
        if (argument == "--lines")
            lines = true;
        else if (argument == "--bare")
            options.bare = true;
        else if (argument == "--defaults")
            options.missing = wire::Missing::Default;
        else
            rest.push_back(argument);
    }
    if (rest.empty()) return wrong_usage();
    if (rest[0] == "list" && rest.size() == 1) return list();
    if (rest[0] != "decode" && rest[0] != "encode") return wrong_usage();
    options.decode = rest[0] == "decode";
    if (lines) return rest.size() == 1 ? convert_lines(options) : wrong_usage();
    if (rest.size() != 4) return wrong_usage();
    const auto result = convert(options, rest[1], rest[2], rest[3]);
    if (!result) {
        std::cerr << "millrace wire: " << result.error().detail << '\n';
        return 1;
    }
    std::cout << *result << '\n';
    return 0;
}

}  // namespace millrace::cli
