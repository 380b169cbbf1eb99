#pragma once
// What a user may decide about records that fail: the three handlers of Kafka Streams (KIP-161,
// KIP-1033, KIP-210 with KIP-399), in the shape of 4.2 (KIP-1034): each answers with a result and
// the dead-letter records to send. Given to an application in KafkaStreams::Options, to a test in
// TopologyTestDriver::Options; what is not given is what the settings *.exception.handler name.
// One object serves all tasks, so calls may come from several threads. One that throws stops the
// task.
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "millrace/base/strong.h"
#include "millrace/engine/operators/headers.h"

namespace millrace {

struct ErrorHandlerContext {
    std::string topic;  // of the record that came in; "": a punctuation, or a flush of a cache
    std::int32_t partition = -1;
    std::int64_t offset = -1;
    Headers headers;  // of the record under way, as its timestamp is
    Timestamp timestamp{};
    std::string processor_node_id;                                // where it failed
    std::string task_id;                                          // "0_1"
    std::optional<std::string> source_raw_key, source_raw_value;  // as they came in
};

struct DeadLetterRecord {
    std::string topic;
    std::optional<std::string> key, value;
    Timestamp timestamp{};
    Headers headers;
};

struct ErrorHandlerResponse {
    enum class Result : std::uint8_t { Resume, Fail };
    Result result = Result::Fail;
    std::vector<DeadLetterRecord> dead_letters;  // sent in the same transaction
    static ErrorHandlerResponse resume(std::vector<DeadLetterRecord> dead_letters = {}) {
        return {Result::Resume, std::move(dead_letters)};
    }
    static ErrorHandlerResponse fail(std::vector<DeadLetterRecord> dead_letters = {}) {
        return {Result::Fail, std::move(dead_letters)};
    }
};

// A key or a value that does not parse. Resume drops the record.
class DeserializationExceptionHandler {
public:
    virtual ~DeserializationExceptionHandler() = default;
    virtual ErrorHandlerResponse handle_error(const ErrorHandlerContext& context,
                                              const std::exception& exception) = 0;
};

// User code that threw, in a record or in a punctuation. Resume goes on behind the innermost call
// of a node that failed: what was written and sent before stays.
class ProcessingExceptionHandler {
public:
    virtual ~ProcessingExceptionHandler() = default;
    virtual ErrorHandlerResponse handle_error(const ErrorHandlerContext& context,
                                              const std::exception& exception) = 0;
};

// A record that cannot be sent: a serializer threw, or it is larger than max.request.size.
// Errors of the broker are not asked about: what can be retried is, the rest stops the application.
class ProductionExceptionHandler {
public:
    enum class Origin : std::uint8_t { Key, Value };
    virtual ~ProductionExceptionHandler() = default;
    virtual ErrorHandlerResponse handle_error(const ErrorHandlerContext& context,
                                              const DeadLetterRecord& record,
                                              const std::exception& exception) = 0;
    // Fail leaves the exception to the processing handler of the operator before the sink, as in
    // Kafka.
    virtual ErrorHandlerResponse handle_serialization_error(const ErrorHandlerContext& context,
                                                            const std::string& topic, Origin origin,
                                                            const std::exception& exception) {
        (void)context, (void)topic, (void)origin, (void)exception;
        return ErrorHandlerResponse::fail();
    }
};

struct ErrorHandlers {
    std::shared_ptr<DeserializationExceptionHandler> deserialization;
    std::shared_ptr<ProcessingExceptionHandler> processing;
    std::shared_ptr<ProductionExceptionHandler> production;
};

}  // namespace millrace
