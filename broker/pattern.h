#pragma once
// A regular expression from outside, in RE2's syntax and in linear time: of ListTransactions
// (KIP-1152), of client metrics subscriptions (KIP-714).
#include <memory>
#include <string>
#include <string_view>

#include "millrace/base/result.h"

namespace millrace::broker {

class Pattern {
public:
    // InvalidRegularExpression; also for what would take more memory than an expression may.
    static Result<Pattern> compile(const std::string& text);
    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;
    ~Pattern();
    bool matches(std::string_view text) const;  // all of it

private:
    struct Program;
    explicit Pattern(std::unique_ptr<Program> program);
    std::unique_ptr<Program> program_;
};

}  // namespace millrace::broker
