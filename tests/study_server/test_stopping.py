"""Signals that stop the site: none is lost, and those that the process ignores stay ignored."""

import os
import signal
import sys
import weakref

import pytest

from study_server.stopping import Stop


def test_while_the_site_starts_ctrl_c_interrupts_it() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Stop() as stop:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked
    assert signal.getsignal(signal.SIGINT) is before


def test_a_ctrl_c_that_python_drops_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the callbacks by which an import lets go of its locks."""
    dropped, heard = [], []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: dropped.append(what.exc_type))
    with Stop() as stop:
        thing = {1}
        _ = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGINT))
        del thing
        assert dropped == [KeyboardInterrupt]
        stop.then(lambda: heard.append("stop"))
    assert heard == ["stop"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_who_runs_under_nohup_does_not_hear_the_terminal_close() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop() as stop:
            stop.then(lambda: None)
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.asked
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.asked
    finally:
        signal.signal(signal.SIGHUP, before)
