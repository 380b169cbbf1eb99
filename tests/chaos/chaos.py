#!/usr/bin/env python3
"""kill -9, again and again, at 20,000 records/s; then the committed output must be that of an undisturbed run.

  tests/chaos/chaos.py [--mode embedded|apart] [--target app|broker|both] [--kills 100] [--rate 20000] [--seed 1]

What kcat reads with read_committed is compared with what a second, undisturbed application makes of the same input, as a
sequence per key. New committed output must be there within --limit seconds of each restart. Kills between the first append of
a transaction and its last marker are counted from the transaction log on disk."""
import argparse
import glob
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BIN = os.path.join(ROOT, "build", os.environ.get("MILLRACE_PRESET", "release"), "bin")
OUTPUTS = ["joined", "per-user", "per-item"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Chaos:
    def __init__(self, args):
        self.args = args
        self.random = random.Random(args.seed)
        self.work = tempfile.mkdtemp(prefix="chaos-")
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.broker = self.app = None
        self.arrivals = []   # (time) of records that kcat saw
        self.stop_reading = False

    def broker_data(self):
        return os.path.join(self.work, "broker")

    def log(self, name):
        return open(os.path.join(self.work, name + ".log"), "ab")

    def start_broker(self):
        self.broker = subprocess.Popen(
            [f"{BIN}/millrace", "broker", "--override", f"log.dirs={self.broker_data()}", "--override",
             f"listeners=PLAINTEXT://{self.address}", "--override", "num.partitions=4", "--override", "log.retention.ms=-1"],
            stdout=subprocess.DEVNULL, stderr=self.log("broker"))

    def start_app(self):
        command = [f"{BIN}/chaos_app", "--application-id", "chaos"]
        if self.args.mode == "embedded":
            command += ["--embedded", self.work, "--broker-property", f"listeners=PLAINTEXT://{self.address}"]
        else:
            command += ["--bootstrap-server", self.address, "--state-dir", os.path.join(self.work, "state"), "--instance", "1"]
        for p in self.args.property:
            command += ["--property", p]
        self.app = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self.log("app"))

    def wait_port(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            except OSError:
                time.sleep(0.02)
        self.fail("the broker does not listen")

    def fail(self, why):
        print("FAILED:", why, "; logs in", self.work)
        self.finish()
        sys.exit(1)

    def finish(self):
        self.stop_reading = True
        for p in (self.app, self.broker, getattr(self, "feeder", None), getattr(self, "reader", None)):
            if p and p.poll() is None:
                p.kill()

    def read_arrivals(self):
        while not self.stop_reading:
            self.reader = subprocess.Popen(
                ["kcat", "-C", "-b", self.address, "-t", "joined", "-o", "end", "-u", "-q", "-f", ".\n", "-X",
                 "isolation.level=read_committed", "-X", "reconnect.backoff.max.ms=50", "-X", "reconnect.backoff.ms=10", "-X",
                 "fetch.wait.max.ms=50", "-X", "topic.metadata.refresh.interval.ms=1000", "-X", "fetch.error.backoff.ms=20"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            while not self.stop_reading:
                chunk = self.reader.stdout.read1(65536)
                if not chunk:
                    break
                self.arrivals.append(time.time())

    def open_transactions(self):
        """Transactional ids whose last state on disk is Ongoing or Prepare*: killed inside a commit."""
        last = {}
        for path in glob.glob(os.path.join(self.broker_data(), "__transaction_state-*", "*.log")):
            data, at = open(path, "rb").read(), 0
            while at + 61 <= len(data):
                length = struct.unpack(">i", data[at + 8:at + 12])[0]
                count = struct.unpack(">i", data[at + 57:at + 61])[0]
                end, p = at + 12 + length, at + 61
                if length <= 0 or end > len(data):
                    break
                for _ in range(count):
                    size, p = varint(data, p)
                    after = p + size
                    p += 1
                    _, p = varint(data, p)
                    _, p = varint(data, p)
                    n, p = varint(data, p)
                    key, p = data[p:p + n], p + max(n, 0)
                    n, p = varint(data, p)
                    value = data[p:p + n] if n >= 0 else b""
                    if len(value) > 16:
                        last[key] = value[16]
                    p = after
                at = end
        return [k for k, status in last.items() if status in (1, 2, 3)]

    def read_output(self, topic):
        out = subprocess.run(["kcat", "-C", "-b", self.address, "-t", topic, "-o", "beginning", "-e", "-q", "-X",
                              "isolation.level=read_committed", "-f", "%K %S %T %k%s"], stdout=subprocess.PIPE, check=True).stdout
        by_key, at = defaultdict(list), 0
        while at < len(out):
            cells = []
            for _ in range(3):
                blank = out.index(b" ", at)
                cells.append(int(out[at:blank]))
                at = blank + 1
            key, value = out[at:at + cells[0]], out[at + cells[0]:at + cells[0] + cells[1]]
            at += cells[0] + cells[1]
            by_key[key].append((value, cells[2]))
        return by_key

    def run(self):
        args = self.args
        interval = 0.45
        records = int(args.rate * (args.kills * (interval + 2.0) + 8))
        if args.mode == "apart":
            self.start_broker()
            self.wait_port()
        else:
            self.start_app()
            self.wait_port()
        self.feeder = subprocess.Popen([f"{BIN}/chaos_app", "feed", "--bootstrap-server", self.address, "--records", str(records),
                                        "--rate", str(args.rate)], stdout=subprocess.DEVNULL, stderr=self.log("feed"))
        time.sleep(0.5)
        if args.mode == "apart":
            self.start_app()
        threading.Thread(target=self.read_arrivals, daemon=True).start()
        deadline = time.time() + 20
        while not self.arrivals:
            if time.time() > deadline:
                self.fail("no committed output at all")
            time.sleep(0.02)
        time.sleep(0.5)
        latencies, inside, kills = [], 0, {"app": 0, "broker": 0}
        for k in range(args.kills):
            time.sleep(self.random.uniform(0.3, 2 * interval - 0.3))
            target = args.target if args.target != "both" else self.random.choice(["app", "broker"])
            if args.mode == "embedded":
                target = "app"
            victim = self.app if target == "app" else self.broker
            if victim.poll() is not None:
                self.fail(f"the {target} ended by itself with {victim.returncode} before kill {k}")
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            kills[target] += 1
            inside += 1 if self.open_transactions() else 0
            restarted = time.time()
            if target == "app":
                self.start_app()
            else:
                self.start_broker()
            deadline = restarted + 15
            while not (self.arrivals and self.arrivals[-1] > restarted + 0.005):
                if time.time() > deadline:
                    self.fail(f"no committed output within 15 s of restart {k} of the {target}")
                time.sleep(0.005)
            first = next(t for t in reversed_first(self.arrivals, restarted + 0.005))
            latencies.append((first - restarted, target))
        print(f"{kills['app']} kills of the application, {kills['broker']} of the broker, {inside} inside a transaction")
        slow = sorted(latencies, reverse=True)
        print("new committed output after a restart: median %.2f s, worst %.2f s (%s)" %
              (slow[len(slow) // 2][0], slow[0][0], slow[0][1]))
        try:
            self.feeder.wait(timeout=max(60, records / args.rate * 2))
        except subprocess.TimeoutExpired:
            self.fail("the feeder does not come to its end")
        if self.feeder.returncode != 0:
            self.fail("the feeder failed")
        self.stop_reading = True
        self.compare(records)
        late = [l for l in latencies if l[0] > args.limit]
        if late:
            self.fail(f"{len(late)} of {len(latencies)} restarts took longer than {args.limit} s to new committed output")
        self.finish()
        subprocess.run(["rm", "-rf", self.work])
        print("passed")

    def compare(self, records):
        # The disturbed application comes to its end, then an undisturbed one makes its own of the same input.
        self.app.send_signal(signal.SIGTERM)
        self.app.wait(timeout=60)
        if self.args.mode == "embedded":
            self.start_broker_on_embedded()
        for prefix, application in (("", "chaos"), ("ref-", "reference")):
            command = [f"{BIN}/chaos_app", "--application-id", application, "--bootstrap-server", self.address,
                       "--output-prefix", prefix, "--until-end"]
            if application == "chaos" and self.args.mode == "apart":   # a static member keeps its tasks when it goes for a while
                command += ["--instance", "1", "--state-dir", os.path.join(self.work, "state")]
            else:
                command += ["--state-dir", os.path.join(self.work, "state-" + application)]
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=self.log("end-" + application), timeout=300)
            if done.returncode != 0:
                self.fail(f"the {application} application did not come to the end")
        total = 0
        for topic in OUTPUTS:
            got, expected = self.read_output(topic), self.read_output("ref-" + topic)
            total += sum(map(len, expected.values()))
            if got != expected:
                for key in sorted(set(got) | set(expected)):
                    if got.get(key) != expected.get(key):
                        g, e = got.get(key, []), expected.get(key, [])
                        at = next((i for i, (x, y) in enumerate(zip(g, e)) if x != y), min(len(g), len(e)))
                        self.fail(f"{topic}: key {key} differs at {at} of {len(g)}/{len(e)}: {g[at:at + 2]} instead of {e[at:at + 2]}")
            print(f"{topic}: {sum(map(len, expected.values()))} records, {len(expected)} keys, equal to the undisturbed run")
        if total < records:
            self.fail(f"only {total} output records of {records} inputs")

    def start_broker_on_embedded(self):
        self.start_broker()
        self.wait_port()


def varint(data, at):
    shift = value = 0
    while True:
        b = data[at]
        at += 1
        value |= (b & 127) << shift
        shift += 7
        if not b & 128:
            return (value >> 1) ^ -(value & 1), at


def reversed_first(arrivals, after):
    """The arrivals after a time, earliest first, searched from the end."""
    i = len(arrivals)
    while i > 0 and arrivals[i - 1] > after:
        i -= 1
    return arrivals[i:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=["embedded", "apart"], default="apart")
    parser.add_argument("--target", choices=["app", "broker", "both"], default="both")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rate", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=1.0)
    parser.add_argument("--property", action="append", default=[])
    args = parser.parse_args()
    chaos = Chaos(args)
    try:
        chaos.run()
    finally:
        chaos.finish()


main()
