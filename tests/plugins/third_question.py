"""A study that asks one question more than the rating task: how sure the annotator is."""

from study_server.tasks import Question, Rating

SURE = Question(
    "sure",
    "one_of",
    {
        "en": {
            "ask": "How sure are you?",
            "very": "very sure",
            "so_so": "so-so",
            "not": "not sure",
        },
        "zh": {"ask": "您有多确定？", "very": "很确定", "so_so": "一般", "not": "不确定"},  # noqa: RUF001
    },
    choices=("very", "so_so", "not"),
    keys=("v", "s", "o"),
)


class Sure(Rating):
    name = "rating and how sure"
    questions = (*Rating.questions, SURE)
