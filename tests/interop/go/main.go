// What franz-go does against a broker: admin, produce, consume, transactions. Usage: HOST:PORT.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func check(ok bool, what string) {
	if !ok {
		fmt.Println("FAILED:", what)
		os.Exit(1)
	}
	fmt.Println("ok ", what)
}

func must(err error, what string) { check(err == nil, fmt.Sprintf("%s %v", what, err)) }

func consume(ctx context.Context, bootstrap, topic string, partition int32, isolation kgo.IsolationLevel, end int64) []string {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.FetchIsolationLevel(isolation),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: kgo.NewOffset().AtStart()}}),
		kgo.KeepControlRecords())
	must(err, "consumer")
	defer client.Close()
	var values []string
	for last := int64(-1); last < end-1; {
		fetches := client.PollFetches(ctx)
		check(len(fetches.Errors()) == 0, fmt.Sprintf("fetch %v", fetches.Errors()))
		fetches.EachRecord(func(r *kgo.Record) {
			last = r.Offset
			if !r.Attrs.IsControl() {
				values = append(values, string(r.Value))
			}
		})
	}
	return values
}

func main() {
	bootstrap := os.Args[1]
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	run := fmt.Sprint(time.Now().UnixMilli())
	topic := "go-" + run

	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.DefaultProduceTopic(topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	must(err, "client")
	admin := kadm.NewClient(client)
	_, err = admin.CreateTopic(ctx, 2, 1, nil, topic)
	must(err, "create topic")
	topics, err := admin.ListTopics(ctx)
	must(err, "list topics")
	check(topics.Has(topic), "the topic is listed")
	var records []*kgo.Record
	for i := 0; i < 1000; i++ {
		records = append(records, &kgo.Record{Partition: 0, Key: []byte("k"), Value: []byte(fmt.Sprint(i))})
	}
	must(client.ProduceSync(ctx, records...).FirstErr(), "produce 1000")
	values := consume(ctx, bootstrap, topic, 0, kgo.ReadUncommitted(), 1000)
	check(len(values) == 1000 && values[999] == "999", "consume 1000")
	client.Close()

	tx, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.DefaultProduceTopic(topic), kgo.TransactionalID("go-tx-"+run),
		kgo.RecordPartitioner(kgo.ManualPartitioner()))
	must(err, "transactional client")
	for t := 0; t < 20; t++ {
		must(tx.BeginTransaction(), "begin")
		for i := 0; i < 5; i++ {
			r := &kgo.Record{Partition: 1, Value: []byte(fmt.Sprintf("t%d-%d", t, i))}
			must(tx.ProduceSync(ctx, r).FirstErr(), "produce in a transaction")
		}
		must(tx.EndTransaction(ctx, kgo.TransactionEndTry(t%4 != 3)), "end")
	}
	tx.Close()
	ends, err := kadm.NewClient(must1(kgo.NewClient(kgo.SeedBrokers(bootstrap)))).ListEndOffsets(ctx, topic)
	must(err, "end offsets")
	end, _ := ends.Lookup(topic, 1)
	values = consume(ctx, bootstrap, topic, 1, kgo.ReadCommitted(), end.Offset)
	check(len(values) == 75, fmt.Sprintf("read_committed sees 75 records: %d", len(values)))
	fmt.Println("PASSED")
}

func must1(client *kgo.Client, err error) *kgo.Client {
	must(err, "client")
	return client
}
