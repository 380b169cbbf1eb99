#pragma once
// Regular expressions of subscriptions, in RE2's syntax and in linear time: they come from outside
// (KIP-848).
#include <map>
#include <set>
#include <string>

#include "millrace/base/result.h"
#include "millrace/broker/group/topic_lookup.h"

namespace millrace::broker {

Result<void> check_topic_regex(const std::string& regex);  // InvalidRegularExpression

// The topics whose whole name matches, by expression. One that is invalid matches nothing.
std::map<std::string, std::set<std::string>> matching_topics(const std::set<std::string>& regexes,
                                                             const TopicLookup& topics);

}  // namespace millrace::broker
