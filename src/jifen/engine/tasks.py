"""Tasks: each pays a part of the day's reward, which goes by the stock a member had after the last run.

What a task pays is drained from his lots, oldest first, and stands on no order but theirs. That a task was paid
nothing, for want of stock, is no reason to refuse it.
"""

import numpy as np

from jifen.engine.books import Books
from jifen.engine.columns import SUM_MAX
from jifen.engine.payments import Draft, draft_payment, post
from jifen.engine.program import Program, Step
from jifen.engine.tables import NONE
from jifen.engine.world import World
from jifen.plan.model import Tier

__all__ = ["do_task", "end_day", "remember_stocks", "task_limit"]


def task_limit(program: Program) -> int | None:
    """How many tasks a member may do on one day; ``None`` in a plan that pays for none."""
    return max((_paid_tasks(step) for step in program.by_event["task"]), default=None)


def do_task(books: Books, member: int) -> None:
    """Book one task of a member: every rule that pays for this many on one day pays its part."""
    world = books.world
    done = world.members.tasks.item(member)
    world.members.tasks[member] = done + 1
    paying = (step for step in world.program.by_event["task"] if done < _paid_tasks(step))
    drafts = [_rewarded(books, step, member) for step in paying]
    post(books, [draft for draft in drafts if draft is not None])


def end_day(world: World) -> None:
    """Start to count tasks anew, and remember the stocks that tomorrow's rewards go by."""
    done = world.members.tasks[: world.members.size]
    if done.any():
        done[:] = 0
    for store in _judged(world.program):
        _remember(world, store)


def remember_stocks(world: World) -> None:
    """A version has just been activated: stores that no earlier one judged start with what there is now."""
    known = {store for program in world.programs[:-1] for store in _judged(program)}
    for store in _judged(world.program) - known:
        _remember(world, store)


def _remember(world: World, store: str) -> None:
    """Keep the stocks of this moment: what members' lots of a store hold, at most ``SUM_MAX``, beyond any row."""
    number = world.stores.numbers[store]
    world.chains[number].stock[: world.members.size] = np.minimum(world.held_in(number), SUM_MAX)


def _judged(program: Program) -> set[str]:
    """The stores whose stock decides a reward, also of a rule that is switched off today."""
    amounts = (step.rule.amount for step in program.steps if step.rule.when == "task")
    return {amount.at for amount in amounts if isinstance(amount, Tier)}


def _paid_tasks(step: Step) -> int:
    """For how many tasks of a day a rule pays."""
    return step.rule.amount.parts if isinstance(step.rule.amount, Tier) else 1


def _rewarded(books: Books, step: Step, member: int) -> Draft | None:
    """One task's part of the day's reward, as far as there is stock for it."""
    world, amount = books.world, step.rule.amount
    if not isinstance(amount, Tier) or world.first_live(member, world.stores.numbers[step.drains]) == NONE:
        return None
    stock = world.chains[world.stores.numbers[amount.at]].stock.item(member)
    row = next(row for row in amount.rows if row.max is None or stock <= row.max)  # the last has no limit
    return draft_payment(books, step, member, row.columns[amount.column] // amount.parts, NONE, NONE)
