#!/usr/bin/env python3
"""A group member of kafka-python; see judge.py."""
import select
import sys

from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.errors import KafkaError

try:
    from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
except ImportError:
    CooperativeStickyAssignor = None
from kafka.coordinator.assignors.range import RangePartitionAssignor

bootstrap, topic, group, mode = sys.argv[1:5]
config = dict(bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
              session_timeout_ms=6000, heartbeat_interval_ms=1000, consumer_timeout_ms=200,
              partition_assignment_strategy=[CooperativeStickyAssignor if mode == "cooperative" else RangePartitionAssignor])
if len(sys.argv) > 5:
    config["group_instance_id"] = sys.argv[5]
consumer = KafkaConsumer(**config)
last = None


def told():
    global last
    mine = sorted(tp.partition for tp in consumer.assignment())
    if mine != last:
        print("assigned", *mine, flush=True)
        last = mine


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        pass


consumer.subscribe([topic], listener=Listener())
while not select.select([sys.stdin], [], [], 0)[0]:
    batches = consumer.poll(200)
    told()
    if not batches:
        continue
    try:
        consumer.commit()
    except KafkaError as error:
        print("commit", repr(error), flush=True)
        continue
    for tp, records in batches.items():
        for record in records:
            print("got", tp.partition, record.offset, flush=True)
consumer.close()
