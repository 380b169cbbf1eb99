#!/usr/bin/env python3
"""kill -9, again and again, at 20,000 records/s; then the committed output must be that of an undisturbed run. See README.md.

  tests/chaos/chaos.py --mode apart|embedded [--app-kills 100] [--broker-kills 100] [--spill-kills 10] [--restore-kills 10]
                       [--rate 20000] [--seed 1] [--limit SECONDS] [--property k=v]"""
import argparse
import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from aim import CREATE, MODIFY, MOVED, Watch  # noqa: E402
from compare import equal_per_key, order_numbers  # noqa: E402
from disk import Disk  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BIN = os.environ.get("MILLRACE_BIN", os.path.join(ROOT, "build", "release", "bin"))
OUTPUTS = ["joined", "per-user", "per-item"]
PATIENCE = 60   # seconds after which something that must happen counts as not happening
SPILL_ALL_THE_TIME = ["millrace.statestore.memory.max.bytes=200000"]


class Failed(Exception):
    pass


class Reader:
    """kcat on the topic `joined`, read_committed; when did it first see an offset at or past one that is given."""

    def __init__(self, address):
        self.address, self.over, self.process = address, False, None
        self.condition = threading.Condition()
        self.beyond, self.first, self.seen = {}, {}, 0
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        while not self.over:
            self.process = subprocess.Popen(
                ["kcat", "-C", "-b", self.address, "-t", "joined", "-o", "end", "-q", "-f", "%p %o\n", "-X",
                 "isolation.level=read_committed", "-X", "reconnect.backoff.max.ms=50", "-X", "reconnect.backoff.ms=10", "-X",
                 "fetch.wait.max.ms=50", "-X", "topic.metadata.refresh.interval.ms=1000", "-X", "fetch.error.backoff.ms=10"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            rest = b""
            while not self.over:
                chunk = self.process.stdout.read1(1 << 16)
                now = time.monotonic()
                if not chunk:
                    break
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                with self.condition:
                    self.seen += len(lines)
                    if len(self.first) < len(self.beyond):
                        for line in lines:
                            p, o = map(int, line.split())
                            if p not in self.first and o >= self.beyond.get(p, 1 << 62):
                                self.first[p] = now
                    self.condition.notify_all()

    def expect(self, ends):
        with self.condition:
            self.beyond, self.first = dict(ends), {}

    def wait(self, done):
        deadline = time.monotonic() + PATIENCE
        with self.condition:
            return self.condition.wait_for(done, max(0, deadline - time.monotonic()))

    def close(self):
        self.over = True
        if self.process and self.process.poll() is None:
            self.process.kill()


class Chaos:
    def __init__(self, args):
        self.args, self.random = args, random.Random(args.seed)
        self.work = tempfile.mkdtemp(prefix="chaos-")
        self.data, self.state = os.path.join(self.work, "broker"), os.path.join(self.work, "state")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.broker = self.app = self.feeder = self.reader = None
        self.embedded = args.mode == "embedded"
        self.disk = Disk(self.data)
        self.phases, self.times, self.all_times = Counter(), {}, []
        self.app_properties, self.began = [], time.monotonic()

    # Processes

    def spawn(self, name, command):
        print(f"{time.time():.3f} start", file=open(os.path.join(self.work, name + ".log"), "a"))
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=open(os.path.join(self.work, name + ".log"), "ab"))

    def start_broker(self):
        self.broker = self.spawn("broker", [
            f"{BIN}/millrace", "broker", "--override", f"log.dirs={self.data}", "--override", f"listeners=PLAINTEXT://{self.address}",
            "--override", "num.partitions=4", "--override", "log.retention.ms=-1"])

    def start_app(self):
        command = [f"{BIN}/chaos_app", "--application-id", "chaos"]
        if self.embedded:
            command += ["--embedded", self.work, "--broker-property", f"listeners=PLAINTEXT://{self.address}"]
        else:
            command += ["--bootstrap-server", self.address, "--state-dir", self.state, "--instance", "1"]
        for p in self.args.property + self.app_properties:
            command += ["--property", p]
        self.app = self.spawn("app", command)

    def start(self, target):
        (self.start_broker if target == "broker" else self.start_app)()

    def kill(self, target):
        victim = getattr(self, target)
        if victim.poll() is not None:
            raise Failed(f"the {target} ended by itself with {victim.returncode}")
        victim.kill()
        victim.wait()
        victim.stdout.close()

    def finish(self):
        if self.reader:
            self.reader.close()
        for p in (self.app, self.broker, self.feeder):
            if p and p.poll() is None:
                p.kill()

    # Aims: each waits for a write after which the kill falls where we want it

    def directories(self, *prefixes):
        return [os.path.join(self.data, n) for n in self.disk.partitions() if n.startswith(prefixes)]

    def aim_and_kill(self, kind, target):
        """A commit is a burst of writes, over in a few milliseconds: the kill follows one of the first of the next burst."""
        victim = getattr(self, target)
        if victim.poll() is not None:
            raise Failed(f"the {target} ended by itself with {victim.returncode}")
        outputs = ("joined-", "per-user-", "per-item-", "chaos-")
        first = self.directories(*outputs) if kind in ("data", "marker") else self.directories("__consumer_offsets-") if kind == "offsets" \
            else self.directories("__transaction_state-")
        watch = Watch(first)
        log = Watch(self.directories("__transaction_state-")) if kind == "marker" else None
        deadline = time.monotonic() + PATIENCE
        try:
            watch.next(deadline)
            watch.drain()
            if log:   # PrepareCommit, then the first of the markers
                seen = log.next(deadline)
                watch.drain()
                seen = seen and watch.next(deadline)
            else:
                count = self.random.choice({"data": [1, 1, 2, 4, 8], "offsets": [1, 1, 2], "prepare": [1, 2, 2, 2, 3]}[kind])
                seen = all(watch.next(deadline) for _ in range(count))
            os.kill(victim.pid, signal.SIGKILL)
        finally:
            watch.close()
            if log:
                log.close()
        if not seen:
            raise Failed(f"nothing is written ({kind})")
        victim.wait()
        victim.stdout.close()

    def aim_at_start(self):
        """Somewhere in the recovery of what was just started: after so many files were touched."""
        watch = Watch([self.data] + self.directories(""), MODIFY | CREATE | MOVED)
        return watch, self.random.randint(1, 120)

    # One kill, and the wait for new committed output

    def look(self):
        self.phases[self.disk.phase()] += 1
        ends = self.disk.ends("joined")
        self.reader.expect(ends)

    def restart(self, target, into):
        written = Watch(self.directories("joined-")) if self.args.verbose else None
        began = time.monotonic()
        self.start(target)
        if self.args.verbose:
            line = self.broker.stdout.readline() if target == "broker" else b""
            ready = time.monotonic() - began
            written.next(began + PATIENCE)
            print(f"    {'ready %.3f, ' % ready if line else ''}written {time.monotonic() - began:.3f}")
            written.close()
        self.reader.wait(lambda: self.reader.first)
        if not self.reader.first:
            raise Failed(f"no committed output within {PATIENCE} s of a restart of the {target}")
        first = min(self.reader.first.values()) - began
        self.times.setdefault(into, []).append(first)
        if not self.reader.wait(lambda: len(self.reader.first) == 4):
            raise Failed(f"only partitions {sorted(self.reader.first)} have new output {PATIENCE} s after a restart of the {target}")
        self.all_times.append(max(self.reader.first.values()) - began)
        if self.args.verbose:
            print(f"{time.monotonic() - self.began:.2f} {into}: {first:.3f} s, all partitions {self.all_times[-1]:.3f} s, {dict(self.phases)}",
                  flush=True)

    def kills(self):
        plan = ["app"] * self.args.app_kills + ["broker"] * (0 if self.embedded else self.args.broker_kills)
        self.random.shuffle(plan)
        kinds = ["data", "prepare", "offsets", "marker"]
        for n, target in enumerate(plan):
            self.aim_and_kill(kinds[n % 4], target)
            self.look()
            if n % 10 == 9:   # once more while it recovers
                watch, count = self.aim_at_start()
                self.start(target)
                deadline = time.monotonic() + 1
                while count and watch.next(deadline):
                    count -= 1
                watch.close()
                self.kill(target)
                self.phases["in recovery"] += 1
                self.reader.expect(self.disk.ends("joined"))
            self.restart(target, target)

    def spill_kills(self):
        """The state budget is tiny: it spills all the time. Killed when files appear in, or leave, the directory of a spill."""
        if not self.args.spill_kills:
            return
        self.kill("app")
        self.look()
        self.app_properties = SPILL_ALL_THE_TIME
        self.restart("app", "first with a tiny budget")   # everything that was restored is spilled
        done = tries = 0
        while done < self.args.spill_kills:
            tries += 1
            if tries > 20 * self.args.spill_kills:
                raise Failed("no kill falls into a spill")
            staging = self.wait_for_path("staging")
            watch = Watch([staging], CREATE | MODIFY | MOVED)
            deadline = time.monotonic() + PATIENCE
            if not all(watch.next(deadline) for _ in range(self.random.randint(1, 8))):
                raise Failed("nothing spills")
            watch.close()
            self.kill("app")
            inside = bool(glob.glob(staging + "/*"))
            done += inside
            self.phases["in a spill" if inside else "near a spill"] += 1
            self.look()
            self.restart("app", "spill")
        self.app_properties = []

    def wait_for_path(self, name):
        deadline = time.monotonic() + PATIENCE
        while True:
            found = [d for d, _, _ in os.walk(self.state) if os.path.basename(d) == name]
            if found:
                return found[0]
            watch = Watch([d for d, _, _ in os.walk(self.state)], CREATE)
            if [d for d, _, _ in os.walk(self.state) if os.path.basename(d) == name]:
                watch.close()
                continue
            if not watch.next(deadline):
                raise Failed(f"no directory {name} below {self.state}")
            watch.close()

    def restore_kills(self):
        """The stores are lost (embedded: the whole state directory); killed while they are read back."""
        for _ in range(self.args.restore_kills):
            while True:
                self.kill("app")
                self.look()
                # Apart, the process id stays: it is how a static member that was killed is known before its session ends.
                for lost in [self.state] if self.embedded else glob.glob(self.state + "/**/runs", recursive=True):
                    shutil.rmtree(lost)
                self.start_app()
                lines = iter(self.app.stdout.readline, b"")
                wanted, restoring, restored = self.random.randint(1, 8), 0, 0
                for line in lines:
                    restoring += line.startswith(b"restoring")
                    restored += line.startswith(b"restored")
                    if restoring >= wanted or restored >= wanted:
                        break
                if restoring > restored:
                    break
                self.reader.wait(lambda: self.reader.first)
            self.kill("app")
            self.phases["in a restore"] += 1
            self.reader.expect(self.disk.ends("joined"))
            self.restart("app", "restore")

    # The whole

    def run(self):
        args, began = self.args, self.began
        if not self.embedded:
            self.start_broker()
            if b"ready" not in self.broker.stdout.readline():
                raise Failed("the broker does not start")
        else:
            self.start_app()
        self.feeder = self.spawn("feed", [f"{BIN}/chaos_app", "feed", "--bootstrap-server", self.address, "--rate", str(args.rate)])
        if not self.embedded:
            self.start_app()
        self.reader = Reader(self.address)
        if not self.reader.wait(lambda: self.reader.seen > 1000):
            raise Failed("no committed output at all")
        self.kills()
        self.spill_kills()
        self.restore_kills()
        self.feeder.send_signal(signal.SIGTERM)
        out = self.feeder.communicate(timeout=PATIENCE)[0]
        if self.feeder.returncode != 0:
            raise Failed("the feeder failed")
        records = int(out)
        seconds = time.monotonic() - began
        self.reader.close()
        self.report(records, seconds)
        self.compare(records)
        late = [t for kind in ("app", "broker", "spill") for t in self.times.get(kind, []) if args.limit and t > args.limit]
        if late:
            raise Failed(f"{len(late)} restarts took longer than {args.limit} s to new committed output: {max(late):.2f} s")
        self.finish()
        if args.keep:
            print("kept", self.work)
        else:
            shutil.rmtree(self.work)
        print("passed")

    def report(self, records, seconds):
        p = self.phases
        print(f"{records} orders in {seconds:.0f} s ({records / seconds:.0f}/s); seed {self.args.seed}, {self.args.mode}")
        print(f"kills inside a commit, by what was on disk: {p['data'] + p['offsets'] + p['prepared']} (data appended {p['data']}, offsets "
              f"appended {p['offsets']}, prepared and a marker missing {p['prepared']}); outside {p[None]}; in recovery {p['in recovery']}; "
              f"in a spill {p['in a spill']}; in a restore {p['in a restore']}")
        for kind, times in self.times.items():
            times = sorted(times)
            print(f"{len(times)} restarts ({kind}), to new committed output: min {times[0]:.3f} median {times[len(times) // 2]:.3f} "
                  f"max {times[-1]:.3f} s")
        times = sorted(self.all_times)
        if times:
            print(f"the same to new output of all four partitions: median {times[len(times) // 2]:.3f} max {times[-1]:.3f} s", flush=True)

    def compare(self, records):
        # The disturbed application comes to its end, then an undisturbed one makes its own of the same input.
        self.app.send_signal(signal.SIGTERM)
        self.app.communicate(timeout=PATIENCE)
        if self.embedded:
            self.start_broker()
            if b"ready" not in self.broker.stdout.readline():
                raise Failed("the broker does not start on the embedded broker's directory")
        for prefix, application in (("", "chaos"), ("ref-", "reference")):
            command = [f"{BIN}/chaos_app", "--application-id", application, "--bootstrap-server", self.address,
                       "--output-prefix", prefix, "--until-end", "--commit-interval-ms", "100"]
            if application == "chaos" and not self.embedded:   # a static member keeps its tasks when it goes for a while
                command += ["--instance", "1", "--state-dir", self.state]
            else:
                command += ["--state-dir", os.path.join(self.work, "state-" + application)]
            with open(os.path.join(self.work, f"end-{application}.log"), "ab") as log:
                done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=log, timeout=600)
            if done.returncode != 0:
                raise Failed(f"the {application} application did not come to the end")
        for topic in OUTPUTS:
            different, count, keys = equal_per_key(self.address, topic, "ref-" + topic)
            if different:
                raise Failed(f"{topic}: {different}")
            print(f"{topic}: {count} records, {keys} keys, equal to the undisturbed run", flush=True)
        wrong = order_numbers(self.address, "ref-joined", records)
        if wrong:
            raise Failed(wrong)
        print(f"every one of the {records} orders is there once", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", choices=["embedded", "apart"], default="apart")
    parser.add_argument("--app-kills", type=int, default=100)
    parser.add_argument("--broker-kills", type=int, default=100)
    parser.add_argument("--spill-kills", type=int, default=10)
    parser.add_argument("--restore-kills", type=int, default=10)
    parser.add_argument("--rate", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=0, help="seconds from a restart to new committed output; 0: only reported")
    parser.add_argument("--property", action="append", default=[])
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep logs and data")
    args = parser.parse_args()
    if not shutil.which("kcat"):
        print("skipped: kcat is not installed")
        sys.exit(77)
    chaos = Chaos(args)
    try:
        chaos.run()
    except Failed as why:
        print("FAILED:", why, "; logs and data in", chaos.work)
        sys.exit(1)
    finally:
        chaos.finish()


if __name__ == "__main__":
    main()
