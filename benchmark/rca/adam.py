"""Adam for one module, whose rate is a share of its peak."""

from typing import Any

import torch
from torch import Tensor, nn

from benchmark.rca.graphs import captures


class Adam(torch.optim.Adam):
    """Adam for all of a module's parameters. For graphs the rate and the number of steps lie on
    the card, too, so that they are read anew."""

    def __init__(self, module: nn.Module, peak: float, device: torch.device | str) -> None:
        there = captures(device)
        rate = torch.tensor(peak, dtype=torch.float32, device=device) if there else peak
        super().__init__(module.parameters(), rate, capturable=there, fused=there or None)
        self.peak = peak
        self._warned_capturable_if_run_uncaptured = True  # eager steps are meant, too

    def use(self, share: float) -> None:
        """Take this share of the peak as the rate from now on."""
        for group in self.param_groups:
            rate = self.peak * share
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def moments(self) -> list[Tensor]:
        """All that it has kept of earlier steps."""
        return [kept for of_one in self.state.values() for kept in of_one.values()]

    def mean_gradient(self) -> Tensor:
        """The running mean of the gradients that it followed, as one vector."""
        means = [kept["exp_avg"].flatten() for kept in self.state.values()]
        return torch.cat(means) if means else torch.empty(0)  # no parameter had a gradient

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Only what it kept: the settings that go with it are those of the device here."""
        super().load_state_dict({**state_dict, "param_groups": self.state_dict()["param_groups"]})
