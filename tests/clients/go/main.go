// Eclipse Paho for Go: paho.mqtt.golang for 3.1.1, paho.golang (autopaho) for 5.0. See ../README.md.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const patience = 60 * time.Second

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func v311(address, topic string) {
	options := mqtt.NewClientOptions().AddBroker("tcp://" + address).SetClientID("go-311-" + topic)
	options.SetProtocolVersion(4).SetKeepAlive(10 * time.Second).SetWill(topic, "will", 1, false)
	client := mqtt.NewClient(options)
	wait(client.Connect())
	var tokens []mqtt.Token
	for number := 0; number < 60; number++ {
		tokens = append(tokens, client.Publish(topic, byte(number/20), false, fmt.Sprint(number)))
	}
	for _, token := range tokens {
		wait(token)
	}
	client.Disconnect(250)
}

func wait(token mqtt.Token) {
	if !token.WaitTimeout(patience) {
		check(fmt.Errorf("no answer within %s", patience))
	}
	check(token.Error())
}

func v5(address, topic string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server, err := url.Parse("mqtt://" + address)
	check(err)
	client, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls:   []*url.URL{server},
		KeepAlive:    10,
		WillMessage:  &paho.WillMessage{Topic: topic, Payload: []byte("will"), QoS: 1},
		ClientConfig: paho.ClientConfig{ClientID: "go-5-" + topic},
	})
	check(err)
	check(client.AwaitConnection(ctx))
	for number := 0; number < 60; number++ {
		one := &paho.Publish{Topic: topic, QoS: byte(number / 20), Payload: []byte(fmt.Sprint(number))}
		_, err = client.Publish(ctx, one)
		check(err)
	}
	answer, _ := client.Publish(ctx, &paho.Publish{Topic: "nowhere", QoS: 1, Payload: []byte("x")})
	fmt.Printf("refused %d\n", answer.ReasonCode)
	check(client.Disconnect(ctx))
}

func main() {
	address := os.Args[1] + ":" + os.Args[2]
	topic := "t/" + os.Args[4] + "/k"
	if os.Args[3] == "5" {
		v5(address, topic)
	} else {
		v311(address, topic)
	}
	fmt.Println("done")
}
