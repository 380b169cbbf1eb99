"""As much of the Kafka protocol as hostile clients need, written by hand so that it can be wrong on purpose."""
import socket, struct, time, zlib

PRODUCE, FETCH, LIST_OFFSETS, METADATA, API_VERSIONS, CREATE_TOPICS = 0, 1, 2, 3, 18, 19


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


_CRC = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def i8(v): return struct.pack(">b", v)
def i16(v): return struct.pack(">h", v)
def i32(v): return struct.pack(">i", v)
def i64(v): return struct.pack(">q", v)


def uvarint(v):
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


def varint(v):
    return uvarint((v << 1 ^ v >> 63) & (2**64 - 1))


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return i16(len(data)) + data


def compact(text):
    data = text if isinstance(text, bytes) else text.encode()
    return uvarint(len(data) + 1) + data


def array(items):
    items = list(items)
    return i32(len(items)) + b"".join(items)


def header(key, version, correlation=7, client="hostile", flexible=False):
    client_id = i16(-1) if client is None else string(client)
    return i16(key) + i16(version) + i32(correlation) + client_id + (b"\0" if flexible else b"")


def framed(body):
    return i32(len(body)) + body


def record(value, key=None, offset_delta=0, timestamp_delta=0):
    def part(data):
        return varint(-1) if data is None else varint(len(data)) + data
    body = b"\0" + varint(timestamp_delta) + varint(offset_delta) + part(key) + part(value) + varint(0)
    return varint(len(body)) + body


def batch(records, count=None, attributes=0, magic=2, last_offset_delta=None, timestamp=None, max_timestamp=None,
          crc=None, length=None, producer_id=-1, epoch=-1, sequence=-1):
    """`records`: a list of encoded records, or the bytes that stand there (packed ones)."""
    timestamp = int(time.time() * 1000) if timestamp is None else timestamp
    payload = records if isinstance(records, bytes) else b"".join(records)
    n = count if count is not None else len(records)
    covered = struct.pack(">hiqqqhii", attributes, n - 1 if last_offset_delta is None else last_offset_delta, timestamp,
                          timestamp if max_timestamp is None else max_timestamp, producer_id, epoch, sequence, n) + payload
    checksum = crc32c(covered) if crc is None else crc
    body = i32(-1) + i8(magic) + struct.pack(">I", checksum) + covered
    return i64(0) + i32(len(body) if length is None else length) + body


def produce(topic, records, partition=0, acks=-1, version=7, correlation=7, client="hostile"):
    body = i16(-1) + i16(acks) + i32(5000) + array(
        [string(topic) + array([i32(partition) + (i32(-1) if records is None else i32(len(records)) + records)])])
    return framed(header(PRODUCE, version, correlation, client) + body)


def fetch(topic, offset, partition=0, version=7, session=0, epoch=-1, bytes_max=1 << 20, partition_bytes=1 << 20, wait=0,
          correlation=7, topics=None):
    one = i32(partition) + i64(offset) + i64(-1) + i32(partition_bytes)
    if topics is None:
        topics = array([string(topic) + array([one])])
    body = i32(-1) + i32(wait) + i32(0) + i32(bytes_max) + i8(0) + i32(session) + i32(epoch) + topics + array([])
    return framed(header(FETCH, version, correlation) + body)


def create_topics(*names, partitions=1):
    body = array([string(n) + i32(partitions) + i16(1) + array([]) + array([]) for n in names]) + i32(5000) + b"\0"
    return framed(header(CREATE_TOPICS, 3) + body)


class Client:
    def __init__(self, host, port, timeout=5.0):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self): return self

    def __exit__(self, *_): self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass   # closed already: the next read says so

    def read_exactly(self, n):
        data = bytearray()
        while len(data) < n:
            more = self.socket.recv(min(n - len(data), 1 << 20))
            if not more:
                raise ConnectionResetError("closed by the broker")
            data += more
        return bytes(data)

    def answer(self):
        """The next response without its size, correlation id first."""
        return self.read_exactly(struct.unpack(">i", self.read_exactly(4))[0])

    def ask(self, frame):
        self.send(frame)
        return Reader(self.answer())

    def closed_within(self, seconds):
        """True when the broker closes and says nothing before; an answer or silence is False."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except socket.timeout:
            return False


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0
        self.correlation = self.i32()

    def take(self, form):
        value = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(">" + form)
        return value

    def i8(self): return self.take("b")
    def i16(self): return self.take("h")
    def i32(self): return self.take("i")
    def i64(self): return self.take("q")

    def string(self):
        n = self.i16()
        if n < 0:
            return None
        self.at += n
        return self.data[self.at - n:self.at].decode(errors="replace")


def produce_error(reader):
    """(error, base offset) of the first partition of a Produce response, version 7."""
    assert reader.i32() == 1
    reader.string()
    assert reader.i32() == 1
    reader.i32()
    return reader.i16(), reader.i64()


def fetch_error(reader):
    """(top error, session, partition error or None, high watermark) of a Fetch response, version 7."""
    reader.i32()
    error, session = reader.i16(), reader.i32()
    if reader.i32() == 0:
        return error, session, None, None
    reader.string()
    if reader.i32() == 0:
        return error, session, None, None
    reader.i32()
    return error, session, reader.i16(), reader.i64()


def created(reader):
    """{topic: error} of a CreateTopics response, version 3."""
    reader.i32()
    result = {}
    for _ in range(reader.i32()):
        name = reader.string()
        result[name] = reader.i16()
        reader.string()
    return result


# ---- packed records that unpack to far more than they are ----

def gzip_bomb(size):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join([packer.compress(zeros) for _ in range(size >> 20)] + [packer.flush()])


def zstd_bomb(size):
    """RLE blocks of 128 KiB: four bytes each. The window is 128 KiB, the size is not said."""
    blocks = size >> 17
    out = bytearray(b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([7 << 3]))
    for i in range(blocks):
        out += struct.pack("<I", (1 << 17) << 3 | 1 << 1 | (i == blocks - 1))[:3] + b"\0"
    return bytes(out)


def zstd_huge_window():
    """One empty block behind a header that asks for a window of 2 GiB."""
    return b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([21 << 3]) + b"\x01\x00\x00"


def xxh32(data, seed=0):
    p1, p2, p3, p4, p5, mask = 2654435761, 2246822519, 3266489917, 668265263, 374761393, 0xFFFFFFFF
    h = (seed + p5 + len(data)) & mask   # under 16 bytes only
    at = 0
    while at + 4 <= len(data):
        h = (h + struct.unpack_from("<I", data, at)[0] * p3) & mask
        h = ((h << 17 | h >> 15) & mask) * p4 & mask
        at += 4
    for byte in data[at:]:
        h = (h + byte * p5) & mask
        h = ((h << 11 | h >> 21) & mask) * p1 & mask
    h = (h ^ h >> 15) * p2 & mask
    h = (h ^ h >> 13) * p3 & mask
    return h ^ h >> 16


def lz4_frame(block, checksum=None):
    descriptor = b"\x60" + b"\x70"   # independent blocks of at most 4 MiB
    own = bytes([xxh32(descriptor) >> 8 & 0xFF]) if checksum is None else bytes([checksum])
    return b"\x04\x22\x4d\x18" + descriptor + own + block + i32(0)


def lz4_bomb(size):
    run = (4 << 20) - 64
    extra, literals = run - 19, b"\0"
    one = b"\x1f" + literals + b"\x01\x00" + b"\xff" * (extra // 255) + bytes([extra % 255]) + b"\x50" + b"\0" * 5
    block = struct.pack("<I", len(one)) + one
    return lz4_frame(block * (size // run + 1))


def snappy_huge_length():
    return uvarint(2**31 - 1) + b"\0" * 20


def xerial_huge_block():
    return b"\x82SNAPPY\0" + i32(1) + i32(1) + i32(2**31 - 1) + b"\0" * 20
