"""From judgments to answers: what `bench study analyse` and the report show of a study."""
