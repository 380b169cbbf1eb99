#pragma once
// Scripts: a command a line, below it the trace it must leave, each line behind "> ". `#` lines are
// for readers. MILLRACE_REWRITE=1 writes what happens into the file.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace millrace {

using RunCommand = std::function<std::vector<std::string>(const std::vector<std::string>& words)>;

inline std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : line + ' ') {
        if (c != ' ')
            word += c;
        else if (!word.empty())
            words.push_back(std::exchange(word, {}));
    }
    return words;
}

inline std::vector<std::string> script_lines(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

// Runs the commands and returns the file as it should be.
inline std::string run_script(const std::vector<std::string>& lines, const RunCommand& run) {
    std::string text;
    for (const std::string& line : lines) {
        if (line.starts_with("> ") || line == ">") continue;
        text += line + '\n';
        if (line.empty() || line.starts_with("#")) continue;
        for (const std::string& out : run(words_of(line))) text += "> " + out + '\n';
    }
    return text;
}

inline void check_script(const std::filesystem::path& path, const RunCommand& run) {
    SCOPED_TRACE(path.string());
    const auto lines = script_lines(path);
    std::string expected;
    for (const std::string& line : lines) expected += line + '\n';
    const std::string text = run_script(lines, run);
    if (std::getenv("MILLRACE_REWRITE"))
        std::ofstream(path) << text;
    else
        EXPECT_EQ(text, expected);
}

inline std::vector<std::filesystem::path> scripts(const std::string& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(MILLRACE_TESTS_DIR) / "scripts" / folder))
        paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace millrace
