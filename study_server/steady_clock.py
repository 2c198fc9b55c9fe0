"""The site's clock: the wall's when the program starts, and steady from then on.

Leases, sign-ins, limits and viewing times end some seconds after a moment. Where the wall's clock
is set while the site runs, as when a time service first reaches its host, they would end at once or
hold for hours. Processes forked from one share its clock.
"""

import time


def elapsed() -> float:
    """Seconds since some moment; also those for which the machine slept, where it counts them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # Linux
    return time.monotonic() if boot is None else time.clock_gettime(boot)


_BEGUN = time.time() - elapsed()


def now() -> float:
    """Seconds since the epoch (UTC)."""
    return _BEGUN + elapsed()
