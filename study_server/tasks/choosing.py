"""Which task a study asks: built in, of an installed package, or in a file that the user names.

What a study's folder says is never imported: it names a task, and the command line its file.
"""

from collections.abc import Mapping
from typing import Any

from benchmark.core.errors import BenchError, unknown
from benchmark.core.failures import in_one_line
from benchmark.core.plugins import check_reference, from_file, installed, is_file, subclass
from study_server.study_settings import Settings
from study_server.tasks import TASKS
from study_server.tasks.task import Task

TOLD = ("kind", "choices", "of_settings", "other", "asked_if", "required")  # of a question; its
# words may be corrected after the study was built


def task_class(reference: str) -> type[Task]:
    """The task of this name, or `file.py:Class`. Raises BenchError where there is none."""
    if reference in TASKS:
        return TASKS[reference]
    check_reference(reference)
    offered = installed("tasks")
    if is_file(reference):
        found = from_file(reference).value
    elif reference in offered:
        found = offered[reference].load().value
    else:
        raise unknown("task", reference, [*TASKS, *offered])
    kind: type[Task] = subclass(found, Task, reference)
    for needed in ("name", "questions"):
        if not getattr(kind, needed, None):
            raise BenchError(f"{reference} is unfinished: it lacks {needed}")
    name = kind.name
    if name in TASKS:
        raise BenchError(f"{reference} has the name of the task '{name}'; give it one of its own")
    return kind


def made_task(kind: type[Task], settings: Settings) -> Task:
    """The task with a study's settings. Raises BenchError where it cannot be made."""
    if kind.shows > 1 and settings.stopping.width:
        raise BenchError(
            f"the task {kind.name} compares directions and gives no MOS, so that [stopping] width "
            "cannot be met: leave it out, and give the number of people"
        )
    return in_one_line(f"the task {kind.name} cannot be made", kind, settings)


def stored_task(described: Mapping[str, Any], settings: Settings, reference: str | None) -> Task:
    """The task that a bundle was built for. reference: as on the command line, or None.

    Raises BenchError where it is not known here, is another one, or asks other questions by now.
    """
    name = described["name"]
    if reference is None and name not in TASKS and name not in installed("tasks"):
        raise BenchError(
            f"the study asks the task '{name}', which is neither built in nor installed; "
            "name its file: --task FILE.py:CLASS"
        )
    task = made_task(task_class(reference or name), settings)
    if task.name != name:
        raise BenchError(f"the study asks the task '{name}', and {reference} is '{task.name}'")
    if changed := _changed(described, task.describe()):
        raise BenchError(
            f"the task '{name}' is not the one that the study was built for: {changed}; "
            "use the version of that time"
        )
    task.in_order([question["name"] for question in described["questions"]])
    return task


def _changed(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs, in words; "" where nothing does."""
    if then["shows"] != now["shows"]:
        return f"it shows {now['shows']} directions on a page, not {then['shows']}"
    before, after = ({q["name"]: q for q in task["questions"]} for task in (then, now))
    if before.keys() != after.keys():  # in another order they stay in that of the study
        return f"it asks {', '.join(after)}, not {', '.join(before)}"
    for name, old in before.items():
        new = after[name]
        for key in TOLD:
            if old[key] != new[key]:
                return f"{key} of {old['name']} is {new[key]}, not {old[key]}"
    return ""
