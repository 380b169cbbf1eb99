#!/usr/bin/env python3
"""A broker that cannot start says why in one line, naming the cause and the remedy, with exit code 1 or 2; nothing is harmed.
And a full disk, which is no reason to stop: what cannot be stored is refused, what is there is served, and freed space is enough.
usage: startup.py MILLRACE_PROGRAM"""
import os, shutil, socket, subprocess, sys, tempfile, time

import kafka_bytes as k
from broker_process import BrokerProcess, run_once

program = sys.argv[1]
work = tempfile.mkdtemp(prefix="millrace-startup-")
failures = []
ANY_PORT = "listeners=PLAINTEXT://127.0.0.1:0"
KAFKA_STORAGE_ERROR = 56


def check(condition, text):
    if not condition:
        failures.append(text)
        print("  FAILED:", text)


def refuses(what, words, *overrides, properties=None):
    code, error = run_once(program, *overrides, properties=properties)
    lines = [line for line in error.splitlines() if line.startswith("millrace broker: ")]
    print(f"{what}: {lines[0] if lines else error!r}")
    check(code in (1, 2), f"{what}: exit code {code}")
    check(len(lines) == 1, f"{what}: {len(lines)} lines of error: {error!r}")
    for word in words:
        check(lines and word.lower() in lines[0].lower(), f"{what}: does not name {word!r}")


def second_process_on_a_directory():
    first = BrokerProcess(program, os.path.join(work, "first"))
    os.makedirs(first.directory)
    first.start()
    refuses("the directory is in use", [first.data, "another"], f"log.dirs={first.data}", ANY_PORT)
    check(first.alive(), "the first broker died of the second")
    with k.Client(first.host, first.port) as client:
        check(client.ask(k.framed(k.header(k.API_VERSIONS, 0))).i16() == 0, "the first broker does not serve any more")
    refuses("the port is in use", [str(first.port), "in use"],
            f"log.dirs={work}/other", f"listeners=PLAINTEXT://127.0.0.1:{first.port}")
    check(first.stop() == 0, "the first broker does not stop cleanly")
    return first.data


def directory_of_another_node(data):
    refuses("another node's directory", [data, "node", "node.id"], f"log.dirs={data}", ANY_PORT, "node.id=7")


def directory_of_another_cluster(data):
    """The metadata log and the checkpoints of one cluster under the meta.properties of another."""
    copy = os.path.join(work, "other-cluster")
    shutil.copytree(data, copy)
    meta = os.path.join(copy, "meta.properties")
    text = open(meta).read()
    cluster = next(line for line in text.splitlines() if line.startswith("cluster.id="))
    refuses("another cluster's directory", ["cluster", data], f"log.dirs={data}", ANY_PORT, "millrace.cluster.id=AAAAAAAAAAAAAAAAAAAAAA")
    open(meta, "w").write(text.replace(cluster, ""))
    refuses("meta.properties without a cluster", ["meta.properties", "cluster.id"], f"log.dirs={copy}", ANY_PORT)
    os.remove(meta)
    refuses("logs without meta.properties", ["meta.properties", copy], f"log.dirs={copy}", ANY_PORT)


def wrong_configuration():
    refuses("an unknown key, misspelt", ["lisseners", "listeners"], "lisseners=PLAINTEXT://127.0.0.1:0", f"log.dirs={work}/a")
    refuses("a number that is none", ["node.id", "seven"], "node.id=seven", ANY_PORT, f"log.dirs={work}/a")
    refuses("a listener that is none", ["listener", "localhost"], "listeners=localhost", f"log.dirs={work}/a")
    refuses("a host that is not ours", ["203.0.113.7"], "listeners=PLAINTEXT://203.0.113.7:0", f"log.dirs={work}/a")
    refuses("no such properties file", ["no-such-file"], properties=f"{work}/no-such-file")
    path = os.path.join(work, "server.properties")
    open(path, "w").write("node.id=1\nlog.dir=" + work + "/a\nlog.segment.bytez=5\nlisteners=PLAINTEXT://127.0.0.1:0\n")
    code, error = run_once(program, properties=path)
    check("log.segment.bytez" in error and "log.segment.bytes" in error, f"a misspelt key of a file is not named: {error!r}")


def directories_that_cannot_be_used():
    path = os.path.join(work, "a-file")
    open(path, "w").write("no directory")
    refuses("a file where a directory should be", [path], f"log.dirs={path}", ANY_PORT)
    if os.geteuid() == 0:
        print("an unreadable directory: skipped, root may read everything")
        refuses("a place that does not exist", ["/proc/nothing-here"], "log.dirs=/proc/nothing-here", ANY_PORT)
        return
    closed = os.path.join(work, "closed")
    os.makedirs(closed)
    os.chmod(closed, 0)
    refuses("an unreadable directory", [closed, "permission"], f"log.dirs={closed}", ANY_PORT)
    os.chmod(closed, 0o700)


def full_disk():
    mount = os.path.join(work, "small")
    os.makedirs(mount)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", mount],
                                           capture_output=True).returncode != 0:
        print("a full disk: skipped, mounting a small tmpfs needs root")
        return
    try:
        small = os.path.join(mount, "filler")
        broker = BrokerProcess(program, mount).start()
        value = os.urandom(200_000)
        with k.Client(broker.host, broker.port, 20) as client:
            k.created(client.ask(k.create_topics("full")))
            batch = k.batch([k.record(value)])
            stored, error = 0, 0
            while stored < 2000 and error == 0:
                error, _ = k.produce_error(client.ask(k.produce("full", batch)))
                stored += error == 0
            print(f"a full disk: {stored} batches of 200 kB stored, then error {error}")
            check(error == KAFKA_STORAGE_ERROR, f"a full disk: error {error}, expected {KAFKA_STORAGE_ERROR}")
            check(broker.alive(), "the broker died of a full disk")
            _, _, error, watermark = k.fetch_error(client.ask(k.fetch("full", stored - 1)))
            check(error == 0 and watermark == stored, f"the last stored batch is not served: {error}, {watermark} of {stored}")
            error, _ = k.produce_error(client.ask(k.produce("full", k.batch([k.record(b"small")]))))
            check(error == KAFKA_STORAGE_ERROR, f"a small batch into the reserve: error {error}")
            # DeleteRecords needs room in the reserve; it frees whole segments only, so a topic goes instead.
            body = k.array([k.string("full")]) + k.i32(5000)
            answer = client.ask(k.framed(k.header(20, 1) + body))
            answer.i32(), answer.i32(), answer.string()
            check(answer.i16() == 0, "a topic cannot be deleted on a full disk")
            deadline, error, topic = time.time() + 10, -1, 0
            while error != 0 and time.time() < deadline:
                topic += 1
                name = f"again-{topic}"
                if k.created(client.ask(k.create_topics(name))).get(name) == 0:
                    error, _ = k.produce_error(client.ask(k.produce(name, k.batch([k.record(b"small")]))))
                time.sleep(0.1)
            check(error == 0, f"freed space does not help: error {error}")
        check(broker.stop() == 0, "the broker does not stop cleanly after a full disk")
        open(small, "wb").write(bytes(os.statvfs(mount).f_bavail * os.statvfs(mount).f_frsize))
        code, error = run_once(program, f"log.dirs={broker.data}", ANY_PORT)
        lines = [line for line in error.splitlines() if line.startswith("millrace broker: ")]
        print(f"start on a full disk: code {code}, {lines[:1] or 'serves'}")
        check(code is None or (code == 1 and len(lines) == 1 and "space" in lines[0].lower()),
              f"start on a full disk: code {code}, {error!r}")
    finally:
        subprocess.run(["umount", "-l", mount], capture_output=True)


data = second_process_on_a_directory()
directory_of_another_node(data)
directory_of_another_cluster(data)
wrong_configuration()
directories_that_cannot_be_used()
full_disk()
shutil.rmtree(work, ignore_errors=True)
if failures:
    sys.exit(f"{len(failures)} failed")
