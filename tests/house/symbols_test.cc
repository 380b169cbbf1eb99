// The objects of decisions refer to no clock, socket, thread, random source or sync: read from their symbol tables.
#include <cstdio>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

struct Undefined {
    std::string object;   // "broker.cc.o"
    std::string symbol;
};

std::vector<Undefined> undefined_symbols(const std::string& library) {
    std::vector<Undefined> found;
    const std::string command = "nm -u --format=posix -A '" + library + "' 2>/dev/null";
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return found;
    const std::regex row("^[^\\[]*\\[([^\\]]+)\\]: (\\S+) [UwWvV]");
    char line[4096];
    while (std::fgets(line, sizeof line, pipe) != nullptr) {
        std::cmatch match;
        if (std::regex_search(line, match, row)) found.push_back({match[1], match[2]});
    }
    pclose(pipe);
    return found;
}

TEST(Symbols, DecisionsReachNoClockSocketThreadRandomnessOrSync) {
    // mangled: chrono clocks' now(), std::thread, condition_variable, random_device
    const std::regex forbidden(
        "^(clock_gettime|gettimeofday|time|clock|nanosleep|usleep|sleep|socket|connect|bind|listen|accept4?|sendto|sendmsg|"
        "recvfrom|recvmsg|epoll_.*|poll|select|pthread_(create|join|mutex_lock|mutex_unlock|cond_.*|rwlock_.*)|"
        "rand|random|drand48|getrandom|getentropy|arc4random|fsync|fdatasync|syncfs|msync|sync_file_range|open|open64|openat|"
        "pwrite|pwrite64|pread|pread64|write|read|unlink|rename|mmap|mmap64|"
        "_ZNSt6chrono3_V2.*now.*|_ZNSt6thread.*|_ZNSt18condition_variable.*|_ZNSt13random_device.*|_ZNSt3_V2.*|"
        "_ZNSt10filesystem.*|_ZN5boost4asio.*|_ZN7rocksdb.*)(@.*)?$");
    const std::vector<std::string> libraries = {"base", "wire", "client", "broker", "state", "engine", "dsl"};
    std::set<std::string> rocks;
    for (const auto& entry : std::filesystem::directory_iterator(MILLRACE_SOURCE_DIR "/state/rocks")) {
        rocks.insert(entry.path().filename().string() + ".o");
    }
    std::size_t symbols = 0;
    for (const std::string& library : libraries) {
        for (const Undefined& u : undefined_symbols(std::string(MILLRACE_BUILD_DIR) + "/libmillrace_" + library + ".a")) {
            ++symbols;
            if (u.object.find("_shell.cc") != std::string::npos) continue;
            if (library == "state" && rocks.contains(u.object)) continue;
            EXPECT_FALSE(std::regex_match(u.symbol, forbidden)) << library << '/' << u.object << " refers to " << u.symbol;
        }
    }
    EXPECT_GT(symbols, 40u) << "nm gave nothing: the test looked at no object";
}

TEST(Symbols, TheTestSeesAForbiddenSymbolWhereOneIs) {   // the shells' library must show some
    std::size_t seen = 0;
    for (const Undefined& u : undefined_symbols(std::string(MILLRACE_BUILD_DIR) + "/libmillrace_io.a")) {
        seen += u.symbol.find("epoll") != std::string::npos || u.symbol.find("fdatasync") != std::string::npos;
    }
    EXPECT_GT(seen, 0u);
}

}  // namespace
