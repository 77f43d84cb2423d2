"""Says a case in words, English or Chinese, from the case itself: what happens, and what comes out."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from exact import load_yaml

from jifen.batch.case_schema import CLAIMS
from jifen.batch.cases import Case, CaseEvent, Expectation
from jifen.core.micros import format_micros

WORDS = load_yaml(Path(__file__).with_suffix(".yaml"))
AMOUNTS = {"amount", "tokens", "value", "base", "cost"}


class CaseWords:
    """One case in one language."""

    def __init__(self, case: Case, language: str) -> None:
        """Take the case, and ``en`` or ``zh``."""
        self.case, self.zh = case, language == "zh"
        self.words = {key: texts[language] for key, texts in WORDS["words"].items()}
        claims = [claim for row in case.expect for claim in row.claims]
        queued = [order for claim in claims if claim.path[0] == "queue" for order in claim.expected]
        self.named = {event.fields.get("order") for event in case.events if event.kind == "refund"} | set(queued)

    def rows(self) -> Iterator[tuple[str, str]]:
        """What happened since the row before, and what came out; both as Markdown."""
        moments: dict[tuple[int, int, int], list[Expectation]] = {}
        for row in self.case.expect:
            index = row.event
            key = (row.day or 0, 1, 0) if index is None else (self.case.events[index].day, 0, index)
            moments.setdefault(key, []).append(row)
        facts, told = self._members(), 0
        for key in sorted(moments):
            until = told
            while until < len(self.case.events) and (self.case.events[until].day, 0, until) <= key:
                until += 1
            lines = [*facts, *self._days(self.case.events[told:until])]
            facts, told = [], until
            if key[1]:
                lines.append(self.say("run", key[0]))
            yield "<br>".join(lines), self.outcome(moments[key])

    def _days(self, events: Sequence[CaseEvent]) -> Iterator[str]:
        for day, some in groupby(events, key=lambda event: event.day):
            yield self.say("day", day) + self.words["stop"].join(map(self.event, some))

    def say(self, word: str, *values: Any, **named: Any) -> str:
        """Fill one of the words."""
        return self.words[word].format(*values, **named)

    def store(self, name: str) -> str:
        """What a store is called."""
        return WORDS["stores"].get(name, name) if self.zh else name

    def rule(self, name: str) -> str:
        """What a rule is called."""
        return WORDS["rules"].get(name, name) if self.zh else name

    def _members(self) -> list[str]:
        """Who brought whom, and who is what: at most one line."""
        members, brought = self.case.members, dict[str, list[str]]()
        for member in members:
            if member.referrer is not None:
                brought.setdefault(member.referrer, []).append(member.id)
        texts = [self.say("brought", sponsor, self.words["comma"].join(names)) for sponsor, names in brought.items()]
        texts += [self.say("rank", member.id, member.rank) for member in members if member.rank]
        texts += [self.say("agent", member.id, member.agent) for member in members if member.agent]
        return [self.words["stop"].join(texts)] if texts else []

    def event(self, event: CaseEvent) -> str:
        """Say one event."""
        fields = {key: amount(item) if key in AMOUNTS else item for key, item in event.fields.items()}
        for key in ("store", "pool"):
            if key in fields:
                fields[key] = self.store(fields[key])
        match event.kind:
            case "order":
                return self.say("order", **fields) + self._tail(event, fields)
            case "refund":
                fraction = event.fields.get("fraction")
                fields["fraction"] = fields.get("amount") if fraction is None else self._part(fraction)
            case "sell":
                fields["tokens"] = self.words["all"] if event.fields["tokens"] is None else fields["tokens"]
            case "params":
                fields["params"] = params_text(event.fields["params"])
            case "adjust":
                taken = fields.get("amount", "").startswith("-")
                fields["amount"] = fields.get("amount", "").lstrip("-")
                if "value" in fields:
                    fields |= {"amount": "", "store": self.say("worth", fields["value"], store=fields["store"])}
                return " ".join(self.say("take" if taken else "give", **fields).split())
        return self.say(event.kind, **fields)

    def _tail(self, event: CaseEvent, fields: dict[str, Any]) -> str:
        """What else is known of an order, and its id where another event or the queue names it."""
        tail = "".join(self.say(key, fields[key]) for key in ("cost", "region") if key in fields)
        if fields.get("pay"):
            tail += self.say("pay", ", ".join(f"{amount(paid)} {self.store(name)}" for name, paid in fields["pay"]))
        return tail + (self.say("of_order", event.id) if event.id in self.named else "")

    def _part(self, fraction: int) -> str:
        return self.words["whole"] if fraction == 1_000_000 else f"{amount(fraction * 100)} %"

    def outcome(self, rows: list[Expectation]) -> str:
        """Say what must hold: member by member, then pools and the rest."""
        errors = [self.say("refused", row.error) for row in rows if row.error]
        by_member: dict[str, list[str]] = {}
        rest: list[str] = []
        for claim in (claim for row in rows for claim in row.claims):
            key, *names = claim.path
            if CLAIMS[key][0][:1] == ("member",):
                by_member.setdefault(names[0], []).append(self._of_member(key, names[1:], claim.expected))
            else:
                rest.append(self._of_shop(key, names, claim.expected))
        texts = [f"{name}{self.words['colon']}{self.words['comma'].join(said)}" for name, said in by_member.items()]
        return "<br>".join([*errors, *texts, *([self.words["stop"].join(rest)] if rest else [])])

    def _of_member(self, key: str, names: list[str], expected: Any) -> str:
        if key == "paid":
            if names[0] == "refund" and expected <= 0:
                return self.say("gives", amount(-expected)) if expected else self.words["kept"]
            return self.say("paid" if expected else "zero", self.rule(names[0]), amount(expected))
        if key == "forfeited" and not expected:
            return self.words["none_lost"]
        if key == "lots":
            left = " + ".join(map(amount, expected))
            return self.say("lots", self.store(names[0]), left) if left else self.say("nothing", self.store(names[0]))
        if key in ("balance", "weight"):
            return self.say(key, self.store(names[0]), amount(expected))
        if key == "rank":
            return expected or self.words["no_rank"]
        if key == "referrer":
            return self.say("referrer", expected or self.words["nobody"])
        return self.say("owed" if key == "liability" else key, amount(expected))

    def _of_shop(self, key: str, names: list[str], expected: Any) -> str:
        if key == "queue":
            return self.say("queue", self.words["comma"].join(expected) or self.words["none"])
        if key in ("price", "counter"):
            return self.say(key, expected)
        word = "the_pool" if names == ["pool"] and key == "pool" else key
        return self.say(word, *map(self.store, names), amount(expected))


def amount(micros: int | None) -> str:
    """Write an amount with as many decimals as it has."""
    return "" if micros is None else format_micros(micros, 0)


def params_text(params: Any) -> str:
    """Write parameters as a plan file does, as code."""
    return ", ".join(f"`{key}: {_plain(item)}`" for key, item in params.items())


def _plain(item: Any) -> str:
    if isinstance(item, list | tuple):
        return f"[{', '.join(map(_plain, item))}]"
    if isinstance(item, dict):
        return "{" + ", ".join(f"{key}: {_plain(cell)}" for key, cell in item.items()) + "}"
    if item is None or isinstance(item, bool):
        return {True: "true", False: "false", None: "null"}[item]
    return str(item)
