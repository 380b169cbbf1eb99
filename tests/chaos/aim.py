"""Waits for writes to files, by inotify: what a kill is aimed with. No polling, no sleeping."""
import ctypes
import os
import select
import struct
import time

MODIFY, CREATE, MOVED, DELETE = 0x2, 0x100, 0xC0, 0x200
libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Changes below some directories (not their subdirectories), in order."""

    def __init__(self, directories, mask=MODIFY):
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self.names, self.queue = {}, []
        for directory in directories:
            wd = libc.inotify_add_watch(self.fd, os.fsencode(directory), mask)
            if wd >= 0:
                self.names[wd] = os.path.basename(directory)

    def close(self):
        os.close(self.fd)

    def next(self, deadline):
        """The name of the directory in which something changed; None: the deadline came first."""
        while not self.queue:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                return None
            data, at = os.read(self.fd, 65536), 0
            while at < len(data):
                wd, mask, _, length = struct.unpack_from("iIII", data, at)
                at += 16 + length
                if wd in self.names:
                    self.queue.append(self.names[wd])
        return self.queue.pop(0)

    def drain(self):
        """Forgets what happened so far."""
        self.queue.clear()
        while select.select([self.fd], [], [], 0)[0]:
            os.read(self.fd, 65536)
