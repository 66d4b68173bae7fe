"""Checks of lesson 12, for any device that its owner has described; each module has those of a part of the lesson."""

from course.l12_home import checks_alarms, checks_device, checks_home, checks_storage

__all__ = ["checks_alarms", "checks_device", "checks_home", "checks_storage"]
