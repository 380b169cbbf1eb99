#pragma once
// The order in which a java.util.HashMap or HashSet hands out its keys. Kafka's assignors and
// record writers walk such maps, so who gets which partition, and the bytes of a record, depend on
// it. Keys of one bucket stand in the order in which they are given here (in Java: in which they
// were put).
#include <string>
#include <vector>

#include "millrace/base/uuid.h"

namespace millrace::broker {

std::int32_t java_hash(const Uuid& id);  // org.apache.kafka.common.Uuid.hashCode
enum class JavaTable {
    Grown,
    Copied
};  // key by key; by the constructor that takes a collection, which makes it larger
void order_like_java(std::vector<std::string>& keys, JavaTable table = JavaTable::Grown);
void order_like_java(std::vector<Uuid>& keys, JavaTable table = JavaTable::Grown);
void order_like_java(std::vector<std::int32_t>& keys, JavaTable table = JavaTable::Copied);

}  // namespace millrace::broker
