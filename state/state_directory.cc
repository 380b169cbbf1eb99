#include "millrace/state/state_directory.h"

#include <algorithm>

namespace millrace::state {
namespace {

constexpr const char* kProcessFile = "kafka-streams-process-metadata";
constexpr const char* kFormatFile = "millrace-format";
constexpr const char* kFormat = "1";
constexpr const char* kStoresFile = "millrace-stores";

// java.util.UUID's text; zero when it is none.
Uuid parse_uuid_text(std::string_view text) {
    if (text.size() != 36) return {};
    std::string hex;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') return {};
        } else {
            hex += text[i];
        }
    }
    std::vector<std::byte> bytes;
    if (!from_hex(hex, bytes)) return {};
    Uuid id;
    for (int i = 0; i < 8; ++i) {
        id.high = id.high << 8 | std::to_integer<std::uint64_t>(bytes[static_cast<std::size_t>(i)]);
        id.low =
            id.low << 8 | std::to_integer<std::uint64_t>(bytes[static_cast<std::size_t>(i) + 8]);
    }
    return id;
}

// The value of "processId" in a flat JSON object; other members (Java may add some) are passed
// over.
Uuid process_id_of(std::string_view json) {
    constexpr std::string_view member = "\"processId\"";
    std::size_t at = json.find(member);
    if (at == std::string_view::npos) return {};
    at = json.find('"', json.find(':', at + member.size()));
    if (at == std::string_view::npos) return {};
    return parse_uuid_text(json.substr(at + 1, std::min<std::size_t>(36, json.size() - at - 1)));
}

Result<void> check_format(Disk& disk, const std::string& path, const std::string& application_id) {
    const std::string file = join(path, kFormatFile),
                      ours = std::string(kFormat) + '\n' + application_id + '\n';
    if (disk.exists(file)) {
        MR_TRY(const auto content, read_file(disk, file));
        const std::string_view text = as_text(content.view());
        if (text == ours) return {};
        if (const std::size_t line = text.find('\n'); text.substr(0, line) != kFormat)
            return fail(
                ErrorCode::UnsupportedVersion,
                "state directory " + path + " has format '" + std::string(text.substr(0, line)) +
                    "', which a newer version wrote: use that version, or remove the directory");
        return fail(ErrorCode::InvalidConfig, "state directory " + path +
                                                  " belongs to another application: set another "
                                                  "state.dir or application.id, or remove it");
    }
    MR_TRY(const auto entries, disk.list(path));
    for (const DiskEntry& entry : entries) {
        // A task of a Java worker: <subtopology>_<partition>, or global.
        const bool task =
            entry.directory && (entry.name == "global" ||
                                (entry.name.find('_') != std::string::npos &&
                                 entry.name.find_first_not_of("0123456789_") == std::string::npos));
        if (task)
            return fail(ErrorCode::InvalidConfig,
                        "state directory " + path + " holds the stores of a Java Streams worker (" +
                            entry.name +
                            "): set another state.dir; the state is restored from the changelogs");
    }
    return replace_file(disk, file, as_bytes(ours));
}

}  // namespace

Result<std::unique_ptr<StateDirectory>> StateDirectory::open(Disk& disk,
                                                             const std::string& state_dir,
                                                             const std::string& application_id,
                                                             Uuid fresh) {
    if (application_id.empty() || application_id == "." || application_id == ".." ||
        application_id.find('/') != std::string::npos)
        return fail(ErrorCode::InvalidConfig,
                    "'" + application_id + "' cannot be an application.id: it names a directory");
    const std::string path = join(state_dir, application_id);
    MR_TRY_VOID(disk.make_directories(path));
    MR_TRY(auto lock, disk.lock(path));
    MR_TRY_VOID(check_format(disk, path, application_id));
    Uuid id;
    const std::string file = join(path, kProcessFile);
    if (disk.exists(file)) {
        MR_TRY(const auto content, read_file(disk, file));
        id = process_id_of(as_text(content.view()));  // unreadable: a new one, as Kafka does
    }
    if (id.is_zero()) {
        id = fresh;
        const std::string json = "{\"processId\":\"" + id.to_text() + "\"}";
        MR_TRY_VOID(replace_file(disk, file, as_bytes(json)));
    }
    return std::unique_ptr<StateDirectory>(new StateDirectory(disk, path, id, std::move(lock)));
}

Result<void> StateDirectory::use_types(const std::map<std::string, std::string>& types_of_store) {
    const std::string file = join(path_, kStoresFile);
    std::map<std::string, std::string> known;
    std::string before;
    if (disk_.exists(file)) {
        MR_TRY(const auto content, read_file(disk_, file));
        before = std::string(as_text(content.view()));
        for (std::size_t at = 0; at < before.size();) {
            const std::size_t end = std::min(before.find('\n', at), before.size());
            const std::size_t tab = before.find('\t', at);
            if (tab < end)
                known[before.substr(at, tab - at)] = before.substr(tab + 1, end - tab - 1);
            at = end + 1;
        }
    }
    for (const auto& [store, types] : types_of_store) {
        const auto [it, fresh] = known.emplace(store, types);
        if (!fresh && it->second != types)
            return fail(ErrorCode::InvalidConfig,
                        "store '" + store + "' in " + path_ + " was written with other types (" +
                            it->second + ", now " + types +
                            "): give the store a new name, or remove the state directory and reset "
                            "the application so that its changelog is made anew");
    }
    std::string after;
    for (const auto& [store, types] : known) after += store + '\t' + types + '\n';
    return after == before ? Result<void>() : replace_file(disk_, file, as_bytes(after));
}

}  // namespace millrace::state
