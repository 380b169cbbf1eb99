#!/usr/bin/env python3
"""tests/interop/consumer_heartbeats.py A [B]: a story of members of consumer groups (KIP-848), told to broker A and to broker B;
prints what each answered, and fails when the answers differ. Needs no library. Where Apache Kafka computes targets at most once a
second (consumer.assignment.interval.ms) or resolves an expression on another thread, the story waits until nothing changes."""
import struct
import sys
import time

from streams_heartbeats import string, topic
from transaction_codes import TAGS, Broker, array, text, varint

ERRORS = {0: "", 12: "OFFSET_METADATA_TOO_LARGE", 22: "ILLEGAL_GENERATION", 25: "UNKNOWN_MEMBER_ID", 35: "UNSUPPORTED_VERSION", 42: "INVALID_REQUEST",
          69: "GROUP_ID_NOT_FOUND", 82: "FENCED_INSTANCE_ID", 110: "FENCED_MEMBER_EPOCH", 111: "UNRELEASED_INSTANCE_ID", 112: "UNSUPPORTED_ASSIGNOR",
          113: "STALE_MEMBER_EPOCH", 128: "INVALID_REGULAR_EXPRESSION"}


def strings(names):
    return varint(0) if names is None else array([text(n) for n in names])


class Member:
    def __init__(self, broker, group, id, topics=("cg-a",), regex=None, instance=None, assignor=None, rack=None):
        self.broker, self.group, self.id, self.topics, self.regex, self.instance = broker, group, id, topics, regex, instance
        self.assignor, self.rack, self.epoch, self.owned = assignor, rack, 0, []

    def beat(self, epoch=None, owned=None, topics=None, regex=None, timeout=-1, assignor=None, note=True, version=1, id=None):
        epoch = self.epoch if epoch is None else epoch
        joining = epoch == 0
        if joining:
            topics, regex, timeout, owned = topics or self.topics, regex or self.regex, 30000, []
            assignor = assignor or self.assignor
        told = varint(0)
        if owned is not None:
            by_topic = {}
            for name, p in owned:
                by_topic.setdefault(name, []).append(p)
            told = array([self.broker.ids[name] + array([struct.pack(">i", p) for p in ps]) + TAGS for name, ps in by_topic.items()])
        body = (text(self.group) + text(self.id if id is None else id) + struct.pack(">i", epoch) + text(self.instance) + text(self.rack if joining else None) +
                struct.pack(">i", timeout) + strings(topics) + (text(regex) if version >= 1 else b"") + text(assignor) + told + TAGS)
        reader = self.broker.call(68, version, body)
        reader.take("i")
        code, _, member, told_epoch, _ = reader.take("h"), string(reader), string(reader), reader.take("i"), reader.take("i")
        assigned = None
        if reader.take("b") == 1:
            assigned = []
            for _ in range(reader.varint() - 1):
                name = self.broker.name(reader.data[reader.at:reader.at + 16])
                reader.at += 16
                assigned += [(name, reader.take("i")) for _ in range(reader.varint() - 1)]
                reader.tags()
        if code != 0:
            return ERRORS.get(code, code)
        if note:
            self.epoch = told_epoch
            if id == "":
                self.id = member
            if assigned is not None:
                self.owned = sorted(assigned)
        listed = "" if assigned is None else " assigned [" + " ".join(f"{n}-{p}" for n, p in sorted(assigned)) + "]"
        return f"epoch {told_epoch}{listed}"

    def settle(self, *others):
        """Heartbeats of all until nothing changes for a while; how many partitions each has (which ones depends on ids of topics)."""
        for _ in range(14):
            for m in (self, *others):
                m.beat(owned=m.owned)
            time.sleep(0.2)
        return " | ".join(f"{m.id} {m.epoch} has {len(m.owned)}" for m in (self, *others))

    def commit(self, epoch, tp, member=None, version=9, instance=None):
        body = (text(self.group) + struct.pack(">i", epoch) + text(self.id if member is None else member) + text(instance) +
                array([text(tp[0]) + array([struct.pack(">iqi", tp[1], 1, -1) + text("") + TAGS]) + TAGS]) + TAGS)
        try:
            reader = self.broker.call(8, version, body)
        except ConnectionError:
            return "closed"
        reader.take("i"), reader.varint(), string(reader), reader.varint(), reader.take("i")
        return ERRORS.get(reader.take("h"), "?") or "NONE"

    def fetch(self, epoch, member=None):
        body = (array([text(self.group) + text(self.id if member is None else member) + struct.pack(">i", epoch) + varint(0) + TAGS]) +
                struct.pack(">b", 0) + TAGS)
        reader = self.broker.call(9, 9, body)
        reader.take("i"), reader.varint(), string(reader)
        for _ in range(reader.varint() - 1):
            string(reader)
            for _ in range(reader.varint() - 1):
                reader.take("i"), reader.take("q"), reader.take("i"), string(reader), reader.take("h"), reader.tags()
            reader.tags()
        return ERRORS.get(reader.take("h"), "?") or "NONE"


def describe(broker, group):
    reader = broker.call(69, 1, array([text(group)]) + struct.pack(">b", 0) + TAGS)
    reader.take("i"), reader.varint()
    code, _, _, state = reader.take("h"), string(reader), string(reader), string(reader)
    epochs, assignor = (reader.take("i"), reader.take("i")), string(reader)
    if code:
        return ERRORS.get(code, code)
    return f"{state} epochs {epochs} {assignor}, {reader.varint() - 1} members"


def stories(broker, run):
    group = f"cg-{run}"
    a, b = Member(broker, group, "a"), Member(broker, group, "b")
    yield "unknown group", a.beat(epoch=3)
    yield "leaves an unknown group", a.beat(epoch=-1)
    yield "describe an unknown group", describe(broker, group)
    yield "a joins", a.beat()
    yield "a again", a.beat()
    yield "a says all", a.beat(topics=["cg-a"], timeout=30000, owned=a.owned)
    yield "later epoch", a.beat(epoch=a.epoch + 1, note=False)
    yield "nobody", Member(broker, group, "nobody").beat(epoch=1)
    yield "nobody leaves", Member(broker, group, "nobody").beat(epoch=-1)
    yield "describe", describe(broker, group)
    yield "commit", a.commit(a.epoch, a.owned[0])
    yield "commit, epoch before", a.commit(a.epoch - 1, a.owned[0])
    yield "commit, epoch after", a.commit(a.epoch + 1, a.owned[0])
    yield "commit of nobody", a.commit(a.epoch, a.owned[0], member="nobody")
    yield "commit without a member", a.commit(-1, a.owned[0], member="")
    yield "commit with another instance", a.commit(a.epoch, a.owned[0], instance="other")
    yield "commit, old version", a.commit(a.epoch, a.owned[0], version=8)
    yield "fetch", a.fetch(a.epoch)
    yield "fetch, other epoch", a.fetch(a.epoch + 1)
    yield "fetch of nobody", a.fetch(1, "nobody")
    yield "bad assignor", a.beat(assignor="sticky", note=False)
    yield "negative epoch", a.beat(epoch=-3, note=False)
    yield "away without an instance", a.beat(epoch=-2, note=False)
    yield "empty member id", Member(broker, group, "").beat()
    yield "empty group id", Member(broker, " ", "x").beat()
    yield "no subscription", Member(broker, group, "x", topics=None).beat()
    time.sleep(1.2)
    yield "b joins", b.beat()
    yield "a learns of it", a.beat()
    yield "a has not given up", a.beat(owned=[("cg-a", p) for p in range(4)])
    yield "b waits", b.beat(owned=[])
    before = a.epoch
    yield "a gives up", a.beat(owned=a.owned)
    yield "b gets them", b.beat(owned=[])
    yield "a's reply was lost", a.beat(epoch=before, owned=a.owned[:1], note=False)
    yield "a zombie", a.beat(epoch=before, owned=[("cg-a", p) for p in range(4)], note=False)
    yield "a commits with the epoch before", a.commit(before, a.owned[0])
    yield "a commits what is not its own", a.commit(before, b.owned[0])
    yield "stable", a.settle(b)
    time.sleep(1.2)
    yield "a wants more", a.beat(topics=["cg-a", "cg-b"], owned=a.owned)
    yield "stable", a.settle(b)
    time.sleep(1.2)
    yield "a wants less", a.beat(topics=["cg-b"], owned=a.owned)
    yield "stable", a.settle(b)
    time.sleep(1.2)
    yield "a joins again", a.beat(epoch=0, topics=["cg-a"])
    yield "stable", a.settle(b)
    time.sleep(1.2)
    yield "both want range", (a.beat(assignor="range", owned=a.owned), b.beat(assignor="range", owned=b.owned))[0].split(" ")[0]
    yield "stable", a.settle(b)
    yield "describe", describe(broker, group)
    time.sleep(1.2)
    yield "b leaves", b.beat(epoch=-1, note=False)
    yield "b is unknown", b.beat(owned=b.owned)
    yield "stable", a.settle()
    yield "a leaves", a.beat(epoch=-1, note=False)
    yield "describe, empty", describe(broker, group)
    yield "commit to an empty group", a.commit(-1, ("cg-a", 0), member="")
    yield "commit to an empty group, epoch", a.commit(1, ("cg-a", 0))
    time.sleep(1.2)
    yield "a new one joins", Member(broker, group, "n").beat()

    group = f"cg-static-{run}"
    one, two = Member(broker, group, "s1", instance="i"), Member(broker, group, "s2", instance="i")
    yield "static joins", one.beat()
    yield "another claims it", two.beat()
    yield "it joins again itself", one.beat(epoch=0, note=False)
    yield "another beats", two.beat(epoch=1, note=False)
    yield "another leaves", two.beat(epoch=-1, note=False)
    yield "unknown instance", Member(broker, group, "x", instance="none").beat(epoch=1)
    yield "unknown instance leaves", Member(broker, group, "x", instance="none").beat(epoch=-2)
    yield "away", one.beat(epoch=-2, note=False)
    yield "describe", describe(broker, group)
    yield "beats though away", one.beat(owned=one.owned, note=False)
    yield "back under another id", two.beat()
    yield "the former one", one.beat(owned=one.owned)
    yield "the former one leaves", one.beat(epoch=-1, note=False)
    yield "stable", two.settle()
    yield "two leaves", two.beat(epoch=-1, note=False)

    group = f"cg-regex-{run}"
    r = Member(broker, group, "r", topics=None, regex="cg-[ab]")
    yield "bad expression", Member(broker, group, "x", topics=None, regex="cg-(").beat()
    yield "lookahead", Member(broker, group, "x", topics=None, regex="cg-(?=a)").beat()
    r.beat()
    time.sleep(1.2)
    yield "expression", r.settle().split(" ")[-1]
    yield "another expression", r.beat(regex="cg-a", owned=r.owned).split(" ")[0]
    time.sleep(1.2)
    yield "fewer", r.settle().split(" ")[-1]

    group = f"cg-v0-{run}"
    v = Member(broker, group, "")
    yield "version 0 makes the id", v.beat(version=0, id="").split(" ")[0]
    yield "version 0 goes on", v.beat(version=0, owned=v.owned)
    yield "version 0 leaves", v.beat(version=0, epoch=-1, note=False)
    nothing = Member(broker, f"cg-nothing-{run}", "z", topics=("cg-none",))
    yield "unknown topic", nothing.beat()
    yield "no topics", Member(broker, f"cg-nothing2-{run}", "z", topics=[]).beat(topics=[])


def prepare(broker):
    for name, partitions in (("cg-a", 4), ("cg-b", 3)):
        topic(broker, name, partitions)
    time.sleep(0.5)
    broker.ids = {}
    for name in ("cg-a", "cg-b"):
        reader = broker.call(3, 12, array([b"\0" * 16 + text(name) + TAGS]) + struct.pack(">bb", 0, 0) + TAGS)
        reader.take("i")
        for _ in range(reader.varint() - 1):
            reader.take("i"), string(reader), reader.take("i"), string(reader), reader.tags()
        string(reader), reader.take("i"), reader.varint(), reader.take("h"), string(reader)
        broker.ids[name] = reader.data[reader.at:reader.at + 16]
    broker.name = lambda id: next((n for n, i in broker.ids.items() if i == id), "?")
    for _ in range(200):  # the coordinator's topic is made
        reader = broker.call(10, 4, struct.pack(">b", 0) + array([text("cg")]) + TAGS)
        reader.take("i"), reader.varint(), reader.text(), reader.take("i"), reader.text(), reader.take("i")
        if reader.take("h") == 0:
            break
        time.sleep(0.1)
    time.sleep(3)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    reports = []
    for address in sys.argv[1:]:
        broker = Broker(address)
        prepare(broker)
        reports.append(list(stories(broker, int(time.time() * 1000))))
    differ = 0
    for told in zip(*reports):
        same = len(set(answer for _, answer in told)) == 1
        differ += not same
        print(f"{told[0][0]:34} " + ("  <>  " if not same else "").join(answer for _, answer in (told if not same else told[:1])))
    print(f"{len(reports[0])} answers, {differ} differ")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
