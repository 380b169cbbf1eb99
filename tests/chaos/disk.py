"""What a data directory of a broker that was killed holds: read from Kafka's files by a parser of our own, never asked of the broker."""
import glob
import os
import struct
from collections import defaultdict

TRANSACTIONAL, CONTROL = 0x10, 0x20
ONGOING, PREPARE_COMMIT, PREPARE_ABORT = 1, 2, 3
WINDOW = 1 << 20   # of a segment's end: an open transaction's last batch lies in it


def varint(data, at):
    shift = value = 0
    while True:
        b = data[at]
        at += 1
        value |= (b & 127) << shift
        shift += 7
        if not b & 128:
            return (value >> 1) ^ -(value & 1), at


class Batch:
    __slots__ = ("position", "base", "length", "crc", "attributes", "next", "producer", "epoch")

    def __init__(self, data, at, position):
        self.position = position
        self.base, self.length, _, _, self.crc, self.attributes, last = struct.unpack_from(">qiibIhi", data, at)
        self.producer, self.epoch = struct.unpack_from(">qh", data, at + 43)
        self.next = self.base + last + 1
        self.length += 12


class LogTail:
    """The batches at the end of one partition's log. Remembers where batches begin, so that a later look starts near the end."""

    def __init__(self, directory):
        self.directory = directory
        self.segment, self.known = None, []   # known: (position, base, crc), ascending

    def batches(self):
        segments = sorted(glob.glob(os.path.join(self.directory, "*.log")))
        if not segments:
            return []
        if segments[-1] != self.segment:
            self.segment, self.known = segments[-1], []
        found = []
        with open(self.segment, "rb") as f:
            size = os.fstat(f.fileno()).st_size
            # A recovery may have cut the log and others written there: begin where a batch is the one we know.
            begin = 0
            while self.known:
                position, base, crc = self.known[-1]
                if position <= size - WINDOW or len(self.known) == 1:
                    f.seek(position)
                    head = f.read(61)
                    if len(head) == 61:
                        batch = Batch(head, 0, position)
                        if (batch.base, batch.crc) == (base, crc):
                            begin = position
                            break
                self.known.pop()
            at = begin
            while at + 61 <= size:
                f.seek(at)
                head = f.read(61)
                batch = Batch(head, 0, at)
                if batch.length < 61 or at + batch.length > size or head[16] != 2:
                    break   # torn
                found.append(batch)
                if not self.known or at > self.known[-1][0] + 65536:
                    self.known.append((at, batch.base, batch.crc))
                at += batch.length
        return found

    def end(self):
        found = self.batches()
        return found[-1].next if found else 0


class Disk:
    def __init__(self, directory):
        self.directory = directory
        self.tails = {}

    def partitions(self):
        return [n for n in os.listdir(self.directory) if n.rpartition("-")[2].isdigit() and not n.startswith("__cluster_metadata")]

    def tail(self, name):
        if name not in self.tails:
            self.tails[name] = LogTail(os.path.join(self.directory, name))
        return self.tails[name]

    def ends(self, topic):
        return {int(n.rpartition("-")[2]): self.tail(n).end() for n in self.partitions() if n.rpartition("-")[0] == topic}

    def transactions(self):
        """transactional id -> (producer, epoch, status) by the last record of the transaction log."""
        last = {}
        for name in self.partitions():
            if not name.startswith("__transaction_state-"):
                continue
            tail = self.tail(name)
            batches = tail.batches()
            if batches:
                with open(tail.segment, "rb") as f:
                    f.seek(batches[0].position)
                    last.update(transaction_records(f.read(batches[-1].position + batches[-1].length - batches[0].position)))
        return last

    def open_partitions(self):
        """producer -> partitions whose last transactional batch of that producer is data: no marker has followed yet."""
        opened = defaultdict(set)
        for name in self.partitions():
            if name.startswith("__transaction_state-"):
                continue
            last = {}
            for b in self.tail(name).batches():
                if b.attributes & TRANSACTIONAL:
                    last[b.producer] = not b.attributes & CONTROL
            for producer, data in last.items():
                if data:
                    opened[producer].add(name)
        return opened

    def phase(self):
        """Where in a commit the kill fell: None (outside), 'data' (data appended, no offsets yet), 'offsets' (offsets appended, not
        prepared), 'prepared' (PrepareCommit or PrepareAbort is in the transaction log, a marker is missing)."""
        opened = self.open_partitions()
        order, best = [None, "data", "offsets", "prepared"], None
        status = {producer: s for producer, _, s in self.transactions().values()}
        for producer, names in opened.items():
            here = "data"
            if status.get(producer) in (PREPARE_COMMIT, PREPARE_ABORT):
                here = "prepared"
            elif any(n.startswith("__consumer_offsets-") for n in names):
                here = "offsets"
            best = max(best, here, key=order.index)
        return best


def transaction_records(data):
    last, at = {}, 0
    while at + 61 <= len(data):
        length = struct.unpack_from(">i", data, at + 8)[0] + 12
        count = struct.unpack_from(">i", data, at + 57)[0]
        if length < 61 or at + length > len(data):
            break
        p = at + 61
        for _ in range(0 if data[at + 22] & CONTROL else count):
            size, p = varint(data, p)
            after = p + size
            p += 1
            _, p = varint(data, p)
            _, p = varint(data, p)
            n, p = varint(data, p)
            key, p = data[p:p + n], p + max(n, 0)
            n, p = varint(data, p)
            if n > 16:   # int16 version, int64 producer id, int16 epoch, int32 timeout, int8 status
                producer, epoch, _, status = struct.unpack_from(">qhib", data, p + 2)
                last[key] = (producer, epoch, status)
            p = after
        at += length
    return last
