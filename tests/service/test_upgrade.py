"""A shop of each release that has been opens in this one: restored, audited, and traded on."""

import pytest
from django.db import DatabaseError, connections
from tests.service.conftest import joins, order
from tests.service.make_fixture import FIRST, LARGEST, LEFT_OUT, SHOPS, make

from jifen import __version__
from jifen.engine.events import EVENT_TYPES, DayClosed
from jifen.service import models
from jifen.service.archive import open_archive
from jifen.service.audit import audit
from jifen.service.content import closing_id
from jifen.service.inbox import submit
from jifen.service.restore import restore
from jifen.service.writer import JOURNAL, Writer

FILES = sorted(SHOPS.glob("*.tar"))


def test_this_release_has_its_shop_and_each_is_small():
    assert __version__ in {file.stem for file in FILES}
    assert max(file.stat().st_size for file in FILES) <= LARGEST


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shop_of_an_earlier_release_is_restored_and_trades_on(file, url, folder):
    from jifen.service.databases import open_database

    using = f"upgraded {file.stem} {url[:6]}"
    open_database(using, url)
    found = restore(file, folder, using)  # which audits it
    assert (found.manifest.release, found.audit.sound) == (file.stem, True)
    batches, day = found.audit.batches, models.Run.objects.using(using).order_by("day").last().day + 1
    assert day > FIRST
    asked = [order("later", "ann", 70), *joins("new"), DayClosed(id=closing_id(day), day=0)]
    submit(asked, using=using)
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass
        assert writer.world.open_day == day + 1
    assert [result.state for result in submit(asked, using=using)] == ["accepted"] * 3
    assert audit(folder / JOURNAL, using).batches == batches + 2
    assert audit(folder / JOURNAL, using).sound
    with pytest.raises(DatabaseError), connections[using].cursor() as cursor:
        cursor.execute("UPDATE transfer SET amount = 1")
    connections[using].close()


def test_the_shop_of_this_release_can_be_made_again_and_has_had_every_kind_of_event(tmp_path):
    made, kinds = make(tmp_path / "again.tar")
    assert kinds == EVENT_TYPES.keys() - LEFT_OUT
    assert made.size <= LARGEST
    with open_archive(SHOPS / f"{__version__}.tar") as archive:
        tables = {member.name: member.rows for member in archive.of("tables")}
    assert tables["tables/plan_version.parquet"] == 2
    assert tables["tables/run.parquet"] == 7
