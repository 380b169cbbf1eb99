#pragma once
// The fraud topology, and beside it what a simulation sees more with: a count that never ends
// (state lost once shows for ever) behind a repartition, and user code with a store whose every
// answer depends on the record before.
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "millrace/examples/fraud/topology.h"

namespace millrace::simulate {

// User code that fails now and then: 0 never, n: at the n-th record from now, once.
inline std::uint64_t user_code_fails_in = 0;

// "tx<previous tx of the card/number of cards known", the previous one is forgotten after every
// transaction whose number ends in 7. Every 16th answer walks the store.
struct Chain final : FixedKeyProcessor<std::string, fraud::Payment, std::string> {
    using Last = KeyValueStore<std::string, std::string>;
    void init(Context& context) override { last_ = context.state_store<Last>("last-payment"); }
    void process(const FixedKeyRecord<std::string, fraud::Payment>& record) override {
        const std::string& tx = record.value().tx_id;
        const auto previous = last_.get(record.key());
        if (tx.back() == '7')
            last_.erase(record.key());
        else
            last_.put(record.key(), tx);
        std::string answer = tx + '<' + previous.value_or("-");
        if (tx.back() == '3') {
            int known = 0;
            for (auto all = last_.all(); all.has_next(); ++known) all.next();
            answer += '/' + std::to_string(known);
        }
        context().forward(record.with_value(answer));
        if (user_code_fails_in > 0 && --user_code_fails_in == 0)
            throw std::runtime_error("injected: user code fails");
    }

private:
    Last last_;
};

inline Topology topology() {
    StreamsBuilder builder;
    builder.add_state_store(Stores::key_value_store_builder<std::string, std::string>(
        Stores::persistent_key_value_store("last-payment")));
    auto payments = fraud::add_to(builder);
    payments.process_values([] { return std::make_unique<Chain>(); }, {"last-payment"}).to("chain");
    payments
        .group_by([](const fraud::Payment& p) { return p.merchant; }, Grouped::as("by-merchant"))
        .count(Materialized::as("per-merchant"))
        .to_stream()
        .to("merchant-counts");
    return builder.build();
}

}  // namespace millrace::simulate
