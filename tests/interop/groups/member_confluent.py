#!/usr/bin/env python3
"""A group member of librdkafka (confluent-kafka); see judge.py."""
import select
import sys

from confluent_kafka import Consumer, KafkaException

bootstrap, topic, group, mode = sys.argv[1:5]
config = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False,
          "session.timeout.ms": 6000, "heartbeat.interval.ms": 1000, "group.protocol": "classic",
          "partition.assignment.strategy": "cooperative-sticky" if mode == "cooperative" else "range"}
if len(sys.argv) > 5:
    config["group.instance.id"] = sys.argv[5]
consumer = Consumer(config)
mine = set()


def told():
    print("assigned", *sorted(mine), flush=True)


def assigned(c, partitions):
    mine.update(tp.partition for tp in partitions)
    if mode == "cooperative":
        c.incremental_assign(partitions)
    else:
        c.assign(partitions)
    told()


def revoked(c, partitions):
    mine.difference_update(tp.partition for tp in partitions)
    if mode == "cooperative":
        c.incremental_unassign(partitions)
    else:
        c.unassign()
    told()


consumer.subscribe([topic], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
while not select.select([sys.stdin], [], [], 0)[0]:
    messages = [m for m in consumer.consume(100, 0.2) if not m.error()]
    if not messages:
        continue
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        print("commit", error, flush=True)
        continue
    for m in messages:
        print("got", m.partition(), m.offset(), flush=True)
consumer.close()
