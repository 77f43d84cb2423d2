"""The referral tree 推荐关系 around a member, and what the team below has bought: as of the last close."""

from datetime import date

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from jifen.api.access import member_of, needs, principal_of
from jifen.api.amounts import Id, Sum
from jifen.api.reading import Cursor, Size, as_date, page_of, readers
from jifen.service.members.accounts import shown_number
from jifen.service.members.models import Account
from jifen.service.network import GENERATIONS, UPWARDS, Node
from jifen.service.rights import Right

__all__ = [
    "Above", "GenerationAnswer", "NodeAnswer", "NodePage", "Performance", "read_network", "read_performance",
    "read_upline", "router",
]  # fmt: skip

router = Router(tags=["network"])


class NodeAnswer(Schema):
    """A member, and the team below."""

    member: str | None = Field(description="Null where a member asks for others", examples=["bob"])
    phone: str = Field(description="Masked; empty for a member without an account", examples=["139****9000"])
    joined_on: date
    rank: str | None = Field(description="Null for none", examples=["经理"])
    direct: int = Field(description="Direct referrals", examples=[3])
    team: int = Field(description="All below", examples=[17])
    own_sales: Sum = Field(description="Own orders in effect, less refunds", examples=["200.00"])
    team_sales: Sum = Field(description="团队业绩: the same with all below", examples=["5200.00"])

    @classmethod
    def of(cls, node: Node, phone: str, *, named: bool) -> "NodeAnswer":
        """A member as the one who asks may see it."""
        return cls(
            member=node.member if named else None, phone=phone, joined_on=node.joined, rank=node.rank,
            direct=node.direct, team=node.size, own_sales=node.own, team_sales=node.sales,
        )  # fmt: skip


class NodePage(Schema):
    """Direct referrals, in the order in which they joined."""

    items: list[NodeAnswer]
    next: str | None
    open_day: date = Field(description="As of the start of this day")


class GenerationAnswer(Schema):
    """All who stand so far below."""

    generation: int = Field(description="1: direct referrals", examples=[1])
    members: int = Field(examples=[3])
    sales: Sum = Field(description="What they have bought themselves, less refunds", examples=["600.00"])


class Performance(Schema):
    """A member's team in numbers."""

    node: NodeAnswer
    largest_leg: Sum = Field(description="大区: the direct referral whose team has bought most", examples=["4000.00"])
    other_legs: Sum = Field(description="小区: all other direct referrals and their teams", examples=["1000.00"])
    generations: list[GenerationAnswer] = Field(description=f"The nearest {GENERATIONS}, as far as there is anybody")
    open_day: date = Field(description="As of the start of this day")


class Above(Schema):
    """The way up."""

    items: list[NodeAnswer] = Field(description=f"The sponsor first, {UPWARDS} at most")
    open_day: date = Field(description="As of the start of this day")


@router.get("/{member}/network", summary="Direct referrals", **needs(Right.MEMBERS_READ, own=True, answers=NodePage))
def read_network(request: HttpRequest, member: Id, cursor: Cursor = None, size: Size = 50) -> NodePage:
    """The member's direct referrals, each with the team below; ask for one of them to go down the tree."""
    name, network = member_of(request, member), readers().networks.network()
    found, following = page_of(lambda first, count: network.direct(name, first, count), cursor, size)
    return NodePage(items=_shown(request, found), next=following, open_day=as_date(network.world.open_day))


@router.get(
    "/{member}/performance", summary="Team performance", **needs(Right.MEMBERS_READ, own=True, answers=Performance)
)
def read_performance(request: HttpRequest, member: Id) -> Performance:
    """The member's team: its size, what it has bought, by leg and by generation."""
    name, network = member_of(request, member), readers().networks.network()
    (node,), legs = _shown(request, [network.node(name)]), network.legs(name)
    generations = [
        GenerationAnswer(generation=each.generation, members=each.members, sales=each.sales)
        for each in network.generations(name)
    ]
    return Performance(
        node=node, largest_leg=legs.largest, other_legs=legs.others, generations=generations,
        open_day=as_date(network.world.open_day),
    )  # fmt: skip


@router.get("/{member}/upline", summary="Sponsors above", **needs(Right.MEMBERS_READ, answers=Above))
def read_upline(request: HttpRequest, member: Id) -> Above:
    """Who stands above: the sponsor, the sponsor's sponsor, and so on."""
    network = readers().networks.network()
    return Above(items=_shown(request, network.above(member)), open_day=as_date(network.world.open_day))


def _shown(request: HttpRequest, nodes: list[Node]) -> list[NodeAnswer]:
    principal = principal_of(request)
    accounts = Account.objects.filter(code__in=[node.member for node in nodes])
    phones = {account.code: shown_number(account) for account in accounts}
    return [
        NodeAnswer.of(
            node, phones.get(node.member, ""), named=principal.kind != "member" or principal.is_member(node.member)
        )
        for node in nodes
    ]
