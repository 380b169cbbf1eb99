#include "millrace/app/command_line.h"

namespace millrace {

namespace {

// Flags that are settings under Kafka's names.
const std::map<std::string, std::string> kSettings = {
    {"--application-id", "application.id"},
    {"--state-dir", "state.dir"},
    {"--processing-guarantee", "processing.guarantee"},
    {"--commit-interval-ms", "commit.interval.ms"},
    {"--num-stream-threads", "num.stream.threads"},
};

}  // namespace

Result<CommandLine> CommandLine::parse(int argc, const char* const* argv, const std::map<std::string, bool>& known) {
    CommandLine line;
    for (int i = 1; i < argc; ++i) {
        std::string flag = argv[i];
        std::optional<std::string> value;
        if (const std::size_t equals = flag.find('='); flag.rfind("--", 0) == 0 && equals != std::string::npos) {
            value = flag.substr(equals + 1);
            flag.resize(equals);
        }
        const auto take = [&]() -> Result<std::string> {
            if (value) return *value;
            if (i + 1 >= argc) return fail(ErrorCode::InvalidConfig, flag + " needs a value");
            return std::string(argv[++i]);
        };
        const auto pair = [&](std::map<std::string, std::string>& into) -> Result<void> {
            MR_TRY(const std::string text, take());
            const std::size_t at = text.find('=');
            if (at == std::string::npos || at == 0) {
                return fail(ErrorCode::InvalidConfig, flag + " needs k=v, got \"" + text + '"');
            }
            into[text.substr(0, at)] = text.substr(at + 1);
            return {};
        };
        if (flag == "--help" || flag == "-h") {
            line.help = true;
        } else if (flag == "--until-end") {
            line.until_end = true;
        } else if (flag == "--embedded") {
            MR_TRY(line.embedded, take());
        } else if (flag == "--bootstrap-server" || flag == "--bootstrap-servers") {
            MR_TRY(line.bootstrap_server, take());
        } else if (flag == "--instance") {
            MR_TRY(const std::string number, take());
            if (number.empty() || number.size() > 6 || number.find_first_not_of("0123456789") != std::string::npos) {
                return fail(ErrorCode::InvalidConfig, "--instance needs a number, got \"" + number + '"');
            }
            line.instance = std::stoi(number);
        } else if (flag == "--property") {
            MR_TRY_VOID(pair(line.settings));
        } else if (flag == "--broker-property") {
            MR_TRY_VOID(pair(line.broker_settings));
        } else if (const auto setting = kSettings.find(flag); setting != kSettings.end()) {
            MR_TRY(line.settings[setting->second], take());
        } else if (const auto more = known.find(flag); more != known.end()) {
            line.rest.push_back(flag);
            if (more->second) {
                MR_TRY(std::string text, take());
                line.rest.push_back(std::move(text));
            }
        } else if (flag.rfind('-', 0) == 0) {
            return fail(ErrorCode::InvalidConfig, "unknown flag " + flag + "; --help lists them");
        } else {
            line.rest.push_back(flag);
        }
    }
    if (line.embedded && line.bootstrap_server) {
        return fail(ErrorCode::InvalidConfig, "--embedded and --bootstrap-server exclude each other");
    }
    return line;
}

std::string CommandLine::help_text() {
    return
        "  --embedded DIR               broker and application in this process; DIR keeps topics and state (default: a fresh\n"
        "                               directory under /tmp)\n"
        "  --bootstrap-server H:P       a broker elsewhere: Millrace or Apache Kafka 4.2 or newer\n"
        "  --application-id ID          group, transactional ids and names of internal topics\n"
        "  --state-dir DIR              where stores keep their sorted runs (default: DIR/state when embedded, else /tmp/kafka-streams)\n"
        "  --processing-guarantee G     exactly_once_v2 | at_least_once\n"
        "  --commit-interval-ms N       default: 100 exactly once, 30000 at least once\n"
        "  --num-stream-threads N       workers in this process (default 1)\n"
        "  --instance N                 a name for this instance: static membership, its own state directory\n"
        "  --until-end                  stop when the input that was there at the start is processed and committed\n"
        "  --property k=v               any setting of Kafka Streams by its name; may be repeated\n"
        "  --broker-property k=v        any setting of the embedded broker by its name (listeners=PLAINTEXT://127.0.0.1:9092)\n"
        "  --help\n";
}

}  // namespace millrace
