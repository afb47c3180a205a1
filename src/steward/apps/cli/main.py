"""What does `steward` understand? The table of commands; heavy imports sit inside them."""

import errno
import os
import sys

import typer
from typer.exceptions import TyperException

from steward import __version__
from steward.apps.cli import (
    begin,
    challenge,
    data,
    database,
    experiments,
    explore,
    export,
    keys,
    log,
    loop,
    model,
    report,
    score,
    simulate,
    state,
    tune,
    watching,
)

app = typer.Typer(
    name="steward",
    help="Looks after tabular models: one project file declares the problem, one command runs the whole loop.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"steward {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version and exit."),
) -> None:
    pass


for room in (
    begin,
    loop,
    log,
    model,
    challenge,
    score,
    tune,
    explore,
    watching,
    simulate,
    data,
    export,
    report,
    state,
    database,
    experiments,
    keys,
):
    room.register(app)


def _say_usage(error: TyperException) -> None:
    context = getattr(error, "ctx", None)
    if context is not None:
        typer.echo(context.get_usage(), err=True)
    typer.echo(f"error[CLI-000]: {error.format_message()}", err=True)
    typer.echo(f"  fix: see  {context.command_path if context is not None else 'steward'} --help", err=True)


def _say_machine(error: OSError) -> None:
    fix = "make room on the disk" if error.errno == errno.ENOSPC else "check that the place is there and may be written"
    typer.echo(f"error[ENV-003]: {error.strerror or error}: {error.filename or 'the workspace'}", err=True)
    typer.echo("  why: the machine refused; what was finished is kept", err=True)
    typer.echo(f"  fix: {fix}, then:  steward resume PROJECT", err=True)


def _say_unexpected(error: Exception) -> None:
    typer.echo(f"error[CLI-999]: {type(error).__name__}: {error}", err=True)
    typer.echo("  why: this is a fault of Steward's own, or of the machine; nothing that was finished is lost", err=True)
    typer.echo("  fix: try again with  steward resume PROJECT ; STEWARD_DEBUG=1 shows where it happened", err=True)


def main() -> None:
    """Run the command line; every fault becomes one message and its exit code (DESIGN.md section 9)."""
    from steward.core.errors import StewardError

    # Threads of LightGBM that wait for one another must not spin: on cores that others use as well, spinning makes
    # a fit six times as long (docs/results.md). It counts only before the library is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        code = app(standalone_mode=False)
    except StewardError as error:
        from steward.apps.cli.screen import say_error

        say_error(error)
        sys.exit(error.exit_code)
    except TyperException as error:
        _say_usage(error)
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("interrupted; nothing is lost, continue with:  steward resume PROJECT", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _say_machine(error)
        sys.exit(3)
    except Exception as error:
        if os.environ.get("STEWARD_DEBUG"):
            raise
        _say_unexpected(error)
        sys.exit(3)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
