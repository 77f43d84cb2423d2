"""Plans beyond the presets: compositions, and fillings that no preset has, put together to press on each other."""

from pathlib import Path

import jifen.plan
from jifen.plan import Plan, load_plan, load_plan_text, preset_names
from jifen.plan.load import preset_text

__all__ = ["COMPOSITIONS", "CUSTOM", "EXAMPLES", "FILES", "PLANS", "composed", "on_margin"]

EXAMPLES = Path(jifen.plan.__file__).parent / "examples"
FILES = [*EXAMPLES.glob("*.yaml"), *(Path(__file__).parent / "plans").glob("*.yaml")]
CUSTOM = {file.stem.replace("_", " "): file for file in sorted(FILES)}
"""The example plans, and more beside this file."""

COMPOSITIONS = {
    "two": "[refer_three, green_points]",
    "two weights": "[cyclic_purchase, {consumption_dividend: {referral_weight_rate: contribution_rate}}]",
    "tasks and a line": "[ad_tasks, three_for_one]",
    "regions and a line": "[{distribution: {pool_share: stake_share}}, rebate_queue]",
    "three": "[{refer_three_appreciation: {pool_share: mint_feed}}, cyclic_purchase, three_for_one]\n"
    "params: {referral_rates: [5%, 20%, 60%], mint_feed: 20%}",
    "old debts": "[legacy_conversion, points_dividend, ad_tasks]",
    "our own": "[member_rebate, {friend_bonus: {feed: bonus_feed}}, share_plan]\n"
    "params: {pay_asset: cash, settle_at: settled, funding: reserve}",
    "four": "[points_dividend, refer_three, rebate_queue, {cyclic_purchase: {pool_share: dividend_share}}]",
}
"""Compositions of two to four presets, with what they need besides; one of the three is a composition itself."""


def composed(name: str) -> Plan:
    """Load a composition as a plan of its own."""
    title = f"{{en: {name}, zh: {name}}}"
    return load_plan_text(f"preset: {name.replace(' ', '_')}\ntitle: {title}\ncompose: {COMPOSITIONS[name]}\n")


def on_margin(name: str) -> Plan:
    """The preset with what an order earns for its amount, as the base of every share of it."""
    return load_plan_text(preset_text(name).replace("of: trigger_amount", "of: trigger_margin"))


PLANS: dict[str, Plan] = {name: load_plan(name) for name in preset_names()}
PLANS |= {f"{name} on margin": on_margin(name) for name in ("points_dividend", "rebate_queue")}
PLANS |= {name: load_plan(file) for name, file in CUSTOM.items()}
PLANS |= {name: composed(name) for name in COMPOSITIONS}
