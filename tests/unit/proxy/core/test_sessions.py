"""Client ids, resumed sessions and wills that wait: the registry without a process around it."""

from __future__ import annotations

from lab.proxy.core.packets import Will
from lab.proxy.core.rules import Identity
from lab.proxy.core.sessions import EndedSession, Evict, Granted, PublishWill, Sessions

WHO = Identity("c")
NOTHING = frozenset[int]()


def will(delay: int = 0) -> Will:
    return Will("t", b"offline", 1, False, delay)


def left(received: frozenset[int] = NOTHING, expiry: int = 0, delay: int | None = None) -> EndedSession:
    return EndedSession(received, expiry, None if delay is None else will(delay), WHO)


def test_a_free_client_id_is_granted_at_once() -> None:
    assert Sessions(10).claim("c", 1, True, 0.0) == [Granted(1, False, NOTHING)]


def test_take_over_is_granted_after_the_first_has_left() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, False, 0.0)
    assert sessions.claim("c", 2, False, 1.0) == [Evict(1)]
    granted = sessions.release("c", 1, left(frozenset({7}), expiry=60), 1.0)
    assert granted == [Granted(2, True, frozenset({7}))]


def test_a_third_claim_replaces_the_one_that_waits() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, True, 0.0)
    sessions.claim("c", 2, True, 0.0)
    assert sessions.claim("c", 3, True, 0.0) == [Evict(2)]
    assert sessions.release("c", 2, left(), 0.0) == []
    assert sessions.release("c", 1, left(), 0.0) == [Granted(3, False, NOTHING)]


def test_who_gives_up_waiting_is_not_granted() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, True, 0.0)
    sessions.claim("c", 2, True, 0.0)
    assert sessions.release("c", 2, left(), 0.0) == []
    assert sessions.release("c", 1, left(), 0.0) == []
    assert sessions.claim("c", 3, True, 0.0) == [Granted(3, False, NOTHING)]


def test_a_session_is_resumed_until_it_ends() -> None:
    sessions = Sessions(10)
    for now, present in ((59.0, True), (160.0, False)):
        sessions.claim("c", 1, False, 0.0)
        sessions.release("c", 1, left(frozenset({1}), expiry=60), 0.0)
        sessions.expire(now)
        assert sessions.claim("c", 2, False, now) == [Granted(2, present, frozenset({1}) if present else NOTHING)]
        sessions.release("c", 2, left(), now)


def test_a_clean_start_drops_the_session() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, False, 0.0)
    sessions.release("c", 1, left(frozenset({1}), expiry=60), 0.0)
    assert sessions.claim("c", 2, True, 1.0) == [Granted(2, False, NOTHING)]
    sessions.release("c", 2, left(), 2.0)
    assert sessions.claim("c", 3, False, 3.0) == [Granted(3, False, NOTHING)]


def test_a_will_without_delay_or_without_a_session_goes_at_once() -> None:
    for ended in (left(expiry=60, delay=0), left(expiry=0, delay=30)):
        sessions = Sessions(10)
        sessions.claim("c", 1, False, 0.0)
        assert sessions.release("c", 1, ended, 0.0) == [PublishWill(ended.will or will(), WHO)]


def test_a_delayed_will_goes_once_when_it_is_due() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, False, 0.0)
    assert sessions.release("c", 1, left(expiry=60, delay=30), 0.0) == []
    assert sessions.expire(29.0) == []
    assert sessions.expire(30.0) == [PublishWill(will(30), WHO)]
    assert sessions.expire(61.0) == []


def test_a_will_goes_when_its_session_ends_before_its_delay() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, False, 0.0)
    sessions.release("c", 1, left(expiry=10, delay=3000), 0.0)
    assert sessions.expire(10.0) == [PublishWill(will(3000), WHO)]


def test_a_client_that_comes_back_in_time_has_its_will_dropped() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, False, 0.0)
    sessions.release("c", 1, left(expiry=60, delay=30), 0.0)
    assert sessions.claim("c", 2, False, 10.0) == [Granted(2, True, NOTHING)]
    assert sessions.expire(100.0) == []


def test_a_clean_start_ends_the_session_and_sends_its_will() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, False, 0.0)
    sessions.release("c", 1, left(expiry=60, delay=30), 0.0)
    assert sessions.claim("c", 2, True, 10.0) == [PublishWill(will(30), WHO), Granted(2, False, NOTHING)]


def test_a_second_absence_does_not_inherit_the_first_ones_times() -> None:
    sessions = Sessions(10)
    for now in (0.0, 20.0):
        sessions.claim("c", 1, False, now)
        sessions.release("c", 1, left(expiry=60, delay=30), now)
    assert sessions.expire(31.0) == []
    assert sessions.expire(50.0) == [PublishWill(will(30), WHO)]
    assert sessions.claim("c", 3, False, 70.0) == [Granted(3, True, NOTHING)]


def test_kept_sessions_are_bounded() -> None:
    sessions = Sessions(2)
    for number in range(5):
        name = f"c{number}"
        sessions.claim(name, number + 1, False, 0.0)
        sessions.release(name, number + 1, left(expiry=60 + number, delay=50), 0.0)
    present = [
        action.present
        for number in range(5)
        for action in sessions.claim(f"c{number}", 10 + number, False, 1.0)
        if isinstance(action, Granted)
    ]
    assert present == [False, False, False, True, True]


def test_a_client_that_comes_and_goes_leaves_nothing_behind() -> None:
    sessions = Sessions(10)
    for number in range(5_000):
        sessions.claim("c", number, False, 0.0)
        sessions.release("c", number, left(expiry=60, delay=30), 0.0)
    assert len(sessions._times) < 1_100
    assert sessions.expire(30.0) == [PublishWill(will(30), WHO)]


def test_what_absent_sessions_take_is_bounded_with_their_wills_and_ids() -> None:
    sessions = Sessions(1_000, maximum_bytes=1_000_000)
    wills = 0
    for number in range(300):
        name = f"c{number}"
        sessions.claim(name, number, False, float(number))
        will = Will("t", b"x" * 10_000, 1, False, 500)
        ended = EndedSession(frozenset(range(1, 101)), 600, will, WHO)
        wills += len(sessions.release(name, number, ended, float(number)))
    assert 900_000 < sessions.bytes <= 1_000_000
    assert wills == 300 - sum(one.will is not None for one in sessions._away.values()), "no will is lost"
    for number in range(300):
        sessions.claim(f"c{number}", 1_000 + number, False, 300.0)
    assert sessions.bytes == 0


def test_a_will_that_was_published_is_not_counted_any_more() -> None:
    sessions = Sessions(10)
    sessions.claim("c", 1, False, 0.0)
    sessions.release("c", 1, left(expiry=60, delay=30), 0.0)
    before = sessions.bytes
    sessions.expire(31.0)
    assert 0 < sessions.bytes < before
    sessions.expire(61.0)
    assert sessions.bytes == 0
