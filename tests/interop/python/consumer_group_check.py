#!/usr/bin/env python3
"""consumer_group_check.py HOST:PORT: librdkafka with group.protocol=consumer (KIP-848): read and commit, share, leave, static
members, an expression, a bad one."""
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

bootstrap = sys.argv[1]
run = str(int(time.time() * 1000))
topic = f"pycg-{run}"


def check(good, what):
    print(("ok   " if good else "FAIL ") + what, flush=True)
    if not good:
        sys.exit(1)


def consumer(group, **more):
    return Consumer({"bootstrap.servers": bootstrap, "group.id": group, "group.protocol": "consumer", "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, **{k.replace("_", "."): v for k, v in more.items()}})


def until(seconds, condition, *consumers):
    end = time.time() + seconds
    while time.time() < end:
        for c in consumers:
            c.poll(0.05)
        if condition():
            return True
    print([c.assignment() for c in consumers])
    return False


admin = AdminClient({"bootstrap.servers": bootstrap})
for f in admin.create_topics([NewTopic(topic, 4, 1)]).values():
    f.result()
producer = Producer({"bootstrap.servers": bootstrap})
for i in range(40):
    producer.produce(topic, f"v{i}", partition=i % 4)
producer.flush()

a = consumer(f"g-{run}")
a.subscribe([topic])
seen = 0
end = time.time() + 20
while seen < 40 and time.time() < end:
    m = a.poll(0.2)
    if m is not None and not m.error():
        seen += 1
check(seen == 40, "one member reads all")
a.commit(asynchronous=False)
check(a.committed([TopicPartition(topic, 1)])[0].offset == 10, "and commits")
b = consumer(f"g-{run}")
b.subscribe([topic])
check(until(20, lambda: len(a.assignment()) == 2 and len(b.assignment()) == 2, a, b), "two members share")
b.close()
check(until(20, lambda: len(a.assignment()) == 4, a), "one leaves, the other has all")
a.close()

r = consumer(f"r-{run}")
r.subscribe([f"^pycg-{run}.*"])
check(until(20, lambda: len(r.assignment()) == 4, r), "an expression")
r.close()

s = consumer(f"s-{run}", group_instance_id="one")
t = consumer(f"s-{run}", group_instance_id="two")
s.subscribe([topic])
t.subscribe([topic])
check(until(20, lambda: len(s.assignment()) == 2 and len(t.assignment()) == 2, s, t), "static members")
before = sorted((p.topic, p.partition) for p in s.assignment())
s.close()
s = consumer(f"s-{run}", group_instance_id="one")
s.subscribe([topic])
check(until(20, lambda: sorted((p.topic, p.partition) for p in s.assignment()) == before, s, t), "it is back with the same partitions")
s.close()
t.close()
print("all done")
