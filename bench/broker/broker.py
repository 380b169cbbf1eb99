#!/usr/bin/env python3
"""./dev bench broker [--runs N] [--mb N] [--idle SECONDS] [--only start|idle|throughput]

The broker alone. From its start to the first produce that is acknowledged by all (an empty directory; one with 40 partitions that hold
data, after a clean stop and after kill -9); memory, CPU and wake-ups when idle; produce and fetch over TCP with librdkafka (kcat): MB/s, and
CPU-seconds per GB of the broker and of the client. A GB is 10^9 bytes of values of 1,000 bytes."""
import argparse
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PROGRAM = os.path.join(os.environ.get("MILLRACE_BIN", os.path.join(ROOT, "build", "release", "bin")), "millrace")
TICKS = os.sysconf("SC_CLK_TCK")


# ---- just enough of the protocol to produce one record: old versions, no client library whose start would be measured too

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def text(s):
    return struct.pack(">h", len(s)) + s.encode()


def record_batch(value):
    record = b"\0\0\0\1" + bytes([len(value) * 2]) + value + b"\0"   # null key
    records = bytes([len(record) * 2]) + record
    body = struct.pack(">hiqqqhii", 0, 0, 1, 1, -1, -1, -1, 1) + records
    return struct.pack(">qiibI", 0, len(body) + 9, -1, 2, crc32c(body)) + body


class Connection:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, key, version, body):
        request = struct.pack(">hhi", key, version, 7) + text("bench") + body
        self.socket.sendall(struct.pack(">i", len(request)) + request)
        size = struct.unpack(">i", self.read(4))[0]
        return self.read(size)[4:]

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                sys.exit("the broker closed the connection")
            data += more
        return data

    def create_topic(self, name, partitions):
        answer = self.call(19, 2, struct.pack(">i", 1) + text(name) + struct.pack(">ihiiib", partitions, 1, 0, 0, 10000, 0))
        code = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name))[0]
        if code != 0:
            sys.exit(f"CreateTopics: error {code}")

    def produce(self, topic, partition):
        batch = record_batch(b"one value")
        answer = self.call(0, 7, struct.pack(">hhi", -1, -1, 10000) + struct.pack(">i", 1) + text(topic) +
                           struct.pack(">iii", 1, partition, len(batch)) + batch)
        code = struct.unpack_from(">h", answer, 4 + 2 + len(topic) + 4 + 4)[0]
        if code != 0:
            sys.exit(f"Produce: error {code}")


class Broker:
    def __init__(self, directory):
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [PROGRAM, "broker", "--override", f"log.dirs={directory}", "--override", "listeners=PLAINTEXT://127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if "ready on" not in line:
            sys.exit("the broker does not start")
        self.address = line.split("ready on ")[1].split()[0]

    def since_start(self):
        return (time.monotonic() - self.began) * 1000

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait()
        self.process.stdout.close()

    def cpu(self):
        """Seconds of CPU, to the nanosecond, and voluntary context switches, of all threads."""
        seconds = switches = 0
        task = f"/proc/{self.process.pid}/task"
        for thread in os.listdir(task):
            seconds += int(open(f"{task}/{thread}/schedstat").read().split()[0]) / 1e9
            for line in open(f"{task}/{thread}/status"):
                if line.startswith("voluntary_ctxt_switches"):
                    switches += int(line.split()[1])
        return seconds, switches

    def memory(self):
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in open(f"/proc/{self.process.pid}/status") if line.startswith("Rss")
                 or line.startswith("VmRSS")}
        return sizes["VmRSS"], sizes["RssAnon"]


def spread(values):
    values = sorted(values)
    return f"min {values[0]:.0f}  median {values[len(values) // 2]:.0f}  max {values[-1]:.0f} ms"


def start(flags, work):
    times = []
    for n in range(flags.runs):
        broker = Broker(f"{work}/empty-{n}")
        client = Connection(broker.address)
        client.create_topic("t", 1)
        client.produce("t", 0)
        times.append(broker.since_start())
        broker.stop()
    print(f"start to first acknowledged produce, empty directory (the topic is made, too): {spread(times)}", flush=True)
    directory = f"{work}/forty"
    broker = Broker(directory)
    client = Connection(broker.address)
    for t in range(4):
        client.create_topic(f"topic-{t}", 10)
        feed(broker.address, f"topic-{t}", 50 << 20, work)
    for name, how in (("a clean stop", signal.SIGTERM), ("kill -9", signal.SIGKILL)):
        times = []
        for _ in range(flags.runs + 1):   # the first one's stop is another
            times.append(broker.since_start())
            for p in range(40):
                client.produce(f"topic-{p % 4}", p // 4)
            broker.stop(how)
            broker = Broker(directory)
            client = Connection(broker.address)
            client.produce("topic-0", 0)
        times.append(broker.since_start())
        print(f"the same, 40 partitions and 200 MB, after {name}: {spread(times[1:])}", flush=True)
    broker.stop()


def idle(flags, work):
    broker = Broker(f"{work}/idle")
    client = Connection(broker.address)
    client.create_topic("t", 40)
    for p in range(40):
        client.produce("t", p)
    client.socket.close()
    time.sleep(6)   # its last checkpoint is behind it
    cpu, switches = broker.cpu()
    time.sleep(flags.idle)
    cpu_after, switches_after = broker.cpu()
    rss, anonymous = broker.memory()
    print(f"idle with 40 partitions, {flags.idle} s: CPU {(cpu_after - cpu) / flags.idle * 100:.3f} %, "
          f"{(switches_after - switches) / flags.idle:.1f} wake-ups a second; memory {rss:.1f} MiB, of it not shared with files {anonymous:.1f} MiB",
          flush=True)
    broker.stop()


def values_file(work, size):
    path = f"{work}/values"
    if not os.path.exists(path) or os.path.getsize(path) < size:
        line = os.urandom(499).hex().encode() + b"m\n"   # 999 and the newline
        with open(path, "wb") as f:
            for _ in range(size // len(line) // 1000 + 1):
                f.write(line * 1000)
    return path


def feed(address, topic, size, work):
    """Seconds, CPU-seconds of kcat, bytes."""
    path = values_file(work, size)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with open(path, "rb") as values:
        head = subprocess.Popen(["head", "-c", str(size // 1000 * 1000), path], stdout=subprocess.PIPE)
        subprocess.run(["kcat", "-P", "-b", address, "-t", topic, "-X", "acks=all", "-X", "batch.size=1000000", "-X",
                        "queue.buffering.max.messages=1000000", "-X", "linger.ms=5"], stdin=head.stdout, check=True)
        head.wait()
        values.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, size // 1000 * 1000


def throughput(flags, work):
    broker = Broker(f"{work}/throughput")
    Connection(broker.address).create_topic("t", 4)
    size = flags.mb * 1000 * 1000

    def report(what, seconds, client, cpu, size):
        print(f"{what}: {size / 1e6 / seconds:.0f} MB/s; CPU-seconds per GB: broker {cpu / size * 1e9:.2f}, client {client / size * 1e9:.2f}", flush=True)

    values_file(work, size)
    cpu = broker.cpu()[0]
    seconds, client, size = feed(broker.address, "t", size, work)
    report(f"produce {flags.mb} MB with acks=all, kcat", seconds, client, broker.cpu()[0] - cpu, size)
    for _ in range(2):
        cpu, before, began = broker.cpu()[0], resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(["kcat", "-C", "-b", broker.address, "-t", "t", "-o", "beginning", "-e", "-q", "-X", "fetch.message.max.bytes=4000000"],
                       stdout=subprocess.DEVNULL, check=True)
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        report("fetch, kcat", seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, broker.cpu()[0] - cpu, size)
    rss, anonymous = broker.memory()
    print(f"memory afterwards {rss:.1f} MiB, of it not shared with files {anonymous:.1f} MiB")
    broker.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--idle", type=int, default=10)
    parser.add_argument("--only", choices=["start", "idle", "throughput"])
    flags = parser.parse_args()
    work = tempfile.mkdtemp(prefix="millrace-bench-broker-")
    try:
        for part in (start, idle, throughput):
            if flags.only in (None, part.__name__):
                part(flags, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


main()
