#pragma once
// AddPartitionsToTxn: key 24, versions 0-5, flexible from version 3.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/base/error_code.h"
#include "millrace/wire/api_key.h"
#include "millrace/wire/fields.h"

namespace millrace::wire {

struct AddPartitionsToTxnRequest {
    static constexpr std::string_view kName = "AddPartitionsToTxnRequest";
    static constexpr ApiKey kKey = ApiKey::AddPartitionsToTxn;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(3);

    struct AddPartitionsToTxnTopic {
        std::string name;
        std::vector<std::int32_t> partitions;

        static constexpr void fields(auto&& f) {
            using M = AddPartitionsToTxnTopic;
            f("name", &M::name, {.in = since(0)});
            f("partitions", &M::partitions, {.in = since(0)});
        }
        bool operator==(const AddPartitionsToTxnTopic&) const = default;
    };

    struct AddPartitionsToTxnTransaction {
        std::string transactional_id;
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        bool verify_only = false;
        std::vector<AddPartitionsToTxnTopic> topics;

        static constexpr void fields(auto&& f) {
            using M = AddPartitionsToTxnTransaction;
            f("transactional_id", &M::transactional_id, {.in = since(4)});
            f("producer_id", &M::producer_id, {.in = since(4)});
            f("producer_epoch", &M::producer_epoch, {.in = since(4)});
            f("verify_only", &M::verify_only, {.in = since(4)});
            f("topics", &M::topics, {.in = since(4)});
        }
        bool operator==(const AddPartitionsToTxnTransaction&) const = default;
    };

    std::vector<AddPartitionsToTxnTransaction> transactions;
    std::string v3_and_below_transactional_id;
    std::int64_t v3_and_below_producer_id = 0;
    std::int16_t v3_and_below_producer_epoch = 0;
    std::vector<AddPartitionsToTxnTopic> v3_and_below_topics;

    static constexpr void fields(auto&& f) {
        using M = AddPartitionsToTxnRequest;
        f("transactions", &M::transactions, {.in = since(4)});
        f("v3_and_below_transactional_id", &M::v3_and_below_transactional_id,
          {.in = between(0, 3)});
        f("v3_and_below_producer_id", &M::v3_and_below_producer_id, {.in = between(0, 3)});
        f("v3_and_below_producer_epoch", &M::v3_and_below_producer_epoch, {.in = between(0, 3)});
        f("v3_and_below_topics", &M::v3_and_below_topics, {.in = between(0, 3)});
    }
    bool operator==(const AddPartitionsToTxnRequest&) const = default;
};

struct AddPartitionsToTxnResponse {
    static constexpr std::string_view kName = "AddPartitionsToTxnResponse";
    static constexpr ApiKey kKey = ApiKey::AddPartitionsToTxn;
    static constexpr Versions kValid = between(0, 5), kFlexible = since(3);

    struct AddPartitionsToTxnPartitionResult {
        std::int32_t partition_index = 0;
        ErrorCode partition_error_code = ErrorCode::None;

        static constexpr void fields(auto&& f) {
            using M = AddPartitionsToTxnPartitionResult;
            f("partition_index", &M::partition_index, {.in = since(0)});
            f("partition_error_code", &M::partition_error_code, {.in = since(0)});
        }
        bool operator==(const AddPartitionsToTxnPartitionResult&) const = default;
    };

    struct AddPartitionsToTxnTopicResult {
        std::string name;
        std::vector<AddPartitionsToTxnPartitionResult> results_by_partition;

        static constexpr void fields(auto&& f) {
            using M = AddPartitionsToTxnTopicResult;
            f("name", &M::name, {.in = since(0)});
            f("results_by_partition", &M::results_by_partition, {.in = since(0)});
        }
        bool operator==(const AddPartitionsToTxnTopicResult&) const = default;
    };

    struct AddPartitionsToTxnResult {
        std::string transactional_id;
        std::vector<AddPartitionsToTxnTopicResult> topic_results;

        static constexpr void fields(auto&& f) {
            using M = AddPartitionsToTxnResult;
            f("transactional_id", &M::transactional_id, {.in = since(4)});
            f("topic_results", &M::topic_results, {.in = since(4)});
        }
        bool operator==(const AddPartitionsToTxnResult&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::None;
    std::vector<AddPartitionsToTxnResult> results_by_transaction;
    std::vector<AddPartitionsToTxnTopicResult> results_by_topic_v3_and_below;

    static constexpr void fields(auto&& f) {
        using M = AddPartitionsToTxnResponse;
        f("throttle_time_ms", &M::throttle_time_ms, {.in = since(0)});
        f("error_code", &M::error_code, {.in = since(4), .ignorable = true});
        f("results_by_transaction", &M::results_by_transaction, {.in = since(4)});
        f("results_by_topic_v3_and_below", &M::results_by_topic_v3_and_below,
          {.in = between(0, 3)});
    }
    bool operator==(const AddPartitionsToTxnResponse&) const = default;
};

}  // namespace millrace::wire
