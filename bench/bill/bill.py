#!/usr/bin/env python3
"""./dev bench bill [--check | --accept] [--job JOB] [--profile]

What a record costs: instructions (callgrind), allocations, system calls, bytes written; for each job of bench_bill.
--check   fails when a figure is more than 3 % above the accepted one (bench/bill/accepted.txt)
--accept  writes what was measured as the accepted figures: commit that file with the change that moved them
          (exit code 77: the accepted figures are another compiler's or machine's, nothing is compared)
--profile prints the functions in which the instructions are spent
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ACCEPTED = HERE / "accepted.txt"
JOBS = ["stateless", "count", "join"]
COLUMNS = ["instructions", "in broker", "allocations", "syscalls", "bytes"]
RISE = 1.03
# What is not worth a failure: a figure below is a handful of calls in the whole stretch.
SLACK = {"instructions": 0.5, "in broker": 0.5, "allocations": 0.0005, "syscalls": 0.0005, "bytes": 0.5}


def measure(program, job, profile):
    with tempfile.TemporaryDirectory(prefix="millrace-bill-") as directory:
        out = pathlib.Path(directory) / "callgrind.out"
        # callgrind counts an instruction for each byte of a `rep movsb`: copies are counted as the vector moves they
        # would be without it.
        environment = os.environ | {"GLIBC_TUNABLES": "glibc.cpu.x86_rep_movsb_threshold=1073741824"}
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", program, job,
             "--directory", directory + "/data"],
            env=environment, capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"bench_bill {job} failed:\n{run.stdout}{run.stderr[-2000:]}")
        made_with = re.search(r"made with (.*)", run.stdout)[1]
        counts = re.search(r"records (\d+) allocations (\d+) calls (\d+) written (\d+)", run.stdout)
        total = re.search(r"^totals: (\d+)", out.read_text(), re.M)
        records, allocations, calls, written = map(int, counts.groups())
        annotated = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out],
                                   capture_output=True, text=True).stdout
        broker = sum(int(n.replace(",", "")) for n in
                     re.findall(r"^ *([\d,]+) .*:millrace::broker::Broker::(?:step|end_turn)\(", annotated, re.M))
        if profile:
            print(subprocess.run(["callgrind_annotate", "--inclusive=no", "--threshold=95", out],
                                 capture_output=True, text=True).stdout)
        return dict(zip(COLUMNS, (n / records for n in (int(total[1]), broker, allocations, calls, written)))), made_with


def tools(made_with):
    valgrind = subprocess.run(["valgrind", "--version"], capture_output=True, text=True).stdout.strip()
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    return f"{made_with}, {valgrind}, {'avx2' if 'avx2' in flags else 'no avx2'}"


def read_accepted():
    figures = {}
    for line in ACCEPTED.read_text().splitlines():
        fields = line.split()
        if fields and fields[0] in JOBS:
            figures[fields[0]] = dict(zip(COLUMNS, map(float, fields[1:])))
            continue
        made = re.match(r"# made with (.*)", line)
        figures["tools"] = made[1] if made else figures.get("tools")
    return figures


def line(job, figures):
    return f"{job:<10} {figures['instructions']:>12.1f} {figures['in broker']:>9.1f} {figures['allocations']:>12.4f} {figures['syscalls']:>10.4f} {figures['bytes']:>8.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(HERE.parent.parent / "build/release/bin/bench_bill"))
    parser.add_argument("--job", action="append", choices=JOBS)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--profile", action="store_true")
    flags = parser.parse_args()
    heading = f"{'# a record':<10} {'instructions':>12} {'in broker':>9} {'allocations':>12} {'syscalls':>10} {'bytes':>8}"
    accepted = read_accepted() if ACCEPTED.exists() else {}
    print(heading)
    failed = []
    for job in flags.job or JOBS:
        figures, made_with = measure(flags.program, job, flags.profile)
        print(line(job, figures), flush=True)
        if flags.accept:
            accepted[job] = figures
            accepted["tools"] = tools(made_with)
        elif flags.check and accepted["tools"] != tools(made_with):
            print(f"accepted are figures of {accepted['tools']}; these are of {tools(made_with)}: not compared")
            sys.exit(77)
        for column in COLUMNS if flags.check else []:
            before = accepted[job][column]
            if figures[column] > before * RISE + SLACK[column]:
                failed.append(f"{job}: {figures[column]:.4f} {column} a record, accepted are {before:.4f}: a rise over 3 %")
    if flags.accept:
        ACCEPTED.write_text(
            "# What a record may cost: ./dev bench bill --check fails at 3 % more, --accept writes this file.\n"
            + f"# made with {accepted['tools']}\n"
            + heading + "\n" + "".join(line(job, accepted[job]) + "\n" for job in JOBS if job in accepted))
    if failed:
        sys.exit("\n".join(failed) + "\nIf it is worth it: ./dev bench bill --accept, and say why in the commit.")


main()
