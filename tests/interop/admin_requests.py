#!/usr/bin/env python3
"""tests/interop/admin_requests.py A B: the same admin requests to broker A and to broker B (Apache Kafka and Millrace, both fresh);
what they answer is compared as JSON, ids, times and sizes aside, and what differs is printed. One broker: prints what it answers.
DIFFERENT holds the differences that are meant. Needs build/release/bin/millrace (for its `wire` command), no library.

Which error a client is told, and in which words, decides what its user does next; so all of it counts."""
import json
import re
import sys
import time

from kafka_json import Broker

# Requests that are answered otherwise on purpose: the first of these that the line contains says why.
DIFFERENT = {
    "retentoin.ms": "we name the nearest config",
    '"configOperation": 7': "an operation that does not exist: we say so",
    "foo.bar": "a broker config that nobody knows is refused",
    '"foo", "value": "1000"': "a broker config that nobody knows is refused",
    "listener.name.plaintext.foo": "a broker config that nobody knows is refused",
    '"listeners"': "our sockets stay as they were opened",
    "per.ip.overrides": "kept, without effect yet",
    '"auto1"': "Metadata waits for the topic that it makes",
    '"mt.a"': "Metadata waits for the topic that it makes",
    "kraft.version": "quorums are static",
    "AlterUserScramCredentials": "not served yet",
    "min.insync.replicas": "we do not finalize eligible.leader.replicas.version: brokers may set it",
}
ZERO = "A" * 22


class Asked:
    def __init__(self, address):
        self.broker, self.lines = Broker(address), []

    def call(self, api, version, body):
        try:
            answer = self.broker.call(api, version, body)
        except ValueError as error:  # a field that the version lacks
            answer = {"unasked": str(error)[-80:]}
        self.lines.append(f"{api} v{version} {json.dumps(normal(body, None))} -> {json.dumps(normal(answer))}")
        return answer


SET_LISTS = ("topics", "results", "replicaElectionResults", "configResources", "configs", "entries", "responses", "replies",
             "partitions", "supportedFeatures", "finalizedFeatures", "apiKeys", "values", "partitionResult", "entity")
IGNORED = {"port", "clusterId", "throttleTimeMs", "totalBytes", "usableBytes", "highWatermark", "logEndOffset", "leaderEpoch",
           "lastFetchTimestamp", "lastCaughtUpTimestamp", "logDir", "finalizedFeaturesEpoch", "subscriptionId"}


def normal(value, key=""):
    """Without ids, times, ports; lists whose order says nothing are sorted."""
    if isinstance(value, dict):
        return {k: normal(v, k) for k, v in value.items() if k not in IGNORED}
    if isinstance(value, list):
        items = [normal(v) for v in value]
        return sorted(items, key=json.dumps) if key in SET_LISTS else items  # of answers
    if isinstance(value, str):
        if len(value) == 22 and value != ZERO and re.fullmatch(r"[A-Za-z0-9_-]{22}", value):
            return "ID"
    return value


def configs(a):
    def inc(rt, rn, *cfg, validate=False):
        a.call("IncrementalAlterConfigs", 1, {"resources": [{"resourceType": rt, "resourceName": rn, "configs": [
            {"name": n, "configOperation": op, "value": val} for n, op, val in cfg]}], "validateOnly": validate})

    def alt(rt, rn, *cfg):
        a.call("AlterConfigs", 2, {"resources": [{"resourceType": rt, "resourceName": rn, "configs": [
            {"name": n, "value": val} for n, val in cfg]}]})

    def show(rt, rn, keys=None, v=4, syn=True, doc=False):
        a.call("DescribeConfigs", v, {"resources": [{"resourceType": rt, "resourceName": rn, "configurationKeys": keys}],
                                      "includeSynonyms": syn, **({"includeDocumentation": doc} if v >= 3 else {})})

    a.call("CreateTopics", 7, {"topics": [{"name": "t", "numPartitions": 1, "replicationFactor": 1}], "timeoutMs": 5000})
    time.sleep(0.3)
    inc(2,"t",("retention.ms",0,"1000"))
    inc(2,"t",("retention.ms",2,"1000"))
    inc(2,"t",("retention.ms",0,None))
    inc(2,"t",("retention.ms",0,"-5"))
    inc(2,"t",("retention.ms",0,"5x"))
    inc(2,"t",("retention.ms",0,"99999999999999999999"))
    inc(2,"t",("segment.bytes",0,"3000000000"))
    inc(2,"t",("segment.bytes",0,"1000"))
    inc(2,"t",("foo",0,"1000"))
    inc(2,"t",("foo",1,None))
    inc(2,"t",("foo",2,"a"))
    inc(2,"t",("retentoin.ms",0,"1000"))
    inc(2,"t",("retention.ms",0,"1"),("retention.ms",0,"2"))
    inc(2,"t",("retention.ms",7,"1"))
    inc(2,"nope",("retention.ms",0,"1"))
    inc(2,"",("retention.ms",0,"1"))
    inc(2,"t",("cleanup.policy",2,"compact"))
    inc(2,"t",("cleanup.policy",2,"compact"))
    inc(2,"t",("cleanup.policy",3,"compact,delete"))
    inc(2,"t",("cleanup.policy",3,"foo"))
    inc(2,"t",("cleanup.policy",0,"delete,delete"))
    inc(2,"t",("cleanup.policy",0,""))
    inc(2,"t",("cleanup.policy",1,None))
    inc(2,"t",("preallocate",0,"yes"))
    inc(2,"t",("min.cleanable.dirty.ratio",0,"2"))
    inc(2,"t",("min.cleanable.dirty.ratio",0,"x"))
    inc(2,"t",("min.compaction.lag.ms",0,"10"),("max.compaction.lag.ms",0,"5"))
    inc(2,"t",("compression.gzip.level",0,"0"))
    inc(2,"t",("compression.zstd.level",0,"50"))
    inc(2,"t",("message.timestamp.type",0,"x"))
    inc(2,"t",("leader.replication.throttled.replicas",0,"x"))
    inc(2,"t",("leader.replication.throttled.replicas",0,"0:1,1:2"))
    inc(2,"t",("leader.replication.throttled.replicas",0,"*"))
    inc(2,"t",("leader.replication.throttled.replicas",0,""))
    inc(2,"t",("remote.storage.enable",0,"true"))
    inc(2,"t",("remote.storage.enable",0,"false"))
    inc(2,"t",("local.retention.ms",0,"100000000000"))
    inc(2,"t",("internal.segment.bytes",0,"1000000"))
    inc(2,"t",("retention.bytes",0,"-7"))
    inc(2,"t",("min.insync.replicas",0,"0"))
    inc(2,"t",("retention.ms",0," 5000 "))
    inc(2,"t")
    inc(4,"1",("log.retention.ms",0,"1000"))
    inc(4,"1",("log.retention.ms",1,None))
    inc(4,"",("log.retention.ms",0,"600000"))
    inc(4,"",("log.retention.ms",1,None))
    inc(4,"",("log.retention.hours",0,"1"))
    inc(4,"",("log.retention.hours",1,None))
    inc(4,"1",("foo.bar",0,"1000"))
    inc(4,"1",("foo.bar",1,"1000"))
    inc(4,"1",("num.partitions",0,"1000"))
    inc(4,"1",("num.io.threads",0,"16"))
    inc(4,"1",("num.io.threads",0,"100"))
    inc(4,"",("num.io.threads",0,"9"))
    inc(4,"",("num.io.threads",1,"9"))
    inc(4,"",("listeners",0,"PLAINTEXT://:9"))
    inc(4,"1",("listeners",0,"PLAINTEXT://127.0.0.1:21092,CONTROLLER://127.0.0.1:21093,A://127.0.0.1:0"))
    inc(4,"1",("node.id",0,"5"))
    inc(4,"2",("log.retention.ms",0,"5000"))
    inc(4,"x",("log.retention.ms",0,"5000"))
    inc(4,"-1",("log.retention.ms",0,"5000"))
    inc(4,"1",("log.retention.ms",0,"abc"))
    inc(4,"1",("log.cleanup.policy",2,"compact"))
    inc(4,"1",("log.cleanup.policy",1,"compact"))
    inc(4,"1",("log.segment.bytes",0,"10"))
    inc(4,"1",("min.insync.replicas",0,"1"))
    inc(4,"",("min.insync.replicas",0,"2"))
    inc(4,"",("min.insync.replicas",1,"2"))
    inc(4,"1",("ssl.keystore.password",0,"secret"))
    inc(4,"1",("ssl.keystore.password",1,None))
    inc(4,"",("ssl.keystore.password",0,"secret"))
    inc(4,"1",("follower.replication.throttled.rate",0,"1000"))
    inc(4,"1",("follower.replication.throttled.rate",1,"1000"))
    inc(4,"1",("leader.replication.throttled.rate",0,"x"))
    inc(4,"1",("leader.replication.throttled.rate",0,"-1"))
    inc(4,"1",("max.connections",0,"-1"))
    inc(4,"1",("max.connections.per.ip.overrides",0,"127.0.0.1:abc"))
    inc(4,"1",("max.connections",0,"100"))
    inc(4,"1",("max.connections",1,"100"))
    inc(4,"1",("listener.name.plaintext.max.connections",0,"100"))
    inc(4,"1",("listener.name.plaintext.max.connections",1,"100"))
    inc(4,"1",("compression.type",0,"zip"))
    inc(4,"1",("message.max.bytes",0,"2000000"))
    inc(4,"1",("message.max.bytes",1,"2000000"))
    inc(8,"1",("kafka.server",0,"DEBUG"))
    inc(8,"1",("kafka.server",1,None))
    inc(8,"1",("root",0,"INFO"))
    inc(8,"1",("root",1,None))
    inc(8,"1",("kafka.server",0,"LOUD"))
    inc(8,"1",("no.such.logger",0,"INFO"))
    inc(8,"1",("kafka.server",2,"INFO"))
    inc(8,"2",("kafka.server",0,"INFO"))
    inc(8,"",("kafka.server",0,"INFO"))
    inc(16,"cm",("interval.ms",0,"1000"),("metrics",0,"org.apache.kafka.producer."),("match",0,"client_software_name=apache.*"))
    inc(16,"cm",("interval.ms",0,"50"))
    inc(16,"cm",("interval.ms",0,"x"))
    inc(16,"cm",("foo",0,"x"))
    inc(16,"cm",("match",0,"x=y"))
    inc(16,"cm",("match",0,"client_id=["))
    inc(16,"cm",("match",0,"client_id"))
    inc(16,"cm",("metrics",2,"a.b"))
    inc(16,"",("interval.ms",0,"1000"))
    inc(32,"g",("consumer.session.timeout.ms",0,"50000"))
    inc(32,"g",("consumer.session.timeout.ms",0,"1"))
    inc(32,"g",("consumer.session.timeout.ms",0,"500000"))
    inc(32,"g",("consumer.session.timeout.ms",0,"x"))
    inc(32,"g",("foo",0,"x"))
    inc(32,"",("consumer.session.timeout.ms",0,"50000"))
    inc(32,"g",("share.auto.offset.reset",0,"x"))
    inc(32,"g",("share.auto.offset.reset",0,"by_duration:PT1H"))
    inc(32,"g",("streams.num.standby.replicas",0,"5"))
    inc(32,"g",("consumer.heartbeat.interval.ms",0,"60000"))
    inc(32,"g",("consumer.session.timeout.ms",1,None),("share.auto.offset.reset",1,None))
    inc(7,"g",("consumer.session.timeout.ms",0,"50000"))
    inc(0,"g",("consumer.session.timeout.ms",0,"50000"))
    inc(8,"1",("root",0,"LOUD"))
    inc(8,"1",("root",0,"debug"))
    inc(8,"1",("root",0,"DEBUG"))
    inc(8,"1",("root",0,"INFO"))
    inc(8,"1",("root",0,"OFF"))
    inc(8,"1",("root",0,"FATAL"))
    inc(8,"1",("root",0,None))
    inc(8,"1",("",0,"INFO"))
    inc(8,"x",("root",0,"INFO"))
    inc(8,"1",("root",0,"INFO"),("root",0,"INFO"))
    inc(8,"1",("root",3,"INFO"))
    show(2, "t")
    show(2,"t")
    show(2,"t",["retention.ms","foo"])
    show(2,"t",[])
    show(2,"t",["retention.ms"],v=1,syn=False)
    show(2,"t",["retention.ms"],v=3,doc=True)
    show(2,"nope")
    show(2,"")
    show(2,"a/b")
    show(4,"1",["log.retention.hours","ssl.keystore.password","log.segment.bytes","log.dir","num.partitions","super.users","foo","log.roll.hours","log.roll.ms","sasl.enabled.mechanisms","log.flush.interval.ms"])
    show(4,"",None)
    show(4,"2")
    show(4,"x")
    show(8,"")
    show(8,"2")
    show(8,"1",["kafka.server"])
    show(16,"cm")
    show(16,"nope")
    show(16,"")
    show(16,"cm",["interval.ms"],doc=True)
    show(32,"g")
    show(32,"")
    show(32,"g",["consumer.session.timeout.ms"],doc=True)
    show(32,"nogroup")
    show(7,"g")
    show(1,"g")
    alt(2,"t",("retention.ms","1000"))
    show(2,"t")
    alt(2,"t",("retention.ms","1000"),("retention.ms","2000"))
    alt(2,"t",("retention.ms",None))
    alt(2,"t",("foo","1"))
    alt(2,"t",("retention.ms","x"))
    alt(2,"nope",("retention.ms","x"))
    alt(2,"",("retention.ms","x"))
    alt(2,"t")
    show(2,"t")
    alt(4,"1",("log.retention.ms","1000"))
    show(2,"t")
    alt(4,"1",("foo","1000"))
    alt(4,"1",("num.partitions","1000"))
    alt(4,"1")
    alt(4,"",("log.retention.ms","1000"))
    show(2,"t")
    alt(4,"",("min.insync.replicas","1"))
    alt(8,"1",("root","INFO"))
    alt(16,"cm2",("interval.ms","1000"))
    alt(32,"g2",("consumer.session.timeout.ms","50000"))
    alt(9,"g2",("consumer.session.timeout.ms","50000"))
    inc(4,"1",("follower.replication.throttled.rate",0,"1000"),("listener.name.plaintext.max.connections",0,"100"),("ssl.keystore.password",1,None),("log.retention.ms",0,"600000"))
    show(2,"t",["retention.ms"])
    inc(4,"1",("follower.replication.throttled.rate",1,"1000"),("listener.name.plaintext.max.connections",1,"100"),("log.retention.ms",1,"600000"))
    inc(4,"1",("listener.name.plaintext.foo",0,"100"))
    inc(4,"1",("listener.name.plaintext.ssl.keystore.password",0,"100"))
    inc(4,"1",("listener.name.plaintext.ssl.keystore.password",1,"100"))
    inc(4,"",("listener.name.plaintext.max.connections",0,"100"))
    inc(4,"",("advertised.listeners",0,"100"))
    inc(4,"1",("advertised.listeners",0,"PLAINTEXT://127.0.0.1:21092"))
    inc(32,"h",("consumer.heartbeat.interval.ms",0,"10000"),("consumer.session.timeout.ms",0,"45000"))
    for n in ("share.session.timeout.ms","share.heartbeat.interval.ms","share.record.lock.duration.ms","share.delivery.count.limit","share.partition.max.record.locks","streams.session.timeout.ms","streams.heartbeat.interval.ms","streams.num.standby.replicas","streams.initial.rebalance.delay.ms","streams.assignment.interval.ms","consumer.assignment.interval.ms","share.assignment.interval.ms","streams.acceptable.recovery.lag","streams.num.warmup.replicas","streams.task.offset.interval.ms"):
        for v in ("0","99999999"): inc(32,"g",(n,0,v))
    for n,v in (("share.isolation.level","x"),("share.renew.acknowledge.enable","x"),("streams.assignor.name","x"),("streams.rack.aware.assignment.tags","a"),("errors.deadletterqueue.topic.name","a/b"),("errors.deadletterqueue.topic.name","__x"),("errors.deadletterqueue.copy.record.enable","true"),("consumer.assignor.offload.enable","true")): inc(32,"g",(n,0,v))
    inc(32, "h", ("consumer.heartbeat.interval.ms", 0, "10000"), ("consumer.session.timeout.ms", 0, "45000"))
    show(32, "g")
    show(32, "h")
    for version, types in ((0, None), (1, []), (1, [2]), (1, [4]), (1, [8]), (1, [16]), (1, [32]), (1, [2, 99]), (1, [0])):
        a.call("ListConfigResources", version, {} if types is None else {"resourceTypes": types})


def topics(a):
    def ct(topic, v=7, validate=False, **kw):
        a.call("CreateTopics", v, {"topics": [{"name": topic, "numPartitions": 1, "replicationFactor": 1, **kw}],
                                   "timeoutMs": 5000, "validateOnly": validate})

    def cp(name, count, asg=None, validate=False):
        a.call("CreatePartitions", 3, {"topics": [{"name": name, "count": count, "assignments":
               None if asg is None else [{"brokerIds": x} for x in asg]}], "timeoutMs": 3000, "validateOnly": validate})

    def dt(v, **k):
        a.call("DeleteTopics", v, dict(k, timeoutMs=3000))

    def id_of(name):
        return a.broker.call("Metadata", 12, {"topics": [{"name": name}], "allowAutoTopicCreation": False})["topics"][0]["topicId"]

    A = lambda *x: [{"partitionIndex": i, "brokerIds": b} for i, b in x]
    C = lambda **k: [{"name": n.replace("_", "."), "value": v} for n, v in k.items()]
    ct("c1")
    ct("c1")
    ct("")
    ct(".")
    ct("a/b")
    ct("x"*250)
    ct("x"*249,validate=True)
    ct("a.b")
    ct("a_b")
    ct("__cluster_metadata")
    ct("__consumer_offsets",validate=True)
    ct("p0",numPartitions=0)
    ct("p-2",numPartitions=-2)
    ct("p-1",numPartitions=-1)
    ct("p-1",v=3,numPartitions=-1)
    ct("p-1b",v=3,numPartitions=-1)
    ct("r0",replicationFactor=0)
    ct("r-2",replicationFactor=-2)
    ct("r2",replicationFactor=2)
    ct("r-1",replicationFactor=-1)
    ct("big",numPartitions=100000)
    ct("big2",numPartitions=10001,validate=True)
    ct("m1",assignments=A((0,[1])))
    ct("m2",numPartitions=-1,assignments=A((0,[1])))
    ct("m3",numPartitions=-1,replicationFactor=-1,assignments=A((0,[1]),(1,[1])))
    ct("m4",numPartitions=-1,replicationFactor=-1,assignments=A((0,[1]),(2,[1])))
    ct("m5",numPartitions=-1,replicationFactor=-1,assignments=A((0,[1]),(0,[1])))
    ct("m6",numPartitions=-1,replicationFactor=-1,assignments=A((0,[1,1])))
    ct("m7",numPartitions=-1,replicationFactor=-1,assignments=A((0,[])))
    ct("m8",numPartitions=-1,replicationFactor=-1,assignments=A((0,[9])))
    ct("m9",numPartitions=-1,replicationFactor=-1,assignments=A((1,[1])))
    ct("m10",numPartitions=-1,replicationFactor=-1,assignments=A((-1,[1])))
    ct("k1",configs=C(retention_ms="5"))
    ct("k2",configs=C(retention_ms=None))
    ct("k3",configs=C(foo="5"))
    ct("k4",configs=[{"name":"retention.ms","value":"1"},{"name":"retention.ms","value":"2"}])
    ct("k5",configs=C(cleanup_policy="compact,delete"),validate=True)
    ct("k6",configs=C(remote_storage_enable="true"))
    for v in range(2, 8):
        ct(f"v{v}", v=v)
    a.call("CreateTopics",7,{"topics":[{"name":"u.v","numPartitions":1,"replicationFactor":1},{"name":"u_v","numPartitions":1,"replicationFactor":1},{"name":"bad/","numPartitions":1,"replicationFactor":1},{"name":"c1","numPartitions":1,"replicationFactor":1},{"name":"zz","numPartitions":1,"replicationFactor":1},{"name":"zz","numPartitions":1,"replicationFactor":1}]})
    a.call("CreateTopics",7,{"topics":[]})
    cp("c1",1)
    cp("c1",0)
    cp("c1",-1)
    cp("nope",2)
    cp("c1",2,[[1],[1]])
    cp("c1",3,[[1]])
    cp("c1",2,[[9]])
    cp("c1",2,[[1,1]])
    cp("c1",2,[[]])
    cp("c1",2,validate=True)
    cp("c1",2)
    cp("c1",2)
    cp("c1",3,[[1]])
    cp("c1",100000)
    cp("c1",4,[])
    cp("__consumer_offsets",60)
    a.call("CreatePartitions",3,{"topics":[{"name":"c1","count":9,"assignments":None},{"name":"c1","count":9,"assignments":None},{"name":"v2","count":9,"assignments":None}],"timeoutMs":3000})
    dt(1,topicNames=["v3"])
    dt(5,topicNames=["v4","nope"])
    dt(6,topics=[{"name":"v5"}])
    dt(6,topics=[{"name":"nope"}])
    dt(6,topics=[{"name":None,"topicId":"A"*22}])
    dt(6,topics=[{"name":None,"topicId":"AAAAAAAAAAAAAAAAAAAAAQ"}])
    dt(6,topics=[{"name":"v6","topicId":"AAAAAAAAAAAAAAAAAAAAAQ"}])
    dt(6,topics=[{"name":"v6"},{"name":"v6"}])
    dt(6,topics=[{"name":""}])
    dt(6,topics=[{"name":"a/b"}])
    dt(5,topicNames=["v6","v6"])
    i = id_of("v7")
    dt(6,topics=[{"name":None,"topicId":i}])
    dt(6,topics=[])
    dt(6,topics=[{"name":"v2"},{"name":"v2","topicId":i}])
    i = id_of("v6")
    dt(6,topics=[{"name":"v6"},{"name":None,"topicId":i}])


def metadata_and_log(a):
    q = a.call
    for n in ("mt", "mt2"):
        q("CreateTopics", 7, {"topics": [{"name": n, "numPartitions": 3, "replicationFactor": 1}], "timeoutMs": 5000})
    time.sleep(0.3)
    for v in range(0,14): q("Metadata",v,{"topics":[{"name":"mt"}]})
    for v in range(0,14): q("Metadata",v,{"topics":[{"name":"nope"}],"allowAutoTopicCreation":False} if v>=4 else {"topics":[{"name":"bad/x"}]})
    q("Metadata",9,{"topics":[{"name":"mt"},{"name":"mt"},{"name":""},{"name":"a b"},{"name":"."}],"allowAutoTopicCreation":False})
    q("Metadata",12,{"topics":[{"name":None,"topicId":"A"*22}]})
    q("Metadata",12,{"topics":[{"name":"mt","topicId":"AAAAAAAAAAAAAAAAAAAAAQ"}]})
    q("Metadata",12,{"topics":[{"name":None,"topicId":"AAAAAAAAAAAAAAAAAAAAAQ"}]})
    q("Metadata",10,{"topics":[{"name":None,"topicId":"AAAAAAAAAAAAAAAAAAAAAQ"}]})
    q("Metadata",12,{"topics":[{"name":None,"topicId":"AAAAAAAAAAAAAAAAAAAAAQ"},{"name":"mt"}]})
    q("Metadata",8,{"topics":[{"name":"mt"}],"includeClusterAuthorizedOperations":True,"includeTopicAuthorizedOperations":True})
    q("Metadata",12,{"topics":[]})
    q("Metadata",1,{"topics":[]})
    q("Metadata",12,{"topics":[{"name":"auto1"}],"allowAutoTopicCreation":True})
    q("Metadata",12,{"topics":[{"name":"__consumer_offsets"}],"allowAutoTopicCreation":True})
    q("Metadata",12,{"topics":[{"name":"__transaction_state"}],"allowAutoTopicCreation":True})
    time.sleep(1)
    q("Metadata",12,{"topics":[{"name":"auto1"}],"allowAutoTopicCreation":True})
    q("Metadata",12,{"topics":[{"name":"mt.a"},{"name":"mt_a"}],"allowAutoTopicCreation":True})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"}]})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"},{"name":"mt2"}],"responsePartitionLimit":2})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"},{"name":"mt2"}],"responsePartitionLimit":4})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"},{"name":"mt2"}],"responsePartitionLimit":4,"cursor":{"topicName":"mt","partitionIndex":2}})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt2"},{"name":"mt"}],"responsePartitionLimit":10,"cursor":{"topicName":"mt1","partitionIndex":2}})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"}],"responsePartitionLimit":10,"cursor":{"topicName":"mt","partitionIndex":-1}})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"}],"responsePartitionLimit":10,"cursor":{"topicName":"mt","partitionIndex":5}})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"}],"responsePartitionLimit":10,"cursor":{"topicName":"zz","partitionIndex":0}})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"nope"},{"name":"bad/"},{"name":"mt"}],"responsePartitionLimit":10})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"}],"responsePartitionLimit":0})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"},{"name":"mt"}],"responsePartitionLimit":0})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"}],"responsePartitionLimit":-5})
    q("DescribeTopicPartitions",0,{"topics":[{"name":"mt"}],"responsePartitionLimit":10,"cursor":{"topicName":"nope","partitionIndex":0}})
    for v in (0,1,2):
        q("DescribeCluster",v,{"includeClusterAuthorizedOperations":True})
        if v: q("DescribeCluster",v,{"endpointType":2}); q("DescribeCluster",v,{"endpointType":3})
    q("DescribeCluster",2,{"includeFencedBrokers":True})
    for r in ([],["mt"]): q("DeleteRecords",2,{"topics":[{"name":n,"partitions":[{"partitionIndex":0,"offset":o}]} for n in r for o in (0,)]})
    for o in (-1,0,1,-2): q("DeleteRecords",2,{"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"offset":o}]}],"timeoutMs":1000})
    q("DeleteRecords",2,{"topics":[{"name":"nope","partitions":[{"partitionIndex":0,"offset":0}]}],"timeoutMs":1000})
    q("DeleteRecords",2,{"topics":[{"name":"mt","partitions":[{"partitionIndex":9,"offset":0}]}],"timeoutMs":1000})
    for ty in (0,1,2):
        q("ElectLeaders",2,{"electionType":ty,"topicPartitions":[{"topic":"mt","partitions":[0,9]},{"topic":"nope","partitions":[0]}],"timeoutMs":1000})
    q("ElectLeaders",2,{"electionType":0,"topicPartitions":None,"timeoutMs":1000})
    q("ElectLeaders",0,{"topicPartitions":[{"topic":"mt","partitions":[0]}],"timeoutMs":1000})
    q("ElectLeaders",1,{"electionType":1,"topicPartitions":[],"timeoutMs":1000})
    for v in range(1,6):
        q("DescribeLogDirs",v,{"topics":[{"topic":"mt","partitions":[0,9]},{"topic":"nope","partitions":[0]}]})
    q("DescribeLogDirs",4,{"topics":[]})
    q("AlterReplicaLogDirs",2,{"dirs":[{"path":"/nope","topics":[{"name":"mt","partitions":[0]}]}]})
    q("AlterReplicaLogDirs",2,{"dirs":[{"path":"relative","topics":[{"name":"mt","partitions":[0]}]}]})
    q("AlterReplicaLogDirs",2,{"dirs":[]})
    for v in range(1,12):
        for ts in (-1,-2,-3,-4,-5,-6,-7,0,5): q("ListOffsets",v,{"replicaId":-1,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"timestamp":ts}]}]})
    q("ListOffsets",7,{"replicaId":-1,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"timestamp":-1,"currentLeaderEpoch":5}]}]})
    q("ListOffsets",7,{"replicaId":-1,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"timestamp":-1,"currentLeaderEpoch":0}]}]})
    q("ListOffsets",7,{"replicaId":-1,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"timestamp":-1},{"partitionIndex":0,"timestamp":-2}]}]})
    q("ListOffsets",7,{"replicaId":-1,"topics":[{"name":"nope","partitions":[{"partitionIndex":0,"timestamp":-1}]},{"name":"mt","partitions":[{"partitionIndex":9,"timestamp":-1}]}]})
    q("ListOffsets",7,{"replicaId":5,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"timestamp":-1}]}]})
    q("ListOffsets",7,{"replicaId":-1,"isolationLevel":7,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"timestamp":-1}]}]})
    for v in (2,3,4): q("OffsetForLeaderEpoch",v,{"replicaId":-1,"topics":[{"topic":"mt","partitions":[{"partition":0,"currentLeaderEpoch":-1,"leaderEpoch":e} for e in (0,)]}]})
    q("OffsetForLeaderEpoch",4,{"replicaId":-1,"topics":[{"topic":"mt","partitions":[{"partition":0,"currentLeaderEpoch":-1,"leaderEpoch":5},{"partition":1,"currentLeaderEpoch":-1,"leaderEpoch":-1},{"partition":2,"currentLeaderEpoch":3,"leaderEpoch":0},{"partition":9,"currentLeaderEpoch":-1,"leaderEpoch":0}]},{"topic":"nope","partitions":[{"partition":0,"leaderEpoch":0}]}]})
    q("DescribeProducers",0,{"topics":[{"name":"mt","partitionIndexes":[0,9]},{"name":"nope","partitionIndexes":[0]}]})
    q("DescribeTransactions",0,{"transactionalIds":["nope"]})
    q("DescribeTransactions",0,{"transactionalIds":[""]})
    q("DescribeTransactions",0,{"transactionalIds":[]})
    q("ListTransactions",0,{})
    q("ListTransactions",0,{"stateFilters":["Ongoing","Foo"]})
    q("ListTransactions",1,{"durationFilter":5})
    q("ListTransactions",2,{"transactionalIdPattern":"a.*"})
    q("ListTransactions",2,{"transactionalIdPattern":"["})
    q("ListTransactions",2,{"transactionalIdPattern":""})
    for v in (0,1,2): q("DescribeQuorum",v,{"topics":[{"topicName":"__cluster_metadata","partitions":[{"partitionIndex":0}]}]})
    q("DescribeQuorum",2,{"topics":[{"topicName":"__cluster_metadata","partitions":[{"partitionIndex":1}]}]})
    q("DescribeQuorum",2,{"topics":[{"topicName":"x","partitions":[{"partitionIndex":0}]}]})
    q("DescribeQuorum",2,{"topics":[]})
    U=lambda v,*f,**k: q("UpdateFeatures",v,dict(k,timeoutMs=1000,featureUpdates=[dict(x) for x in f]))
    for v in (1,2):
        U(v,{"feature":"nope","maxVersionLevel":1,"upgradeType":1},validateOnly=True); U(v,{"feature":"metadata.version","maxVersionLevel":99,"upgradeType":1},validateOnly=True); U(v,{"feature":"metadata.version","maxVersionLevel":20,"upgradeType":1},validateOnly=True); U(v,{"feature":"metadata.version","maxVersionLevel":20,"upgradeType":2},validateOnly=True);U(v,{"feature":"metadata.version","maxVersionLevel":20,"upgradeType":3},validateOnly=True); U(v,{"feature":"transaction.version","maxVersionLevel":1,"upgradeType":2},validateOnly=True);U(v,{"feature":"transaction.version","maxVersionLevel":0,"upgradeType":2},validateOnly=True); U(v,{"feature":"transaction.version","maxVersionLevel":2,"upgradeType":1},validateOnly=True); U(v,{"feature":"transaction.version","maxVersionLevel":1,"upgradeType":1},validateOnly=True); U(v,{"feature":"metadata.version","maxVersionLevel":33,"upgradeType":1},validateOnly=True); U(v,{"feature":"metadata.version","maxVersionLevel":-1,"upgradeType":1},validateOnly=True); U(v,{"feature":"kraft.version","maxVersionLevel":1,"upgradeType":1},validateOnly=True); U(v,{"feature":"streams.version","maxVersionLevel":0,"upgradeType":1},validateOnly=True); U(v,{"feature":"streams.version","maxVersionLevel":0,"upgradeType":2},validateOnly=True);U(v,{"feature":"streams.version","maxVersionLevel":0,"upgradeType":0},validateOnly=True);U(v,{"feature":"streams.version","maxVersionLevel":0,"upgradeType":5},validateOnly=True);U(v,validateOnly=True);U(v,{"feature":"","maxVersionLevel":1,"upgradeType":1},validateOnly=True);U(v,{"feature":"streams.version","maxVersionLevel":1,"upgradeType":1},{"feature":"nope","maxVersionLevel":1,"upgradeType":1},validateOnly=True)
    U(0,{"feature":"nope","maxVersionLevel":1,"allowDowngrade":False})
    U(0,{"feature":"transaction.version","maxVersionLevel":1,"allowDowngrade":True})
    q("ListPartitionReassignments",0,{"timeoutMs":1000,"topics":None})
    q("ListPartitionReassignments",0,{"timeoutMs":1000,"topics":[{"name":"mt","partitionIndexes":[0,9]},{"name":"nope","partitionIndexes":[0]}]})
    for v in (0,1):
        q("AlterPartitionReassignments",v,{"timeoutMs":1000,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"replicas":[1]},{"partitionIndex":1,"replicas":[2]},{"partitionIndex":2,"replicas":None},{"partitionIndex":9,"replicas":[1]}]},{"name":"nope","partitions":[{"partitionIndex":0,"replicas":[1]}]}]}); q("AlterPartitionReassignments",v,{"timeoutMs":1000,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"replicas":[]},{"partitionIndex":1,"replicas":[1,1]}]}]}); q("AlterPartitionReassignments",v,{"timeoutMs":1000,"topics":[]})
    q("AlterPartitionReassignments",1,{"timeoutMs":1000,"allowReplicationFactorChange":False,"topics":[{"name":"mt","partitions":[{"partitionIndex":0,"replicas":[1,2]},{"partitionIndex":1,"replicas":[1]}]}]})
    q("UnregisterBroker",0,{"brokerId":9})
    q("UnregisterBroker",0,{"brokerId":-1})
    for v in (0,1): q("DescribeClientQuotas",v,{"components":[],"strict":False})
    Q=lambda ents,ops,**k: q("AlterClientQuotas",1,{"entries":[{"entity":[{"entityType":t,"entityName":n} for t,n in ents],"ops":[{"key":a,"value":c or 0,"remove":c is None} for a,c in ops]}],"validateOnly":k.get("validate",False)})
    Q([("user","u")],[("producer_byte_rate",1000.0)])
    Q([("user",None)],[("consumer_byte_rate",1000.5)])
    Q([("user","u"),("client-id","c")],[("request_percentage",10.0)])
    Q([("client-id",None)],[("controller_mutation_rate",10.0)])
    Q([("ip","127.0.0.1")],[("connection_creation_rate",10.0)])
    Q([("user","u")],[("foo",1.0)])
    Q([("user","u")],[("producer_byte_rate",0.0)])
    Q([("user","u")],[("producer_byte_rate",-1.0)])
    Q([("user","u")],[("producer_byte_rate",1.5)])
    Q([("user","u")],[("connection_creation_rate",1.0)])
    Q([("ip","127.0.0.1")],[("producer_byte_rate",1.0)])
    Q([("ip","nohost.invalid")],[("connection_creation_rate",1.0)])
    Q([],[("producer_byte_rate",1.0)])
    Q([("foo","u")],[("producer_byte_rate",1.0)])
    Q([("user","")],[("producer_byte_rate",1.0)])
    Q([("user","u"),("user","v")],[("producer_byte_rate",1.0)])
    Q([("ip","127.0.0.1"),("user","v")],[("connection_creation_rate",1.0)])
    Q([("user","zz")],[("producer_byte_rate",None)])
    Q([("user","u")],[("foo",None)])
    Q([("user","u2")],[("producer_byte_rate",5.0)],validate=True)
    Q([("user","u")],[("producer_byte_rate",5.0),("producer_byte_rate",6.0)])
    Q([("ip","127.0.0.1")],[("connection_creation_rate",2.5)])
    Q([("user","u")],[("request_percentage",2.5)])
    Q([("user","u")],[])
    D = lambda comps, strict=False: q("DescribeClientQuotas", 1, {"components": [{"entityType": t, "matchType": m, "match": n} for t, m, n in comps], "strict": strict})
    D([])
    D([("user",0,"u")])
    D([("user",0,"u")],True)
    D([("user",1,None)])
    D([("user",2,None)])
    D([("user",2,None)],True)
    D([("client-id",2,None)])
    D([("user",2,None),("client-id",2,None)])
    D([("ip",2,None)])
    D([("ip",0,"127.0.0.1")])
    D([("foo",0,"u")])
    D([("user",0,None)])
    D([("user",7,None)])
    D([("user",0,"u"),("user",0,"v")])
    D([("user",2,None),("ip",2,None)])
    D([("",0,"u")])
    D([],True)
    q("DescribeAcls",1,{"resourceTypeFilter":1,"patternTypeFilter":1,"operation":1,"permissionType":1})
    q("DescribeAcls",3,{"resourceTypeFilter":1,"patternTypeFilter":1,"operation":1,"permissionType":1})
    q("CreateAcls",3,{"creations":[{"resourceType":2,"resourceName":"t","resourcePatternType":3,"principal":"User:a","host":"*","operation":3,"permissionType":3}]})
    q("DeleteAcls",3,{"filters":[{"resourceTypeFilter":1,"patternTypeFilter":1,"operation":1,"permissionType":1}]})
    q("DescribeUserScramCredentials",0,{"users":None})
    q("DescribeUserScramCredentials",0,{"users":[{"name":"a"}]})
    q("DescribeUserScramCredentials",0,{"users":[{"name":"a"},{"name":"a"}]})
    q("DescribeUserScramCredentials",0,{"users":[]})
    q("AlterUserScramCredentials",0,{"deletions":[{"name":"a","mechanism":1}],"upsertions":[]})
    q("AlterUserScramCredentials",0,{"deletions":[],"upsertions":[]})
    q("DescribeDelegationToken",3,{"owners":None})
    q("CreateDelegationToken",3,{"renewers":[],"maxLifetimeMs":-1})
    q("RenewDelegationToken",2,{"hmac":"AAAA","renewPeriodMs":1})
    q("ExpireDelegationToken",2,{"hmac":"AAAA","expiryTimePeriodMs":1})
    q("GetTelemetrySubscriptions",0,{"clientInstanceId":"A"*22})
    q("PushTelemetry",0,{"clientInstanceId":"A"*22,"subscriptionId":1,"metrics":""})
    q("AddRaftVoter",0,{"clusterId":None,"timeoutMs":1000,"voterId":5,"voterDirectoryId":"AAAAAAAAAAAAAAAAAAAAAQ","listeners":[{"name":"CONTROLLER","host":"h","port":1}]})
    q("RemoveRaftVoter",0,{"clusterId":None,"voterId":5,"voterDirectoryId":"AAAAAAAAAAAAAAAAAAAAAQ"})
    q("ApiVersions", 4, {"clientSoftwareName": "x", "clientSoftwareVersion": "1"})


def main():
    addresses = sys.argv[1:]
    if not addresses:
        sys.exit(__doc__)
    reports = []
    for address in addresses:
        asked = Asked(address)
        for part in (topics, configs, metadata_and_log):
            part(asked)
        reports.append(asked.lines)
    if len(reports) == 1:
        print("\n".join(reports[0]))
        return
    differ, meant = 0, 0
    for one, other in zip(*reports):
        if one == other:
            continue
        if any(text in one for text in DIFFERENT):
            meant += 1
            continue
        differ += 1
        print(f"A {one}\nB {other}\n")
    print(f"{len(reports[0])} answers compared, {differ} differ, {meant} more are meant to")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
