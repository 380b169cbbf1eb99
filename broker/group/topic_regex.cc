#include "millrace/broker/group/topic_regex.h"

#include <memory>
#include <re2/re2.h>
#include <vector>

namespace millrace::broker {

namespace {

// The program of an expression may take so much memory, no more; what needs more is refused.
constexpr std::int64_t kProgramBytesMax = 1 << 20;

std::unique_ptr<re2::RE2> compile(const std::string& regex) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kProgramBytesMax);
    return std::make_unique<re2::RE2>(regex, options);
}

}  // namespace

Result<void> check_topic_regex(const std::string& regex) {
    const auto compiled = compile(regex);
    if (compiled->ok()) return {};
    return fail(ErrorCode::InvalidRegularExpression,
                "SubscribedTopicRegex `" + regex +
                    "` is not a valid regular expression: " + compiled->error() + ".");
}

std::map<std::string, std::set<std::string>> matching_topics(const std::set<std::string>& regexes,
                                                             const TopicLookup& topics) {
    std::map<std::string, std::set<std::string>> matching;
    std::vector<std::pair<std::unique_ptr<re2::RE2>, std::set<std::string>*>> compiled;
    for (const std::string& regex : regexes) {
        auto one = compile(regex);
        std::set<std::string>& names = matching[regex];
        if (one->ok()) compiled.emplace_back(std::move(one), &names);
    }
    topics.each_topic([&](const KnownTopic& topic) {
        for (const auto& [regex, names] : compiled)
            if (re2::RE2::FullMatch(topic.name, *regex)) names->insert(topic.name);
    });
    return matching;
}

}  // namespace millrace::broker
