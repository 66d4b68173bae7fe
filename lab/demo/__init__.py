"""`./workshop demo`: the whole pipeline without JupyterLab, watched live, then judged by the ledger."""

from lab.demo.main import demo

__all__ = ["demo"]
