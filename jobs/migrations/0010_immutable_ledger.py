"""The database itself refuses to change a movement of credits, whoever asks.

On SQLite a later migration that alters the table makes it anew, without its
trigger, and has to call `guard` again; a test sees to that. There a DELETE is
refused by the model alone, because emptying a database is a DELETE of each table.
"""

from django.db import migrations

SENTENCE = "movements of credits are never changed"
GUARD = {
    "sqlite": [
        "CREATE TRIGGER movement_is_kept BEFORE UPDATE ON jobs_movement "
        f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION movement_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER movement_is_kept BEFORE UPDATE OR DELETE ON jobs_movement "
        "FOR EACH ROW EXECUTE FUNCTION movement_is_kept()",
    ],
}
LIFT = {
    "sqlite": ["DROP TRIGGER movement_is_kept"],
    "postgresql": ["DROP TRIGGER movement_is_kept ON jobs_movement", "DROP FUNCTION movement_is_kept()"],
}


def guard(apps, schema_editor):
    for statement in GUARD.get(schema_editor.connection.vendor, []):
        schema_editor.execute(statement)


def lift(apps, schema_editor):
    for statement in LIFT.get(schema_editor.connection.vendor, []):
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0009_quick_lists'),
    ]

    operations = [
        migrations.RunPython(guard, lift),
    ]
