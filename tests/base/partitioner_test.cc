// murmur2 and the default partitioner against Kafka's (tests/golden/partitioner.tsv).
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "millrace/base/hash.h"

namespace millrace {
namespace {

TEST(Partitioner, IsKafkas) {
    std::ifstream file(std::string(MILLRACE_TESTS_DIR) + "/golden/partitioner.tsv");
    std::size_t keys = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream columns(line);
        std::string hex, hash, positive, partitions;
        columns >> hex >> hash >> positive >> partitions;
        std::vector<std::byte> bytes;
        ASSERT_TRUE(hex == "-" || from_hex(hex, bytes));
        const BytesView key(bytes);
        EXPECT_EQ(murmur2(key), std::stoll(hash)) << hex;
        std::string ours;
        for (const int n : {1, 2, 3, 4, 7, 12, 50, 1000}) {
            ours += (ours.empty() ? "" : ",") + std::to_string(partition_for_key(key, n));
        }
        EXPECT_EQ(ours, partitions) << hex;
        ++keys;
    }
    EXPECT_EQ(keys, 200u);
}

}  // namespace
}  // namespace millrace
