"""An MQTT server that keeps nothing: every publish goes to Kafka, and the acknowledgement comes from there.

Read it in this order. The core (no socket, clock, thread or event loop): `reasons`, `wire`, `properties`, `packets`
(bytes to packets and back), `table` (every transition, literally), `opening` (CONNECT and CONNACK), `inflow` (the
three QoS), `framing`, `handlers` and `session` (one connection), `sessions` (who is connected, what is resumed, when
a will is due) and `rules` (MQTT topic to Kafka topic).
The shell: `config`, `accounts` and `identity` (who is who), `librdkafka`, `kafka_topics` and `delivery` (Kafka),
`headers`, `wheel` (timers), `held` (what connections hold), `link` (one socket), `websocket`, `tls`, `listeners`,
`registry`, `server`, `run` (one process), `pipe`, `remote` and `workers` (several on one port), `signals`, `metrics`,
`http`, `logs`, `repeats` (lines that clients can cause). `publisher` is the other end, for tests.
"""
