"""Any request as JSON, in the form of Kafka's JSON converters, to a broker, and its answer the same way: `millrace wire` does
the bytes, so every API at every version can be asked in one line. Needs no library."""
import json
import pathlib
import socket
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/release/bin/millrace"
KEYS = {"Produce": 0, "Fetch": 1, "ListOffsets": 2, "Metadata": 3, "FindCoordinator": 10, "ApiVersions": 18, "CreateTopics": 19,
        "DeleteTopics": 20, "DeleteRecords": 21, "InitProducerId": 22, "OffsetForLeaderEpoch": 23, "AddPartitionsToTxn": 24,
        "EndTxn": 26, "DescribeAcls": 29, "CreateAcls": 30, "DeleteAcls": 31, "DescribeConfigs": 32, "AlterConfigs": 33,
        "AlterReplicaLogDirs": 34, "DescribeLogDirs": 35, "CreatePartitions": 37, "CreateDelegationToken": 38,
        "RenewDelegationToken": 39, "ExpireDelegationToken": 40, "DescribeDelegationToken": 41, "ElectLeaders": 43,
        "IncrementalAlterConfigs": 44, "AlterPartitionReassignments": 45, "ListPartitionReassignments": 46,
        "DescribeClientQuotas": 48, "AlterClientQuotas": 49, "DescribeUserScramCredentials": 50, "AlterUserScramCredentials": 51,
        "DescribeQuorum": 55, "UpdateFeatures": 57, "DescribeCluster": 60, "DescribeProducers": 61, "UnregisterBroker": 64,
        "DescribeTransactions": 65, "ListTransactions": 66, "GetTelemetrySubscriptions": 71, "PushTelemetry": 72,
        "ListConfigResources": 74, "DescribeTopicPartitions": 75, "AddRaftVoter": 80, "RemoveRaftVoter": 81}
FLEXIBLE = {"Produce": 9, "Fetch": 12, "ListOffsets": 6, "Metadata": 9, "FindCoordinator": 3, "ApiVersions": 3, "CreateTopics": 5,
            "DeleteTopics": 4, "DeleteRecords": 2, "InitProducerId": 2, "OffsetForLeaderEpoch": 4, "AddPartitionsToTxn": 3,
            "EndTxn": 3, "DescribeAcls": 2, "CreateAcls": 2, "DeleteAcls": 2, "DescribeConfigs": 4, "AlterConfigs": 2,
            "AlterReplicaLogDirs": 2, "DescribeLogDirs": 2, "CreatePartitions": 2, "CreateDelegationToken": 2,
            "RenewDelegationToken": 2, "ExpireDelegationToken": 2, "DescribeDelegationToken": 2, "ElectLeaders": 2,
            "IncrementalAlterConfigs": 1, "DescribeClientQuotas": 1, "AlterClientQuotas": 1}


class Wire:  # one process that turns JSON into hex, one for the way back
    def __init__(self):
        def start(what, *more):
            return subprocess.Popen([PROGRAM, "wire", what, "--lines", *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.encoder, self.decoder = start("encode", "--defaults"), start("decode")

    @staticmethod
    def ask(process, line):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        answer = process.stdout.readline().strip()
        if answer.startswith("error:"):
            raise ValueError(f"{line[:200]}: {answer}")
        return answer

    def encode(self, name, version, body):
        text = self.ask(self.encoder, f"{name} {version} {json.dumps(body)}")
        return b"" if text == "-" else bytes.fromhex(text)

    def decode(self, name, version, data):
        return json.loads(self.ask(self.decoder, f"{name} {version} {data.hex() or '-'}"))


WIRE = Wire()


class Broker:
    def __init__(self, address, client_id="tester"):
        self.address, self.client_id, self.correlation, self.socket = address, client_id, 0, None

    def connect(self):
        host, port = self.address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=60)

    def receive(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def call(self, api, version, body):
        """The answer as a dict, or {"closed": True}: the connection was closed without one."""
        if self.socket is None:
            self.connect()
        self.correlation += 1
        flexible = version >= FLEXIBLE.get(api, 0)
        client = self.client_id.encode()
        header = struct.pack(">hhih", KEYS[api], version, self.correlation, len(client)) + client + (b"\0" if flexible else b"")
        frame = header + WIRE.encode(api + "Request", version, body)
        try:
            self.socket.sendall(struct.pack(">i", len(frame)) + frame)
            answer = self.receive(struct.unpack(">i", self.receive(4))[0])
        except ConnectionError:
            self.socket.close()
            self.socket = None
            return {"closed": True}
        return WIRE.decode(api + "Response", version, answer[5 if flexible and api != "ApiVersions" else 4:])
