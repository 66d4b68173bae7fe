"""JupyterLab as the course opens it: a lesson in the middle, the pipeline map docked beside it.

Nothing is installed into the environment: the command line names the server extension, the prebuilt browser
extension and the settings that lie in this folder, and PYTHONPATH lets every kernel import `lab`.
"""

from lab.jupyter.command import JupyterCommand, command, notebook

__all__ = ["JupyterCommand", "command", "notebook"]
