#pragma once
// Sets a field deep inside JSON text: with_field(R"({"topics":[{"name":"a"}]})", "/topics/0/id",
// "7").
#include <stdexcept>
#include <string>
#include <string_view>

namespace millrace::testing_json {

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    // The end (its closing brace) of the object that `path` names.
    std::size_t object_end(std::string_view path) {
        if (!path.empty()) {
            const std::size_t slash = std::min(path.find('/', 1), path.size());
            const std::string_view step = path.substr(1, slash - 1);
            const bool array = text_[at_] == '[';
            ++at_;
            for (std::size_t index = 0; text_[at_] != ']' && text_[at_] != '}'; ++index) {
                std::string_view name;
                if (!array) {
                    const std::size_t from = at_ + 1;
                    skip();
                    name = text_.substr(from, at_ - 1 - from);
                    ++at_;  // :
                }
                if (array ? std::to_string(index) == step : name == step)
                    return object_end(path.substr(slash));
                skip();
                if (text_[at_] == ',') ++at_;
            }
            throw std::runtime_error("no " + std::string(step));
        }
        skip();
        return at_ - 1;
    }

private:
    void skip() {  // one value
        int depth = 0;
        do {
            const char c = text_.at(at_++);
            if (c == '"') {
                for (; text_.at(at_) != '"'; ++at_) {
                    if (text_[at_] == '\\') ++at_;
                }
                ++at_;
            } else if (c == '{' || c == '[') {
                ++depth;
            } else if (c == '}' || c == ']') {
                --depth;
            } else if (depth == 0) {  // number or word
                while (text_.at(at_) != ',' && text_[at_] != '}' && text_[at_] != ']') ++at_;
            }
        } while (depth > 0);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

inline std::string with_field(std::string json, const std::string& path, const std::string& value) {
    const std::size_t slash = path.rfind('/');
    const std::size_t end = Scanner(json).object_end(path.substr(0, slash));
    const bool first = json[end - 1] == '{';
    return json.insert(end, (first ? "\"" : ",\"") + path.substr(slash + 1) +
                                "\":" + value);  // the later one counts
}

}  // namespace millrace::testing_json
