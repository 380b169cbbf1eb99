#include <cstdio>

#include "millrace/app/run.h"
#include "millrace/dsl/streams.h"
#include "millrace/testkit/topology_test_driver.h"

struct Payment { std::string merchant; double amount = 0; };

int main(int argc, char** argv) {
    using namespace millrace;
    StreamsBuilder builder;
    builder.stream<std::string, Payment>("payments")
        .filter([](const Payment& p) { return p.amount > 0; })
        .group_by_key()
        .count(Materialized::as("payments-per-card"))
        .to_stream()
        .to("counts");
    const Topology topology = builder.build();
    if (argc > 1) return run(topology, argc, argv);
    TopologyTestDriver driver(topology);
    auto in = driver.input_topic<std::string, Payment>("payments");
    auto out = driver.output_topic<std::string, std::int64_t>("counts");
    for (int i = 0; i < 3; ++i) in.pipe("card", Payment{"shop", 1.5}, Timestamp{1000 + i});
    std::int64_t last = 0;
    while (auto record = out.read()) last = *record->value;
    std::printf("%lld payments\n", static_cast<long long>(last));
    return last == 3 ? 0 : 1;
}
