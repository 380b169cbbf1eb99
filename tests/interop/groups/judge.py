#!/usr/bin/env python3
"""Members of one classic group, each a process of a real client, against a broker: they join, share, are killed, come
back, leave. Every record must be seen, every partition have one owner, and the committed offsets be the ends.

Usage: judge.py HOST:PORT NAME MODE COMMAND...   MODE: range, cooperative or static. The command is started with
HOST:PORT TOPIC GROUP MODE [INSTANCE], writes "assigned P P ..." (all of its partitions, after each change) and
"got P OFFSET" (after it has committed), and leaves the group when its input says "stop"."""
import os
import subprocess
import sys
import threading
import time

from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

bootstrap, name, mode = sys.argv[1:4]
command = sys.argv[4:]
run = f"{name}-{mode}-{os.getpid()}-{int(time.time())}"
topic, group = "groups-" + run, "group-" + run
PARTITIONS = 6
patience = float(os.environ.get("PATIENCE", "60"))


class Member:
    def __init__(self, label, instance=None):
        self.label, self.assigned, self.changes, self.got, self.lines = label, None, 0, set(), []
        arguments = command + [bootstrap, topic, group, mode] + ([instance] if instance else [])
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, bufsize=1)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            words = line.split()
            if words and words[0] == "assigned":
                self.assigned = sorted(int(p) for p in words[1:])
                self.changes += 1
            elif words and words[0] == "got":
                self.got.add((int(words[1]), int(words[2])))
            if not words or words[0] != "got":
                self.lines.append(f"{time.time() % 1000:.1f} {line.rstrip()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        try:
            self.process.stdin.write("stop\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it is gone
        self.process.wait(patience)


members = []


def start(label, instance=None):
    members.append(Member(label, instance))
    return members[-1]


def fail(what):
    print("FAILED:", what)
    for member in members:
        print(f"-- {member.label}: assigned {member.assigned}, got {len(member.got)}, exit {member.process.poll()}")
        print("   " + "\n   ".join(member.lines[-25:]))
        member.process.kill()
    sys.exit(1)


def wait(what, condition, seconds=None):
    begin = time.time()
    while not condition():
        if time.time() - begin > (seconds or patience):
            fail(what)
        time.sleep(0.05)
    print(f"ok  {what} ({time.time() - begin:.1f} s)")


def shared(*those):
    """Each has some, nobody has what another has, nothing is left over."""
    lists = [m.assigned or [] for m in those]
    return all(lists) and sorted(sum(lists, [])) == list(range(PARTITIONS))


admin = AdminClient({"bootstrap.servers": bootstrap})
for future in admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
    future.result(20)
producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
sent = set()


def produce(count):
    failures = []

    def delivered(error, message):
        if error:
            failures.append(error)
        else:
            sent.add((message.partition(), message.offset()))

    for i in range(count):
        producer.produce(topic, f"{i}", partition=i % PARTITIONS, on_delivery=delivered)
    producer.flush(30)
    if failures:
        fail(f"produce: {failures[0]}")


def everything():
    return sent <= set().union(*(m.got for m in members))


produce(60)
static = mode == "static"
first = start("first", "one" if static else None)
wait("the first member has all", lambda: shared(first))
second = start("second", "two" if static else None)
wait("two share", lambda: shared(first, second))
produce(120)
wait("all records are seen", everything)

if static:
    held, changes = second.assigned, first.changes
    second.kill()
    second = start("second again", "two")
    wait("a static member is back with what it had", lambda: second.assigned == held)
    time.sleep(2)
    if first.changes != changes:
        fail("the other member noticed")
    print("ok  the other member did not notice")

second.kill()
begin = time.time()
produce(60)
wait("the killed member's partitions are taken over", lambda: shared(first))
if time.time() - begin < 4:
    fail("before its session could have ended")
wait("what came meanwhile is seen", everything)

third = start("third", "three" if static else None)
wait("a third member has its share", lambda: shared(first, third))
if mode == "cooperative" and any(line.split()[1:] == ["assigned"] for line in first.lines[1:]):
    fail("the first member gave everything up")
produce(120)
wait("all records are seen, again", everything)
if not static:
    third.stop()
    wait("a member that leaves is not waited for", lambda: shared(first), 20)
    produce(60)
    wait("all records are seen, at last", everything)

description = admin.describe_consumer_groups([group])[group].result(20)
if description.state.name != "STABLE" or len(description.members) != (2 if static else 1):
    fail(f"described as {description.state}, {len(description.members)} members")
print("ok  describe")
listed = {g.group_id: g for g in admin.list_consumer_groups().result().valid}
if group not in listed:
    fail("not listed")
print("ok  list")
for member in members:
    if member.process.poll() is None:
        member.stop()
offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(20)
ends = {p: 1 + max(o for q, o in sent if q == p) for p in range(PARTITIONS)}
committed = {tp.partition: tp.offset for tp in offsets.topic_partitions}
if committed != ends:
    fail(f"committed {committed}, the ends are {ends}")
print("ok  the committed offsets are the ends")


def empty():
    return admin.describe_consumer_groups([group])[group].result(20).state.name == "EMPTY"


wait("nobody is left", empty)
admin.delete_consumer_groups([group])[group].result(20)
print("ok  delete")
