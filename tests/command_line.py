"""The command line as tests call it, in this process."""

from click.testing import CliRunner, Result

from benchmark.cli.main import main


def bench(*arguments: object) -> Result:
    """What the command gave, whether it succeeded or not."""
    return CliRunner().invoke(main, [str(a) for a in arguments])


def done(*arguments: object) -> str:
    """What a command that must succeed printed."""
    result = bench(*arguments)
    assert result.exit_code == 0, result.output
    return result.output
