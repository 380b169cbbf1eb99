#!/usr/bin/env python3
"""What librdkafka's Python client does against a broker: admin, produce, consume, transactions. Usage: HOST:PORT."""
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

bootstrap = sys.argv[1]
run = str(int(time.time() * 1000))
topic = "python-" + run


def check(condition, what):
    if not condition:
        print("FAILED:", what)
        sys.exit(1)
    print("ok ", what)


def consume(partition, isolation, expected):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "unused", "isolation.level": isolation,
                         "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
    values, deadline = [], time.time() + 15
    while time.time() < deadline:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            if message.error().name() == "_PARTITION_EOF":
                break
            raise KafkaException(message.error())
        values.append(message.value().decode())
    consumer.close()
    check(len(values) == expected, f"{isolation} reader of partition {partition} got {len(values)} of {expected}")
    return values


admin = AdminClient({"bootstrap.servers": bootstrap})
for future in admin.create_topics([NewTopic(topic, 3, 1)]).values():
    future.result(10)
check(topic in admin.list_topics(timeout=10).topics, "create and list topics")

failures = []
for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
    producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True, "linger.ms": 5})
    for i in range(1000):
        producer.produce(topic, f"{codec}-{i}", key=f"k{i}", partition=0,
                         on_delivery=lambda error, _: failures.append(error) if error else None)
    producer.flush(20)
check(not failures, "idempotent produce with every codec")
check(consume(0, "read_uncommitted", 5000)[4999] == "zstd-999", "all of it comes back in order")

producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": "python-tx-" + run})
producer.init_transactions(20)
for t in range(20):
    producer.begin_transaction()
    for i in range(5):
        producer.produce(topic, f"t{t}-{i}", partition=1)
    if t % 4 == 3:
        producer.abort_transaction(20)
    else:
        producer.commit_transaction(20)
values = consume(1, "read_committed", 75)
check(not any(v.startswith("t3-") for v in values), "aborted transactions are not seen")
zombie, heir = producer, Producer({"bootstrap.servers": bootstrap, "transactional.id": "python-tx-" + run})
heir.init_transactions(20)
try:
    zombie.begin_transaction()
    zombie.produce(topic, "zombie", partition=1)
    zombie.commit_transaction(20)
    check(False, "a fenced producer fails")
except KafkaException as error:
    check(error.args[0].fatal() or "FENCED" in str(error), f"a fenced producer fails: {error.args[0].name()}")
for future in admin.delete_topics([topic]).values():
    future.result(10)
print("PASSED")
