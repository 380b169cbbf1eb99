// Kafka's own formats (bytes made by Kafka 4.4's serdes), and plain structs as JSON.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "millrace/base/random.h"
#include "millrace/dsl/windowed.h"

namespace millrace {
namespace {

template <class T>
std::string written(const Serde<T>& serde, const T& value) {
    ByteSink sink;
    serde.codec()->write(&value, sink);
    return to_hex(sink.view());
}
template <class T>
Result<T> read(const Serde<T>& serde, std::string_view bytes) {
    T value{};
    auto ok = serde.codec()->read(as_bytes(bytes), &value);
    if (!ok) return tl::make_unexpected(ok.error());
    return value;
}
std::string unhex(std::string_view hex) {
    std::vector<std::byte> bytes;
    EXPECT_TRUE(from_hex(hex, bytes));
    return std::string(as_text(BytesView(bytes)));
}
template <class T>
void both_ways(const Serde<T>& serde, const T& value, std::string_view hex) {
    EXPECT_EQ(written(serde, value), hex);
    const auto back = read(serde, unhex(hex));
    ASSERT_TRUE(back) << hex;
    EXPECT_EQ(*back, value);
}

TEST(Serde, WritesNumbersTextAndUuidsAsKafkaDoes) {
    both_ways(serde<std::int64_t>(), std::int64_t{3848585255632177267}, "3568ebe639c30873");
    both_ways(serde<std::int64_t>(), std::numeric_limits<std::int64_t>::min(), "8000000000000000");
    both_ways(serde<std::int32_t>(), std::int32_t{-1138542663}, "bc2337b9");
    both_ways(serde<std::int16_t>(), std::int16_t{19337}, "4b89");
    both_ways(serde<float>(), 29.571428f, "41ec9249");
    both_ways(serde<double>(), 16.714285714285715, "4030b6db6db6db6e");
    both_ways(serde<double>(), std::numeric_limits<double>::denorm_min(), "0000000000000001");
    EXPECT_EQ(written(serde<double>(), std::nan("")), "7ff8000000000000");
    both_ways(serde<bool>(), true, "01");
    both_ways(serde<std::string>(), std::string("plain"), "706c61696e");
    EXPECT_EQ(written(serde<Bytes>(), Bytes::copy(std::string_view("plain"))), "706c61696e");
    EXPECT_EQ(as_text(read(serde<Bytes>(), "plain")->view()), "plain");
    both_ways(serde<std::string>(), std::string(), "");
    Uuid id;
    id.high = 0x6b1ed7e34e01b3d8;
    id.low = 0xee8c042c73fc7c66;
    both_ways(serde<Uuid>(), id,
              "36623165643765332d346530312d623364382d656538632d303432633733666337633636");
}

TEST(Serde, WritesTimeWindowedKeysAsKafkaDoes) {
    using namespace std::chrono_literals;
    const auto serde_of = time_windowed_serde(serde<std::string>(), 60s);
    both_ways(serde_of, Windowed<std::string>("k", {1700000049082, 1700000109082}),
              "6b0000018bcfe627ba");
    both_ways(serde_of, Windowed<std::string>("naïve-zürich", {0, 60000}),
              "6e61c3af76652d7ac3bc726963680000000000000000");
    EXPECT_EQ(as_text(serde_of.codec()->partition_bytes(as_bytes(std::string_view("k12345678")))),
              "k");
    EXPECT_FALSE(read(serde_of, "1234567"));
}

TEST(Serde, RefusesWrongLengths) {
    EXPECT_FALSE(read(serde<std::int64_t>(), "1234567"));
    EXPECT_FALSE(read(serde<std::int32_t>(), ""));
    EXPECT_FALSE(read(serde<bool>(), std::string(1, '\2')));
    EXPECT_FALSE(read(serde<Uuid>(), "6b1ed7e3-4e01-b3d8-ee8c-042c73fc7c6"));
    EXPECT_FALSE(read(serde<Uuid>(), "6b1ed7e3x4e01-b3d8-ee8c-042c73fc7c66"));
    EXPECT_FALSE(serde<std::int64_t>().codec()->plausible(as_bytes(std::string_view("12"))));
}

enum class Colour { Red, Green, Blue };
struct Place {
    double x = 0, y = 0;
};
struct Order {
    std::string id;
    std::int64_t cents = 7;
    std::optional<std::string> note;
    Colour colour = Colour::Green;
    Place place;
    std::vector<std::int32_t> counts;
    std::map<std::string, bool> flags;
    std::uint8_t small = 0;
};

TEST(Json, WritesMembersInOrderUnderTheirNames) {
    Order order;
    order.id = "a\"\\\n";
    order.cents = 9007199254740993;  // no double holds it
    order.colour = Colour::Blue;
    order.place = {1.5, -0.1};
    order.counts = {1, -2};
    order.flags = {{"on", true}};

    EXPECT_EQ(
        unhex(written(serde<Order>(), order)),
        R"({"id":"a\"\\\u000a","cents":9007199254740993,"note":null,"colour":"Blue","place":{"x":1.5,"y":-0.1},"counts":[1,-2],"flags":{"on":true},"small":0})");
    const auto back = read(serde<Order>(), unhex(written(serde<Order>(), order)));
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(back->id, order.id);
    EXPECT_EQ(back->cents, order.cents);
    EXPECT_EQ(back->counts, order.counts);
    EXPECT_EQ(back->colour, Colour::Blue);
}

TEST(Json, AMissingMemberHasItsDefaultAlsoInARecycledObject) {
    const auto codec = serde<Order>().codec();
    Order order;
    ASSERT_TRUE(codec->read(
        as_bytes(std::string_view(
            R"({"id":"x","cents":1,"note":"n","colour":"Red","counts":[1],"small":9})")),
        &order));
    ASSERT_TRUE(codec->read(
        as_bytes(std::string_view(R"( {"extra":{"a":[1,{"b":2}]}, "id":"y"} )")), &order));
    EXPECT_EQ(order.id, "y");
    EXPECT_EQ(order.cents, 7);
    EXPECT_EQ(order.note, std::nullopt);
    EXPECT_EQ(order.colour, Colour::Green);
    EXPECT_TRUE(order.counts.empty());
    EXPECT_EQ(order.small, 0);
}

TEST(Json, SaysWhatIsWrongAndWhere) {
    EXPECT_NE(read(serde<Order>(), R"({"place":{"x":"far"}})").error().detail.find("place: x: "),
              std::string::npos);
    EXPECT_FALSE(read(serde<Order>(), R"({"small":256})"));
    EXPECT_FALSE(read(serde<Order>(), R"({"cents":1.5})"));
    EXPECT_FALSE(read(serde<Order>(), R"({"colour":"Mauve"})"));
    EXPECT_FALSE(read(serde<Order>(), R"({"id":"x")"));
    EXPECT_FALSE(read(serde<Order>(), R"({"id":"x"} 1)"));
    EXPECT_FALSE(read(serde<Order>(), "[]"));
    EXPECT_FALSE(read(serde<Order>(), ""));
    Order order;
    order.place.x = std::nan("");
    EXPECT_THROW(written(serde<Order>(), order), std::invalid_argument);
}

TEST(Json, GarbageNeverCrashes) {
    const std::string good =
        R"({"id":"abc","cents":12,"note":"n","place":{"x":1.5,"y":2},"counts":[1,2,3],"flags":{"a":true}})";
    const auto codec = serde<Order>().codec();
    Random random(1);
    Order order;
    for (int i = 0; i < 20000; ++i) {
        std::string bytes = good.substr(0, random.below(good.size() + 1));
        for (std::uint64_t n = random.below(4); n > 0 && !bytes.empty(); --n)
            bytes[random.below(bytes.size())] = static_cast<char>(random.next());
        (void)codec->read(as_bytes(bytes), &order);
    }
}

class Private {  // more than a plain struct
public:
    Private() = default;
    explicit Private(int v) : value_(v) {}
    int value() const { return value_; }
    static void fields(auto&& f) { f("renamed", &Private::value_); }

private:
    int value_ = 3;
};

TEST(Json, AFieldListWins) {
    EXPECT_EQ(unhex(written(serde<Private>(), Private(5))), R"({"renamed":5})");
    EXPECT_EQ(read(serde<Private>(), R"({"renamed":8})")->value(), 8);
    EXPECT_EQ(read(serde<Private>(), "{}")->value(), 3);
}

struct Own {
    int n = 0;
};
struct OwnSerde {
    Result<void> read(BytesView bytes, Own& into) const {
        into.n = static_cast<int>(bytes.size());
        return {};
    }
    void write(const Own& own, ByteSink& into) const {
        into.append(std::string(static_cast<std::size_t>(own.n), 'x'));
    }
};

TEST(Serde, TakesOnesOwn) {
    const auto own = serde<Own>(OwnSerde{});
    EXPECT_EQ(read(own, "12345")->n, 5);
    EXPECT_EQ(unhex(written(own, Own{3})), "xxx");
    EXPECT_TRUE(engine::same_format(own.codec().get(), serde<Own>(OwnSerde{}).codec().get()));
    EXPECT_FALSE(engine::same_format(own.codec().get(), serde<Own>().codec().get()));
}

}  // namespace
}  // namespace millrace
