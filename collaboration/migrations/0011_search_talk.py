"""What people say about things, and the names of their files, are searched."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0010_schedules"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchedComment",
            fields=[],
            options={
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("collaboration.comment",),
        ),
        migrations.CreateModel(
            name="SearchedFile",
            fields=[],
            options={
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("collaboration.attachment",),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedcomment",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'comment', r.id, r.subject_kind, r.subject_id, s.unit_id, s.is_gone, '', '', '', left(concat_ws(E'\\n', NULLIF(r.text, '')), 20000), r.created_at FROM new_rows r JOIN collaboration_searchrow s ON s.kind = r.subject_kind AND s.row_id = r.subject_id WHERE r.deleted_at IS NULL FOR SHARE OF s\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="dd2e28ab4e377c1f1f2ce5f62b575293fd0d6aa5",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_bf3e7",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="collaboration_comment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedcomment",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.text IS DISTINCT FROM NEW.text OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at OR OLD.subject_kind IS DISTINCT FROM NEW.subject_kind OR OLD.subject_id IS DISTINCT FROM NEW.subject_id)",
                    func="IF NEW.deleted_at IS NOT NULL THEN DELETE FROM collaboration_searchrow WHERE kind = 'comment' AND row_id = OLD.id;\n END IF;\nINSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'comment', r.id, r.subject_kind, r.subject_id, s.unit_id, s.is_gone, '', '', '', left(concat_ws(E'\\n', NULLIF(r.text, '')), 20000), r.created_at FROM (SELECT NEW.*) r JOIN collaboration_searchrow s ON s.kind = r.subject_kind AND s.row_id = r.subject_id WHERE r.deleted_at IS NULL FOR SHARE OF s\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = now();\nIF OLD.deleted_at IS DISTINCT FROM NEW.deleted_at THEN\nDELETE FROM collaboration_searchrow WHERE kind = 'file' AND row_id IN (SELECT p.id FROM (SELECT * FROM collaboration_attachment WHERE comment_id = NEW.id) p);\nINSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'file', r.id, r.subject_kind, r.subject_id, s.unit_id, s.is_gone, '', left(r.name, 300), '', '', r.created_at FROM (SELECT * FROM collaboration_attachment WHERE comment_id = NEW.id) r JOIN collaboration_searchrow s ON s.kind = r.subject_kind AND s.row_id = r.subject_id WHERE r.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM collaboration_comment c WHERE c.id = r.comment_id AND c.deleted_at IS NOT NULL) FOR SHARE OF s\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nEND IF;\nRETURN NULL;",
                    hash="9ef39f853f75fcfaa49f977df27100e4f54bbada",
                    operation='UPDATE OF "text", "deleted_at", "subject_kind", "subject_id"',
                    pgid="pgtrigger_search_update_0e31f",
                    table="collaboration_comment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedcomment",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE kind = 'comment' AND row_id = OLD.id;\nRETURN NULL;",
                    hash="dbbe4a5ce9f03366f1724ea17cc5e26bd5a10cb1",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_072ba",
                    table="collaboration_comment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedfile",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'file', r.id, r.subject_kind, r.subject_id, s.unit_id, s.is_gone, '', left(r.name, 300), '', '', r.created_at FROM new_rows r JOIN collaboration_searchrow s ON s.kind = r.subject_kind AND s.row_id = r.subject_id WHERE r.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM collaboration_comment c WHERE c.id = r.comment_id AND c.deleted_at IS NOT NULL) FOR SHARE OF s\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="736e92986795c96d21f6ee5cf2cb010a403bdc5c",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_e922e",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="collaboration_attachment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedfile",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at OR OLD.subject_kind IS DISTINCT FROM NEW.subject_kind OR OLD.subject_id IS DISTINCT FROM NEW.subject_id)",
                    func="IF NEW.deleted_at IS NOT NULL THEN DELETE FROM collaboration_searchrow WHERE kind = 'file' AND row_id = OLD.id;\n END IF;\nINSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'file', r.id, r.subject_kind, r.subject_id, s.unit_id, s.is_gone, '', left(r.name, 300), '', '', r.created_at FROM (SELECT NEW.*) r JOIN collaboration_searchrow s ON s.kind = r.subject_kind AND s.row_id = r.subject_id WHERE r.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM collaboration_comment c WHERE c.id = r.comment_id AND c.deleted_at IS NOT NULL) FOR SHARE OF s\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = now();\nRETURN NULL;",
                    hash="dc5b6a42cea5822517c8c03cf068b38b47ec7365",
                    operation='UPDATE OF "name", "deleted_at", "subject_kind", "subject_id"',
                    pgid="pgtrigger_search_update_3d137",
                    table="collaboration_attachment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedfile",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE kind = 'file' AND row_id = OLD.id;\nRETURN NULL;",
                    hash="643aa9950e7b06385f1d6780c3b797a9ff4fcb61",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_76986",
                    table="collaboration_attachment",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(
            """
INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)
SELECT 'comment', r.id, r.subject_kind, r.subject_id, s.unit_id, s.is_gone, '', '', '', left(concat_ws(E'\\n', NULLIF(r.text, '')), 20000), r.created_at FROM "collaboration_comment" r JOIN collaboration_searchrow s ON s.kind = r.subject_kind AND s.row_id = r.subject_id WHERE r.deleted_at IS NULL FOR SHARE OF s
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
SELECT 'file', r.id, r.subject_kind, r.subject_id, s.unit_id, s.is_gone, '', left(r.name, 300), '', '', r.created_at FROM "collaboration_attachment" r JOIN collaboration_searchrow s ON s.kind = r.subject_kind AND s.row_id = r.subject_id WHERE r.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM collaboration_comment c WHERE c.id = r.comment_id AND c.deleted_at IS NOT NULL) FOR SHARE OF s
ON CONFLICT (kind, row_id) DO UPDATE SET
    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,
    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,
    body = EXCLUDED.body
""",
            migrations.RunSQL.noop,
        ),
    ]
