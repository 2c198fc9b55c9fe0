"""Sums of losses over a stretch of steps, kept on the device.

To read a number there is to wait until all that was asked of the device is done. A card has work
for many steps ahead, so a training reads its losses once a stretch, and learns then whether one of
them stopped being a number.
"""

import torch
from torch import Tensor


class Diverged(Exception):
    """A loss stopped being a finite number; the message names the step."""


class Tally:
    """Four sums: of the loss, its two terms, and the share of directions named right."""

    def __init__(self, device: torch.device | str) -> None:
        self.sums = torch.zeros(4, dtype=torch.float64, device=device)
        self._bad_step = torch.full((), -1, device=device)  # the first step without a finite loss
        self._bad_loss = torch.zeros((), device=device)

    def add(self, values: Tensor, step: int) -> None:
        """values: (4,) of the step numbered `step`, the loss first."""
        values = values.detach()
        self.sums += values.double()
        first = ~torch.isfinite(values[0]) & (self._bad_step < 0)
        self._bad_step = torch.where(first, step, self._bad_step)
        self._bad_loss = torch.where(first, values[0], self._bad_loss)

    def check(self) -> None:
        """Raises Diverged where a loss was no finite number; waits for the device."""
        if (step := int(self._bad_step)) >= 0:
            raise Diverged(f"the loss became {float(self._bad_loss)} at step {step}")

    def take(self) -> list[float]:
        """The sums, which begin anew. Raises Diverged where one of the losses was no number."""
        self.check()
        sums = self.sums.tolist()
        self.sums.zero_()
        return sums
