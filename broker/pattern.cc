#include "millrace/broker/pattern.h"

#include <re2/re2.h>

namespace millrace::broker {

struct Pattern::Program {
    re2::RE2 compiled;
};

namespace {
constexpr std::int64_t kProgramBytesMax = 1 << 20;
}

Pattern::Pattern(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(const std::string& text) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kProgramBytesMax);
    std::unique_ptr<Program> program(new Program{{text, options}});
    if (!program->compiled.ok())
        return fail(ErrorCode::InvalidRegularExpression, program->compiled.error());
    return Pattern(std::move(program));
}

bool Pattern::matches(std::string_view text) const {
    return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), program_->compiled);
}

}  // namespace millrace::broker
