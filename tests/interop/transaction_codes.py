#!/usr/bin/env python3
"""tests/interop/transaction_codes.py A [B]: the same transaction requests, byte for byte, to broker A and to broker B (Apache
Kafka and Millrace, say); prints what each was told and fails when they differ. One broker: prints only. Needs no library.

Every state of a transaction x relation of the request's epoch x request, for clients of transactions v1 and v2: which error a
client is told decides whether it goes on, comes back or dies (hard bugs T5)."""
import socket
import struct
import sys
import time

NAMES = {0: "NONE", 3: "UNKNOWN_TOPIC_OR_PARTITION", 14: "LOADING", 15: "NOT_AVAILABLE", 42: "INVALID_REQUEST", 47: "INVALID_PRODUCER_EPOCH",
         48: "INVALID_TXN_STATE", 49: "INVALID_PRODUCER_ID_MAPPING", 50: "INVALID_TRANSACTION_TIMEOUT", 51: "CONCURRENT",
         90: "PRODUCER_FENCED", 120: "TRANSACTION_ABORTABLE"}


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def text(s):
    return varint(0) if s is None else varint(len(s) + 1) + s.encode()


def array(items):
    return varint(len(items) + 1) + b"".join(items)


TAGS = b"\0"


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return values[0]

    def varint(self):
        n = shift = 0
        while True:
            b = self.take("B")
            n |= (b & 0x7F) << shift
            shift += 7
            if b < 0x80:
                return n

    def text(self):
        n = self.varint() - 1
        self.at += max(n, 0)

    def tags(self):
        for _ in range(self.varint()):
            self.varint()
            self.at += self.varint()


class Broker:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 30)
        self.pids = {}

    def call(self, key, version, body):
        frame = struct.pack(">hhih", key, version, 1, 4) + b"code" + TAGS + body
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)
        data = b""
        while len(data) < 4 or len(data) < 4 + struct.unpack(">i", data[:4])[0]:
            some = self.socket.recv(65536)
            if not some:
                raise ConnectionError(f"closed by the broker on API {key} version {version}")
            data += some
        reader = Reader(data)
        reader.take("i"), reader.take("i"), reader.tags()
        return reader

    def pid(self, pid):  # ids differ between brokers; their identity does not
        return -1 if pid < 0 else self.pids.setdefault(pid, len(self.pids))

    def prepare(self):
        self.call(19, 7, array([text("codes") + struct.pack(">ih", 4, 1) + array([]) + array([]) + TAGS]) +
                  struct.pack(">ib", 30000, 0) + TAGS)
        for key in ("codes", ):
            for _ in range(200):
                reader = self.call(10, 4, struct.pack(">b", 1) + array([text(key)]) + TAGS)
                reader.take("i"), reader.varint(), reader.text(), reader.take("i"), reader.text(), reader.take("i")
                if reader.take("h") == 0:
                    return
                time.sleep(0.1)

    def init(self, id, expected=(-1, -1), timeout=60000, version=5, patient=True):
        for _ in range(100):
            reader = self.call(22, version, text(id) + struct.pack(">iqh", timeout, *expected) + TAGS)
            reader.take("i")
            code, pid, epoch = reader.take("h"), reader.take("q"), reader.take("h")
            if code not in (14, 15, 16) and not (code == 51 and patient):
                return code, pid, epoch
            time.sleep(0.05)

    def add(self, id, producer, partitions=(0, ), version=5, verify=False):
        topic = text("codes") + array([struct.pack(">i", p) for p in partitions]) + TAGS
        head = text(id) + struct.pack(">qh", *producer)
        body = (array([head + struct.pack(">b", verify) + array([topic]) + TAGS]) if version > 3 else head + array([topic])) + TAGS
        reader = self.call(24, version, body)
        reader.take("i")
        if version > 3:
            reader.take("h"), reader.varint(), reader.text()
        reader.varint(), reader.text(), reader.varint(), reader.take("i")
        return reader.take("h")

    def end(self, id, producer, commit, version=5):
        reader = self.call(26, version, text(id) + struct.pack(">qhb", *producer, commit) + TAGS)
        reader.take("i")
        code = reader.take("h")
        return (code, reader.take("q"), reader.take("h")) if version >= 5 else (code, None, None)

    def settle(self, id, producer, commit, version=5):
        """Asks until the markers are written; what it is told then."""
        for _ in range(200):
            told = self.end(id, producer, commit, version)
            if told[0] != 51:
                return told
            time.sleep(0.02)


def states(broker, v2):
    """Brings a fresh transactional id into each state; yields its name, the id, its producer (id, epoch), current epoch."""
    add_version, end_version = (5, 5) if v2 else (3, 4)
    number = 0

    def fresh():
        nonlocal number
        number += 1
        id = f"codes-{'v2' if v2 else 'v1'}-{number}-{broker.run}"
        code, pid, epoch = broker.init(id)
        assert code == 0, code
        # A transaction before, so that there is an epoch before this one.
        assert broker.add(id, (pid, epoch), version=add_version) == 0
        told = broker.end(id, (pid, epoch), 1, end_version)
        assert told[0] == 0, told
        broker.settle(id, (pid, epoch), 1, end_version)
        return id, pid, (told[2] if v2 else epoch)

    def of(state):
        id, pid, epoch = fresh()
        if state == "Empty":
            code, pid, epoch = broker.init(id)
        elif state == "Ongoing":
            assert broker.add(id, (pid, epoch), version=add_version) == 0
        elif state == "CompleteAbort":
            assert broker.add(id, (pid, epoch), version=add_version) == 0
            told = broker.end(id, (pid, epoch), 0, end_version)
            broker.settle(id, (pid, epoch), 0, end_version)
            epoch = told[2] if v2 else epoch
        elif state == "Fenced":  # by another incarnation, whose abort is done
            assert broker.add(id, (pid, epoch), version=add_version) == 0
            broker.init(id, patient=False)
            for _ in range(200):
                if broker.add(id, (pid, 32000), version=3) != 51:
                    break
                time.sleep(0.02)
            epoch += 1
        return id, pid, epoch

    for state in ("Empty", "Ongoing", "CompleteCommit", "CompleteAbort"):
        yield state, lambda state=state: of(state)


def report(broker):
    lines = []
    for v2 in (True, False):
        end_version, add_version = (5, 5) if v2 else (4, 3)
        for state, make in states(broker, v2):
            for relation, by in (("current", 0), ("before", -1), ("older", -2), ("later", 1)):
                for what in ("commit", "abort", "add", "verify", "init", "other-id commit", "other-id add", "other-id init"):
                    if not v2 and what == "verify" and relation != "current":
                        continue
                    id, pid, epoch = make()
                    start = epoch
                    who = (pid + 10**9 if what.startswith("other") else pid, epoch + by)
                    if who[1] < 0:
                        continue
                    verb = what.split()[-1]
                    if verb in ("commit", "abort"):
                        code, told_pid, told_epoch = broker.end(id, who, verb == "commit", end_version)
                        said = NAMES.get(code, code)
                        if v2 and code == 0:
                            said += f" same-id={told_pid == pid} epoch{told_epoch - start:+d}"
                    elif verb in ("add", "verify"):
                        said = NAMES.get(*[broker.add(id, who, (0, 1), 5 if verb == "verify" else add_version, verb == "verify")] * 2)
                    else:
                        code, told_pid, told_epoch = broker.init(id, who, patient=True)
                        said = NAMES.get(code, code)
                        if code == 0:
                            said += f" same-id={told_pid == pid} epoch{told_epoch - start:+d}"
                    lines.append(f"{'v2' if v2 else 'v1'} {state:15} {relation:8} {what:16} {said}")
    return lines


def main():
    addresses = sys.argv[1:]
    if not addresses:
        sys.exit(__doc__)
    reports = []
    for address in addresses:
        broker = Broker(address)
        broker.run = int(time.time() * 1000)
        broker.prepare()
        reports.append(report(broker))
    if len(reports) == 1:
        print("\n".join(reports[0]))
        return
    differ = 0
    for a, b in zip(*reports):
        if a != b:
            differ += 1
            print(f"A {a}\nB {b}")
    print(f"{len(reports[0])} answers compared, {differ} differ")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
