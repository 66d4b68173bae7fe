"""Answers to lesson 00 that the checks are tried on: wrong ones with what they must hear, and another right one."""

from lab.authoring.attempts import Attempts, Wrong

PUBLISH = "publish.single({topic!r}, {message!r}, qos=1, hostname=where.mqtt_host, port=where.mqtt_port)"
STATUS = "emergency_generators/generator1/status"

ATTEMPTS = {
    "l00.partitions": Attempts(
        wrong=(
            Wrong("counts the brokers", "partitions = 3", says="you counted the brokers"),
            Wrong(
                "takes the highest number",
                'partitions = max(consumer.partitions_for_topic("emergency_generators"))',
                says="numbered from 0",
            ),
            Wrong(
                "asks about another topic",
                'partitions = len(consumer.partitions_for_topic("emergency_generators_dlq"))',
                says="another topic",
            ),
            Wrong(
                "gives the set", 'partitions = consumer.partitions_for_topic("emergency_generators")', says="type set"
            ),
        ),
        other='partitions = sum(1 for number in consumer.partitions_for_topic("emergency_generators"))',
    ),
    "l00.online": Attempts(
        wrong=(
            Wrong(
                "publishes to the readings",
                PUBLISH.format(topic="emergency_generators/generator1", message="online"),
                says="something new in emergency_generators",
            ),
            Wrong(
                "another generator",
                PUBLISH.format(topic="emergency_generators/generator2/status", message="online"),
                says="the key generator2",
            ),
            Wrong(
                "the Kafka topic's name",
                PUBLISH.format(topic="emergency_generators_status/generator1", message="online"),
                says="is the Kafka topic",
            ),
            Wrong(
                "the Kafka topic's name alone",
                PUBLISH.format(topic="emergency_generators_status", message="online"),
                says="is the Kafka topic",
            ),
            Wrong("a leading slash", PUBLISH.format(topic="/" + STATUS, message="online"), says="begins with a slash"),
            Wrong("a level too many", PUBLISH.format(topic=STATUS + "/now", message="online"), says="too many"),
            Wrong("a trailing slash", PUBLISH.format(topic=STATUS + "/", message="online"), says="too many"),
            Wrong("only the last level", PUBLISH.format(topic="status", message="online"), says="missing"),
            Wrong("wrong message", PUBLISH.format(topic=STATUS, message="on"), says="the message 'on'"),
            Wrong(
                "wrong port",
                f'publish.single("{STATUS}", "online", qos=1, hostname=where.mqtt_host, port=1)',
                says="stopped with an error",
            ),
        ),
        other=f"""
import paho.mqtt.client as mqtt

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.connect(where.mqtt_host, where.mqtt_port)
client.loop_start()
client.publish("{STATUS}", "online", qos=1).wait_for_publish(5)
client.disconnect()
client.loop_stop()
""",
    ),
    "l00.point": Attempts(
        wrong=(
            Wrong(
                "never writes",
                'point = Point("hello").tag("generatorID", "generator1").field("fuel", 750.0)',
                says="no new point",
            ),
            Wrong(
                "no tag",
                'writer.write("l00_hello", record=Point("hello").field("fuel", 750.0))',
                says="a point with the tags none",
            ),
            Wrong(
                "a text",
                'writer.write("l00_hello", record=Point("hello").tag("generatorID", "generator1").field("fuel", "750.0"))',
                says="in quotes is a text",
            ),
            Wrong(
                "a whole number",
                'writer.write("l00_hello", record=Point("hello").tag("generatorID", "generator1").field("fuel", 750))',
                says="a whole number",
            ),
            Wrong(
                "to the bucket of the readings",
                'writer.write("kafka_raw", record=Point("hello").tag("generatorID", "generator1").field("fuel", 750.0))',
                says="another bucket",
            ),
            Wrong(
                "another field",
                'writer.write("l00_hello", record=Point("hello").tag("generatorID", "generator1").field("litres", 750.0))',
                says="the field litres",
            ),
        ),
        other='writer.write("l00_hello", record="hello,generatorID=generator1 fuel=750")',
    ),
}
