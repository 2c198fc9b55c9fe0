"""The tasks that a study can ask people to do; TASKS are built in. `bench study build --task
file.py:Class` takes one of your own, and installed packages offer some under
`latent_direction_bench.tasks`."""

from study_server.tasks.pairs import Pairs
from study_server.tasks.question import Question
from study_server.tasks.rating import Rating
from study_server.tasks.task import DrawnLesson, Source, Summary, Task

TASKS: dict[str, type[Task]] = {task.name: task for task in (Rating, Pairs)}

__all__ = ["TASKS", "DrawnLesson", "Pairs", "Question", "Rating", "Source", "Summary", "Task"]
