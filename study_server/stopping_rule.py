"""When to stop a study: what study.toml says. `study_server.watching` looks whether it is so."""

from dataclasses import dataclass

NO_SPREAD = 1e-9  # a width that is rounding: nothing varied, which does not make it certain


@dataclass(frozen=True)
class StoppingRule:
    """What study.toml says under [stopping]. width: of the 95% interval of the difference of MOS,
    or of a share of wins in a study of pairs, below which there is enough; people: whose ratings
    count, at which there is enough. 0: none."""

    width: float = 0.0
    people: int = 0

    @property
    def fixed(self) -> bool:
        """Whether there is a rule at all."""
        return self.width > 0 or self.people > 0

    def say(self, of: str) -> str:
        """It in words. of: what has the interval."""
        parts = []
        if self.width:
            parts.append(f"the 95% interval of {of} is narrower than {self.width:g}")
        if self.people:
            parts.append(f"the ratings of {self.people} people count")
        return f"stop when {', or '.join(parts)}" if parts else "none"
