"""Teams against a slow obvious twin, on random forests with members who were moved and orders given back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from jifen import Line, MemberJoined, OrderPaid, World, apply, load_plan
from jifen.engine.events import MemberMoved, OrderRefunded
from jifen.engine.teams import Generation, Legs, Teams

CENT = 10_000
forests = st.lists(st.integers(-1, 100), min_size=1, max_size=30)
orders = st.lists(st.tuples(st.integers(0, 29), st.integers(1, 10**11), st.booleans()), max_size=20)


def built(sponsors, bought, moves):
    """A world of these, and its own idea of who is whose sponsor and who has bought how much."""
    world = World(load_plan("points_dividend"))
    above, own, events = {}, {}, []
    for member, wish in enumerate(sponsors):
        sponsor = None if wish < 0 or not member else wish % member
        above[member], own[member] = sponsor, 0
        events.append(MemberJoined(
            id=f"j{member}", day=0, member=f"m{member}", referrer=None if sponsor is None else f"m{sponsor}"
        ))  # fmt: skip
    for place, (buyer, cents, refunded) in enumerate(bought):
        member, amount = buyer % len(sponsors), cents * CENT
        events.append(OrderPaid(id=f"o{place}", day=0, member=f"m{member}", lines=(Line(amount=amount),)))
        back = cents // 3 * CENT if refunded else 0
        if back:
            events.append(OrderRefunded(id=f"r{place}", day=0, order=f"o{place}", amount=back))
        own[member] += amount - back
    for place, (moved, to) in enumerate(moves):
        member, sponsor = moved % len(sponsors), to % len(sponsors)
        if member not in {sponsor, *up(above, sponsor)}:
            above[member] = sponsor
            events.append(
                MemberMoved(id=f"v{place}", day=0, member=f"m{member}", referrer=f"m{sponsor}", reason="test")
            )
    journal = apply(world, events)
    assert not journal.refusals
    return world, above, own


def up(above, member):
    while (member := above[member]) is not None:
        yield member


@given(forests, orders, st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=5))
@settings(deadline=None)
def test_teams_are_what_going_up_from_everybody_says(sponsors, bought, moves):
    world, above, own = built(sponsors, bought, moves)
    teams = Teams(world)
    below = {member: [each for each in above if member in up(above, each)] for member in above}
    sales = {member: own[member] + sum(own[each] for each in below[member]) for member in above}
    for member in above:
        direct = [each for each in above if above[each] == member]
        assert teams.direct(member) == direct
        assert (teams.size(member), teams.own(member), teams.sales(member)) == (
            len(below[member]), own[member], sales[member],
        )  # fmt: skip
        legs = sorted(sales[each] for each in direct)
        assert teams.legs(member) == Legs(legs[-1] if legs else 0, sum(legs[:-1]))
        assert teams.above(member, 3) == list(up(above, member))[:3]
        wanted: dict[int, list[int]] = {}
        for each in below[member]:
            wanted.setdefault(list(up(above, each)).index(member) + 1, []).append(own[each])
        assert teams.generations(member, 4) == [
            Generation(far, len(wanted[far]), sum(wanted[far])) for far in sorted(wanted) if far <= 4
        ]


def test_sums_beyond_64_bits_are_exact():
    world, _, _ = built([-1, *[0] * 29], [], [])
    world.members.own_net[:30] = 2**62
    teams = Teams(world)
    assert teams.sales(0) == 30 * 2**62
    assert teams.legs(0) == Legs(2**62, 28 * 2**62)
    assert teams.generations(0, 10) == [Generation(1, 29, 29 * 2**62)]
