"""A `millrace broker` process under test: start, stop, its log, its memory."""
import os, re, resource, select, signal, subprocess, tempfile


class BrokerProcess:
    def __init__(self, program, directory=None, overrides=()):
        self.program = program
        self.directory = directory or tempfile.mkdtemp(prefix="millrace-hostile-")
        self.data = os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "log")
        self.arguments = [program, "broker", "--override", f"log.dirs={self.data}",
                          "--override", "listeners=PLAINTEXT://127.0.0.1:0"]
        for override in overrides:
            self.arguments += ["--override", override]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stderr=open(self.log_path, "a"), text=True)
        line = self.process.stdout.readline()
        found = re.search(r"ready on (\S+):(\d+)", line)
        if not found:
            raise SystemExit(f"the broker did not start: {line!r}\n{self.log()}")
        self.host, self.port = "127.0.0.1", int(found[2])
        return self

    def log(self):
        return open(self.log_path, errors="replace").read()

    def alive(self):
        return self.process.poll() is None

    def memory(self, what="VmRSS"):
        """bytes; VmHWM is the highest so far"""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(what + ":"):
                return int(line.split()[1]) * 1024
        return 0

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=20)


def run_once(program, *overrides, properties=None, timeout=30):
    """Starts a broker that is expected to refuse: (exit code, standard error). A broker that does start is stopped: code None."""
    arguments = [program, "broker"]
    if properties:
        arguments.append(properties)
    for override in overrides:
        arguments += ["--override", override]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    readable, _, _ = select.select([process.stdout], [], [], timeout)
    if not readable:
        process.kill()
        return "hangs", process.stderr.read()
    if "ready on" in process.stdout.readline():   # else it is at its end
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        return None, process.stderr.read()
    return process.wait(timeout=20), process.stderr.read()


def allow_many_files(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
