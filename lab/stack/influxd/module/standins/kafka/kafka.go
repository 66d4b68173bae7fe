// Package kafka stands in for github.com/segmentio/kafka-go, which Flux's kafka.to writes with.
package kafka

import (
	"context"
	"net"

	"workshop/influxd/leftout"
)

type (
	Balancer   any
	Hash       struct{}
	RoundRobin struct{}
	LeastBytes struct{}
	Message    struct{ Key, Value []byte }
	Writer     struct{}
	Dialer     struct {
		DialFunc func(ctx context.Context, network, address string) (net.Conn, error)
	}
	WriterConfig struct {
		Brokers                  []string
		Topic                    string
		Balancer                 Balancer
		BatchSize, QueueCapacity int
		Dialer                   *Dialer
	}
)

func NewWriter(WriterConfig) *Writer { return &Writer{} }

func (*Writer) WriteMessages(context.Context, ...Message) error { return leftout.Error("kafka client") }

func (*Writer) Close() error { return nil }
