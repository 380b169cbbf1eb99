#!/usr/bin/env python3
"""kcat (librdkafka, a client that is not ours) against `millrace broker`: lists, produces with every codec, idempotent and
transactional, consumes from any offset with both isolation levels, across a restart.
usage: kcat.py MILLRACE_PROGRAM. Exit 77: kcat is missing."""
import os, re, shutil, signal, subprocess, sys, tempfile, time

KCAT = shutil.which("kcat") or shutil.which("kafkacat")
if not KCAT:
    print("kcat: skipped, kcat is not installed (Debian package kcat)")
    sys.exit(77)
program, work = sys.argv[1], tempfile.mkdtemp(prefix="millrace-kcat-")
failures = []


class Broker:
    def __init__(self):
        self.start()

    def start(self):
        began = time.time()
        self.process = subprocess.Popen(
            [program, "broker", "--override", f"log.dirs={work}/data", "--override", "listeners=PLAINTEXT://127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=open(f"{work}/log", "a"), text=True)
        line = self.process.stdout.readline()
        self.ready_ms = (time.time() - began) * 1000
        found = re.search(r"ready on (\S+)", line)
        if not found:
            sys.exit(f"the broker did not start: {line!r}\n" + open(f"{work}/log").read())
        self.address = found[1]

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=20)


broker = Broker()


def kcat(*arguments, text=None, seconds=20, at=None):
    done = subprocess.run([KCAT, "-b", at or broker.address, *arguments], input=text, capture_output=True, text=True, timeout=seconds)
    return done.stdout, done.stderr, done.returncode


def produce(topic, lines, *arguments):
    _, err, code = kcat("-P", "-t", topic, "-K:", "-p", "0", *arguments, text="".join(line + "\n" for line in lines))
    if code != 0:
        failures.append(f"produce {topic} {arguments}: {err}")


def consume(topic, offset="beginning", isolation="read_committed"):
    out, err, code = kcat("-C", "-t", topic, "-p", "0", "-o", str(offset), "-e", "-q", "-K:", "-X", f"isolation.level={isolation}")
    if code != 0:
        failures.append(f"consume {topic}: {err}")
    return out.splitlines()


def expect(what, got, wanted):
    if got != wanted:
        failures.append(f"{what}: got {got!r}, wanted {wanted!r}")
    else:
        print(f"ok: {what}")


lines = [f"k{i}:value {i} " + "x" * (i % 50) for i in range(500)]
for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
    produce(f"codec-{codec}", lines, "-z", codec)
    expect(f"codec {codec}", consume(f"codec-{codec}"), lines)
expect("from offset 490", consume("codec-zstd", 490), lines[490:])
expect("the last 3", consume("codec-gzip", -3), lines[-3:])

produce("idempotent", lines, "-X", "enable.idempotence=true", "-X", "acks=all")
expect("idempotent", consume("idempotent"), lines)
for acks in ("0", "1", "all"):
    produce(f"acks-{acks}", lines, "-X", f"acks={acks}")
    time.sleep(0.05 if acks == "0" else 0)
    expect(f"acks {acks}", consume(f"acks-{acks}"), lines)

produce("tx", ["a:1", "b:2"], "-X", "transactional.id=t1")
produce("tx", ["c:3"], "-X", "transactional.id=t1")
expect("transactions, read_committed", consume("tx"), ["a:1", "b:2", "c:3"])
expect("transactions, read_uncommitted", consume("tx", isolation="read_uncommitted"), ["a:1", "b:2", "c:3"])

# An open transaction: kcat commits when its input ends.
holder = subprocess.Popen([KCAT, "-b", broker.address, "-P", "-t", "tx", "-p", "0", "-K:", "-X", "transactional.id=t2", "-X", "linger.ms=0"],
                          stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
holder.stdin.write("d:open\n" + "f:" + "x" * 8000 + "\n")  # it reads its input in blocks
holder.stdin.flush()
for _ in range(100):
    if "d:open" in consume("tx", isolation="read_uncommitted"):
        break
    time.sleep(0.05)
else:
    failures.append("read_uncommitted does not see the open transaction")
expect("read_committed stops before the open transaction", consume("tx"), ["a:1", "b:2", "c:3"])
holder.kill()
holder.wait()
produce("tx", ["e:fenced"], "-X", "transactional.id=t2")  # a new incarnation aborts it
expect("the abandoned transaction is aborted", consume("tx"), ["a:1", "b:2", "c:3", "e:fenced"])

listed, _, _ = kcat("-L")
expect("list names the topics", all(f'topic "codec-{c}" with 1 partitions' in listed for c in ("none", "gzip", "snappy", "lz4", "zstd")), True)
expect("list names the broker", f"at {broker.address}" in listed, True)
offsets, _, _ = kcat("-Q", "-t", "codec-none:0:-1")
expect("query of the end offset", "offset 500" in offsets, True)

# Through `millrace wire sniff` kcat gets the same, stays with the sniffer, and its talk is printed.
sniffer = subprocess.Popen([program, "wire", "sniff", "--listen", "127.0.0.1:0", "--to", broker.address], stdout=subprocess.PIPE, text=True)
through = sniffer.stdout.readline().split()[2]
sniffed, _, _ = kcat("-C", "-t", "tx", "-p", "0", "-o", "beginning", "-e", "-q", "-K:", at=through)
expect("kcat reads through the sniffer", sniffed.split(), ["a:1", "b:2", "c:3", "e:fenced"])
expect("the sniffer's address is what it is told", f"at {through}" in kcat("-L", at=through)[0], True)
sniffer.terminate()
talk = sniffer.stdout.read()
for said in ("rdkafka > ApiVersions v3 corr 1 {", "rdkafka < Metadata v4 corr 2 ", '"topics":[{"topic":"tx"'):
    expect(f"the sniffer prints {said}", said in talk, True)

for how in (signal.SIGTERM, signal.SIGKILL):
    code = broker.stop(how)
    if how == signal.SIGTERM:
        expect("a clean stop exits with 0", code, 0)
    broker.start()
    print(f"restart after signal {int(how)}: ready in {broker.ready_ms:.0f} ms")
    expect(f"all is there after signal {int(how)}", consume("codec-lz4"), lines)
    expect(f"transactions are there after signal {int(how)}", consume("tx"), ["a:1", "b:2", "c:3", "e:fenced"])
broker.stop()

if failures:
    print("\n".join("FAILED: " + f for f in failures))
    print("broker log:\n" + open(f"{work}/log").read()[-4000:])
    sys.exit(1)
shutil.rmtree(work)
