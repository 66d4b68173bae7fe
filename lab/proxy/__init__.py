"""An MQTT server that keeps nothing: every publish goes to Kafka, and the acknowledgement comes from there.

A publish takes this way. `listeners` opened the socket (`tls` and `websocket` where it is one); `connection` reads it
and hands the bytes to `core.session`, which knows from `core.table` what may come when and reads the packet with
`core.packets`, `core.properties` and `core.data_types`; `core.inbound` keeps the order and the three QoS.
`connection` asks `core.rules` for the Kafka topic, key and headers, and hands the record to `delivery`, which produces
it, or lets it wait in `kafka_topics` until its topic is there. Kafka's answer comes back by the same way.

A CONNECT takes another: `identity` finds out who it is (`accounts` has the passwords), `registry` grants the client id
and `core.sessions` knows what is resumed, `core.opening` writes CONNACK.

The core needs no socket, clock, thread or event loop. Around it: `state` is what the connections of one process share,
`server` its start, reload and end, `run` the process; `workers` and `worker_channel` are for several processes on one
port. `config`, `kafka_client`, `held_bytes`, `timer_wheel`, `metrics`, `http` and `logs` serve all of them.
"""
