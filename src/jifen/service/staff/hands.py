"""Whose hand it is: a key acts for the one who made it, so nobody is a second person by a key of one's own."""

from jifen.service.staff.models import ApiKey

__all__ = ["hand_of", "is_same_hand"]


def hand_of(who: str, using: str = "default") -> str:
    """The one behind an actor: who made the key, where it is one."""
    kind, _, name = who.partition(":")
    if kind != "key":
        return who
    made_by = ApiKey.objects.using(using).filter(id=name).values_list("made_by", flat=True).first()
    return who if made_by is None or not made_by.startswith("staff:") else made_by


def is_same_hand(one: str, other: str, using: str = "default") -> bool:
    """Whether two actors are one person; a key that the command line made is nobody's but its own."""
    return hand_of(one, using) == hand_of(other, using)
