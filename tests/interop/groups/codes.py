#!/usr/bin/env python3
"""The same requests of classic groups and of the group admin calls, at every version, to broker A and to broker B; what they
answer is compared, ids and times aside. Usage: codes.py MILLRACE A B   (MILLRACE: the program; its `wire` knows the messages)"""
import base64
import json
import re
import socket
import struct
import subprocess
import sys
import time

program, *brokers = sys.argv[1:]
VERBOSE = len(brokers) == 1
APIS = {  # key, first flexible version
    "JoinGroup": (11, 6), "SyncGroup": (14, 4), "Heartbeat": (12, 4), "LeaveGroup": (13, 4), "DescribeGroups": (15, 5),
    "ListGroups": (16, 3), "DeleteGroups": (42, 2), "OffsetDelete": (47, 99), "OffsetCommit": (8, 8), "OffsetFetch": (9, 6),
    "FindCoordinator": (10, 3), "CreateTopics": (19, 5), "DeleteTopics": (20, 4), "Metadata": (3, 9), "InitProducerId": (22, 2),
    "AddOffsetsToTxn": (25, 3), "Fetch": (1, 12), "TxnOffsetCommit": (28, 3), "EndTxn": (26, 3)}


class Wire:
    def __init__(self, way):
        self.process = subprocess.Popen([program, "wire", way, "--lines"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        bufsize=1)

    def ask(self, name, version, what):
        self.process.stdin.write(f"{name} {version} {what}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n")
        if answer.startswith("error"):
            raise ValueError(f"{name} {version} {what}: {answer}")
        return answer


encode, decode = Wire("encode"), Wire("decode")


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def subscription(*topics):
    body = struct.pack(">hi", 0, len(topics))
    for topic in topics:
        body += struct.pack(">h", len(topic)) + topic.encode()
    return b64(body + struct.pack(">i", -1))


class Connection:
    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=8)
        self.correlation = 0

    def send(self, api, version, body):
        key, flexible = APIS[api]
        payload = bytes.fromhex(encode.ask(api + "Request", version, json.dumps(body)).replace("-", ""))
        self.correlation += 1
        client = b"judge"
        header = struct.pack(">hhih", key, version, self.correlation, len(client)) + client + (b"\0" if version >= flexible else b"")
        self.socket.sendall(struct.pack(">i", len(header + payload)) + header + payload)
        return api, version

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError("closed")
            data += more
        return data

    def receive(self, sent):
        api, version = sent
        size = struct.unpack(">i", self.exactly(4))[0]
        data = self.exactly(size)[4:]
        if version >= APIS[api][1]:
            data = data[1:]  # no tags
        return json.loads(decode.ask(api + "Response", version, data.hex() or "-"))

    def call(self, api, version, body):
        return self.receive(self.send(api, version, body))


class Story:
    """What one broker says; ids are named in the order in which they come."""

    def __init__(self, address):
        self.address, self.lines, self.names = address, [], {}
        self.connection = self.fresh()

    def fresh(self):
        return Connection(self.address)

    def name(self, match):
        return self.names.setdefault(match.group(0), f"<{len(self.names)}>")

    def note(self, what, answer):
        answer.pop("throttleTimeMs", None)
        for field in ("groups", "results"):
            if isinstance(answer.get(field), list) and answer[field] and "groupId" in answer[field][0]:
                answer[field].sort(key=lambda g: g["groupId"])
                for group in answer[field]:
                    if "members" in group:
                        group["members"].sort(key=lambda m: (m["memberAssignment"], m["memberMetadata"]))
        if isinstance(answer.get("topics"), list):
            for topic in answer["topics"]:
                topic.get("partitions", []).sort(key=lambda p: p["partitionIndex"])
        text = json.dumps(answer, sort_keys=True)
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", self.name, text)
        text = re.sub(r'("(?:topicId)": )"[^"]*"', r'\1"<id>"', text)
        self.lines.append(f"{what}: {text}")
        if VERBOSE:
            print(self.lines[-1], flush=True)

    def call(self, what, api, version, body, note=True):
        try:
            answer = self.connection.call(api, version, body)
        except (EOFError, OSError):
            self.lines.append(f"{what} {api} v{version}: no answer")
            self.connection = self.fresh()
            return {}
        if note:
            self.note(f"{what} {api} v{version}", json.loads(json.dumps(answer)))
        return answer


def join(group, version, member="", session=10000, rebalance=20000, instance=None, type="consumer", protocols=(("range", ("t",)),)):
    body = {"groupId": group, "sessionTimeoutMs": session, "memberId": member, "protocolType": type,
            "protocols": [{"name": n, "metadata": subscription(*t)} for n, t in protocols]}
    if version >= 1:
        body["rebalanceTimeoutMs"] = rebalance
    if version >= 5:
        body["groupInstanceId"] = instance
    if version >= 8:
        body["reason"] = None
    return body


def sync(group, version, member, generation, assign=None, instance=None, type="consumer", protocol="range"):
    body = {"groupId": group, "generationId": generation, "memberId": member,
            "assignments": [{"memberId": m, "assignment": b64(a)} for m, a in (assign or {}).items()]}
    if version >= 3:
        body["groupInstanceId"] = instance
    if version >= 5:
        body["protocolType"], body["protocolName"] = type, protocol
    return body


def heartbeat(group, version, member, generation, instance=None):
    body = {"groupId": group, "generationId": generation, "memberId": member}
    if version >= 3:
        body["groupInstanceId"] = instance
    return body


def leave(group, version, *members):
    if version < 3:
        return {"groupId": group, "memberId": members[0][0]}
    listed = [{"memberId": m, "groupInstanceId": i} for m, i in members]
    if version >= 5:
        for one in listed:
            one["reason"] = None
    return {"groupId": group, "members": listed}


def commit(group, version, member="", generation=-1, offset=5, topic="t", partition=0, metadata="m", instance=None, topic_id=None):
    one = {"partitionIndex": partition, "committedOffset": offset, "committedMetadata": metadata}
    if version >= 6:
        one["committedLeaderEpoch"] = 3
    body = {"groupId": group, "generationIdOrMemberEpoch": generation, "memberId": member,
            "topics": [{("topicId" if version >= 10 else "name"): topic_id if version >= 10 else topic, "partitions": [one]}]}
    if 2 <= version <= 4:
        body["retentionTimeMs"] = -1
    if version >= 7:
        body["groupInstanceId"] = instance
    return body


def fetch(version, groups, topics, stable=False, topic_id=None):
    """topics: {name: partitions}, or None for all."""
    if version < 8:
        body = {"groupId": groups[0], "topics": None if topics is None else
                [{"name": t, "partitionIndexes": p} for t, p in topics.items()]}
        if version >= 7:
            body["requireStable"] = stable
        return body
    asked = []
    for group in groups:
        one = {"groupId": group, "topics": None if topics is None else
               [{("topicId" if version >= 10 else "name"): topic_id if version >= 10 else t, "partitionIndexes": p} for t, p in topics.items()]}
        if version >= 9:
            one["memberId"], one["memberEpoch"] = None, -1
        asked.append(one)
    return {"groups": asked, "requireStable": stable}


def describe(version, *groups):
    body = {"groups": list(groups)}
    if version >= 3:
        body["includeAuthorizedOperations"] = False
    return body


def listing(version, states=(), types=()):
    body = {}
    if version >= 4:
        body["statesFilter"] = list(states)
    if version >= 5:
        body["typesFilter"] = list(types)
    return body


def tell(address):
    s = Story(address)
    while s.call("", "FindCoordinator", 4, {"keyType": 0, "coordinatorKeys": ["g"]}, note=False)["coordinators"][0]["errorCode"]:
        time.sleep(0.1)
    for topic in ("t", "gone"):
        s.call("", "CreateTopics", 5, {"topics": [{"name": topic, "numPartitions": 4, "replicationFactor": 1, "assignments": [],
                                                  "configs": []}], "timeoutMs": 10000, "validateOnly": False}, note=False)
    for _ in range(100):
        answer = s.call("", "Metadata", 12, {"topics": [{"name": "t", "topicId": "AAAAAAAAAAAAAAAAAAAAAA"}], "allowAutoTopicCreation": False,
                                            "includeTopicAuthorizedOperations": False}, note=False)
        if answer["topics"][0]["errorCode"] == 0:
            break
        time.sleep(0.1)
    topic_id = answer["topics"][0]["topicId"]

    # ---- what is refused, at every version ----
    for v in range(10):
        s.call("no group", "JoinGroup", v, join("", v))
        s.call("short session", "JoinGroup", v, join("x", v, session=10))
        s.call("long session", "JoinGroup", v, join("x", v, session=100000000))
        s.call("unknown member of no group", "JoinGroup", v, join("x", v, member="who"))
        s.call("no protocols", "JoinGroup", v, join(f"none{v}", v, protocols=()))
        s.call("no protocol type", "JoinGroup", v, join(f"untyped{v}", v, type=""))
    for v in range(6):
        s.call("no group", "SyncGroup", v, sync("", v, "m", 1))
        s.call("unknown group", "SyncGroup", v, sync("x", v, "m", 1))
        s.call("no group", "LeaveGroup", v, leave("", v, ("m", None)))
        s.call("unknown group", "LeaveGroup", v, leave("x", v, ("m", None)))
        s.call("unknown group, static", "LeaveGroup", v, leave("x", v, ("", "i")))
    s.call("no names", "SyncGroup", 5, sync("x", 5, "m", 1, type=None, protocol=None))
    for v in range(5):
        s.call("no group", "Heartbeat", v, heartbeat("", v, "m", 1))
        s.call("unknown group", "Heartbeat", v, heartbeat("x", v, "m", 1))
    for v in range(7):
        s.call("unknown", "DescribeGroups", v, describe(v, "x", ""))
    for v in range(4):
        s.call("unknown", "DeleteGroups", v, {"groupsNames": ["x", ""]})
    s.call("unknown", "OffsetDelete", 0, {"groupId": "x", "topics": [{"name": "t", "partitions": [{"partitionIndex": 0}]}]})
    s.call("no group", "OffsetDelete", 0, {"groupId": "", "topics": [{"name": "t", "partitions": [{"partitionIndex": 0}]}]})
    s.call("unknown, no topics", "OffsetDelete", 0, {"groupId": "x", "topics": []})
    s.call("unknown topic", "OffsetDelete", 0, {"groupId": "x", "topics": [{"name": "nowhere", "partitions": [{"partitionIndex": 0}]}]})

    # ---- a life at every version: join, sync, heartbeat, commit, join again, leave ----
    for v in range(10):
        g = f"life{v}"
        sv, hv, lv = min(v, 5), min(v, 4), min(v, 5)
        first = s.call("join", "JoinGroup", v, join(g, v))
        me = first["memberId"]
        if v >= 4:
            s.call("id given", "DescribeGroups", 6, describe(6, g))
            first = s.call("join with it", "JoinGroup", v, join(g, v, member=me))
        s.call("completing", "DescribeGroups", 6, describe(6, g))
        s.call("heartbeat in completing", "Heartbeat", hv, heartbeat(g, hv, me, 1))
        s.call("commit in completing", "OffsetCommit", 9, commit(g, 9, me, 1))
        s.call("join again in completing", "JoinGroup", v, join(g, v, member=me))
        s.call("sync, wrong generation", "SyncGroup", sv, sync(g, sv, me, 7))
        s.call("sync, unknown member", "SyncGroup", sv, sync(g, sv, "who", 1))
        if sv >= 5:
            s.call("sync, other protocol", "SyncGroup", sv, sync(g, sv, me, 1, {me: "A"}, protocol="sticky"))
            s.call("sync, other type", "SyncGroup", sv, sync(g, sv, me, 1, {me: "A"}, type="connect"))
        s.call("sync", "SyncGroup", sv, sync(g, sv, me, 1, {me: "A", "stranger": "B"}))
        s.call("sync again", "SyncGroup", sv, sync(g, sv, me, 1))
        s.call("stable", "DescribeGroups", min(v, 6), describe(min(v, 6), g))
        s.call("list", "ListGroups", min(v, 5), listing(min(v, 5), ["Stable"]))
        s.call("heartbeat", "Heartbeat", hv, heartbeat(g, hv, me, 1))
        s.call("heartbeat, wrong generation", "Heartbeat", hv, heartbeat(g, hv, me, 2))
        s.call("heartbeat, unknown", "Heartbeat", hv, heartbeat(g, hv, "who", 1))
        s.call("other protocols", "JoinGroup", v, join(g, v, protocols=(("sticky", ("t",)),)))
        s.call("other type", "JoinGroup", v, join(g, v, type="connect"))
        s.call("unknown member", "JoinGroup", v, join(g, v, member="who"))
        for cv in range(2, 10):
            s.call("commit", "OffsetCommit", cv, commit(g, cv, me, 1, offset=cv))
            s.call("commit, wrong generation", "OffsetCommit", cv, commit(g, cv, me, 2))
            s.call("commit, unknown member", "OffsetCommit", cv, commit(g, cv, "who", 1))
            s.call("commit of an administrator", "OffsetCommit", cv, commit(g, cv))
        s.call("commit by id", "OffsetCommit", 10, commit(g, 10, me, 1, offset=10, topic_id=topic_id))
        s.call("delete", "DeleteGroups", min(v, 3), {"groupsNames": [g]})
        s.call("delete offset", "OffsetDelete", 0, {"groupId": g, "topics": [{"name": "t", "partitions": [{"partitionIndex": 0}]},
                                                                           {"name": "gone", "partitions": [{"partitionIndex": 0}]}]})
        s.call("leader joins again", "JoinGroup", v, join(g, v, member=me))
        s.call("sync of the second", "SyncGroup", sv, sync(g, sv, me, 2, {me: "C"}))
        s.call("leave, unknown", "LeaveGroup", lv, leave(g, lv, ("who", None)))
        s.call("leave", "LeaveGroup", lv, leave(g, lv, (me, None)))
        s.call("leave again", "LeaveGroup", lv, leave(g, lv, (me, None)))
        s.call("empty", "DescribeGroups", min(v, 6), describe(min(v, 6), g))
        s.call("heartbeat in empty", "Heartbeat", hv, heartbeat(g, hv, me, 2))
        s.call("sync in empty", "SyncGroup", sv, sync(g, sv, me, 2))
        s.call("join again in empty", "JoinGroup", v, join(g, v, member=me))
        s.call("commit in empty", "OffsetCommit", 9, commit(g, 9, me, 2))
        s.call("commit of an administrator", "OffsetCommit", 9, commit(g, 9, offset=77))
        s.call("commit without a generation", "OffsetCommit", 9, commit(g, 9, me, -1, offset=78))
        s.call("delete offset", "OffsetDelete", 0, {"groupId": g, "topics": [{"name": "t", "partitions": [{"partitionIndex": 3}]}]})

    # ---- offsets ----
    s.call("simple", "OffsetCommit", 2, commit("simple", 2, offset=100))
    for v in range(2, 10):
        s.call("commit to no group with a generation", "OffsetCommit", v, commit(f"new{v}", v, "m", 3))
        s.call("commit to a simple one with a generation", "OffsetCommit", v, commit("simple", v, "m", 3))
        s.call("unknown topic", "OffsetCommit", v, commit("simple", v, topic="nowhere"))
        s.call("partition out of range", "OffsetCommit", v, commit("simple", v, partition=44))
        s.call("negative partition", "OffsetCommit", v, commit("simple", v, partition=-1))
        s.call("negative offset", "OffsetCommit", v, commit("simple", v, partition=3, offset=-1))
        s.call("long metadata", "OffsetCommit", v, commit("simple", v, partition=2, metadata="x" * 5000))
        s.call("null metadata", "OffsetCommit", v, commit("simple", v, partition=3, metadata=None))
        s.call("no group id", "OffsetCommit", v, commit("", v))
    s.call("unknown id", "OffsetCommit", 10, commit("simple", 10, topic_id="AAAAAAAAAAAAAAAAAAAAAQ"))
    s.call("of gone", "OffsetCommit", 9, commit("simple", 9, topic="gone", partition=1))
    for v in range(1, 11):
        s.call("some", "OffsetFetch", v, fetch(v, ["simple"], {"t": [0, 1, 3]}, topic_id=topic_id))
        s.call("of an unknown group", "OffsetFetch", v, fetch(v, ["x"], {"t": [0]}, topic_id=topic_id))
        if v < 10:
            s.call("of an unknown topic", "OffsetFetch", v, fetch(v, ["simple"], {"nowhere": [0, 1]}))
        if v >= 2:
            s.call("all", "OffsetFetch", v, fetch(v, ["life9"], None))
            s.call("all of an unknown group", "OffsetFetch", v, fetch(v, ["x"], None))
        if v >= 8:
            s.call("of two groups", "OffsetFetch", v, fetch(v, ["life9", "life8"], {"t": [0]}, topic_id=topic_id))
        s.call("no group id", "OffsetFetch", v, fetch(v, [""], {"t": [0]}, topic_id=topic_id))
    s.call("unknown id", "OffsetFetch", 10, fetch(10, ["simple"], {"t": [0]}, topic_id="AAAAAAAAAAAAAAAAAAAAAQ"))
    s.call("", "DeleteTopics", 5, {"topicNames": ["gone"], "timeoutMs": 10000}, note=False)
    for _ in range(50):
        if len(s.call("", "OffsetFetch", 9, fetch(9, ["simple"], {"gone": [1]}), note=False)["groups"]) and \
                s.call("", "OffsetFetch", 9, fetch(9, ["simple"], {"gone": [1]}), note=False)["groups"][0]["topics"][0]["partitions"][0][
                    "committedOffset"] == -1:
            break
        time.sleep(0.1)
    s.call("of a deleted topic", "OffsetFetch", 9, fetch(9, ["simple"], {"gone": [1]}))
    s.call("delete an offset", "OffsetDelete", 0, {"groupId": "simple", "topics": [{"name": "t", "partitions": [{"partitionIndex": 0}]}]})
    s.call("some", "OffsetFetch", 9, fetch(9, ["simple"], {"t": [0]}))

    # ---- two members: who waits for whom ----
    g = "pair"
    other = s.fresh()
    a = s.call("a", "JoinGroup", 9, join(g, 9))["memberId"]
    s.call("a", "JoinGroup", 9, join(g, 9, member=a, protocols=(("range", ("t",)), ("sticky", ("t",)))))
    s.call("a", "SyncGroup", 5, sync(g, 5, a, 1, {a: "all"}))
    b = other.call("JoinGroup", 9, join(g, 9))["memberId"]
    waits = other.send("JoinGroup", 9, join(g, 9, member=b, protocols=(("sticky", ("t",)), ("range", ("t",)))))
    time.sleep(0.3)
    s.call("preparing", "DescribeGroups", 6, describe(6, g))
    s.call("list", "ListGroups", 5, listing(5, ["preparingrebalance "], ["Classic"]))
    s.call("a", "Heartbeat", 4, heartbeat(g, 4, a, 1))
    s.call("a syncs", "SyncGroup", 5, sync(g, 5, a, 1))
    s.call("a commits", "OffsetCommit", 9, commit(g, 9, a, 1))
    answer = s.call("a again", "JoinGroup", 9, join(g, 9, member=a, protocols=(("range", ("t",)), ("sticky", ("t",)))), note=False)
    protocol = answer["protocolName"]
    s.lines.append(f"{len(answer['members'])} members, leader {answer['leader'] == a}, generation {answer['generationId']}, {protocol}")
    s.note("b", other.receive(waits))
    waits = other.send("SyncGroup", 5, sync(g, 5, b, 2, protocol=protocol))
    time.sleep(0.2)
    s.call("a", "SyncGroup", 5, sync(g, 5, a, 2, {a: "half", b: "other half"}, protocol=protocol))
    s.note("b", other.receive(waits))
    s.call("follower again", "JoinGroup", 9, join(g, 9, member=b, protocols=(("sticky", ("t",)), ("range", ("t",)))))
    s.call("two leave", "LeaveGroup", 5, leave(g, 5, (a, None), (b, None), ("who", None), ("", "nobody")))
    s.call("empty", "DescribeGroups", 6, describe(6, g))

    # ---- static members ----
    for v in range(5, 10):
        g = f"static{v}"
        a = s.call("static", "JoinGroup", v, join(g, v, instance="one"))["memberId"]
        s.call("sync", "SyncGroup", 5, sync(g, 5, a, 1, {a: "A"}, instance="one"))
        again = s.call("again, without its id", "JoinGroup", v, join(g, v, instance="one"))["memberId"]
        s.call("what it had", "SyncGroup", 5, sync(g, 5, again, 1, instance="one"))
        s.call("stable", "DescribeGroups", 6, describe(6, g))
        s.call("the old one is fenced", "Heartbeat", 4, heartbeat(g, 4, a, 1, "one"))
        s.call("the old one is fenced", "JoinGroup", v, join(g, v, member=a, instance="one"))
        s.call("the old one is fenced", "SyncGroup", 5, sync(g, 5, a, 1, instance="one"))
        s.call("the old one is fenced", "OffsetCommit", 9, commit(g, 9, a, 1, instance="one"))
        s.call("the old one leaves", "LeaveGroup", 5, leave(g, 5, (a, "one")))
        s.call("another instance", "Heartbeat", 4, heartbeat(g, 4, again, 1, "two"))
        s.call("same id, no instance", "Heartbeat", 4, heartbeat(g, 4, again, 1))
        s.call("joins again with its id", "JoinGroup", v, join(g, v, member=again, instance="one"))
        s.call("sync", "SyncGroup", 5, sync(g, 5, again, 2, {again: "B"}, instance="one"))
        s.call("other topics, without its id", "JoinGroup", v, join(g, v, instance="one", protocols=(("range", ("t", "u")),)))
        s.call("now", "DescribeGroups", 6, describe(6, g))
        s.call("an administrator", "LeaveGroup", 5, leave(g, 5, ("", "one")))
        s.call("an administrator again", "LeaveGroup", 5, leave(g, 5, ("", "one")))
        s.call("now", "DescribeGroups", 6, describe(6, g))

    # ---- transactional commits by members ----
    g = "tx"
    me = s.call("join", "JoinGroup", 3, join(g, 3))["memberId"]
    s.call("sync", "SyncGroup", 3, sync(g, 3, me, 1, {me: "A"}))
    while s.call("", "FindCoordinator", 4, {"keyType": 1, "coordinatorKeys": ["judge"]}, note=False)["coordinators"][0]["errorCode"]:
        time.sleep(0.1)
    for _ in range(100):
        pid = s.call("", "InitProducerId", 4, {"transactionalId": "judge", "transactionTimeoutMs": 10000, "producerId": -1, "producerEpoch": -1},
                     note=False)
        if pid["errorCode"] == 0:
            break
        time.sleep(0.1)
    producer = {"transactionalId": "judge", "producerId": pid["producerId"], "producerEpoch": pid["producerEpoch"]}
    while s.call("", "AddOffsetsToTxn", 3, {**producer, "groupId": g}, note=False)["errorCode"] in (14, 15, 16, 51):
        time.sleep(0.1)
    for v in (2, 3, 4):
        for what, member, generation, instance in (("right", me, 1, None), ("wrong generation", me, 2, None), ("unknown", "who", 1, None),
                                                  ("nobody", "", -1, None), ("fenced", me, 1, "i")):
            body = {**producer, "groupId": g, "topics": [{"name": "t", "partitions": [
                {"partitionIndex": 1, "committedOffset": v, "committedMetadata": "", **({"committedLeaderEpoch": -1} if v >= 2 else {})}]}]}
            if v >= 3:
                body.update(generationIdOrMemberEpoch=generation, memberId=member, groupInstanceId=instance)
            s.call(what, "TxnOffsetCommit", v, body)
    for wrong, partition in (("t", 44), ("t", -1), ("nowhere", 0)):
        s.call("unknown partition", "TxnOffsetCommit", 4, {
            **producer, "groupId": g, "generationIdOrMemberEpoch": 1, "memberId": me, "groupInstanceId": None, "topics": [
                {"name": wrong, "partitions": [{"partitionIndex": partition, "committedOffset": 1, "committedMetadata": "",
                                                "committedLeaderEpoch": -1}]}]})
    s.call("not yet", "OffsetFetch", 9, fetch(9, [g], {"t": [1]}))
    s.call("unstable", "OffsetFetch", 9, fetch(9, [g], {"t": [1]}, stable=True))
    s.call("unstable", "OffsetFetch", 7, fetch(7, [g], {"t": [1]}, stable=True))
    s.call("delete the pending one", "OffsetDelete", 0, {"groupId": g, "topics": [{"name": "t", "partitions": [{"partitionIndex": 1}]}]})
    s.call("commit", "EndTxn", 4, {**producer, "committed": True})
    time.sleep(0.5)
    s.call("stable", "OffsetFetch", 9, fetch(9, [g], {"t": [1]}, stable=True))
    s.call("leave", "LeaveGroup", 3, leave(g, 3, (me, None)))

    # ---- the end ----
    for v in range(6):
        s.call("all of them", "ListGroups", v, listing(v))
    s.call("of no such state", "ListGroups", 5, listing(5, ["nonsense"]))
    s.call("of no such type", "ListGroups", 5, listing(5, [], ["nonsense"]))
    s.call("streams", "ListGroups", 5, listing(5, [], ["streams"]))
    s.call("empty ones", "ListGroups", 5, listing(5, ["EMPTY"], ["CLASSIC"]))
    for v in range(4):
        s.call("delete", "DeleteGroups", v, {"groupsNames": [f"life{v}", "pair" if v == 3 else f"static{v + 5}"]})
    s.call("deleted", "DescribeGroups", 6, describe(6, "life0", "life4"))
    s.call("deleted", "OffsetFetch", 9, fetch(9, ["life0"], None))
    s.lines += records_of(s)
    return s.lines


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at


def records_of(s):
    """What stands in __consumer_offsets, per group and in its order."""
    found, names = {}, {0: "LegacyOffsetCommit", 1: "OffsetCommit", 2: "GroupMetadata"}
    for partition in range(4):
        at = 0
        while True:
            answer = s.connection.call("Fetch", 11, {
                "replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 1 << 25, "isolationLevel": 0, "sessionId": 0, "sessionEpoch": -1,
                "topics": [{"topic": "__consumer_offsets", "partitions": [
                    {"partition": partition, "currentLeaderEpoch": -1, "fetchOffset": at, "logStartOffset": -1,
                     "partitionMaxBytes": 1 << 25}]}], "forgottenTopicsData": [], "rackId": ""})
            records = answer["responses"][0]["partitions"][0].get("records")
            data = base64.b64decode(records) if isinstance(records, str) else b""
            if not data:
                break
            begin = 0
            while begin + 61 <= len(data):
                base, length = struct.unpack(">qi", data[begin:begin + 12])
                attributes, delta = struct.unpack(">hi", data[begin + 21:begin + 27])
                count = struct.unpack(">i", data[begin + 57:begin + 61])[0]
                inside = begin + 61
                for _ in range(0 if attributes & 32 else count):
                    size, inside = varint(data, inside)
                    end, inside = inside + size, inside + 1
                    for _ in range(2):
                        _, inside = varint(data, inside)
                    n, inside = varint(data, inside)
                    key, inside = data[inside:inside + n], inside + n
                    n, inside = varint(data, inside)
                    value = None if n < 0 else data[inside:inside + n]
                    inside = end
                    kind = names.get(struct.unpack(">h", key[:2])[0], "?")
                    named = json.loads(decode.ask(kind + "Key", 0, key.hex()))
                    if value is None:
                        text = "tombstone"
                    else:
                        version = struct.unpack(">h", value[:2])[0]
                        told = json.loads(decode.ask(kind + "Value", version, value.hex()))
                        if "members" in told:  # in the order of a hash there
                            told["members"].sort(key=lambda m: (m["assignment"], m["memberId"]))
                        text = f"v{version} " + json.dumps(told, sort_keys=True)
                    text = re.sub(r'(Timestamp": )[0-9]{5,}', r"\1<time>", text)
                    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", s.name, text)
                    text = re.sub(r'("topicId": )"[^"]*"', r'\1"<id>"', text)
                    found.setdefault(named["group"], []).append(f"{json.dumps(named, sort_keys=True)} {text}")
                at = base + delta + 1
                begin += 12 + length
    return [f"record of {group}: {line}" for group in sorted(found) for line in found[group]]


stories = [tell(broker) for broker in brokers]
if VERBOSE:
    sys.exit(0)
different = 0
for one, two in zip(*stories):
    if one != two:
        different += 1
        print(f"A {one}\nB {two}\n")
if len(stories[0]) != len(stories[1]):
    different += 1
    print(f"{len(stories[0])} answers and {len(stories[1])}")
print(f"{len(stories[0])} answers, {different} differ")
sys.exit(1 if different else 0)
