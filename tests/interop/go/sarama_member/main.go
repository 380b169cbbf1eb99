// A group member of sarama; see groups/judge.py.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/IBM/sarama"
)

type handler struct{ topic string }

func (h handler) Setup(s sarama.ConsumerGroupSession) error {
	var list []int
	for _, p := range s.Claims()[h.topic] {
		list = append(list, int(p))
	}
	sort.Ints(list)
	line := "assigned"
	for _, p := range list {
		line += fmt.Sprintf(" %d", p)
	}
	fmt.Println(line)
	return nil
}

func (h handler) Cleanup(sarama.ConsumerGroupSession) error {
	fmt.Println("assigned")
	return nil
}

func (h handler) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			s.MarkMessage(message, "")
			s.Commit()
			fmt.Println("got", message.Partition, message.Offset)
		case <-s.Context().Done():
			return nil
		}
	}
}

func main() {
	config := sarama.NewConfig()
	config.Version = sarama.V3_6_0_0
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	config.Consumer.Group.Heartbeat.Interval = time.Second
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	if len(os.Args) > 5 {
		config.Consumer.Group.InstanceId = os.Args[5]
	}
	group, err := sarama.NewConsumerGroup([]string{os.Args[1]}, os.Args[3], config)
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
		if err := group.Consume(ctx, []string{os.Args[2]}, handler{os.Args[2]}); err != nil {
			fmt.Println("consume", err)
			time.Sleep(200 * time.Millisecond)
		}
	}
	group.Close()
}
