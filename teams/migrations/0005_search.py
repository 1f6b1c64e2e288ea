"""What items say is searched."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0008_search"),
        ("teams", "0004_imports"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="workitem",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'item', r.id, 'item', r.id, r.team_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.updated_at FROM new_rows r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="1b3a501c0d872990ab1c8c1cfc34b0e48b5fb899",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_ef6ac",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="teams_workitem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="workitem",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.key IS DISTINCT FROM NEW.key OR OLD.title IS DISTINCT FROM NEW.title OR OLD.labels IS DISTINCT FROM NEW.labels OR OLD.description IS DISTINCT FROM NEW.description OR OLD.team_id IS DISTINCT FROM NEW.team_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)",
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'item', r.id, 'item', r.id, r.team_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.updated_at FROM (SELECT NEW.*) r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = NEW.updated_at;\nIF OLD.team_id IS DISTINCT FROM NEW.team_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at THEN\n    UPDATE collaboration_searchrow SET unit_id = NEW.team_id, is_gone = NEW.deleted_at IS NOT NULL WHERE about_kind = 'item' AND about_id = NEW.id AND kind <> 'item';\nEND IF;\nRETURN NULL;",
                    hash="582e7b203557214b4024e9ace596fb87e1447b96",
                    operation='UPDATE OF "key", "title", "labels", "description", "team_id", "deleted_at"',
                    pgid="pgtrigger_search_update_cf60d",
                    table="teams_workitem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="workitem",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE about_kind = 'item' AND about_id = OLD.id;\nRETURN NULL;",
                    hash="fc9c7632f623b40fb74778bc76a303318b1185db",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_2e73c",
                    table="teams_workitem",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(
            """
INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)
SELECT 'item', r.id, 'item', r.id, r.team_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.updated_at FROM "teams_workitem" r
ON CONFLICT (kind, row_id) DO UPDATE SET
    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,
    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,
    body = EXCLUDED.body
""",
            migrations.RunSQL.noop,
        ),
    ]
