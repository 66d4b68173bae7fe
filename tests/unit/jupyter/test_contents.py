"""A notebook that is saved is whole at every moment; permissions and links stay, and its text when saving fails."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from lab.jupyter.contents import WholeFileManager

Saved = dict[str, Any]


def save(root: Path, name: str, book: nbformat.NotebookNode) -> Saved:
    manager = WholeFileManager(root_dir=str(root))
    return asyncio.run(manager.save({"type": "notebook", "content": book}, name))


def book(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text)])


def test_whoever_reads_while_it_is_saved_reads_a_whole_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, seen, write = tmp_path / "a.ipynb", [], nbformat.write
    save(tmp_path, place.name, book("first"))

    def look_while_writing(*args: Any, **options: Any) -> None:
        seen.append(json.loads(place.read_text())["cells"][0]["source"])
        write(*args, **options)
        seen.append(json.loads(place.read_text())["cells"][0]["source"])

    monkeypatch.setattr(nbformat, "write", look_while_writing)
    save(tmp_path, place.name, book("second"))
    assert [*map("".join, seen), *json.loads(place.read_text())["cells"][0]["source"]] == ["first", "first", "second"]
    assert [path.name for path in tmp_path.glob("*~*")] == []


def test_a_save_that_fails_leaves_the_notebook_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a.ipynb"
    save(tmp_path, place.name, book("first"))
    before = place.read_bytes()

    def full(_book: object, file: Any, **_options: Any) -> None:
        file.write("{")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nbformat, "write", full)
    with pytest.raises(Exception, match="No space left"):
        save(tmp_path, place.name, book("second"))
    assert place.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "~" in path.name] == []


def test_permissions_and_links_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.ipynb", tmp_path / "link.ipynb"
    save(tmp_path, real.name, book("first"))
    real.chmod(0o640)
    link.symlink_to(real)
    save(tmp_path, link.name, book("second"))
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "second" in real.read_text()
