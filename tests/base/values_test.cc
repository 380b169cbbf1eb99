#include <gtest/gtest.h>

#include "millrace/base/byte_order.h"
#include "millrace/base/hash.h"
#include "millrace/base/log_line.h"
#include "millrace/base/mutant.h"
#include "millrace/base/uuid.h"

namespace millrace {
namespace {

TEST(Varint, RoundTripsAtEveryLength) {
    for (int shift = 0; shift < 64; ++shift) {
        const std::uint64_t bit = std::uint64_t{1} << shift;
        for (const std::uint64_t bits : {bit, 0 - bit, bit - 1}) {
            const auto v = static_cast<std::int64_t>(bits);
            ByteSink sink;
            append_varlong(sink, v);
            EXPECT_EQ(sink.size(), varlong_size(v));
            std::int64_t back = 0;
            EXPECT_EQ(load_varlong(sink.view().data(), sink.view().data() + sink.size(), back),
                      sink.view().data() + sink.size());
            EXPECT_EQ(back, v);
        }
    }
}

TEST(Varint, RefusesWhatIsCutOrTooLong) {
    const std::vector<std::byte> endless(11, std::byte{0xff});
    std::int64_t into = 0;
    EXPECT_EQ(load_varlong(endless.data(), endless.data() + endless.size(), into), nullptr);
    EXPECT_EQ(load_varlong(endless.data(), endless.data() + 3, into), nullptr);
}

TEST(ByteReader, GivesZeroAfterTheFirstFailure) {
    const Bytes bytes = Bytes::copy(std::string_view("abc"));
    ByteReader reader(bytes.view());
    EXPECT_EQ(reader.be<std::int16_t>(), 0x6162);
    EXPECT_EQ(reader.be<std::int64_t>(), 0);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.be<std::int8_t>(), 0);
}

TEST(Uuid, PrintsAsKafkaDoes) {
    Uuid id;
    ASSERT_TRUE(Uuid::parse("sxgq_MRFUOYhujw4eGIsww", id));
    EXPECT_EQ(id.to_string(), "sxgq_MRFUOYhujw4eGIsww");
    EXPECT_EQ(Uuid{}.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
    EXPECT_EQ((Uuid{0x0123456789abcdefULL, 0xfedcba9876543210ULL}).to_text(), "01234567-89ab-cdef-fedc-ba9876543210");
    EXPECT_FALSE(Uuid::parse("short", id));
}

TEST(Hash, Crc32cAndJavaHashKnownValues) {
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);
    std::string text(70'000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i >> 3);
    for (const std::size_t second : {0u, 1u, 255u, 256u, 4097u, 65'536u, 69'999u}) {
        const BytesView all = as_bytes(text), behind = all.last(second);
        const BytesView before = all.first(text.size() - second);
        EXPECT_EQ(crc32c_joined(crc32c(before), crc32c(behind), static_cast<std::uint32_t>(second)),
                  crc32c(all))
            << second;
    }
    EXPECT_EQ(java_string_hash("fraud"), 97692260);
    EXPECT_EQ(java_string_hash(""), 0);
}

TEST(LogLine, EscapesControlCharactersAndCutsLongValues) {
    EXPECT_EQ(format_line("closed", {{"client", "a\nb\x1b"}}), "closed client=a\\x0ab\\x1b");
    EXPECT_LT(format_line("x", {{"v", std::string(5000, 'a')}}).size(), 600u);
}

TEST(Mutants, HaveDistinctNames) {
    for (int a = 0; a < static_cast<int>(Mutant::Count); ++a) {
        for (int b = 0; b < a; ++b) {
            EXPECT_NE(mutant::name(static_cast<Mutant>(a)), mutant::name(static_cast<Mutant>(b)));
        }
    }
}

}  // namespace
}  // namespace millrace
