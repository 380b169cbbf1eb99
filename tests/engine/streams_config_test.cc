#include "millrace/engine/worker/streams_config.h"

#include <gtest/gtest.h>

namespace millrace::engine {

TEST(StreamsConfig, HasKafkasDefaults) {
    const StreamsConfig c = *StreamsConfig::parse({{"application.id", "app"}});
    EXPECT_EQ(c.commit_interval_ms(), 30000);
    EXPECT_EQ(c.statestore_cache_max_bytes, 10485760);
    EXPECT_FALSE(c.exactly_once());
    EXPECT_EQ(c.auto_offset_reset, "earliest");
    const StreamsConfig eos = *StreamsConfig::parse(
        {{"application.id", "app"}, {"processing.guarantee", "exactly_once_v2"}});
    EXPECT_EQ(eos.commit_interval_ms(), 100);
}

TEST(StreamsConfig, TheMoreSpecialPrefixWins) {
    const StreamsConfig c = *StreamsConfig::parse({{"application.id", "app"},
                                                   {"fetch.max.wait.ms", "1"},
                                                   {"consumer.fetch.max.wait.ms", "2"},
                                                   {"main.consumer.fetch.max.wait.ms", "3"},
                                                   {"restore.consumer.fetch.max.wait.ms", "4"},
                                                   {"producer.linger.ms", "7"},
                                                   {"topic.segment.bytes", "9"},
                                                   {"client.tag.zone", "z"}});
    EXPECT_EQ(c.fetch_max_wait_ms, 3);
    EXPECT_EQ(c.linger_ms, 7);
    EXPECT_EQ(c.topic_configs.at("segment.bytes"), "9");
    EXPECT_EQ(c.client_tags.at("zone"), "z");
    EXPECT_EQ(c.ignored, (std::vector<std::string>{"restore.consumer.fetch.max.wait.ms"}));
}

TEST(StreamsConfig, SaysWhatIsWrongAndWhatIsRight) {
    const std::pair<std::map<std::string, std::string>, std::string> cases[] = {
        {{}, "application.id is missing"},
        {{{"application.id", "a b"}}, "made of letters"},
        {{{"application.id", "a"}, {"comit.interval.ms", "1"}},
         "did you mean 'commit.interval.ms'"},
        {{{"application.id", "a"}, {"consumer.fetch.maxbytes", "1"}},
         "did you mean 'fetch.max.bytes'"},
        {{{"application.id", "a"}, {"commit.interval.ms", "soon"}}, "'soon' is not a whole number"},
        {{{"application.id", "a"}, {"commit.interval.ms", "-1"}}, "not at least 0"},
        {{{"application.id", "a"}, {"num.stream.threads", "0"}}, "not at least 1"},
        {{{"application.id", "a"}, {"processing.guarantee", "exactly_once"}}, "exactly_once_v2"},
        {{{"application.id", "a"}, {"compression.type", "rar"}}, "one of none, gzip"},
        {{{"application.id", "a"}, {"check.crcs", "yes"}}, "not true or false"},
        {{{"application.id", "a"},
          {"processing.guarantee", "exactly_once_v2"},
          {"commit.interval.ms", "60000"}},
         "every transaction would time out"},
    };
    for (const auto& [settings, expected] : cases) {
        const auto parsed = StreamsConfig::parse(settings);
        ASSERT_FALSE(parsed) << expected;
        EXPECT_EQ(parsed.error().code, ErrorCode::InvalidConfig);
        EXPECT_NE(parsed.error().detail.find(expected), std::string::npos) << parsed.error().detail;
    }
}

TEST(StreamsConfig, PrintsWhatItParses) {
    const StreamsConfig c = *StreamsConfig::parse({{"application.id", "app"}, {"linger.ms", "5"}});
    auto printed = c.print();
    EXPECT_EQ(printed.at("linger.ms"), "5");
    std::erase_if(printed, [](const auto& entry) { return entry.second.empty(); });
    const auto again = StreamsConfig::parse(printed);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->print(), c.print());
}

}  // namespace millrace::engine
