# Made by Django: `django-admin makemigrations`.

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.lookups
from django.db import migrations, models

import jifen.service.fields

__all__ = ["Migration"]


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("number", jifen.service.fields.PlaceField(primary_key=True, serialize=False)),
                ("day", models.BigIntegerField()),
                ("revision", models.IntegerField()),
                ("cursor", models.BigIntegerField()),
                ("events", models.BigIntegerField()),
                ("transfers", models.BigIntegerField()),
                ("previous", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "db_table": "batch",
            },
        ),
        migrations.CreateModel(
            name="Coverage",
            fields=[
                ("day", models.BigIntegerField(primary_key=True, serialize=False)),
                ("batch", models.BigIntegerField()),
                ("wallets", models.BigIntegerField()),
                ("lots", models.BigIntegerField()),
                ("queue", models.BigIntegerField()),
                ("deferred", models.BigIntegerField()),
                ("reserve", models.BigIntegerField()),
                ("pools", models.BigIntegerField()),
                ("promised", models.BigIntegerField()),
                ("paid", models.BigIntegerField()),
                ("reserve_in", models.BigIntegerField()),
                ("reserve_out", models.BigIntegerField()),
            ],
            options={
                "db_table": "coverage",
            },
        ),
        migrations.CreateModel(
            name="Name",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "kind", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.SmallIntegerField()),
                ("number", models.BigIntegerField()),
                ("name", models.TextField()),
                ("batch", models.BigIntegerField()),
            ],
            options={
                "db_table": "name",
            },
        ),
        migrations.CreateModel(
            name="PlanVersion",
            fields=[
                ("digest", models.TextField(primary_key=True, serialize=False)),
                ("content", models.TextField()),
            ],
            options={
                "db_table": "plan_version",
            },
        ),
        migrations.CreateModel(
            name="Balance",
            fields=[
                ("account", jifen.service.fields.PlaceField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            models.F("account"), "&", models.Value(15)
                        ),
                        output_field=models.BigIntegerField(),
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("previous", models.BigIntegerField()),
                ("batch", models.BigIntegerField(db_index=True)),
            ],
            options={
                "db_table": "balance",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gte", 0), models.Q(("kind__in", [1, 2, 5, 6]), _negated=True), _connector="OR"
                        ),
                        name="never_below_zero",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__lte", 0), models.Q(("kind__in", [3]), _negated=True), _connector="OR"
                        ),
                        name="never_above_zero",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                (
                    "batch",
                    models.OneToOneField(
                        db_column="batch",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        serialize=False,
                        to="service.batch",
                    ),
                ),
            ],
            options={
                "db_table": "opening",
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("number", jifen.service.fields.PlaceField(primary_key=True, serialize=False)),
                ("batch", models.BigIntegerField()),
                ("content", models.TextField()),
            ],
            options={
                "db_table": "event",
                "constraints": [models.CheckConstraint(condition=models.Q(("number__gte", 0)), name="event_from_zero")],
            },
        ),
        migrations.CreateModel(
            name="Inbox",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.TextField()),
                ("content", models.TextField()),
                ("batch", models.BigIntegerField(null=True)),
                ("event", models.BigIntegerField(null=True)),
                ("code", models.TextField(db_default="", default="")),
                ("message", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "inbox",
                "indexes": [
                    models.Index(models.F("id"), condition=models.Q(("batch", None)), name="undecided"),
                    models.Index(models.F("batch"), condition=models.Q(("code", ""), _negated=True), name="refused_in"),
                    models.Index(models.F("key"), condition=models.Q(("code", "breaks_books")), name="would_break"),
                ],
                "constraints": [
                    models.UniqueConstraint(models.F("key"), condition=models.Q(("code", "")), name="one_of_a_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("batch", None), ("code", ""), ("event", None)),
                            models.Q(("batch__isnull", False), ("code", ""), ("event__isnull", False)),
                            models.Q(("batch__isnull", False), ("event", None), models.Q(("code", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="decided_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("epoch", models.BigIntegerField()),
                ("until", models.BigIntegerField()),
                ("doing", models.TextField(db_default="", default="")),
            ],
            options={
                "db_table": "lease",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_lease")],
            },
        ),
        migrations.CreateModel(
            name="PlanChange",
            fields=[
                ("event", models.BigIntegerField(primary_key=True, serialize=False)),
                ("batch", models.BigIntegerField()),
                ("day", models.BigIntegerField()),
                ("kind", models.TextField()),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="service.planversion",
                    ),
                ),
            ],
            options={
                "db_table": "plan_change",
            },
        ),
        migrations.AddField(
            model_name="batch",
            name="plan",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to="service.planversion"
            ),
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("day", models.BigIntegerField(primary_key=True, serialize=False)),
                ("segment", models.TextField()),
                ("digest", models.TextField()),
                (
                    "batch",
                    models.OneToOneField(
                        db_column="batch", on_delete=django.db.models.deletion.DO_NOTHING, to="service.batch"
                    ),
                ),
            ],
            options={
                "db_table": "run",
            },
        ),
        migrations.CreateModel(
            name="Scheduled",
            fields=[
                ("day", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to="service.planversion"
                    ),
                ),
            ],
            options={
                "db_table": "scheduled",
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("number", jifen.service.fields.PlaceField(primary_key=True, serialize=False)),
                ("batch", models.BigIntegerField()),
                ("source", models.BigIntegerField()),
                ("target", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("used", models.BigIntegerField()),
                ("event", models.BigIntegerField()),
                ("rule", models.BigIntegerField()),
                ("lot", models.BigIntegerField()),
                ("order", models.BigIntegerField()),
                ("line", models.BigIntegerField()),
                ("reason", models.BigIntegerField()),
                ("version", models.BigIntegerField()),
            ],
            options={
                "db_table": "transfer",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("number__gte", 0)), name="transfer_from_zero"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="transfer_moves"),
                    models.CheckConstraint(
                        condition=models.Q(("source", models.F("target")), _negated=True), name="transfer_between_two"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.Exact(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("source"), ">>", models.Value(4)
                                    ),
                                    "&",
                                    models.Value(65535),
                                ),
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("target"), ">>", models.Value(4)
                                    ),
                                    "&",
                                    models.Value(65535),
                                ),
                            ),
                            django.db.models.lookups.In(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("source"), "&", models.Value(15)
                                ),
                                [1, 2, 3],
                            ),
                            django.db.models.lookups.In(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("target"), "&", models.Value(15)
                                ),
                                [1, 2, 3],
                            ),
                            _connector="OR",
                        ),
                        name="transfer_of_one_asset",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Shop",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("name", models.TextField()),
                ("seat", models.TextField()),
                ("zone", models.TextField()),
                ("currency", models.TextField()),
                ("live", models.BooleanField()),
                ("receipts", models.BooleanField()),
                ("first_day", models.BigIntegerField()),
                ("plan", models.ForeignKey(on_delete=django.db.models.deletion.DO_NOTHING, to="service.planversion")),
            ],
            options={
                "db_table": "shop",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_shop")],
            },
        ),
    ]
