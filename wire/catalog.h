#pragma once
// Every message and record by its name in Kafka: for tools and tests, which learn names at run
// time.
#include <span>
#include <string_view>

#include "millrace/wire/schema.h"

namespace millrace::wire {

std::span<const Schema* const> all_messages();  // requests, responses, headers, records
const Schema* find_message(
    std::string_view name);  // "FetchRequest", "PartitionRecord"; null: unknown

}  // namespace millrace::wire
