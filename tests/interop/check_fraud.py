#!/usr/bin/env python3
"""Holds the committed output of the fraud example against its Kafka Streams twin, as kcat reads it. Usage: HOST:PORT."""
import gzip
import os
import subprocess
import sys
from collections import defaultdict

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "fraud")


def crc32c_table():
    table = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = (c >> 1) ^ 0x82F63B78 if c & 1 else c >> 1
        table.append(c)
    return table


TABLE = crc32c_table()


def crc32c(data):
    c = 0xFFFFFFFF
    for b in data:
        c = TABLE[(c ^ b) & 255] ^ (c >> 8)
    return c ^ 0xFFFFFFFF


def read(bootstrap, topic, form):
    out = subprocess.run(["kcat", "-C", "-b", bootstrap, "-t", topic, "-o", "beginning", "-e", "-q", "-X",
                          "isolation.level=read_committed", *form], stdout=subprocess.PIPE, check=True).stdout
    return out


def fail(what):
    print("FAILED:", what)
    sys.exit(1)


def main():
    bootstrap = sys.argv[1]
    alerts = defaultdict(list)
    for line in read(bootstrap, "alerts", ["-f", "%k\t%s\t%T\n"]).decode().splitlines():
        alerts[line.split("\t")[0]].append(line)
    expected = defaultdict(list)
    for line in open(os.path.join(GOLDEN, "alerts.tsv")):
        expected[line.split("\t")[0]].append(line.rstrip("\n"))
    if alerts != expected:
        fail(f"alerts differ: {sum(map(len, alerts.values()))} records, expected {sum(map(len, expected.values()))}")
    enriched = defaultdict(list)
    for line in read(bootstrap, "enriched", ["-f", "%k\t%s\t%T\n"]).decode().splitlines():
        key, rest = line.split("\t", 1)
        enriched[key].append(rest + "\n")
    for line in open(os.path.join(GOLDEN, "enriched.tsv")):
        key, n, crc = line.split()
        got = enriched.pop(key, [])
        if len(got) != int(n) or crc32c("".join(got).encode()) != int(crc, 16):
            fail(f"enriched differs for card {key}: {len(got)} records, expected {n}")
    if enriched:
        fail(f"enriched has cards that are not expected: {list(enriched)[:3]}")
    counts = {}
    raw = read(bootstrap, "category-counts", ["-f", "%K %k%s"])   # the key's length in digits, key, value of 8 bytes
    expected_counts = {}
    for line in gzip.open(os.path.join(GOLDEN, "category-counts.tsv.gz"), "rt"):
        category, start, n = line.rstrip("\n").split("\t")
        expected_counts[(category, int(start))] = int(n)
    at = 0
    while at < len(raw):
        blank = raw.index(b" ", at)
        end = blank + 1 + int(raw[at:blank])
        key, value = raw[blank + 1:end], raw[end:end + 8]
        category, start, n = key[:-8].decode(), int.from_bytes(key[-8:], "big"), int.from_bytes(value, "big")
        if n != counts.get((category, start), 0) + 1:
            fail(f"category-counts: {category}@{start} went from {counts.get((category, start), 0)} to {n}")
        counts[(category, start)] = n
        at = end + 8
    if counts != expected_counts:
        fail(f"category-counts differ: {len(counts)} keys, expected {len(expected_counts)}")
    print(f"passed: {sum(map(len, alerts.values()))} alert updates, {len(expected_counts)} category minutes, equal to the twin's")


main()
