"""What is started and stopped by its own methods is so by a with block as well."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Startable(ABC):
    """Runs from start() to stop(), or inside a with block."""

    @abstractmethod
    def start(self) -> Self:
        """Begin; returns itself."""

    @abstractmethod
    def stop(self) -> object:
        """End."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
