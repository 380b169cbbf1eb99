"""What kcat reads with read_committed, compared as a sequence per key."""
import json
import subprocess
from collections import defaultdict


def records(address, topic):
    """(key, value, timestamp) of each record, partition by partition, in the order of offsets."""
    kcat = subprocess.Popen(["kcat", "-C", "-b", address, "-t", topic, "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed",
                             "-f", "%K %S %T %k%s"], stdout=subprocess.PIPE)
    data, at = b"", 0
    while True:
        chunk = kcat.stdout.read(4 << 20)
        data, at = data[at:] + chunk, 0
        while True:
            head = data[at:at + 48].split(b" ", 3)
            if len(head) < 4:
                break
            key_size, value_size = max(0, int(head[0])), max(0, int(head[1]))
            begin = at + len(head[0]) + len(head[1]) + len(head[2]) + 3
            end = begin + key_size + value_size
            if end > len(data):
                break
            yield data[begin:begin + key_size], data[begin + key_size:end], head[2]
            at = end
        if not chunk:
            break
    if kcat.wait() != 0 or at != len(data):
        raise RuntimeError(f"kcat failed on {topic}")


def chains(address, topic):
    """Per key how many records, and a hash over their sequence."""
    found, count = {}, 0
    for key, value, timestamp in records(address, topic):
        count += 1
        n, h = found.get(key, (0, 0))
        found[key] = (n + 1, hash((h, value, timestamp)))
    return found, count


def equal_per_key(address, got, expected):
    """(what differs or None, records, keys)"""
    (g, _), (e, count) = chains(address, got), chains(address, expected)
    if g == e:
        return None, count, len(e)
    keys = sorted(k for k in set(g) | set(e) if g.get(k) != e.get(k))
    key = keys[0]
    a = [(v, t) for k, v, t in records(address, got) if k == key]
    b = [(v, t) for k, v, t in records(address, expected) if k == key]
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"{len(keys)} keys differ; {key} at {at} of {len(a)}/{len(b)}: {a[at:at + 3]} instead of {b[at:at + 3]}", count, len(e)


def order_numbers(address, topic, fed):
    """Every order that was acknowledged is there, once, and in order within its key. None, or what is wrong."""
    seen, last = bytearray(fed), defaultdict(lambda: -1)
    for key, value, _ in records(address, topic):
        n = json.loads(value)["seq"]
        if n >= fed or seen[n]:
            return f"order {n} is there twice" if n < fed else f"order {n} was never made"
        if n < last[key]:
            return f"order {n} of {key} comes after {last[key]}"
        seen[n], last[key] = 1, n
    missing = fed - sum(seen)
    return f"{missing} of {fed} orders are lost, the first is {seen.index(0)}" if missing else None
