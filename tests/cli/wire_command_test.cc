// `millrace wire` as a user calls it, over every golden vector.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "millrace/tests/wire/golden_file.h"

namespace millrace {
namespace {

const std::string kMillrace = std::string(MILLRACE_BIN_DIR) + "/millrace";

struct Ran {
    std::string output;
    int status;
};

Ran run(const std::string& command) {
    Ran ran;
    std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    char buffer[1 << 16];
    for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        ran.output.append(buffer, n);
    ran.status = WEXITSTATUS(pclose(pipe));
    return ran;
}

std::vector<golden::Row> vectors() {
    std::vector<golden::Row> rows;
    std::vector<std::filesystem::path> files = golden::golden_files("rpc");
    for (const char* name :
         {"coordinators", "metadata", "consumer-protocol", "remote-log-metadata"}) {
        files.push_back(golden::golden(std::string("records/") + name + ".tsv.gz"));
    }
    for (const auto& file : files) {
        for (auto& row : golden::read_rows(file)) rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<std::string> answers(const std::string& direction, const std::vector<golden::Row>& rows,
                                 std::size_t column) {
    const auto input = std::filesystem::temp_directory_path() /
                       ("millrace-wire-" + std::to_string(getpid()) + ".txt");
    {
        std::ofstream file(input);
        for (const auto& row : rows) file << row[0] << ' ' << row[1] << ' ' << row[column] << '\n';
    }
    const Ran ran = run(kMillrace + " wire " + direction + " --lines < " + input.string());
    std::filesystem::remove(input);
    EXPECT_EQ(ran.status, 0);
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < ran.output.size();) {
        const std::size_t end = ran.output.find('\n', at);
        lines.push_back(ran.output.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

TEST(WireCommand, DecodesEveryVector) {
    const auto rows = vectors();
    const auto lines = answers("decode", rows, 4);
    ASSERT_EQ(lines.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(lines[i], rows[i][3]) << rows[i][0] << ' ' << rows[i][1];
}

TEST(WireCommand, EncodesEveryVectorWithoutUnknownTags) {
    auto rows = vectors();
    std::erase_if(rows, [](const golden::Row& row) { return row.size() > 5; });
    const auto lines = answers("encode", rows, 3);
    ASSERT_EQ(lines.size(), rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_EQ(lines[i], rows[i][4]) << rows[i][0] << ' ' << rows[i][1];
}

TEST(WireCommand, SaysWhatIsWrong) {
    EXPECT_EQ(run(kMillrace + " wire decode HeartbeatRequest 0 0001").output,
              "millrace wire: HeartbeatRequest version 0: .group_id has length 1, but 0 bytes are "
              "left\n");
    EXPECT_EQ(run(kMillrace + " wire decode Heartbeat 0 00").status, 1);
    EXPECT_EQ(run(kMillrace + " wire decode HeartbeatRequest 7 00").output,
              "millrace wire: HeartbeatRequest has no version 7 (it has 0 to 4)\n");
    EXPECT_EQ(run(kMillrace + " wire decode HeartbeatRequest zero 00").status, 1);
    EXPECT_EQ(run(kMillrace + " wire encode ApiVersionsRequest 0 '{}'").output, "-\n");
    EXPECT_EQ(run(kMillrace + " wire").status, 2);
    EXPECT_EQ(run(kMillrace + " wire --help").status, 0);
    EXPECT_EQ(run(kMillrace + " nonsense").status, 2);
    EXPECT_EQ(run(kMillrace + " --help").status, 0);
    const Ran lines = run("printf 'NoOpRecord 0 01140000\\nNoOpRecord 0 ff\\n' | " + kMillrace +
                          " wire decode --lines");
    EXPECT_EQ(lines.output, "{}\nerror: a metadata record ends in its frame\n");
    EXPECT_EQ(lines.status, 1);
}

}  // namespace
}  // namespace millrace
