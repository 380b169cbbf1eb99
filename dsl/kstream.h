#pragma once
// KStream: a stream of records. Each call adds a node and gives the next stream; a KStream is a
// cheap handle.
#include <concepts>
#include <initializer_list>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "millrace/dsl/graph.h"
#include "millrace/dsl/kernels.h"
#include "millrace/dsl/processor.h"

namespace millrace {

template <class K, class V>
class KTable;
template <class K, class V>
class KGroupedStream;

namespace dsl {

template <class T>
ColumnType column_type() {
    static_assert(!IsOptional<T>::value,
                  "a stream's key or value type is not std::optional<T>: use T; a lambda sees "
                  "nulls through const T* or std::optional<T>");
    static_assert(!std::is_void_v<T>, "this operator's lambda must return something");
    if constexpr (std::is_default_constructible_v<T> && std::is_copy_assignable_v<T>) {
        return ColumnType{&engine::type_ops<T>(), serde_detail::default_codec<T>()};
    } else {
        static_assert(std::is_void_v<T> || IsOptional<T>::value,
                      "a stream's key or value type needs a default constructor and copy "
                      "assignment: its objects are used again and again");
        return ColumnType{};
    }
}

template <class R>
concept PairLike = requires(R r) {
    r.first;
    r.second;
};

}  // namespace dsl

template <class K, class V>
class KStream {
    using Where = std::source_location;

public:
    using Key = K;
    using Value = V;
    explicit KStream(dsl::StreamPtr stream) : stream_(std::move(stream)) {}

    template <class F>
    KStream filter(F predicate, const Named& named = {}, Where at = Where::current()) const {
        return KStream(select<dsl::FilterKernel<dsl::Caller<dsl::op::filter, K, V, F>, F, false>>(
            std::move(predicate), named, at));
    }
    template <class F>
    KStream filter_not(F predicate, const Named& named = {}, Where at = Where::current()) const {
        return KStream(
            select<dsl::FilterKernel<dsl::Caller<dsl::op::filter_not, K, V, F>, F, true>>(
                std::move(predicate), named, at));
    }

    template <class F>
    auto map_values(F mapper, const Named& named = {}, Where at = Where::current()) const {
        using C = dsl::Caller<dsl::op::map_values, K, V, F>;
        using V2 = dsl::StreamTypeOf<typename C::Result>;
        auto value = dsl::column_type<V2>();
        return KStream<K, V2>(
            map_node(std::make_shared<dsl::MapValuesKernel<C, F, V2>>(std::move(mapper)),
                     "KSTREAM-MAPVALUES-", false, {}, value, named, at));
    }
    template <class F>
    auto map(F mapper, const Named& named = {}, Where at = Where::current()) const {
        using C = dsl::Caller<dsl::op::map, K, V, F>;
        static_assert(dsl::PairLike<typename C::Result>,
                      "map()'s lambda must return a std::pair of the new key and the new value");
        using K2 = dsl::StreamTypeOf<decltype(std::declval<typename C::Result>().first)>;
        using V2 = dsl::StreamTypeOf<decltype(std::declval<typename C::Result>().second)>;
        return KStream<K2, V2>(map_node(
            std::make_shared<dsl::MapKernel<C, F, K2, V2>>(std::move(mapper)), "KSTREAM-MAP-", true,
            dsl::column_type<K2>(), dsl::column_type<V2>(), named, at));
    }
    template <class F>
    auto select_key(F selector, const Named& named = {}, Where at = Where::current()) const {
        using C = dsl::Caller<dsl::op::select_key, K, V, F>;
        using K2 = dsl::StreamTypeOf<typename C::Result>;
        return KStream<K2, V>(
            map_node(std::make_shared<dsl::SelectKeyKernel<C, F, K2>>(std::move(selector)),
                     "KSTREAM-KEY-SELECT-", true, dsl::column_type<K2>(), {}, named, at));
    }
    // The lambda returns any range of pairs (flat_map) or values (flat_map_values).
    template <class F>
    auto flat_map(F mapper, const Named& named = {}, Where at = Where::current()) const {
        using C = dsl::Caller<dsl::op::flat_map, K, V, F>;
        using Pair =
            std::remove_cvref_t<decltype(*std::begin(std::declval<typename C::Result&>()))>;
        static_assert(
            dsl::PairLike<Pair>,
            "flat_map()'s lambda must return a range of std::pair of a new key and a new value");
        using K2 = dsl::StreamTypeOf<decltype(std::declval<Pair>().first)>;
        using V2 = dsl::StreamTypeOf<decltype(std::declval<Pair>().second)>;
        return KStream<K2, V2>(flat_node(
            std::make_shared<dsl::FlatMapKernel<C, F, K2, V2>>(std::move(mapper)),
            "KSTREAM-FLATMAP-", true, dsl::column_type<K2>(), dsl::column_type<V2>(), named, at));
    }
    template <class F>
    auto flat_map_values(F mapper, const Named& named = {}, Where at = Where::current()) const {
        using C = dsl::Caller<dsl::op::flat_map_values, K, V, F>;
        using V2 = dsl::StreamTypeOf<decltype(*std::begin(std::declval<typename C::Result&>()))>;
        return KStream<K, V2>(
            flat_node(std::make_shared<dsl::FlatMapValuesKernel<C, F, V2>>(std::move(mapper)),
                      "KSTREAM-FLATMAPVALUES-", false, {}, dsl::column_type<V2>(), named, at));
    }
    template <class F>
    KStream peek(F action, const Named& named = {}, Where at = Where::current()) const {
        return KStream(visit<dsl::op::peek>(std::move(action), "KSTREAM-PEEK-", false, named, at));
    }
    template <class F>
    void for_each(F action, const Named& named = {}, Where at = Where::current()) const {
        visit<dsl::op::for_each>(std::move(action), "KSTREAM-FOREACH-", true, named, at);
    }
    KStream merge(const KStream& other, const Named& named = {},
                  Where at = Where::current()) const {
        return KStream(graph().merge(stream_, other.stream_, named, at));
    }
    KStream repartition(const Repartitioned& repartitioned = {},
                        Where at = Where::current()) const {
        return KStream(graph().repartition(stream_, repartitioned, at));
    }
    void to(const std::string& topic, const Produced& produced = {},
            Where at = Where::current()) const {
        graph().to(stream_, topic, produced, at);
    }

    KGroupedStream<K, V> group_by_key(const Grouped& grouped = {},
                                      Where at = Where::current()) const {
        return KGroupedStream<K, V>(graph().group_by_key(stream_, grouped, at));
    }
    template <class F>
    auto group_by(F selector, const Grouped& grouped = {}, Where at = Where::current()) const {
        using C = dsl::Caller<dsl::op::group_by, K, V, F>;
        using K2 = dsl::StreamTypeOf<typename C::Result>;
        return KGroupedStream<K2, V>(graph().group_by(
            stream_, grouped, std::make_shared<dsl::SelectKeyKernel<C, F, K2>>(std::move(selector)),
            dsl::column_type<K2>(), at));
    }

    // Joins each record with what the table holds for its key at that moment; table updates trigger
    // nothing. Both topics must have the same number of partitions. joiner: (left, right) or (key,
    // left, right).
    template <class VT, class F>
    auto join(const KTable<K, VT>& table, F joiner, const Joined& joined = {},
              Where at = Where::current()) const {
        return join_table(table, std::move(joiner), false, joined, at);
    }
    // A miss gives the joiner a null right side: take it as const VT* or std::optional<VT>.
    template <class VT, class F>
    auto left_join(const KTable<K, VT>& table, F joiner, const Joined& joined = {},
                   Where at = Where::current()) const {
        return join_table(table, std::move(joiner), true, joined, at);
    }

    // supplier() gives a std::unique_ptr to a Processor<K, V, KOut, VOut>, one per task; stores
    // name what it may open.
    template <class Supplier>
    auto process(Supplier supplier, const Named& named, std::vector<std::string> stores = {},
                 Where at = Where::current()) const {
        using P = typename std::invoke_result_t<Supplier>::element_type;
        using KOut = typename P::KeyOut;
        using VOut = typename P::ValueOut;
        static_assert(std::derived_from<P, Processor<K, V, KOut, VOut>>,
                      "process() needs a supplier of std::unique_ptr<P> with P a Processor<K, V, "
                      "KOut, VOut> of this stream's K and V");
        return KStream<KOut, VOut>(processor_node<dsl::ProcessorAdapter<P>, P>(
            std::move(supplier), "KSTREAM-PROCESSOR-", true, dsl::column_type<KOut>(),
            dsl::column_type<VOut>(), named, std::move(stores), at));
    }
    template <class Supplier>
    auto process(Supplier supplier, std::vector<std::string> stores = {},
                 Where at = Where::current()) const {
        return process(std::move(supplier), Named(), std::move(stores), at);
    }
    // The same with a FixedKeyProcessor<K, V, VOut>: the key stays, so no repartition follows.
    template <class Supplier>
    auto process_values(Supplier supplier, const Named& named, std::vector<std::string> stores = {},
                        Where at = Where::current()) const {
        using P = typename std::invoke_result_t<Supplier>::element_type;
        using VOut = typename P::ValueOut;
        static_assert(std::derived_from<P, FixedKeyProcessor<K, V, VOut>>,
                      "process_values() needs a supplier of std::unique_ptr<P> with P a "
                      "FixedKeyProcessor<K, V, VOut> of this stream's K and V");
        auto key = stream_->key;
        return KStream<K, VOut>(processor_node<dsl::FixedKeyAdapter<P>, P>(
            std::move(supplier), "KSTREAM-PROCESSVALUES-", false, std::move(key),
            dsl::column_type<VOut>(), named, std::move(stores), at));
    }
    template <class Supplier>
    auto process_values(Supplier supplier, std::vector<std::string> stores = {},
                        Where at = Where::current()) const {
        return process_values(std::move(supplier), Named(), std::move(stores), at);
    }

    const dsl::StreamPtr& node() const { return stream_; }  // engine

private:
    dsl::Graph& graph() const { return *stream_->graph; }

    template <class FilterK, class F>
    dsl::StreamPtr select(F f, const Named& named, Where at) const {
        auto kernel = dsl::KernelPtr(std::make_shared<FilterK>(std::move(f)));
        dsl::Unary call;
        call.prefix = "KSTREAM-FILTER-";
        call.named = named;
        call.at = at;
        call.of_key.asked = kernel->asks_key();
        call.of_value.asked = kernel->asks_value();
        call.make = [kernel = std::move(kernel)](std::string name,
                                                 Where where) -> std::unique_ptr<engine::Node> {
            return std::make_unique<engine::FilterNode>(std::move(name), where, kernel);
        };
        return graph().unary(stream_, std::move(call), stream_->key, stream_->value);
    }
    template <class Op, class F>
    dsl::StreamPtr visit(F f, const char* prefix, bool terminal, const Named& named,
                         Where at) const {
        using Visit = dsl::VisitKernel<dsl::Caller<Op, K, V, F>, F>;
        auto kernel = dsl::KernelPtr(std::make_shared<Visit>(std::move(f)));
        dsl::Unary call;
        call.prefix = prefix;
        call.named = named;
        call.at = at;
        call.terminal = terminal;
        call.of_key.asked = kernel->asks_key();
        call.of_value.asked = kernel->asks_value();
        call.make = [kernel = std::move(kernel)](std::string name,
                                                 Where where) -> std::unique_ptr<engine::Node> {
            return std::make_unique<engine::VisitNode>(std::move(name), where, kernel);
        };
        return graph().unary(stream_, std::move(call), stream_->key, stream_->value);
    }
    dsl::StreamPtr map_node(dsl::KernelPtr kernel, const char* prefix, bool key_changing,
                            dsl::ColumnType key, dsl::ColumnType value, const Named& named,
                            Where at) const {
        return graph().unary(
            stream_, dsl::map_call(std::move(kernel), prefix, key_changing, key, value, named, at),
            key.ops ? key : stream_->key, value.ops ? value : stream_->value);
    }
    dsl::StreamPtr flat_node(dsl::KernelPtr kernel, const char* prefix, bool key_changing,
                             dsl::ColumnType key, dsl::ColumnType value, const Named& named,
                             Where at) const {
        return graph().unary(
            stream_,
            dsl::flat_map_call(std::move(kernel), prefix, key_changing, key, value, named, at),
            key.ops ? key : stream_->key, value.ops ? value : stream_->value);
    }
    template <class Adapter, class P, class Supplier>
    dsl::StreamPtr processor_node(Supplier supplier, const char* prefix, bool key_changing,
                                  dsl::ColumnType key, dsl::ColumnType value, const Named& named,
                                  std::vector<std::string> stores, Where at) const {
        auto make = [supplier = std::move(supplier)]() -> std::unique_ptr<engine::UserProcessor> {
            std::unique_ptr<P> made = supplier();
            if (!made) return nullptr;
            return std::make_unique<Adapter>(std::move(made));
        };
        return graph().unary(stream_,
                             dsl::processor_call(std::move(make), prefix, key_changing, key, value,
                                                 named, std::move(stores), at),
                             key, value);
    }
    template <class VT, class F>
    auto join_table(const KTable<K, VT>& table, F joiner, bool left, const Joined& joined,
                    Where at) const {
        using R = typename dsl::JoinResult<K, V, VT, F>::type;
        using J = dsl::JoinKernel<K, V, VT, R, F>;
        return KStream<K, R>(graph().join_table(stream_, table.node(), left, joined,
                                                std::make_shared<J>(std::move(joiner)),
                                                dsl::column_type<R>(), at));
    }

    dsl::StreamPtr stream_;
};

}  // namespace millrace

#include "millrace/dsl/kgrouped.h"
#include "millrace/dsl/ktable.h"
