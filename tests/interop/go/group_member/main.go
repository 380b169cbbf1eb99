// A group member of franz-go, classic protocol; see groups/judge.py.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	lock sync.Mutex
	mine = map[int32]bool{}
)

func told() {
	var list []int
	for p := range mine {
		list = append(list, int(p))
	}
	sort.Ints(list)
	line := "assigned"
	for _, p := range list {
		line += fmt.Sprintf(" %d", p)
	}
	fmt.Println(line)
}

func main() {
	bootstrap, topic, group, mode := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	change := func(owned bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			lock.Lock()
			defer lock.Unlock()
			for _, p := range partitions[topic] {
				if owned {
					mine[p] = true
				} else {
					delete(mine, p)
				}
			}
			told()
		}
	}
	options := []kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit(), kgo.SessionTimeout(6 * time.Second),
		kgo.HeartbeatInterval(time.Second), kgo.OnPartitionsAssigned(change(true)), kgo.OnPartitionsRevoked(change(false)),
		kgo.OnPartitionsLost(change(false))}
	if mode == "cooperative" {
		options = append(options, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	} else {
		options = append(options, kgo.Balancers(kgo.RangeBalancer()))
	}
	if len(os.Args) > 5 {
		options = append(options, kgo.InstanceID(os.Args[5]))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		stop()
	}()
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		if fetches.NumRecords() == 0 {
			continue
		}
		if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
			fmt.Println("commit", err)
			continue
		}
		fetches.EachRecord(func(r *kgo.Record) { fmt.Println("got", r.Partition, r.Offset) })
	}
	client.LeaveGroup()
	client.Close()
}
