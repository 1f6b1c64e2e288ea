"""What KPIs and objectives say is searched."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0008_search"),
        ("metrics", "0008_pi_objectives"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="kpi",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'kpi', r.id, 'kpi', r.id, r.unit_id, r.archived_at IS NOT NULL, r.code, left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM new_rows r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="0a05bfc5af16aa2b6f1147e3c8d869162be82429",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_f03e5",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="metrics_kpi",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="kpi",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.code IS DISTINCT FROM NEW.code OR OLD.name IS DISTINCT FROM NEW.name OR OLD.description IS DISTINCT FROM NEW.description OR OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.archived_at IS DISTINCT FROM NEW.archived_at)",
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'kpi', r.id, 'kpi', r.id, r.unit_id, r.archived_at IS NOT NULL, r.code, left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM (SELECT NEW.*) r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = now();\nIF OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.archived_at IS DISTINCT FROM NEW.archived_at THEN\n    UPDATE collaboration_searchrow SET unit_id = NEW.unit_id, is_gone = NEW.archived_at IS NOT NULL WHERE about_kind = 'kpi' AND about_id = NEW.id AND kind <> 'kpi';\nEND IF;\nRETURN NULL;",
                    hash="cf3e9ff5ec0fb0dd29c519fedfee2af71d73a4cd",
                    operation='UPDATE OF "code", "name", "description", "unit_id", "archived_at"',
                    pgid="pgtrigger_search_update_3bf5c",
                    table="metrics_kpi",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="kpi",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE about_kind = 'kpi' AND about_id = OLD.id;\nRETURN NULL;",
                    hash="6f0603e5d094820574eb3228f42cf2e39aa50e21",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_f6849",
                    table="metrics_kpi",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="objective",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'objective', r.id, 'objective', r.id, r.unit_id, r.archived_at IS NOT NULL, '', left(r.title, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM new_rows r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="b897060bb45e179f2aded5b4c6223338f7a6c6b3",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_13c13",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="metrics_objective",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="objective",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.title IS DISTINCT FROM NEW.title OR OLD.description IS DISTINCT FROM NEW.description OR OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.archived_at IS DISTINCT FROM NEW.archived_at)",
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'objective', r.id, 'objective', r.id, r.unit_id, r.archived_at IS NOT NULL, '', left(r.title, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM (SELECT NEW.*) r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = now();\nIF OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.archived_at IS DISTINCT FROM NEW.archived_at THEN\n    UPDATE collaboration_searchrow SET unit_id = NEW.unit_id, is_gone = NEW.archived_at IS NOT NULL WHERE about_kind = 'objective' AND about_id = NEW.id AND kind <> 'objective';\nEND IF;\nRETURN NULL;",
                    hash="e61dc38ba11dd8a9e7515bfe746de7e74873d53a",
                    operation='UPDATE OF "title", "description", "unit_id", "archived_at"',
                    pgid="pgtrigger_search_update_1a850",
                    table="metrics_objective",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="objective",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE about_kind = 'objective' AND about_id = OLD.id;\nRETURN NULL;",
                    hash="0ec9505fd7e7a646479f693bca542b0317fd8688",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_5f627",
                    table="metrics_objective",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(
            """
INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)
SELECT 'kpi', r.id, 'kpi', r.id, r.unit_id, r.archived_at IS NOT NULL, r.code, left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM "metrics_kpi" r
ON CONFLICT (kind, row_id) DO UPDATE SET
    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,
    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,
    body = EXCLUDED.body
""",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            """
INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)
SELECT 'objective', r.id, 'objective', r.id, r.unit_id, r.archived_at IS NOT NULL, '', left(r.title, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM "metrics_objective" r
ON CONFLICT (kind, row_id) DO UPDATE SET
    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,
    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,
    body = EXCLUDED.body
""",
            migrations.RunSQL.noop,
        ),
    ]
