"""The password file and its checking."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from argon2.exceptions import VerifyMismatchError

from lab.base.errors import LearnerError
from lab.proxy import accounts
from lab.proxy.accounts import Accounts


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheap hashes: what is tested is not how hard they are."""
    monkeypatch.setattr(accounts, "HASHER", accounts.PasswordHasher(time_cost=1, memory_cost=64))


def test_set_change_and_remove(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    accounts.write(file, "a", "one")
    accounts.write(file, "b", "two")
    first = accounts.read(file)["a"]
    accounts.write(file, "a", "one")
    assert accounts.read(file)["a"] != first, "each hash has a salt of its own"
    accounts.write(file, "a", None)
    assert list(accounts.read(file)) == ["b"]
    assert "two" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "#a"])
def test_names_that_the_file_cannot_hold(tmp_path: Path, name: str) -> None:
    with pytest.raises(LearnerError):
        accounts.write(tmp_path / "passwords", name, "x")


def test_removing_an_unknown_account(tmp_path: Path) -> None:
    with pytest.raises(LearnerError, match="no account"):
        accounts.write(tmp_path / "passwords", "a", None)


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text("# a comment\n\nalice:plain text\n")
    with pytest.raises(LearnerError, match="Line 3"):
        accounts.read(file)


async def test_checking(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    accounts.write(file, "a", "one")
    known = Accounts(file)
    for _ in range(2):  # the second time from memory
        assert await known.check("a", b"one")
        assert not await known.check("a", b"two")
        assert not await known.check("nobody", b"one")
    known.close()


async def test_a_changed_password_is_not_remembered(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    accounts.write(file, "a", "one")
    known = Accounts(file)
    assert await known.check("a", b"one")
    accounts.write(file, "a", "two")
    known.load()
    assert not await known.check("a", b"one")
    assert await known.check("a", b"two")
    known.close()


async def test_too_many_at_once_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "WAITING_MAX", 0)
    known = Accounts(None)
    with pytest.raises(accounts.Busy):
        await known.check("a", b"one")
    known.close()


class Hashing:
    """Counts checks and their order; a password is right when it is the account's name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, known: Accounts, names: list[str]) -> None:
        self.order: list[bytes] = []
        known._hashes = {name: name for name in names}
        known._path = Path("/nowhere")
        monkeypatch.setattr(accounts, "_verify", self.verify)
        monkeypatch.setattr(accounts, "THREADS", 1)

    def verify(self, stored: str, password: bytes) -> bool:
        self.order.append(password)
        return stored.encode() == password


async def test_right_logins_are_not_starved_by_wrong_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"g{n}" for n in range(20)]
    known = Accounts(None)
    hashing = Hashing(monkeypatch, known, names)
    guesses = [known.check("g0", b"guess%d" % n) for n in range(50)]
    guesses += [known.check(f"nobody{n}", b"guess") for n in range(50)]
    right = [known.check(name, name.encode()) for name in names]
    answers = await asyncio.gather(*guesses, *right)
    assert answers == [False] * 100 + [True] * 20
    last = max(hashing.order.index(name.encode()) for name in names[1:])
    assert last < 2 * len(names) + 2, "each account has its turn"
    known.close()


async def test_a_password_is_checked_once_however_many_send_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """One account for a whole fleet, and devices that repeat a wrong password every second."""
    known = Accounts(None)
    hashing = Hashing(monkeypatch, known, ["fleet"])
    for password, right in ((b"fleet", True), (b"wrong", False)):
        for _ in range(2):
            assert set(await asyncio.gather(*(known.check("fleet", password) for _ in range(500)))) == {right}
    assert sorted(hashing.order) == [b"fleet", b"wrong"]
    known.close()


async def test_one_account_cannot_fill_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Accounts(None)
    Hashing(monkeypatch, known, ["a", "b"])
    waiting = [asyncio.ensure_future(known.check("a", b"%d" % n)) for n in range(accounts.LANE_MAX + 10)]
    await asyncio.sleep(0)
    assert await known.check("b", b"b")
    busy = [one for one in await asyncio.gather(*waiting, return_exceptions=True) if isinstance(one, accounts.Busy)]
    assert len(busy) == 10
    known.close()


async def test_what_nobody_waits_for_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Accounts(None)
    hashing = Hashing(monkeypatch, known, ["a", "b"])
    tasks = [asyncio.ensure_future(known.check("a", b"%d" % n)) for n in range(10)]
    tasks[0].add_done_callback(lambda _: None)
    await asyncio.sleep(0)
    for task in tasks[1:]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await known.check("b", b"b")
    assert len(hashing.order) <= 3
    assert not known._checks
    known.close()


def test_a_hash_costs_what_a_fleet_can_pay_and_an_unknown_name_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    setting = accounts.extract_parameters(accounts.HASHER.hash("x"))
    assert (setting.memory_cost, setting.time_cost, setting.parallelism) == (19_456, 2, 1)
    old = accounts.PasswordHasher(time_cost=3, memory_cost=32_768, parallelism=2).hash("x")
    nobody = accounts._like({"a": accounts.HASHER.hash("x"), "b": old})
    assert accounts.extract_parameters(nobody) == accounts.extract_parameters(old)
    assert not accounts._verify(nobody, b"x"), "it is whole: it was checked, and not refused unread"
    with pytest.raises(VerifyMismatchError):
        accounts.HASHER.verify(nobody, b"x")
