#pragma once
// Small applications written as a user writes them, against the public headers alone.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "millrace/dsl/streams.h"
#include "millrace/testkit/topology_test_driver.h"

namespace oracle {

// What a topology does besides sending: calls of peek, for_each and the like, by name.
struct Log {
    std::vector<std::pair<std::string, std::string>> lines;
    void add(const std::string& where, const std::string& what) { lines.emplace_back(where, what); }
};

using Settings = std::map<std::string, std::string>;

struct App {
    std::string name;
    std::function<millrace::Topology(Log&)> build;
    Settings settings;
    std::function<void(millrace::TopologyTestDriver&, Log&)> finish;
    millrace::ErrorHandlers handlers = {};
};

std::vector<App>& apps();
struct Add {
    explicit Add(App app) { apps().push_back(std::move(app)); }
};

template <class T>
std::string text(const T* v) {
    if (!v) return "null";
    if constexpr (std::is_same_v<T, std::string>)
        return *v;
    else
        return std::to_string(*v);
}
template <class T>
std::string text(const std::optional<T>& v) {
    return text(v ? &*v : nullptr);
}

}  // namespace oracle
