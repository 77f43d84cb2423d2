"""The command line as a whole: its commands, and what each kind of failure looks like to the one who typed it.

Exit codes: 0 done · 1 it ran and the answer is no (a case failed, an audit found a difference, a plan may not be
published) · 2 the user can mend it · 3 the books would not balance, which is ours to mend · 130 interrupted.
"""

import sys
from typing import Annotated

import typer

from jifen.cli.assess import assess
from jifen.cli.audit import audit
from jifen.cli.backup import backup
from jifen.cli.bench import bench_commands
from jifen.cli.bundle import bundle_commands
from jifen.cli.check import check
from jifen.cli.claim import claim
from jifen.cli.close import close
from jifen.cli.demo import demo
from jifen.cli.disclose import disclose
from jifen.cli.doctor import doctor
from jifen.cli.downgrade import downgrade
from jifen.cli.environment import settings
from jifen.cli.explain import explain
from jifen.cli.hooks import hooks_commands
from jifen.cli.keys import keys_commands
from jifen.cli.members import members_commands
from jifen.cli.moving import export_shop, import_shop
from jifen.cli.output import show_broken, show_problems
from jifen.cli.plan import plan_commands
from jifen.cli.program import program_commands
from jifen.cli.restore import restore
from jifen.cli.run import run
from jifen.cli.serve import serve
from jifen.cli.shop import shop_commands
from jifen.cli.simulate import simulate
from jifen.cli.staff import staff_commands
from jifen.cli.verify import verify
from jifen.cli.withdrawals import withdrawal_commands
from jifen.cli.worker import worker
from jifen.core.errors import BrokenInvariant, UserError

__all__ = ["app", "main"]

app = typer.Typer(
    name="jifen",
    help="积分: incentive plans of a shop that you can prove.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command()(verify)
app.command()(audit)
app.command()(explain)
app.command()(simulate)
app.command()(assess)
app.command()(check)
app.command()(demo)
app.command()(claim)
app.command()(downgrade)
app.command()(disclose)
app.command()(backup)
app.command()(restore)
app.command()(doctor)
app.command("import")(import_shop)
app.command("export")(export_shop)
app.add_typer(bundle_commands, name="bundle")
app.add_typer(keys_commands, name="keys")
app.add_typer(members_commands, name="member")
app.command()(serve)
app.command()(worker)
app.command()(close)
app.command()(settings)
app.add_typer(plan_commands, name="plan")
app.add_typer(program_commands, name="program")
app.add_typer(bench_commands, name="bench")
app.add_typer(shop_commands, name="shop")
app.add_typer(staff_commands, name="staff")
app.add_typer(hooks_commands, name="hooks")
app.add_typer(withdrawal_commands, name="withdrawal")


def _show_version(wanted: bool) -> None:
    if wanted:
        from jifen import __version__

        typer.echo(f"jifen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """积分: incentive plans of a shop that you can prove."""


def main() -> None:
    """Run the command line; a user's mistake never shows a traceback."""
    as_json = "--json" in sys.argv
    try:
        app()
    except UserError as error:
        show_problems(error, as_json)
        sys.exit(2)
    except BrokenInvariant as error:
        show_broken(error, as_json)
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)
