"""The password file and its checking."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LearnerError
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
