"""Checks of lesson 05: lag, shared partitions and commits as the group coordinator knows them."""

from lab.checks import Attempt, NotYet, judge, require, whole

TOPIC = "l05_rush"
ORDERS = "l05_orders"
INSTANCES = 3


@judge(
    "l05.lag",
    title="Measure the lag",
    goal="`lag(group, topic)` returns how many records of the topic the group has not committed, over all partitions.",
    hints=(
        "Lag is a difference. Who knows its two sides, and for how many partitions?",
        "consumer.partitions_for_topic(topic), consumer.end_offsets([TopicPartition(...), ...]), consumer.committed(partition).",
        "sum(ends[p] - (consumer.committed(p) or 0) for p in partitions), with a consumer made with group_id=group.",
    ),
)
def lag(attempt: Attempt, function: object) -> str:
    group = attempt.kafka.group("l05-slow")
    require(
        group is not None,
        seen="there is no group l05-slow",
        wanted="the group of the slow worker",
        likely_cause="the cell with the Monday rush was not run",
        next_step="run the cells above, from the top.",
    )
    for name, expected, words, cause in (
        (
            "l05-slow",
            group.total_lag,
            "the group l05-slow",
            "one partition only, or the sides are not committed and end",
        ),
        (
            "l05-nobody",
            _whole_topic(attempt),
            "a group that never committed",
            "committed() gives None there, and that counts from 0",
        ),
    ):
        found = _called(function, name)
        require(
            found == expected,
            seen=f"lag() returned {found!r} for {words}",
            wanted=f"{expected}",
            likely_cause=cause,
            next_step="print both offsets for every partition and do the sum by hand.",
        )
    return "It measures the lag of a group over all partitions, also of a group that never committed."


def _called(function: object, group: str) -> object:
    try:
        return function(group, TOPIC)
    except Exception as error:
        raise NotYet(
            f"lag({group!r}, {TOPIC!r}) raised {type(error).__name__}: {error}",
            "a whole number",
            "committed() gives None for a partition that the group never committed"
            if isinstance(error, TypeError)
            else "the consumer was not asked as it wants to be asked",
            "call lag() yourself and read the last line of the error.",
        ) from error


def _whole_topic(attempt: Attempt) -> int:
    from lab.checks.probes.kafka import end_offsets

    return sum(end_offsets(attempt.where)[TOPIC].values())


@judge(
    "l05.instances",
    title="How many instances",
    goal="`instances` is the smallest number that clears 9,000 waiting records within 20 seconds while 1,000 a second come in.",
    hints=(
        "Two kinds of records must be done in these 20 seconds: those that wait and those that come.",
        "Needed per second: 1,000 + 9,000 / 20. One instance does 500 of it.",
        "1,450 / 500 is 2.9, and there is no tenth of an instance.",
    ),
    services=(),
)
def instances(attempt: Attempt, answer: object) -> str:
    count = whole(answer, "instances")
    require(
        count != 2,
        seen="2 instances",
        wanted="enough to shrink the backlog",
        likely_cause="two manage exactly what comes in: the 9,000 wait for ever",
        next_step="how many records a second must be done beyond the 1,000?",
    )
    require(
        count > 2,
        seen=f"{count} instances, {count * 500:,} records a second",
        wanted="more than the 1,000 that come in each second",
        likely_cause="the backlog grows",
        next_step="what comes in each second, and what must go besides?",
    )
    require(
        count == INSTANCES,
        seen=f"{count} instances, which clear it in {9_000 / (count * 500 - 1_000):.0f} seconds",
        wanted="the smallest number that needs at most 20",
        likely_cause="the 9,000 were taken as if all of them came in each second",
        next_step="try with one instance less.",
    )
    return "3 instances: 500 records a second more than come in clear 9,000 in 18 seconds."


@judge(
    "l05.share",
    title="Share the work",
    goal="The group `l05-share` has three instances at work on `l05_rush`, two partitions each.",
    hints=(
        "Workers of one group find each other: nothing but the group's name joins them.",
        'Worker("l05-share", "l05_rush") starts one. How do you get three, and where do you keep them?',
        'team += [Worker("l05-share", "l05_rush") for _ in range(3)]',
    ),
    deadline=40.0,
)
def share(attempt: Attempt) -> str:
    group = attempt.wait(
        lambda: attempt.kafka.group("l05-share"),
        lambda found: _sizes(found) == [2, 2, 2],
        12.0,
        "Waiting for the rebalance",
    )
    members = _sizes(group)
    require(
        members,
        seen="the group l05-share has no member",
        wanted="three",
        likely_cause="the workers were stopped, or have another group name",
        next_step="look at the group's name, letter by letter, and leave the workers running.",
    )
    require(
        len(members) >= INSTANCES,
        seen=f"{len(members)} member{'s' * (len(members) > 1)} in the group l05-share",
        wanted="three",
        likely_cause="each Worker is one instance",
        next_step="start as many as are wanted.",
    )
    require(
        len(members) == INSTANCES,
        seen=f"{len(members)} members in the group l05-share",
        wanted="three",
        likely_cause="too many were started, or those of an earlier run of the cell still work",
        next_step="stop them all (for member in team: member.stop()) and run the cell again.",
    )
    require(
        members == [2, 2, 2],
        seen=f"partitions per member of l05_rush: {members}",
        wanted="2, 2 and 2",
        likely_cause="the members read different topics, or the rebalance is still going on",
        next_step="check which topic each worker reads, then check again.",
    )
    return "3 instances, 2 partitions each."


def _sizes(group: object) -> list[int]:
    """How many partitions of the topic each member holds, sorted; members without one count as 0."""
    if group is None:
        return []
    return sorted(sum(topic == TOPIC for topic, _ in pairs) for pairs in group.members.values())


@judge(
    "l05.commit",
    title="Lose nothing",
    goal="All 20 orders are in `l05_delivered`, and the group `l05-orders` has committed them all.",
    hints=(
        "At the moment of the power cut, what has been committed and what has been delivered?",
        "for record in consumer: then handle(record) and consumer.commit(), in one of two orders.",
        "handle(record) first, consumer.commit() after it, both inside the loop.",
    ),
    deadline=40.0,
)
def commit(attempt: Attempt) -> str:
    delivered = [record.value for record in attempt.kafka.records("l05_delivered", at_least=20, within=4)]
    missing = sorted({str(number).encode() for number in range(20)} - set(delivered), key=int)
    require(
        delivered,
        seen="no order was delivered",
        wanted="all 20",
        likely_cause="handle() was never called with a record",
        next_step="loop over the consumer and give each record to handle().",
    )
    require(
        len(missing) != 1,
        seen=f"order {missing[0].decode() if missing else ''} is missing, the one being processed at the power cut",
        wanted="all 20",
        likely_cause="it was committed before it was handled, so the next instance began behind it",
        next_step="when do you know that an order is done?",
    )
    require(
        not missing,
        seen=f"{len(missing)} of 20 orders are missing",
        wanted="all 20 delivered",
        likely_cause="the second instance did not go on where the first one fell, or a whole batch was committed at once",
        next_step="what has been committed when the twelfth order fails?",
    )
    group = attempt.kafka.group("l05-orders")
    behind = group.total_lag if group else 20
    require(
        behind == 0,
        seen=f"the group l05-orders is {behind} records behind",
        wanted="a lag of 0",
        likely_cause="what is done was not committed, so the next instance will do it all again",
        next_step="call consumer.commit(), and call it often enough.",
    )
    repeated = len(delivered) - 20
    require(
        repeated <= 1,
        seen=f"all orders were delivered, {repeated} of them twice",
        wanted="at most the one being processed twice",
        likely_cause="nothing was committed until the end, so the next instance began at the beginning",
        next_step="commit after each order.",
    )
    return "20 orders delivered and committed, across a power cut."


@judge(
    "l05.replay",
    title="Read it again",
    goal="The group `l05-orders` has exactly the last 10 records of `l05_orders` before it again.",
    hints=(
        "A group goes on at its committed offset, and a commit may go backwards.",
        'consumer.committed(partition) gives it; consumer.commit({partition: OffsetAndMetadata(offset, "", -1)}) sets it.',
        'With orders = TopicPartition("l05_orders", 0): commit OffsetAndMetadata(consumer.committed(orders) - 10, "", -1).',
    ),
)
def replay(attempt: Attempt) -> str:
    group = attempt.kafka.group("l05-orders")
    require(group is not None, seen="there is no group l05-orders", wanted="it, 10 records behind")
    behind, offset = group.lag[ORDERS, 0], group.committed[ORDERS, 0]
    require(
        behind != 0,
        seen="the group is 0 records behind, as it was",
        wanted="10",
        likely_cause="seek() moves one consumer only, and a commit without offsets commits what that consumer has read",
        next_step="commit an offset of your choice.",
    )
    require(
        behind > 0,
        seen=f"the group is {-behind} records ahead of the end",
        wanted="10 behind it",
        likely_cause="the sign is turned round",
        next_step="which records are to be read again?",
    )
    require(
        offset > 0,
        seen="the group is at the very beginning of the partition",
        wanted="10 records behind its end",
        likely_cause="the offset 0 was committed",
        next_step="start from what the group has committed.",
    )
    require(
        behind == 10,
        seen=f"the group is {behind} records behind",
        wanted="10",
        likely_cause="another number was taken away",
        next_step="run the cell again and take away what is asked for.",
    )
    return "The next instance repeats the last 10 orders."
