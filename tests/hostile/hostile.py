#!/usr/bin/env python3
"""What is thrown at the listener of a `millrace broker`: absurd frames, other protocols, broken batches, bombs, floods. Each
is answered with the error that Kafka defines or closed; the log is unchanged by what is refused, a healthy client beside it
notices nothing, and memory stays bounded.
usage: hostile.py MILLRACE_PROGRAM [--only CASE]"""
import os, re, select, shutil, socket, struct, subprocess, sys, threading, time, traceback

import kafka_bytes as k
from broker_process import BrokerProcess, allow_many_files

MEMORY_MAX = 512 << 20          # at any time
HEALTHY_ANSWER_SECONDS = 2.0    # the healthy client's patience on an idle machine
IDLE_MS = 4000

# Kafka's error codes
OK, OFFSET_OUT_OF_RANGE, CORRUPT_MESSAGE, UNKNOWN_TOPIC, MESSAGE_TOO_LARGE, INVALID_TOPIC = 0, 1, 2, 3, 10, 17
INVALID_TIMESTAMP, UNSUPPORTED_VERSION, UNSUPPORTED_FORMAT = 32, 35, 43
TRANSACTIONAL_ID_DENIED, SESSION_NOT_FOUND, SESSION_EPOCH, UNSUPPORTED_CODEC, INVALID_RECORD = 53, 70, 71, 76, 87

cases, failures, broker = [], [], None


def patience(seconds):
    """Longer where others use the machine, too."""
    return seconds * max(1.0, os.getloadavg()[0] / os.cpu_count())


def case(function):
    cases.append(function)
    return function


def check(condition, text):
    if not condition:
        failures.append(text)
        print("  FAILED:", text)


def connect(timeout=5.0):
    return k.Client(broker.host, broker.port, patience(timeout))


def closes(name, data, seconds=2.0):
    with connect() as client:
        client.send(data)
        check(client.closed_within(patience(seconds)), f"{name}: the connection stays open or is answered")


class HealthyClient(threading.Thread):
    """Produces and fetches without a pause on one connection; remembers its slowest answer and every surprise."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stopping, self.slowest, self.rounds, self.trouble = False, 0.0, 0, None

    def run(self):
        try:
            with connect(30) as client:
                while not self.stopping:
                    value = b"round %d" % self.rounds
                    began = time.monotonic()
                    error, offset = k.produce_error(client.ask(k.produce("healthy", k.batch([k.record(value)]), client="healthy")))
                    if error != OK or offset != self.rounds:
                        raise AssertionError(f"produce {self.rounds}: error {error}, offset {offset}")
                    answer = client.ask(k.fetch("healthy", offset))
                    if value not in answer.data:
                        raise AssertionError(f"fetch at {offset}: the record is not there")
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    self.rounds += 1
                    time.sleep(0.01)
        except Exception as e:   # the check at the end tells
            self.trouble = f"{type(e).__name__}: {e}"


def end_offset(topic):
    with connect() as client:
        reader = client.ask(k.framed(k.header(k.LIST_OFFSETS, 1) + k.i32(-1) + k.array(
            [k.string(topic) + k.array([k.i32(0) + k.i64(-1)])])))
        reader.i32(); reader.string(); reader.i32(); reader.i32()
        error = reader.i16()
        reader.i64()
        return reader.i64() if error == OK else -error


# ---- frames ----

@case
def absurd_sizes():
    for size in (0, -1, -2**31, 2**31 - 1, (100 << 20) + 1):
        closes(f"size {size}", k.i32(size) + b"x" * 20)


@case
def other_protocols():
    closes("HTTP", b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n")
    closes("TLS", bytes.fromhex("16030100c8010000c40303") + bytes(190))
    closes("SSH", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")


@case
def the_line_about_other_protocols():
    for data, word in ((b"GET / HTTP/1.1\r\n\r\n", "HTTP"), (bytes.fromhex("16030100c8010000c40303"), "TLS")):
        time.sleep(1.1)   # lines about bad requests are limited in rate
        before = broker.log().count(word)
        closes(word, data)
        time.sleep(patience(0.1))
        check(broker.log().count(word) == before + 1, f"{word} on the listener leaves no line in the log")


@case
def headers_that_are_none():
    closes("empty header", k.framed(b"\0"))
    closes("unknown key", k.framed(k.header(32000, 0)))
    closes("negative key", k.framed(k.header(-5, 0)))
    closes("Metadata version 99", k.framed(k.header(k.METADATA, 99) + k.i32(0)))
    closes("Metadata version -1", k.framed(k.header(k.METADATA, -1) + k.i32(0)))
    closes("client id beyond the end", k.framed(k.i16(k.METADATA) + k.i16(1) + k.i32(7) + k.i16(30000)))
    closes("Produce version 0", k.framed(k.header(k.PRODUCE, 0) + bytes(20)))


@case
def api_versions_of_the_future():   # KIP-511
    with connect() as client:
        reader = client.ask(k.framed(k.header(k.API_VERSIONS, 99, flexible=True) + k.compact("x") + k.compact("y") + b"\0"))
        check(reader.correlation == 7 and reader.i16() == UNSUPPORTED_VERSION, "ApiVersions 99: not error 35")
        check(reader.i32() > 0, "ApiVersions 99: no versions told")
        check(client.ask(k.framed(k.header(k.API_VERSIONS, 0))).i16() == OK, "ApiVersions 0 behind it fails")


@case
def bodies_that_are_none():
    flexible = k.header(k.METADATA, 9, flexible=True)
    endless = b"\xff" * 10
    for name, body in {
        "array of 2^31-1": k.header(k.METADATA, 1) + k.i32(2**31 - 1),
        "null array where there is none": k.header(k.CREATE_TOPICS, 3) + k.i32(-1) + k.i32(1000) + b"\0",
        "string beyond the end": k.header(k.METADATA, 1) + k.i32(1) + k.i16(100) + b"ab",
        "null string where there is none": k.header(k.METADATA, 1) + k.i32(1) + k.i16(-1),
        "endless varint": flexible + endless,
        "compact array of 2^32": flexible + k.uvarint(2**32 - 1),
        "compact string of 2^31": flexible + k.uvarint(2) + k.uvarint(2**31) + b"abc",
        "2^31 tagged fields": k.header(k.METADATA, 9) + k.uvarint(2**31 - 1),
        "tagged field of 2^31 bytes": k.header(k.METADATA, 9) + k.uvarint(1) + k.uvarint(999) + k.uvarint(2**31 - 1),
        "endless tag": k.header(k.METADATA, 9) + k.uvarint(1) + endless,
        "cut": k.header(k.PRODUCE, 7) + k.i16(-1) + k.i16(-1),
    }.items():
        closes(name, k.framed(body))


@case
def the_line_that_tells_why():
    """Kafka closes; the line in our log must be enough to find who sends such."""
    time.sleep(1.1)   # lines about bad requests are limited in rate
    with connect() as client:
        software = k.header(k.API_VERSIONS, 3, client="who-is-it\n\x1b[31m", flexible=True) + k.compact("crooked-client") + k.compact("0.1") + b"\0"
        client.ask(k.framed(software))
        address = client.socket.getsockname()[0]
        client.send(k.framed(k.header(k.METADATA, 1, client="who-is-it\n\x1b[31m") + k.i32(2**31 - 1)))
        check(client.closed_within(patience(2)), "a bad body is not closed")
    time.sleep(patience(0.1))
    lines = [line for line in broker.log().splitlines() if "WARN" in line and "who-is-it" in line]
    check(len(lines) == 1, f"not one WARN line but {len(lines)}")
    for word in ("who-is-it", "crooked-client", address, "etadata", "1", "elements"):
        check(lines and word in lines[0], f"the line does not name {word!r}: {lines[:1]}")
    check("\x1b" not in broker.log(), "an escape character reached the log")


# ---- produce ----

def refused_batches():
    good = k.record(b"value")
    far = 2**63 - 1
    yield "wrong CRC", k.batch([good], crc=12345), {CORRUPT_MESSAGE}
    yield "length too long", k.batch([good], length=5000), {CORRUPT_MESSAGE, INVALID_RECORD}
    yield "length too short", k.batch([good], length=30), {CORRUPT_MESSAGE, INVALID_RECORD}
    yield "length of a header", k.batch([good], length=49), {CORRUPT_MESSAGE, INVALID_RECORD}
    yield "negative length", k.batch([good], length=-1), {CORRUPT_MESSAGE, INVALID_RECORD}
    yield "count too high", k.batch([good], count=3), {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "count too low", k.batch([good, k.record(b"b", offset_delta=1)], count=1), {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "count 2^31-1", k.batch([good], count=2**31 - 1), {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "negative count", k.batch([good], count=-1, last_offset_delta=0), {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "no records", k.batch([], last_offset_delta=0), {INVALID_RECORD}
    yield "last offset delta", k.batch([good], last_offset_delta=7), {INVALID_RECORD}
    yield "offset deltas with a hole", k.batch([good, k.record(b"b", offset_delta=5)]), {INVALID_RECORD}
    yield "negative offset delta", k.batch([k.record(b"a", offset_delta=-4)]), {INVALID_RECORD}
    for magic in (0, 1):
        yield f"magic {magic}", k.batch([good], magic=magic), {UNSUPPORTED_FORMAT, CORRUPT_MESSAGE, INVALID_RECORD}
    yield "magic 3", k.batch([good], magic=3), {CORRUPT_MESSAGE}
    yield "a control batch", k.batch([k.record(k.i16(0) + k.i32(0), key=k.i16(0) + k.i16(1))], attributes=0x20), {INVALID_RECORD}
    yield "a transactional control batch", k.batch([k.record(k.i16(0) + k.i32(0), key=k.i16(0) + k.i16(1))], attributes=0x30,
                                                   producer_id=1, epoch=0, sequence=0), {TRANSACTIONAL_ID_DENIED}
    for codec in (5, 6, 7):
        yield f"codec {codec}", k.batch([good], attributes=codec), {UNSUPPORTED_CODEC, CORRUPT_MESSAGE, INVALID_RECORD}
    for codec in (1, 2, 3, 4):
        yield f"codec {codec} over plain bytes", k.batch(good, count=1, attributes=codec), {CORRUPT_MESSAGE, INVALID_RECORD}
    yield "the last timestamp there is", k.batch([good], timestamp=far), {INVALID_TIMESTAMP}
    yield "record length beyond the end", k.batch([k.varint(500) + good[1:]]), {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "record length negative", k.batch([k.varint(-3) + good[1:]]), {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "varint of ten bytes", k.batch([b"\xff" * 10 + good]), {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "two batches", k.batch([good]) * 2, {INVALID_RECORD}
    yield "garbage behind a batch", k.batch([good]) + b"garbage", {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "nothing", b"", {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "half a header", k.batch([good])[:30], {INVALID_RECORD, CORRUPT_MESSAGE}
    yield "transactional without a producer", k.batch([good], attributes=0x10), {TRANSACTIONAL_ID_DENIED}


@case
def batches_that_are_refused():
    before = end_offset("hostile")
    with connect() as client:
        for name, data, expected in refused_batches():
            try:
                error, _ = k.produce_error(client.ask(k.produce("hostile", data)))
                check(error in expected, f"produce, {name}: error {error}, expected {sorted(expected)}")
            except (ConnectionError, socket.timeout) as e:
                check(False, f"produce, {name}: {e}")
                return
    check(end_offset("hostile") == before, "a refused batch changed the log")


@case
def odd_but_legal_batches():
    """Java takes them; so do we, and they can be read back."""
    with connect() as client:
        for name, data in {
            "negative timestamps": k.batch([k.record(b"before 1970")], timestamp=-5),
            "no timestamp": k.batch([k.record(b"none")], timestamp=-1),
            "LogAppendTime from a client": k.batch([k.record(b"mine")], attributes=8),  # the flag is taken away
            "unused attribute bits": k.batch([k.record(b"bits")], attributes=0x4000),
            "null key and value": k.batch([k.record(None)]),
        }.items():
            error, offset = k.produce_error(client.ask(k.produce("legal", data)))
            if error != OK:
                check(error in (INVALID_TIMESTAMP, INVALID_RECORD), f"{name}: error {error}")
                continue
            _, _, partition_error, high_watermark = k.fetch_error(client.ask(k.fetch("legal", offset)))
            check(partition_error == OK and high_watermark > offset, f"{name}: cannot be read back ({partition_error})")


@case
def bombs():
    before = end_offset("hostile")
    packed = {
        "gzip": (1, k.gzip_bomb(140 << 20)),
        "lz4": (3, k.lz4_bomb(140 << 20)),
        "zstd": (4, k.zstd_bomb(2 << 30)),
        "zstd, window of 2 GiB": (4, k.zstd_huge_window()),
        "snappy, length that lies": (2, k.snappy_huge_length()),
        "snappy, block that lies": (2, k.xerial_huge_block()),
        "lz4, wrong checksum": (3, k.lz4_frame(struct.pack("<I", 0x80000005) + b"plain", checksum=1)),
    }
    with connect(10) as client:
        for name, (codec, data) in packed.items():
            check(len(data) < 1_000_000, f"{name}: the bomb itself is too large, {len(data)}")
            error, _ = k.produce_error(client.ask(k.produce("hostile", k.batch(data, count=1, attributes=codec))))
            check(error in (MESSAGE_TOO_LARGE, CORRUPT_MESSAGE, INVALID_RECORD), f"bomb, {name}: error {error}")
    check(end_offset("hostile") == before, "a bomb changed the log")


@case
def topics_that_may_not_be():
    names = ["a" * 250, ".", "..", "a\0b", "a/b", "../../etc", "ä", ""]
    with connect() as client:
        for name in names:
            errors = k.created(client.ask(k.create_topics(name)))
            check(list(errors.values()) == [INVALID_TOPIC], f"create {name[:20]!r}: {errors}")
        error, _ = k.produce_error(client.ask(k.produce("__consumer_offsets", k.batch([k.record(b"mine")]))))
        check(error in (INVALID_TOPIC, UNKNOWN_TOPIC), f"produce to __consumer_offsets: error {error}")
        error, _ = k.produce_error(client.ask(k.produce("__cluster_metadata", k.batch([k.record(b"mine")]))))
        check(error in (INVALID_TOPIC, UNKNOWN_TOPIC), f"produce to __cluster_metadata: error {error}")
    check(not [n for n in os.listdir(broker.data) if n.startswith((".", "a")) and n not in (".lock", ".kafka_cleanshutdown")],
          f"strange names on disk: {os.listdir(broker.data)}")


# ---- fetch ----

@case
def fetches_beyond():
    with connect() as client:
        for offset in (-5, 2**63 - 1, 10**9):
            _, _, error, _ = k.fetch_error(client.ask(k.fetch("hostile", offset)))
            check(error == OFFSET_OUT_OF_RANGE, f"fetch at {offset}: error {error}")
        for name, limits in {"0": 0, "negative": -1, "-2^31": -2**31, "2^31-1": 2**31 - 1}.items():
            _, _, error, _ = k.fetch_error(client.ask(k.fetch("legal", 0, bytes_max=limits, partition_bytes=limits)))
            check(error == OK, f"fetch of {name} bytes: error {error}")
        _, _, error, _ = k.fetch_error(client.ask(k.fetch("hostile", 0, partition=-1)))
        check(error == UNKNOWN_TOPIC, f"fetch of partition -1: error {error}")


@case
def sessions_of_others():
    with connect() as owner, connect() as guesser:
        error, session, _, _ = k.fetch_error(owner.ask(k.fetch("healthy", 0, epoch=0)))
        check(error == OK and session != 0, f"no session: error {error}, id {session}")
        error, _, _, _ = k.fetch_error(guesser.ask(k.fetch("legal", 0, session=session ^ 0x5A5A5A, epoch=1)))
        check(error == SESSION_NOT_FOUND, f"a guessed session: error {error}")
        error, _, _, _ = k.fetch_error(guesser.ask(k.fetch("legal", 0, session=session, epoch=77)))
        check(error == SESSION_EPOCH, f"a guessed epoch: error {error}")
        nothing = k.fetch("", 0, session=session, epoch=1, topics=k.array([]))
        error, _, _, _ = k.fetch_error(owner.ask(nothing))
        check(error == OK, f"the owner's session is harmed: error {error}")


# ---- too much ----

@case
def a_million_partitions():
    """Answered or closed; either way soon, and in bounded memory. The healthy client measures the rest."""
    million = 1_000_000
    partitions = b"".join(struct.pack(">iqqi", i, 0, -1, 1000) for i in range(million))
    floods = {
        "metadata": k.framed(k.header(k.METADATA, 4) + k.i32(million) + (k.string("t") * million) + b"\0"),
        "fetch": k.fetch("", 0, topics=k.i32(1) + k.string("hostile") + k.i32(million) + partitions),
        "produce": k.framed(k.header(k.PRODUCE, 7) + k.i16(-1) + k.i16(-1) + k.i32(1000) + k.i32(1) + k.string("hostile") +
                            k.i32(million) + b"".join(struct.pack(">ii", i, -1) for i in range(million))),
        "create topics": k.framed(k.header(k.CREATE_TOPICS, 3) + k.array(
            [k.string("huge") + k.i32(million * 1000) + k.i16(1) + k.array([]) + k.array([])]) + k.i32(1000) + b"\0"),
    }
    for name, frame in floods.items():
        began = time.monotonic()
        with connect(15) as client:
            client.send(frame)
            try:
                size = len(client.answer())
                outcome = f"answered with {size} bytes"
            except ConnectionError:
                outcome = "closed"
            except socket.timeout:
                outcome = "silence"
        seconds = time.monotonic() - began
        print(f"  {name}: {outcome} in {seconds:.2f} s, memory now {broker.memory() >> 20} MiB")
        check(outcome != "silence" and seconds < patience(10), f"a million partitions, {name}: {outcome} after {seconds:.1f} s")


@case
def pipelining_without_reading():
    """10^5 requests and not one answer taken: the broker stops reading instead of buffering; then all answers come, in order."""
    count, before = 100_000, broker.memory()
    with connect(20) as client:
        client.socket.setblocking(False)
        data = b"".join(k.framed(k.header(k.API_VERSIONS, 0, correlation=i)) for i in range(count))
        sent, stuck_since, stuck = 0, None, False
        while sent < len(data) and not stuck:
            try:
                sent += client.socket.send(data[sent:sent + (1 << 16)])
                stuck_since = None
            except BlockingIOError:
                stuck_since = stuck_since or time.monotonic()
                stuck = time.monotonic() - stuck_since > 0.5
                time.sleep(0.01)
        held = broker.memory()
        print(f"  {sent} of {len(data)} bytes taken, memory {before >> 20} -> {held >> 20} MiB")
        check(held - before < 64 << 20, f"answers nobody reads take {held - before >> 20} MiB")
        answers, buffer, expected = 0, bytearray(), 0
        deadline = time.monotonic() + patience(15)
        while answers < count and time.monotonic() < deadline:
            readable, writable, _ = select.select([client.socket], [client.socket] if sent < len(data) else [], [], patience(5))
            if writable:
                try:
                    sent += client.socket.send(data[sent:sent + (1 << 16)])
                except BlockingIOError:
                    pass
            if not readable:
                continue
            more = client.socket.recv(1 << 18)
            if not more:
                break
            buffer += more
            at = 0
            while len(buffer) - at >= 8:
                size, correlation = struct.unpack_from(">ii", buffer, at)
                if len(buffer) - at < 4 + size:
                    break
                if correlation != expected:
                    check(False, f"answer {correlation} instead of {expected}")
                    return
                expected, answers, at = expected + 1, answers + 1, at + 4 + size
            del buffer[:at]
        check(answers == count, f"{answers} of {count} answers came")


@case
def a_thousand_half_open():
    wanted = min(1000, allow_many_files(1200) - 100)
    before = broker.memory()
    sockets = []
    try:
        for i in range(wanted):
            client = connect()
            if i % 2:
                client.send(k.i32(50_000_000) + b"half")   # announces 50 MB and says no more
            sockets.append(client)
        time.sleep(0.3)
        grown = broker.memory() - before
        print(f"  {wanted} connections, {grown // max(wanted, 1)} bytes each")
        check(grown < 100 << 20, f"half-open connections take {grown >> 20} MiB")
        with connect() as client:
            check(client.ask(k.framed(k.header(k.API_VERSIONS, 0))).i16() == OK, "a new client is not served")
        if IDLE_MS:
            sockets[0].socket.settimeout(IDLE_MS / 1000 + patience(3))
            check(sockets[0].closed_within(IDLE_MS / 1000 + patience(3)), "an idle connection is not closed")
            check(sockets[1].closed_within(patience(1)), "a connection stuck inside of a frame is not closed")
    finally:
        for client in sockets:
            client.socket.close()


@case
def connect_and_reset():
    for _ in range(300):
        client = connect()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.send(k.framed(k.header(k.METADATA, 1) + k.i32(0))[:10])
        client.socket.close()


@case
def a_slow_sender():
    """One byte at a time is slow, not wrong."""
    with connect() as client:
        for byte in k.framed(k.header(k.API_VERSIONS, 0)):
            client.send(bytes([byte]))
            time.sleep(0.02)
        check(k.Reader(client.answer()).i16() == OK, "a slow request is not answered")


@case
def an_answer_into_the_void():
    """Asks for much and goes away before it is there."""
    for _ in range(50):
        with connect() as client:
            client.send(k.fetch("hostile", end_offset("hostile"), wait=300) + k.fetch("healthy", 0))


# ----

def kcat_agrees():
    """A client that is not ours, before and after."""
    program = shutil.which("kcat") or shutil.which("kafkacat")
    if not program:
        return
    at = ["-b", f"{broker.host}:{broker.port}", "-t", "kcat"]
    put = subprocess.run([program, "-P", *at], input="one\n", text=True, capture_output=True, timeout=20)
    got = subprocess.run([program, "-C", "-e", "-q", "-o", "-1", *at], text=True, capture_output=True, timeout=20)
    check(put.returncode == 0 and got.stdout == "one\n", f"kcat: {put.stderr} {got.stdout!r} {got.stderr}")


def main():
    global broker
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else None
    broker = BrokerProcess(sys.argv[1], overrides=[f"connections.max.idle.ms={IDLE_MS}"]).start()
    with connect() as client:
        k.created(client.ask(k.create_topics("hostile", "legal", "healthy", "kcat")))
    kcat_agrees()
    healthy = HealthyClient()
    healthy.start()
    began = time.time()
    for function in cases:
        if only and function.__name__ != only:
            continue
        print(f"{function.__name__}")
        started = time.monotonic()
        try:
            function()
        except Exception as e:
            check(False, f"{function.__name__}: {type(e).__name__}: {e}")
            traceback.print_exc()
        if not broker.alive():
            print(broker.log()[-3000:])
            sys.exit(f"FAILED: the broker died of {function.__name__}, code {broker.process.returncode}")
        peak = broker.memory("VmHWM")
        check(peak <= MEMORY_MAX, f"{function.__name__}: memory rose to {peak >> 20} MiB")
        if healthy.trouble or healthy.slowest > patience(HEALTHY_ANSWER_SECONDS):
            check(False, f"{function.__name__}: the healthy client noticed: {healthy.trouble or f'{healthy.slowest:.1f} s'}")
            healthy.slowest = 0.0
        if time.monotonic() - started > 3:
            print(f"  ({time.monotonic() - started:.1f} s)")
    healthy.stopping = True
    healthy.join(timeout=10)
    check(healthy.trouble is None and healthy.rounds > 10, f"the healthy client: {healthy.rounds} rounds, {healthy.trouble}")
    kcat_agrees()
    print(f"healthy client: {healthy.rounds} rounds, slowest {healthy.slowest * 1000:.0f} ms; broker: peak "
          f"{broker.memory('VmHWM') >> 20} MiB, now {broker.memory() >> 20} MiB, {time.time() - began:.1f} s")
    check(broker.stop() == 0, "the broker does not stop cleanly")
    if failures:
        print(broker.log()[-2000:])
        sys.exit(f"{len(failures)} failed")
    shutil.rmtree(broker.directory)


main()
