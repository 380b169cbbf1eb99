#!/usr/bin/env python3
"""tests/interop/streams_heartbeats.py A [B]: a story of streams group members (KIP-1071), told to broker A and to broker B;
prints what each answered, and fails when the answers differ. Needs no library. The story waits where Apache Kafka computes
assignments at most once a second."""
import struct
import sys
import time

from transaction_codes import TAGS, Broker, array, text, varint

ERRORS = {0: "", 22: "ILLEGAL_GENERATION", 25: "UNKNOWN_MEMBER_ID", 42: "INVALID_REQUEST", 69: "GROUP_ID_NOT_FOUND", 82: "FENCED_INSTANCE_ID",
          110: "FENCED_MEMBER_EPOCH", 111: "UNRELEASED_INSTANCE_ID", 113: "STALE_MEMBER_EPOCH", 130: "STREAMS_INVALID_TOPOLOGY"}


def string(reader):
    n = reader.varint() - 1
    if n < 0:
        return None
    value = reader.data[reader.at:reader.at + n].decode()
    reader.at += n
    return value


def tasks_of(reader):
    n = reader.varint() - 1
    if n < 0:
        return None
    found = []
    for _ in range(n):
        sub = string(reader)
        found += [f"{sub}_{reader.take('i')}" for _ in range(reader.varint() - 1)]
        reader.tags()
    return sorted(found)


def topology(source="hb-in", epoch=0, changelog="hb-changelog", regex=()):
    info = text(changelog) + struct.pack(">ih", 0, 1) + array([]) + TAGS
    sub = (text("0") + array([text(source)]) + array([text(r) for r in regex]) + array([info]) + array([]) + array([]) + array([]) + TAGS)
    return struct.pack(">bi", 1, epoch) + array([sub]) + TAGS


def owned_tasks(owned):
    if owned is None:
        return varint(0)
    return array([text("0") + array([struct.pack(">i", p) for p in owned]) + TAGS] if owned else [])


class Member:
    def __init__(self, broker, group, id, instance=None, process=None):
        self.broker, self.group, self.id, self.instance, self.process = broker, group, id, instance, process or "process-" + id
        self.epoch, self.owned = 0, []

    def beat(self, epoch=None, owned=None, top=None, timeout=-1, note=True, instance=True):
        epoch = self.epoch if epoch is None else epoch
        joining = epoch == 0
        if joining:
            top, timeout, owned = top or topology(), 30000, []
        empty = array([]) if owned is not None else varint(0)
        body = (text(self.group) + text(self.id) + struct.pack(">ii", epoch, -1) + text(self.instance if instance else None) + text(None) +
                struct.pack(">i", timeout) + (top or struct.pack(">b", -1)) + owned_tasks(owned) + empty + empty +
                text(self.process if joining else None) + struct.pack(">b", -1) + (array([]) if joining else varint(0)) + varint(0) + varint(0) +
                struct.pack(">b", 0) + TAGS)
        reader = self.broker.call(88, 1, body)
        reader.take("i")
        code = reader.take("h")
        string(reader), string(reader)
        told_epoch = reader.take("i")
        reader.take("i"), reader.take("i"), reader.take("q")
        status = []
        for _ in range(reader.varint() - 1):
            status.append(reader.take("b"))
            string(reader), reader.tags()
        active = tasks_of(reader)
        if code != 0:
            return ERRORS.get(code, code)
        if note:
            self.epoch = told_epoch
            if active is not None:
                self.owned = [int(t.split("_")[1]) for t in active]
        return f"epoch {told_epoch}" + (f" status {status}" if status else "") + ("" if active is None else f" active {active}")

    def settle(self, *others):
        """Heartbeats of all until nothing changes."""
        for _ in range(12):
            for m in (self, *others):
                m.beat(owned=m.owned)
            time.sleep(0.25)
        return " | ".join(f"{m.id} {m.epoch} {sorted(m.owned)}" for m in (self, *others))

    def commit(self, epoch, partition, member=None, version=9):
        body = (text(self.group) + struct.pack(">i", epoch) + text(self.id if member is None else member) + text(None) +
                array([text("hb-in") + array([struct.pack(">iqi", partition, 1, -1) + text("") + TAGS]) + TAGS]) + TAGS)
        reader = self.broker.call(8, version, body)
        reader.take("i"), reader.varint(), string(reader), reader.varint(), reader.take("i")
        return ERRORS.get(reader.take("h"), "?") or "NONE"


def story(broker, run):
    group = f"hb-{run}"
    a, b = Member(broker, group, "a"), Member(broker, group, "b")
    yield "unknown group", a.beat(epoch=3)
    yield "a joins", a.beat()
    yield "a again", a.beat()
    yield "later epoch", a.beat(epoch=a.epoch + 1, note=False)
    yield "nobody", Member(broker, group, "nobody").beat(epoch=1)
    yield "commit", a.commit(a.epoch, 0)
    yield "commit, epoch before", a.commit(a.epoch - 1, 0)
    yield "commit, epoch after", a.commit(a.epoch + 1, 0)
    yield "commit of nobody", a.commit(a.epoch, 0, member="nobody")
    yield "commit without a member", a.commit(-1, 0, member="")
    yield "other program", Member(broker, group, "c").beat(top=topology("hb-other"))
    yield "later program", Member(broker, group, "c").beat(top=topology(epoch=1))
    yield "regular expression", Member(broker, group, "c").beat(top=topology(regex=["a.*"]))
    yield "task outside", a.beat(owned=[9], note=False)
    time.sleep(1.2)
    yield "b joins", b.beat()
    yield "a learns of it", a.beat()
    yield "a has not given up", a.beat(owned=[0, 1, 2, 3])
    yield "b waits", b.beat(owned=[])
    before = a.epoch
    yield "a gives up", a.beat(owned=a.owned)
    yield "b gets them", b.beat(owned=[])
    yield "a's reply was lost", a.beat(epoch=before, owned=a.owned[:1], note=False)
    yield "a zombie", a.beat(epoch=before, owned=[0, 1, 2, 3], note=False)
    yield "a commits with the epoch before", a.commit(before, a.owned[0])
    yield "a commits what is not its own", a.commit(before, b.owned[0])
    yield "stable", a.settle(b)
    yield "a joins again", a.beat(epoch=0)
    yield "stable", a.settle(b)
    yield "b leaves", b.beat(epoch=-1, note=False)
    yield "b is unknown", b.beat(owned=b.owned)
    time.sleep(1.2)
    yield "stable", a.settle()
    yield "a leaves", a.beat(epoch=-1, note=False)

    group = f"hb-static-{run}"
    one, two = Member(broker, group, "s1", "i", "p1"), Member(broker, group, "s2", "i", "p2")
    yield "static joins", one.beat()
    yield "another claims it", two.beat()
    yield "away", one.beat(epoch=-2, note=False)
    yield "back under another id", two.beat()
    yield "the former one", one.beat(owned=one.owned)
    yield "the former one leaves", one.beat(epoch=-1, note=False)
    yield "stable", two.settle()
    yield "away without an instance", Member(broker, group, "x").beat(epoch=-2)
    yield "two leaves", two.beat(epoch=-1, note=False)


def topic(broker, name, partitions):
    broker.call(19, 7, array([text(name) + struct.pack(">ih", partitions, 1) + array([]) + array([]) + TAGS]) + struct.pack(">ib", 30000, 0) + TAGS)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    reports = []
    for address in sys.argv[1:]:
        broker = Broker(address)
        for name in ("hb-in", "hb-other", "hb-changelog"):
            topic(broker, name, 4)
        for _ in range(200):  # the coordinator's topic is made
            reader = broker.call(10, 4, struct.pack(">b", 0) + array([text("hb")]) + TAGS)
            reader.take("i"), reader.varint(), reader.text(), reader.take("i"), reader.text(), reader.take("i")
            if reader.take("h") == 0:
                break
            time.sleep(0.1)
        time.sleep(1)
        reports.append(list(story(broker, int(time.time() * 1000))))
    differ = 0
    for told in zip(*reports):
        same = len(set(answer for _, answer in told)) == 1
        differ += not same
        print(f"{told[0][0]:32} " + ("  <>  " if not same else "").join(answer for _, answer in (told if not same else told[:1])))
    print(f"{len(reports[0])} answers, {differ} differ")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
