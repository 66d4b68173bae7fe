"""Answers to lesson 05 that the checks are tried on: wrong ones with what they must hear, and other right ones."""

from lab.authoring.attempts import Attempts, Wrong

ASK = "consumer = KafkaConsumer(group_id=group, enable_auto_commit=False, **where.kafka_python())\n"
STOP = "for member in team:\n    member.stop()\n"
ORDERS = (
    'consumer = KafkaConsumer(group_id="l05-orders", enable_auto_commit=False, **where.kafka_python())\n'
    'orders = TopicPartition("l05_orders", 0)\n'
)

ATTEMPTS = {
    "l05.lag": Attempts(
        wrong=(
            Wrong(
                "first partition only",
                ASK
                + "p = TopicPartition(topic, 0)\ntotal = consumer.end_offsets([p])[p] - (consumer.committed(p) or 0)\n"
                "consumer.close()\nreturn total",
                says="for the group l05-slow",
            ),
            Wrong(
                "no group yet",
                ASK + "ps = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]\n"
                "ends = consumer.end_offsets(ps)\ntotal = sum(ends[p] - consumer.committed(p) for p in ps)\nconsumer.close()\nreturn total",
                says="raised TypeError",
            ),
            Wrong(
                "skips what was never committed",
                ASK + "ps = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)]\n"
                "ends = consumer.end_offsets(ps)\n"
                "total = sum(ends[p] - consumer.committed(p) for p in ps if consumer.committed(p) is not None)\n"
                "consumer.close()\nreturn total",
                says="a group that never committed",
            ),
        ),
        other=(
            "admin = KafkaAdminClient(**where.kafka_python())\n"
            "done = {p: o.offset for p, o in admin.list_group_offsets({group: None})[group].items() if p.topic == topic}\n"
            "admin.close()\n"
            "consumer = KafkaConsumer(**where.kafka_python())\n"
            "ends = consumer.end_offsets([TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)])\n"
            "consumer.close()\nreturn sum(end - max(0, done.get(p, 0)) for p, end in ends.items())"
        ),
    ),
    "l05.instances": Attempts(
        wrong=(
            Wrong("keeps up", "instances = 2", says="wait for ever"),
            Wrong("one is enough", "instances = 1", says="the backlog grows"),
            Wrong("all at once", "instances = 20", says="the smallest number"),
            Wrong("not whole", "instances = 2.9", says="whole"),
        ),
        other="import math\ninstances = math.ceil((1000 * 20 + 9000) / 20 / 500)",
    ),
    "l05.share": Attempts(
        wrong=(
            Wrong("one", 'team.append(Worker("l05-share", "l05_rush"))', says="1 member in the group"),
            Wrong("other group", 'team += [Worker(f"l05-share-{n}", "l05_rush") for n in range(3)]', says="no member"),
            Wrong(
                "too many", 'team += [Worker("l05-share", "l05_rush") for _ in range(4)]', says="too many were started"
            ),
        ),
        other='for _ in range(3):\n    team.append(Worker(group="l05-share", topic="l05_rush", seconds=0.001))\n',
        undo=STOP,
    ),
    "l05.commit": Attempts(
        wrong=(
            Wrong(
                "commits first",
                "for record in consumer:\n    consumer.commit()\n    handle(record)\n",
                says="the one being processed",
            ),
            Wrong("never commits", "for record in consumer:\n    handle(record)\n", says="20 records behind"),
            Wrong(
                "commits at the end",
                "for record in consumer:\n    handle(record)\nconsumer.commit()\n",
                says="11 of them twice",
            ),
            Wrong(
                "hands nothing over", "for record in consumer:\n    consumer.commit()\n", says="no order was delivered"
            ),
        ),
        other=(
            "for record in consumer:\n    handle(record)\n"
            '    consumer.commit({TopicPartition(record.topic, record.partition): OffsetAndMetadata(record.offset + 1, "", -1)})\n'
        ),
    ),
    "l05.replay": Attempts(
        wrong=(
            Wrong(
                "seeks",
                ORDERS
                + "consumer.assign([orders])\nconsumer.seek(orders, consumer.committed(orders) - 10)\nconsumer.close(autocommit=False)\n",
                says="seek() moves one consumer only",
            ),
            Wrong(
                "one too many",
                ORDERS
                + 'consumer.commit({orders: OffsetAndMetadata(consumer.committed(orders) - 11, "", -1)})\nconsumer.close()\n',
                says="11 records behind",
            ),
            Wrong(
                "the beginning",
                ORDERS + 'consumer.commit({orders: OffsetAndMetadata(0, "", -1)})\nconsumer.close()\n',
                says="very beginning",
            ),
        ),
        other=(
            "admin = KafkaAdminClient(**where.kafka_python())\n"
            'orders = TopicPartition("l05_orders", 0)\n'
            'now = admin.list_group_offsets({"l05-orders": None})["l05-orders"][orders].offset\n'
            'admin.alter_group_offsets("l05-orders", {orders: OffsetAndMetadata(now - 10, "", -1)})\nadmin.close()\n'
        ),
        undo="",
    ),
}
