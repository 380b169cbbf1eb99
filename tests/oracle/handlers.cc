// Exception handlers of the user's own (KIP-161, KIP-1033, KIP-210, KIP-1034), and settings that a
// topology's run depends on.
#include "millrace/base/bytes.h"
#include "oracle.h"

using namespace millrace;
using namespace std::chrono_literals;

namespace oracle {
namespace {

using S = std::string;
using L = std::int64_t;

S hex(const std::optional<S>& bytes) {
    return bytes ? to_hex(as_bytes(*bytes)) : "~";
}

// What a handler is told, as a dead letter.
DeadLetterRecord told(const char* by, const ErrorHandlerContext& about) {
    DeadLetterRecord record;
    record.topic = "told";
    record.key = by;
    record.value = about.topic + '|' + std::to_string(about.partition) + '|' +
                   std::to_string(about.offset) + '|' + about.processor_node_id + '|' +
                   about.task_id + '|' + hex(about.source_raw_key) + '|' +
                   hex(about.source_raw_value);
    record.timestamp = about.timestamp;
    record.headers = about.headers;
    return record;
}

struct Deserialization : DeserializationExceptionHandler {
    ErrorHandlerResponse handle_error(const ErrorHandlerContext& about,
                                      const std::exception&) override {
        return ErrorHandlerResponse::resume({told("deserialization", about)});
    }
};
struct Processing : ProcessingExceptionHandler {
    ErrorHandlerResponse handle_error(const ErrorHandlerContext& about,
                                      const std::exception& e) override {
        const S what = e.what();
        if (what == "fatal") return ErrorHandlerResponse::fail({told("processing", about)});
        if (what == "two") return ErrorHandlerResponse::resume();
        return ErrorHandlerResponse::resume({told("processing", about), told(what.c_str(), about)});
    }
};
struct Production : ProductionExceptionHandler {
    ErrorHandlerResponse handle_error(const ErrorHandlerContext&, const DeadLetterRecord&,
                                      const std::exception&) override {
        return ErrorHandlerResponse::fail();
    }
    ErrorHandlerResponse handle_serialization_error(const ErrorHandlerContext& about,
                                                    const S& topic, Origin origin,
                                                    const std::exception&) override {
        if (topic == "b") return ErrorHandlerResponse::fail();
        return ErrorHandlerResponse::resume(
            {told(origin == Origin::Key ? "production of key" : "production of value", about)});
    }
};

// Writes no text that begins with "!".
struct Picky {
    Result<void> read(BytesView bytes, S& into) const {
        into.assign(as_text(bytes));
        return {};
    }
    void write(const S& text, ByteSink& into) const {
        if (text.starts_with('!')) throw std::invalid_argument("picky");
        into.append(std::string_view(text));
    }
};

const Add own{{"own-handlers",
               [](Log&) {
                   StreamsBuilder b;
                   const auto picky = serde<S>(Picky{});
                   auto in = b.stream<S, L>("in");
                   auto texts = in.map_values([](const L* v) {
                       if (v && *v == 33) throw std::runtime_error("fatal");
                       if (v && *v % 5 == 0) throw std::runtime_error("five");
                       return (v && *v % 3 == 0 ? "!" : "") + text(v);
                   });
                   texts.to("a", Produced::with(serde<S>(), picky));
                   texts.map([](const S* k, const S* v) { return std::pair(text(v), text(k)); })
                       .to("b", Produced::with(picky, serde<S>()));
                   texts.select_key([](const S* v) { return text(v); })
                       .group_by_key(Grouped::with(picky, serde<S>()).with_name("g"))
                       .count()
                       .to_stream()
                       .to("counts");
                   in.process([] {
                         struct P : Processor<S, L> {
                             void init(Context& c) override {
                                 c.schedule(60ms, PunctuationType::StreamTime,
                                            [](Timestamp) { throw std::runtime_error("tick"); });
                             }
                             void process(const Record<S, L>& r) override {
                                 Headers h = r.headers();
                                 h.add("p", "1");
                                 context().forward(
                                     r.with_headers(h).with_timestamp(r.timestamp() + 7));
                                 if (r.has_value() && r.value() % 2 == 0)
                                     throw std::runtime_error("two");
                             }
                         };
                         return std::make_unique<P>();
                     })
                       .peek([](const L* v) {
                           if (v && *v % 7 == 0) throw std::runtime_error("seven");
                       })
                       .to("c");
                   return b.build();
               },
               {},
               {},
               {std::make_shared<Deserialization>(), std::make_shared<Processing>(),
                std::make_shared<Production>()}}};

const Add extractor{{"default-extractor",
                     [](Log&) {
                         StreamsBuilder b;
                         auto in = b.stream<S, L>("in");
                         in.to("out");
                         in.select_key([](const S* k, const L*) { return text(k); })
                             .group_by_key()
                             .windowed_by(TimeWindows::of_size_with_no_grace(100ms))
                             .count()
                             .to_stream()
                             .to("counts");
                         return b.build();
                     },
                     {{"default.timestamp.extractor",
                       "org.apache.kafka.streams.processor.LogAndSkipOnInvalidTimestamp"}},
                     {}}};

}  // namespace
}  // namespace oracle
