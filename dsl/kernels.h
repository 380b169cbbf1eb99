#pragma once
// The loops around user lambdas, one per operator: all that is instantiated per call of the DSL.
// Each is a Kernel, called once per run by a node that has no types.
#include <memory>
#include <stdexcept>

#include "millrace/dsl/lambda.h"
#include "millrace/engine/operators/aggregate.h"
#include "millrace/engine/operators/node.h"
#include "millrace/engine/operators/table.h"

namespace millrace::dsl {

using engine::Column;
using engine::Kernel;
using engine::KernelPtr;
using engine::Output;
using engine::Row;
using engine::Run;

template <class C>
class KernelOf : public Kernel {
public:
    bool asks_key() const final { return C::kAsksKey; }
    bool asks_value() const final { return C::kAsksValue; }
};

// Where a kernel stands in its run, and what it has selected so far: in registers while it goes,
// told to the caller however it ends.
class Pass {
public:
    Pass(const Run& run, std::size_t& at, engine::Selection& selection)
        : rows_(run.selected),
          end_(run.size),
          at_out_(at),
          at_(at),
          selection_(selection),
          selected_(selection.size) {}
    ~Pass() {
        at_out_ = at_;
        selection_.size = selected_;
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    bool more() const { return at_ < end_; }
    Row row() const { return rows_[at_]; }
    void next(Row row, bool select) {
        selection_.rows[selected_] = row;
        selected_ += select;
        ++at_;
    }

private:
    const Row* const rows_;
    const std::size_t end_;
    std::size_t& at_out_;
    std::size_t at_;
    engine::Selection& selection_;
    std::size_t selected_;
};

template <class C, class F, bool kNegate>
class FilterKernel final : public KernelOf<C> {
public:
    explicit FilterKernel(F f) : f_(std::move(f)) {}
    void run(const Run& run, std::size_t& at, Output& out) const override {
        const Run in = run;
        for (Pass pass(in, at, *out.selection); pass.more();) {
            const Row row = pass.row();
            bool holds = false;
            C::call(f_, in, row, [&](auto&& result) { holds = static_cast<bool>(result); });
            pass.next(row, holds != kNegate);
        }
    }

private:
    F f_;
};

template <class C, class F>
class VisitKernel final : public KernelOf<C> {
public:
    explicit VisitKernel(F f) : f_(std::move(f)) {}
    void run(const Run& run, std::size_t& at, Output& out) const override {
        const Run in = run;
        for (Pass pass(in, at, *out.selection); pass.more();) {
            const Row row = pass.row();
            C::call(f_, in, row, [](auto&&...) {});
            pass.next(row, true);
        }
    }

private:
    F f_;
};

template <class C, class F, class V2>
class MapValuesKernel final : public KernelOf<C> {
public:
    explicit MapValuesKernel(F f) : f_(std::move(f)) {}
    void run(const Run& run, std::size_t& at, Output& out) const override {
        const Run in = run;
        Column& values = *out.values;
        for (Pass pass(in, at, *out.selection); pass.more();) {
            const Row row = pass.row();
            if (!C::call(f_, in, row, [&](auto&& result) {
                    put<V2>(values, row, std::forward<decltype(result)>(result));
                }))
                values.set_null(row);
            pass.next(row, true);
        }
    }

private:
    F f_;
};

template <class C, class F, class K2>
class SelectKeyKernel final : public KernelOf<C> {
public:
    explicit SelectKeyKernel(F f) : f_(std::move(f)) {}
    void run(const Run& run, std::size_t& at, Output& out) const override {
        const Run in = run;
        Column& keys = *out.keys;
        for (Pass pass(in, at, *out.selection); pass.more();) {
            const Row row = pass.row();
            if (!C::call(f_, in, row, [&](auto&& result) {
                    put<K2>(keys, row, std::forward<decltype(result)>(result));
                }))
                keys.set_null(row);
            pass.next(row, true);
        }
    }

private:
    F f_;
};

template <class C, class F, class K2, class V2>
class MapKernel final : public KernelOf<C> {
public:
    explicit MapKernel(F f) : f_(std::move(f)) {}
    void run(const Run& run, std::size_t& at, Output& out) const override {
        const Run in = run;
        Column &keys = *out.keys, &values = *out.values;
        for (Pass pass(in, at, *out.selection); pass.more();) {
            const Row row = pass.row();
            const bool called = C::call(f_, in, row, [&](auto&& pair) {
                put<K2>(keys, row, std::move(pair.first));
                put<V2>(values, row, std::move(pair.second));
            });
            if (!called)
                throw std::invalid_argument(
                    "map() met a null that its lambda cannot take; take const T* or "
                    "std::optional<T>");
            pass.next(row, true);
        }
    }

private:
    F f_;
};

template <class C, class F, class K2, class V2>
class FlatMapKernel final : public KernelOf<C> {
public:
    explicit FlatMapKernel(F f) : f_(std::move(f)) {}
    void run(const Run& run, std::size_t& at, Output& out) const override {
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            C::call(f_, run, row, [&](auto&& results) {
                for (auto&& pair : results) {
                    const Row to = out.rows->add(row);
                    put<K2>(out.rows->keys(), to, std::move(pair.first));
                    put<V2>(out.rows->values(), to, std::move(pair.second));
                }
            });
        }
    }

private:
    F f_;
};

template <class C, class F, class V2>
class FlatMapValuesKernel final : public KernelOf<C> {
public:
    explicit FlatMapValuesKernel(F f) : f_(std::move(f)) {}
    void run(const Run& run, std::size_t& at, Output& out) const override {
        for (; at < run.size; ++at) {
            const Row row = run.selected[at];
            C::call(f_, run, row, [&](auto&& results) {
                for (auto&& value : results) {
                    const Row to = out.rows->add(row);
                    out.rows->keys().copy_cell(to, *run.keys, row);
                    put<V2>(out.rows->values(), to, std::move(value));
                }
            });
        }
    }

private:
    F f_;
};

// ---- aggregates
// ----------------------------------------------------------------------------------------------------------

// Stores what an initializer, aggregator or reducer gave; false: null.
template <class A, class R>
bool keep(A& aggregate, R&& result) {
    if constexpr (IsOptional<std::remove_cvref_t<R>>::value) {
        if (!result) return false;
        aggregate = *std::forward<R>(result);
    } else {
        aggregate = std::forward<R>(result);
    }
    return true;
}

// How an aggregate parameter takes it: A, const A&, A&&, const A*, std::optional<A>.
template <class Param, class A>
decltype(auto) pass_aggregate(A* aggregate) {
    using Bare = std::remove_cvref_t<Param>;
    if constexpr (std::is_same_v<Bare, const A*> || std::is_same_v<Bare, A*>)
        return static_cast<const A*>(aggregate);
    else if constexpr (IsOptional<Bare>::value)
        return aggregate ? std::optional<A>(std::move(*aggregate)) : std::optional<A>();
    else if constexpr (std::is_same_v<Param, A>)
        return std::move(*aggregate);
    else
        return static_cast<const A&>(*aggregate);
}

template <class N>
class CountKernel final : public engine::AggregateKernel {
public:
    bool apply(const Run&, Row, void* object, bool present) const override {
        N& count = *static_cast<N*>(object);
        count = present ? N(static_cast<std::int64_t>(count) + 1) : N(std::int64_t{1});
        return true;
    }
    bool counts() const override { return true; }
    bool asks_key() const override { return false; }
};

template <class K, class V, class A, class Init, class F>
class AggregateKernel final : public engine::AggregateKernel {
    using Args = typename CallOf<F>::args;
    static_assert(!CallOf<F>::known || std::tuple_size_v<Args> == 3 || std::tuple_size_v<Args> == 2,
                  "aggregate()'s lambda must take (key, value, aggregate) or (value, aggregate)");
    static constexpr std::size_t kArity = CallOf<F>::known ? std::tuple_size_v<Args> : 3;
    template <std::size_t I, class Fallback>
    static auto param() {
        if constexpr (CallOf<F>::known)
            return std::type_identity<std::tuple_element_t<I, Args>>{};
        else
            return std::type_identity<const Fallback&>{};
    }
    template <std::size_t I, class Fallback>
    using Param = typename decltype(param<I, Fallback>())::type;
    using AggregateParam = Param<kArity - 1, A>;
    static constexpr See kSeeValue = see<Param<kArity - 2, V>, V>();
    static_assert(kSeeValue != See::No,
                  "aggregate()'s lambda must take the stream's value type where the value stands: "
                  "(key, value, aggregate)");
    static constexpr bool kAggregateByValue =
        !std::is_pointer_v<std::remove_cvref_t<AggregateParam>> &&
        !IsOptional<std::remove_cvref_t<AggregateParam>>::value;

public:
    AggregateKernel(Init init, F f) : init_(std::move(init)), f_(std::move(f)) {}
    bool asks_key() const override { return kArity == 3; }
    bool apply(const Run& run, Row row, void* object, bool present) const override {
        A& aggregate = *static_cast<A*>(object);
        if (!present) present = keep(aggregate, init_());
        const Argument<kSeeValue, V> value(*run.values, row);
        if (!value.usable())
            return present;  // a null value that the aggregator cannot take leaves the aggregate as
                             // it is
        A* given = present ? &aggregate : nullptr;
        if constexpr (kAggregateByValue) {
            if (!given)
                throw std::invalid_argument(
                    "aggregate() starts from null, but its lambda takes the aggregate as a value; "
                    "take const A* or std::optional<A>");
        }
        if constexpr (kArity == 3) {
            constexpr See see_key = see<Param<0, K>, K>();
            static_assert(see_key != See::No,
                          "aggregate()'s lambda must take the stream's key type first: (key, "
                          "value, aggregate)");
            const Argument<see_key, K> key(*run.keys, row);
            return keep(aggregate,
                        f_(key.pass(), value.pass(), pass_aggregate<AggregateParam>(given)));
        } else {
            return keep(aggregate, f_(value.pass(), pass_aggregate<AggregateParam>(given)));
        }
    }

private:
    Init init_;
    F f_;
};

// reduce(a, b): the first value of a key is the aggregate itself. A null value (windows) is taken
// for "nothing new" unless the reducer's second parameter sees nulls.
template <class V, class F>
class ReduceKernel final : public engine::AggregateKernel {
    using Args = typename CallOf<F>::args;
    static_assert(!CallOf<F>::known || std::tuple_size_v<Args> == 2,
                  "reduce()'s lambda must take (aggregate, new value)");
    template <std::size_t I>
    static auto param() {
        if constexpr (CallOf<F>::known)
            return std::type_identity<std::tuple_element_t<I, Args>>{};
        else
            return std::type_identity<const V&>{};
    }
    template <std::size_t I>
    using Param = typename decltype(param<I>())::type;
    static constexpr See kSeeNew = see<Param<1>, V>();
    static_assert(kSeeNew != See::No,
                  "reduce()'s lambda must take two values of the stream's value type: (aggregate, "
                  "new value)");

public:
    explicit ReduceKernel(F f) : f_(std::move(f)) {}
    bool asks_key() const override { return false; }
    bool apply(const Run& run, Row row, void* object, bool present) const override {
        V& aggregate = *static_cast<V*>(object);
        const Argument<kSeeNew, V> value(*run.values, row);
        if (!present) {
            if (!value.value) return false;
            aggregate = *value.value;
            return true;
        }
        if (!value.usable()) return true;
        return keep(aggregate, f_(pass_aggregate<Param<0>>(&aggregate), value.pass()));
    }

private:
    F f_;
};

// ---- stream-table join
// -----------------------------------------------------------------------------------------------------

// f(left, right), f(key, left, right); right of a left join may be null and is then const VT* or
// std::optional<VT>.
template <class K, class V, class VT, class R, class F>
class JoinKernel final : public engine::JoinKernel {
    using Args = typename CallOf<F>::args;
    static constexpr std::size_t kArity = CallOf<F>::known ? std::tuple_size_v<Args> : 2;
    static_assert(kArity == 2 || kArity == 3,
                  "a joiner must take (left value, right value) or (key, left value, right value)");
    template <std::size_t I, class T>
    static constexpr See see_argument() {
        if constexpr (CallOf<F>::known)
            return see<std::tuple_element_t<I, Args>, T>();
        else
            return See::Value;
    }
    static constexpr See kKey = kArity == 3 ? see_argument<0, K>() : See::Pointer;
    static constexpr See kLeft = see_argument<kArity - 2, V>(),
                         kRight = see_argument<kArity - 1, VT>();
    static_assert(kKey != See::No && kLeft != See::No && kRight != See::No,
                  "a joiner must take (left value, right value) or (key, left value, right value) "
                  "with the types of the stream and the "
                  "table, each as T, const T&, const T* or std::optional<T>");

public:
    static constexpr bool kRightSeesNull = kRight != See::Value;
    explicit JoinKernel(F f) : f_(std::move(f)) {}
    const engine::TypeOps& table_type() const override { return engine::type_ops<VT>(); }
    bool asks_key() const override { return kArity == 3; }
    void join(const Run& run, Row row, Column& table, Column& out) const override {
        const Argument<kLeft, V> left(*run.values, row);
        const Argument<kRight, VT> right(table, row);
        if (!left.usable() || !right.usable())
            throw std::invalid_argument(
                "the joiner cannot take a null; take const T* or std::optional<T>");
        if constexpr (kArity == 3) {
            const Argument<kKey, K> key(*run.keys, row);
            if (!key.usable())
                throw std::invalid_argument(
                    "the joiner cannot take a null key; take const K* or std::optional<K>");
            put<R>(out, row, f_(key.pass(), left.pass(), right.pass()));
        } else {
            put<R>(out, row, f_(left.pass(), right.pass()));
        }
    }

private:
    F f_;
};

template <class K, class V, class VT, class F>
struct JoinResult {
    using Args = typename CallOf<F>::args;
    static auto find() {
        if constexpr (CallOf<F>::known)
            return std::type_identity<decltype(apply(std::type_identity<Args>{}))>{};
        else
            return std::type_identity<std::invoke_result_t<const F&, const V&, const VT&>>{};
    }
    template <class... A>
    static std::invoke_result_t<const F&, A...> apply(std::type_identity<std::tuple<A...>>);
    using type = StreamTypeOf<typename decltype(find())::type>;
};

}  // namespace millrace::dsl
