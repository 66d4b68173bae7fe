"""The usual do-it-yourself bridge: a paho-mqtt subscriber of a broker that produces through librdkafka."""

from __future__ import annotations

import sys

import paho.mqtt.client as paho
from confluent_kafka import Producer

TOPIC = "bench_bridge"


def main() -> None:
    """Forward `emergency_generators/+` until killed."""
    from bench.proxy import proxy_topic

    port, bootstrap = int(sys.argv[1]), sys.argv[2]
    proxy_topic(bootstrap, TOPIC)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 5,
            "queue.buffering.max.messages": 2_000_000,
            "partitioner": "murmur2_random",
        }
    )

    def on_message(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        producer.produce(TOPIC, message.payload, message.topic.rpartition("/")[2].encode())
        producer.poll(0)

    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.on_connect = lambda *_: client.subscribe("emergency_generators/+", 1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)
    client.loop_forever()


if __name__ == "__main__":
    main()
