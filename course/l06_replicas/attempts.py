"""Answers to lesson 06 that the checks are tried on: wrong ones with what they must hear, and other right ones."""

from lab.authoring.attempts import Attempts, Wrong

WAIT = 'wait_for(lambda: whole("l06_night"))\n'

ATTEMPTS = {
    "l06.leaders": Attempts(
        wrong=(
            Wrong(
                "every copy",
                'return [p["partition_index"] for p in partitions_of(topic) if broker in p["replica_nodes"]]',
                says="a copy is not leadership",
            ),
            Wrong(
                "the dictionaries",
                'return [p for p in partitions_of(topic) if p["leader_id"] == broker]',
                says="something other",
            ),
            Wrong(
                "old name",
                'return [p["partition"] for p in partitions_of(topic) if p["leader"] == broker]',
                says="KeyError",
            ),
            Wrong(
                "forgets to return",
                'found = [p for p in partitions_of(topic) if p["leader_id"] == broker]',
                says="returned None",
            ),
        ),
        other=(
            "found = []\nfor p in partitions_of(topic):\n    if p['leader_id'] == broker:\n        found.append(p['partition_index'])\n"
            "return found[::-1]"
        ),
    ),
    "l06.topic": Attempts(
        wrong=(
            Wrong("one copy", 'make_topic("l06_alerts", partitions=3, replicas=1, in_sync=1)', says="has one copy"),
            Wrong(
                "one is enough", 'make_topic("l06_alerts", partitions=3, replicas=3, in_sync=1)', says="a single copy"
            ),
            Wrong(
                "all three", 'make_topic("l06_alerts", partitions=3, replicas=3, in_sync=3)', says="writers that go on"
            ),
            Wrong("six partitions", 'make_topic("l06_alerts")', says="6 partitions"),
        ),
        other=(
            "admin.create_topics([NewTopic('l06_alerts', num_partitions=3, replication_factor=3, "
            "topic_configs={'min.insync.replicas': '2'})], wait_for_metadata=True)"
        ),
    ),
    "l06.night": Attempts(
        wrong=(
            Wrong("a quiet night", 'acknowledged, errors = send("l06_night", 600, acks="all")', says="was not killed"),
            Wrong(
                "too few",
                'with faults.Kill("kafka2"):\n    acknowledged, errors = send("l06_night", 60, acks="all")\n',
                says="60 of 600",
            ),
            Wrong(
                "the wrong result",
                'with faults.Kill("kafka2"):\n    errors, sent = send("l06_night", 600, acks="all")\nacknowledged = len(sent)\n',
                says="acknowledged is 0",
            ),
        ),
        other='fault = faults.Kill("kafka2").inject()\nacknowledged, errors = send("l06_night", 600)\nfault.undo()\n',
        undo=WAIT,
    ),
    "l06.careful": Attempts(
        wrong=(
            Wrong(
                "does not wait",
                "producer.send(topic, value=value)\nproducer.flush()\nreturn True",
                says="refused for want of replicas",
            ),
            Wrong(
                "catches everything",
                "try:\n    producer.send(topic, value=value).get(timeout=30)\nexcept Exception:\n    return False\nreturn True",
                says="neither yes nor no",
            ),
            Wrong(
                "no yes",
                "try:\n    producer.send(topic, value=value).get(timeout=30)\nexcept NotEnoughReplicasError:\n    return False",
                says="no return for the yes",
            ),
            Wrong("sends nothing", "return True", says="is not in l06_night"),
        ),
        other=(
            "answer = producer.send(topic, value=value)\ntry:\n    answer.get(timeout=20)\n    return True\n"
            "except KafkaError as error:\n    if isinstance(error, NotEnoughReplicasError):\n        return False\n    raise"
        ),
    ),
    "l06.predict": Attempts(
        wrong=(
            Wrong("two and one", "writers_go_on, records_exist = 2, 1", says="one broker is left"),
            Wrong("one and two", "writers_go_on, records_exist = 1, 2", says="just these two"),
            Wrong("none", "writers_go_on, records_exist = 0, 0", says="was anything refused"),
        ),
        other="writers_go_on = records_exist = 3 - 2",
    ),
}
