// Holds every #include against the table of docs/ARCHITECTURE.md (who may include whom), and every co_await line
// against the rule that GCC 12.2 forces on us: no aggregate and no capturing lambda made inside the expression.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"base", {}},
    {"wire", {"base"}},
    {"io", {"base"}},
    {"client", {"base", "wire"}},
    {"broker", {"base", "wire"}},
    {"state", {"base"}},
    {"engine", {"base", "wire", "client", "state"}},
    {"dsl", {"base", "state", "engine"}},
    {"app", {"base", "wire", "io", "client", "broker", "state", "engine", "dsl"}},
    {"testkit", {"base", "wire", "io", "client", "broker", "state", "engine", "dsl", "app"}},
};
// Libraries that cost seconds per file: who may name them in a header, who in any file.
const std::vector<std::pair<std::string, std::set<std::string>>> kHeavy = {
    {"boost/asio", {"io"}}, {"rocksdb/", {"state/rocks"}}, {"simdjson", {}}, {"range/v3", {}},
    {"fmt/format.h", {}},   {"openssl/", {"io"}},
};

struct SourceFile {
    std::string path;   // from the root
    std::vector<std::string> lines;
};

std::vector<SourceFile> sources() {
    std::vector<SourceFile> files;
    for (const auto& [folder, allowed] : kMayInclude) {
        const fs::path root = fs::path(MILLRACE_SOURCE_DIR) / folder;
        if (!fs::exists(root)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            const auto extension = entry.path().extension();
            if (extension != ".h" && extension != ".cc") continue;
            SourceFile file{fs::relative(entry.path(), MILLRACE_SOURCE_DIR).string(), {}};
            std::ifstream in(entry.path());
            for (std::string line; std::getline(in, line);) file.lines.push_back(line);
            files.push_back(std::move(file));
        }
    }
    return files;
}

bool is_shell(const std::string& path) { return path.find("_shell.") != std::string::npos; }
bool is_header(const std::string& path) { return path.size() > 2 && path.substr(path.size() - 2) == ".h"; }
std::string folder_of(const std::string& path) { return path.substr(0, path.find('/')); }

TEST(Tidy, EveryIncludeIsInTheTable) {
    const std::regex ours("^\\s*#\\s*include\\s*\"([^\"]+)\"");
    const auto files = sources();
    ASSERT_GT(files.size(), 20u);
    for (const SourceFile& file : files) {
        const std::string from = folder_of(file.path);
        for (const std::string& line : file.lines) {
            std::smatch match;
            if (!std::regex_search(line, match, ours)) continue;
            const std::string target = match[1];
            ASSERT_EQ(target.rfind("millrace/", 0), 0u) << file.path << " includes \"" << target
                                                        << "\": write \"millrace/...\"";
            const std::string to = folder_of(target.substr(9));
            const bool allowed = to == from || kMayInclude.at(from).contains(to) ||
                                 (to == "io" && is_shell(file.path) && from != "base" && from != "wire");
            EXPECT_TRUE(allowed) << file.path << " may not include " << target;
            EXPECT_FALSE(is_shell(target) && !is_shell(file.path) && from != "app" && from != "testkit")
                << file.path << " includes a shell: " << target;
        }
    }
}

TEST(Tidy, HeavyLibrariesStayOutOfHeaders) {
    for (const SourceFile& file : sources()) {
        if (!is_header(file.path) || is_shell(file.path)) continue;
        for (const std::string& line : file.lines) {
            for (const auto& [library, owners] : kHeavy) {
                if (line.find("#include <" + library) == std::string::npos) continue;
                bool allowed = false;
                for (const std::string& owner : owners) allowed |= file.path.rfind(owner, 0) == 0;
                EXPECT_TRUE(allowed) << file.path << ": " << line;
            }
        }
    }
}

TEST(Tidy, CoAwaitTakesNamesOnly) {   // style: GCC 12.2 destroys such temporaries twice
    const std::regex bad("co_await\\b.*(\\[[^\\]]+\\]\\s*[({]|\\b[A-Z][A-Za-z0-9_]*\\s*\\{|\\(\\s*\\{|,\\s*\\{)");
    for (const SourceFile& file : sources()) {
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            std::string statement = file.lines[i];
            if (statement.find("co_await") == std::string::npos) continue;
            for (std::size_t k = i + 1; k < file.lines.size() && k < i + 6 && statement.find(';') == std::string::npos; ++k) {
                statement += ' ' + file.lines[k];
            }
            const std::size_t comment = statement.find("//");
            if (comment != std::string::npos && comment < statement.find("co_await")) continue;
            EXPECT_FALSE(std::regex_search(statement, bad)) << file.path << ':' << i + 1 << ": " << statement;
        }
    }
}

TEST(Tidy, CoroutinesLiveInShellsOnly) {
    for (const SourceFile& file : sources()) {
        const std::string folder = folder_of(file.path);
        if (folder == "io" || folder == "app" || is_shell(file.path)) continue;
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            const bool comment = file.lines[i].find("//") < file.lines[i].find("co_");
            EXPECT_TRUE(comment || (file.lines[i].find("co_await ") == std::string::npos &&
                                    file.lines[i].find("co_return") == std::string::npos))
                << file.path << ':' << i + 1;
        }
    }
}

TEST(Tidy, ShellsAreThin) {
    std::size_t shell_lines = 0, all_lines = 0;
    for (const SourceFile& file : sources()) {
        const std::string folder = folder_of(file.path);
        if (is_shell(file.path)) {
            EXPECT_LE(file.lines.size(), 200u) << file.path << " is a shell: it holds no decisions";
        }
        if (folder != "client" && folder != "broker" && folder != "engine") continue;
        all_lines += file.lines.size();
        if (is_shell(file.path)) shell_lines += file.lines.size();
    }
    EXPECT_LE(shell_lines * 10, all_lines);
}

}  // namespace
