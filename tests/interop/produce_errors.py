#!/usr/bin/env python3
"""tests/interop/produce_errors.py A [B]: batches that are wrong in one way each, to broker A and to broker B (Apache Kafka and
Millrace, say): error, message and record errors of each are compared, and what a good one left in the log: its codec, timestamp
type and times. One broker: prints. Needs build/release/bin/millrace (for its `wire` command), no library."""
import base64
import json
import pathlib
import re
import struct
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "hostile")]
from kafka_bytes import batch, i16, record  # noqa: E402
from kafka_json import Broker  # noqa: E402

NOW = int(time.time() * 1000)
HOUR = 3_600_000
# Answers that are meant to be others, and why.
DIFFERENT = {
    "bytes behind": "Kafka takes them; we take exactly one batch",
    "gap in offsets": "Kafka stores it as it is, a hole for every reader",
    "version 8, gap": "the same",
    "gzip, gap": "Kafka: UNKNOWN_SERVER_ERROR",
    "codec 5": "Kafka: UNKNOWN_SERVER_ERROR",
    "codec 7": "Kafka: UNKNOWN_SERVER_ERROR",
    "gzip of rubbish": "Kafka: UNKNOWN_SERVER_ERROR",
    "snappy of rubbish": "Kafka: UNKNOWN_SERVER_ERROR",
    "lz4 of rubbish": "Kafka: UNKNOWN_SERVER_ERROR",
    "zstd of rubbish": "Kafka: UNKNOWN_SERVER_ERROR",
    "transactional without producer": "Kafka appends it; it could never end",
}


def gzip(records):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(b"".join(records)) + packer.flush()


def fetched(broker, topic):
    """Header fields of the last batch in a partition."""
    answer = broker.call("Fetch", 12, {"replicaId": -1, "maxWaitMs": 100, "minBytes": 1, "maxBytes": 1 << 20, "topics": [
        {"topic": topic, "partitions": [{"partition": 0, "fetchOffset": 0, "partitionMaxBytes": 1 << 20}]}]})
    data = base64.b64decode(answer["responses"][0]["partitions"][0]["records"] or "")
    at, last = 0, None
    while at + 61 <= len(data):
        length = struct.unpack_from(">i", data, at + 8)[0]
        attributes, delta, base, most = struct.unpack_from(">hiqq", data, at + 21)
        last = {"codec": attributes & 7, "append time": bool(attributes & 8), "records": delta + 1,
                "base": "now" if abs(base - NOW) < 60_000 else base - NOW, "max": "now" if abs(most - NOW) < 60_000 else most - NOW}
        at += 12 + length
    return last


def cases():
    """Name, topic, batch, and what the request has besides."""
    one, keyed = record(b"v"), record(b"v", key=b"k")
    two = [record(b"a"), record(b"b", offset_delta=1)]
    yield "good", "p", batch([one]), {}
    yield "two", "p", batch(two), {}
    yield "no batch", "p", b"", {}
    yield "half a header", "p", batch([one])[:30], {}
    yield "cut short", "p", batch([one])[:-1], {}
    yield "two batches", "p", batch([one]) + batch([one]), {}
    yield "bytes behind", "p", batch([one]) + b"\0\0", {}
    for magic in (0, 1, 3):
        yield f"magic {magic}", "p", batch([one], magic=magic), {}
    yield "base offset 5", "p", struct.pack(">q", 5) + batch([one])[8:], {}
    yield "count too high", "p", batch([one], count=2, last_offset_delta=1), {}
    yield "count too low", "p", batch(two, count=1, last_offset_delta=0), {}
    yield "count and delta", "p", batch([one], last_offset_delta=3), {}
    yield "delta negative", "p", batch([one], last_offset_delta=-1), {}
    yield "count 0", "p", batch([], count=0, last_offset_delta=-1), {}
    yield "count 0 delta 0", "p", batch([], count=0, last_offset_delta=0), {}
    yield "count negative", "p", batch([one], count=-1, last_offset_delta=0), {}
    yield "gap in offsets", "p", batch([record(b"a"), record(b"b", offset_delta=2)], count=2, last_offset_delta=1), {}
    yield "offsets with a hole", "p", batch([record(b"a"), record(b"b", offset_delta=2)], count=2, last_offset_delta=2), {}
    yield "control", "p", batch([one], attributes=0x20), {}
    yield "wrong crc", "p", batch([one], crc=1), {}
    yield "length too small", "p", batch([one], length=20), {}
    yield "length negative", "p", batch([one], length=-1), {}
    yield "codec 5", "p", batch([one], attributes=5), {}
    yield "codec 7", "p", batch([one], attributes=7), {}
    yield "gzip of rubbish", "p", batch([b"rubbish"], attributes=1), {}
    yield "snappy of rubbish", "p", batch([b"rubbish"], attributes=2), {}
    yield "lz4 of rubbish", "p", batch([b"rubbish"], attributes=3), {}
    yield "zstd of rubbish", "p", batch([b"rubbish"], attributes=4), {}
    yield "zstd before v7", "p", batch([b"rubbish"], attributes=4), {"version": 6}
    yield "gzip", "p", batch(gzip([one]), count=1, attributes=1), {}
    yield "gzip, gap", "p", batch(gzip([record(b"a"), record(b"b", offset_delta=2)]), count=2, attributes=1), {}
    yield "record of rubbish", "p", batch([b"\x7f\x00\x00"]), {}
    yield "record behind the last", "p", batch([one + one], count=1), {}
    yield "producer without sequence", "p", batch([one], producer_id=4000, epoch=0, sequence=-1), {}
    yield "sequence without producer", "p", batch([one], sequence=5), {}
    yield "producer, epoch -1", "p", batch([one], producer_id=4000, epoch=-1, sequence=0), {}
    yield "idempotent", "p", batch([one], producer_id=4001, epoch=0, sequence=0), {}
    yield "idempotent again", "p", batch([one], producer_id=4001, epoch=0, sequence=0), {}
    yield "idempotent gap", "p", batch([one], producer_id=4001, epoch=0, sequence=7), {}
    yield "idempotent, new epoch not at 0", "p", batch([one], producer_id=4001, epoch=1, sequence=3), {}
    yield "idempotent, old epoch", "p", batch([one], producer_id=4001, epoch=-1, sequence=1), {}
    yield "unknown producer at 9", "p", batch([one], producer_id=4002, epoch=0, sequence=9), {}
    yield "transactional without id", "p", batch([one], attributes=0x10, producer_id=4003, epoch=0, sequence=0), {}
    yield "transactional without producer", "p", batch([one], attributes=0x10), {"transactional_id": "x"}
    yield "too large", "p", batch([record(b"x" * 1_100_000)]), {}
    yield "too large for the topic", "small", batch([record(b"x" * 2000)]), {}
    yield "fits the topic only packed", "small", batch(gzip([record(b"x" * 5000)]), count=1, attributes=1), {}
    yield "larger when packed anew", "small-none", batch(gzip([record(b"x" * 5000)]), count=1, attributes=1), {}
    yield "time 0", "p", batch([one], timestamp=0), {}
    yield "time -1", "p", batch([one], timestamp=-1), {}
    yield "time of tomorrow", "p", batch([one], timestamp=NOW + 24 * HOUR), {}
    yield "in half an hour", "p", batch([one], timestamp=NOW + HOUR // 2), {}
    yield "second record of tomorrow", "p", batch([record(b"a"), record(b"b", offset_delta=1, timestamp_delta=24 * HOUR)], timestamp=NOW), {}
    yield "max timestamp a lie", "p", batch([one], timestamp=NOW, max_timestamp=NOW + 7), {}
    yield "old", "young", batch([one], timestamp=NOW - 10 * HOUR), {}
    yield "two old of three", "young", batch([record(b"a"), record(b"b", offset_delta=1, timestamp_delta=-10 * HOUR), record(
        b"c", offset_delta=2, timestamp_delta=-10 * HOUR)], timestamp=NOW), {}
    yield "client sets append time", "p", batch([one], attributes=8), {}
    yield "append time", "appended", batch([one], timestamp=5), {}
    yield "append time, client sets it", "appended", batch([one], attributes=8, timestamp=5), {}
    yield "append time, of tomorrow", "appended", batch([one], timestamp=NOW + 24 * HOUR), {}
    yield "compacted, keyed", "compacted", batch([keyed]), {}
    yield "compacted, no key", "compacted", batch([one]), {}
    yield "compacted, second without key", "compacted", batch([keyed, record(b"b", offset_delta=1), record(b"c", key=b"k", offset_delta=2)]), {}
    yield "compacted, no key, old, too", "compacted", batch([one], timestamp=NOW + 24 * HOUR), {}
    yield "compacted, no key, wrong crc", "compacted", batch([one], crc=5), {}
    yield "to gzip", "gzip", batch([one]), {}
    yield "to lz4", "lz4", batch([one]), {}
    yield "to zstd", "zstd", batch([one]), {}
    yield "to none", "none", batch(gzip([one]), count=1, attributes=1), {}
    yield "to gzip, append time", "gzip-appended", batch([one], timestamp=5), {}
    yield "gzip to gzip", "gzip", batch(gzip(two), count=2, attributes=1), {}
    yield "unknown topic", "nope", batch([one]), {}
    yield "bad topic", "a/b", batch([one]), {}
    yield "unknown partition", "p", batch([one]), {"partition": 9}
    yield "partition -1", "p", batch([one]), {"partition": -1}
    yield "acks 2", "p", batch([one]), {"acks": 2}
    yield "acks -2", "p", batch([one]), {"acks": -2}
    yield "acks 1", "p", batch([one]), {"acks": 1}
    yield "internal topic", "__consumer_offsets", batch([keyed]), {}
    yield "unset bits", "p", batch([one], attributes=0x400), {}
    yield "delete horizon", "p", batch([one], attributes=0x40), {}
    yield "version 3", "p", batch([one], crc=1), {"version": 3}
    yield "version 8, gap", "p", batch([record(b"a"), record(b"b", offset_delta=2)], count=2, last_offset_delta=1), {"version": 8}


def report(address):
    broker = Broker(address)
    topics = {"p": {}, "small": {"max.message.bytes": "1000"}, "small-none": {"max.message.bytes": "1000", "compression.type": "uncompressed"},
              "young": {"message.timestamp.before.max.ms": str(HOUR)}, "appended": {"message.timestamp.type": "LogAppendTime"},
              "compacted": {"cleanup.policy": "compact"}, "gzip": {"compression.type": "gzip", "compression.gzip.level": "9"},
              "lz4": {"compression.type": "lz4"}, "zstd": {"compression.type": "zstd", "compression.zstd.level": "7"},
              "none": {"compression.type": "uncompressed"}, "gzip-appended": {"compression.type": "gzip", "message.timestamp.type": "LogAppendTime"}}
    broker.call("CreateTopics", 7, {"timeoutMs": 5000, "topics": [
        {"name": n, "numPartitions": 1, "replicationFactor": 1, "configs": [{"name": k, "value": v} for k, v in c.items()]} for n, c in topics.items()]})
    broker.call("FindCoordinator", 4, {"keyType": 0, "coordinatorKeys": ["g"]})
    time.sleep(1)
    lines = []
    for name, topic, bytes_, more in cases():
        version = more.get("version", 9)
        answer = broker.call("Produce", version, {"transactionalId": more.get("transactional_id"), "acks": more.get("acks", -1), "timeoutMs": 5000,
            "topicData": [{"name": topic, "partitionData": [{"index": more.get("partition", 0), "records": base64.b64encode(bytes_).decode()}]}]})
        if "closed" in answer:
            lines.append(f"{name}: closed")
            continue
        said = answer["responses"][0]["partitionResponses"][0]
        # Kafka gives a message of its own where records are to blame; elsewhere ours says why and Kafka's is null.
        message = said.get("errorMessage") if said.get("recordErrors") else None
        text = f"{said['errorCode']} {message} {json.dumps(said.get('recordErrors', []))} "
        text += f" append time {'now' if said['logAppendTimeMs'] > 0 else said['logAppendTimeMs']} offset {'given' if said['baseOffset'] >= 0 else said['baseOffset']}"
        if said["errorCode"] == 0:
            text += " log " + json.dumps(fetched(broker, topic))
        text = re.sub(r"within \[.*?\]", "within [..]", text)  # around the broker's clock
        text = re.sub(r", timestamp=5, key=0 bytes, value=1 bytes", "", text)
        lines.append(f"{name}: {text.replace(str(NOW)[:8], 'NOW')}")
    return lines


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    reports = [report(address) for address in sys.argv[1:]]
    if len(reports) == 1:
        return print("\n".join(reports[0]))
    differ = 0
    for a, b in zip(*reports):
        if a != b and a.split(":")[0] not in DIFFERENT:
            differ += 1
            print(f"A {a}\nB {b}")
    print(f"{len(reports[0])} batches compared, {differ} differ, {len(DIFFERENT)} more are meant to")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
