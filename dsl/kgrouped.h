#pragma once
// Grouped streams, plain and in time windows: count, reduce, aggregate.
#include <source_location>

#include "millrace/dsl/graph.h"
#include "millrace/dsl/kernels.h"
#include "millrace/dsl/ktable.h"
#include "millrace/dsl/windowed.h"

namespace millrace {

namespace dsl {

// The calls that both kinds have. KOut is K, or Windowed<K>.
template <class K, class V, class KOut>
class Aggregates {
    using Where = std::source_location;

public:
    // count<N>() counts into a number type of yours: made from an int64, and cast to one.
    template <class N = std::int64_t>
    KTable<KOut, N> count(Where at = Where::current()) const {
        return count_as<N>({}, {}, false, at);
    }
    template <class N = std::int64_t>
    KTable<KOut, N> count(const Named& named, Where at = Where::current()) const {
        return count_as<N>(named, {}, false, at);
    }
    template <class N = std::int64_t>
    KTable<KOut, N> count(const Materialized& m, Where at = Where::current()) const {
        return count_as<N>({}, m, true, at);
    }
    template <class N = std::int64_t>
    KTable<KOut, N> count(const Named& named, const Materialized& m,
                          Where at = Where::current()) const {
        return count_as<N>(named, m, true, at);
    }

    // reducer(aggregate, new value); a result of std::nullopt deletes.
    template <class F>
    KTable<KOut, V> reduce(F reducer, const Materialized& m = {},
                           Where at = Where::current()) const {
        return reduce(std::move(reducer), Named(), m, at);
    }
    template <class F>
    KTable<KOut, V> reduce(F reducer, const Named& named, const Materialized& m = {},
                           Where at = Where::current()) const {
        return KTable<KOut, V>(add(std::make_shared<ReduceKernel<V, F>>(std::move(reducer)),
                                   grouped_->value, true, named, m, false, at));
    }

    // initializer() gives the aggregate of a key without one; aggregator(key, value, aggregate) or
    // (value, aggregate) the next.
    template <class Init, class F>
    auto aggregate(Init initializer, F aggregator, const Materialized& m = {},
                   Where at = Where::current()) const {
        return aggregate(std::move(initializer), std::move(aggregator), Named(), m, at);
    }
    template <class Init, class F>
    auto aggregate(Init initializer, F aggregator, const Named& named, const Materialized& m = {},
                   Where at = Where::current()) const {
        using A = StreamTypeOf<std::invoke_result_t<Init>>;
        return KTable<KOut, A>(
            add(std::make_shared<AggregateKernel<K, V, A, Init, F>>(std::move(initializer),
                                                                    std::move(aggregator)),
                ColumnType{&engine::type_ops<A>(), serde_detail::default_codec<A>()}, false, named,
                m, false, at));
    }

protected:
    Aggregates(GroupedPtr grouped, std::optional<engine::TimeWindowsSpec> windows)
        : grouped_(std::move(grouped)), windows_(windows) {}
    GroupedPtr grouped_;
    std::optional<engine::TimeWindowsSpec> windows_;

private:
    template <class N>
    KTable<KOut, N> count_as(const Named& named, const Materialized& m, bool given,
                             Where at) const {
        return KTable<KOut, N>(
            add(std::make_shared<CountKernel<N>>(),
                ColumnType{&engine::type_ops<N>(), serde_detail::default_codec<N>()}, false, named,
                m, given, at));
    }
    TablePtr add(std::shared_ptr<const engine::AggregateKernel> kernel, ColumnType result,
                 bool reduce, const Named& named, const Materialized& m, bool given,
                 Where at) const {
        Graph::Aggregation call;
        call.kernel = std::move(kernel);
        call.result = std::move(result);
        call.named = named;
        call.materialized = m;
        call.materialized_given = given;
        call.reduce = reduce;
        call.at = at;
        if constexpr (!std::is_same_v<K, KOut>) {
            call.windows = windows_;
            call.windowed_key = [size = windows_->size_ms](engine::CodecPtr inner) {
                return ColumnType{
                    &engine::type_ops<KOut>(),
                    serde<KOut>(TimeWindowedSerde<K>(std::move(inner), size)).codec()};
            };
        }
        return grouped_->stream->graph->aggregate(grouped_, std::move(call));
    }
};

}  // namespace dsl

template <class K, class V>
class TimeWindowedKStream : public dsl::Aggregates<K, V, Windowed<K>> {
public:
    TimeWindowedKStream(dsl::GroupedPtr grouped, const TimeWindows& windows)
        : dsl::Aggregates<K, V, Windowed<K>>(
              std::move(grouped),
              engine::TimeWindowsSpec{windows.size().count(), windows.size().count(),
                                      windows.grace().count()}) {}
};

template <class K, class V>
class KGroupedStream : public dsl::Aggregates<K, V, K> {
public:
    explicit KGroupedStream(dsl::GroupedPtr grouped)
        : dsl::Aggregates<K, V, K>(std::move(grouped), std::nullopt) {}
    TimeWindowedKStream<K, V> windowed_by(const TimeWindows& windows) const {
        return {this->grouped_, windows};
    }
};

}  // namespace millrace
