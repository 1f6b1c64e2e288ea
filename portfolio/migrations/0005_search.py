"""What epics, features and themes say is searched."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0008_search"),
        ("portfolio", "0004_forecasts"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="epic",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'epic', r.id, 'epic', r.id, r.unit_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.updated_at FROM new_rows r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="7e8f05cca3644a2d8afac9e1dc3c1e6f1d0f5494",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_1d9ad",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="portfolio_epic",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="epic",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.key IS DISTINCT FROM NEW.key OR OLD.title IS DISTINCT FROM NEW.title OR OLD.labels IS DISTINCT FROM NEW.labels OR OLD.description IS DISTINCT FROM NEW.description OR OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)",
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'epic', r.id, 'epic', r.id, r.unit_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.updated_at FROM (SELECT NEW.*) r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = NEW.updated_at;\nIF OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at THEN\n    UPDATE collaboration_searchrow SET unit_id = NEW.unit_id, is_gone = NEW.deleted_at IS NOT NULL WHERE about_kind = 'epic' AND about_id = NEW.id AND kind <> 'epic';\nEND IF;\nRETURN NULL;",
                    hash="a537917740b09915dae111dcacc7c2d3d165fa15",
                    operation='UPDATE OF "key", "title", "labels", "description", "unit_id", "deleted_at"',
                    pgid="pgtrigger_search_update_98da9",
                    table="portfolio_epic",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="epic",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE about_kind = 'epic' AND about_id = OLD.id;\nRETURN NULL;",
                    hash="33b881e31daae1a69a7e7572129ed26151143168",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_a823d",
                    table="portfolio_epic",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="feature",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'feature', r.id, 'feature', r.id, r.unit_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, ''), NULLIF(r.benefit_hypothesis, ''), NULLIF(r.acceptance_criteria, '')), 20000), r.updated_at FROM new_rows r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="63faa6fb654b3be7302413cffb5d7ef515a622a9",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_801e5",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="portfolio_feature",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="feature",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.key IS DISTINCT FROM NEW.key OR OLD.title IS DISTINCT FROM NEW.title OR OLD.labels IS DISTINCT FROM NEW.labels OR OLD.description IS DISTINCT FROM NEW.description OR OLD.benefit_hypothesis IS DISTINCT FROM NEW.benefit_hypothesis OR OLD.acceptance_criteria IS DISTINCT FROM NEW.acceptance_criteria OR OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)",
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'feature', r.id, 'feature', r.id, r.unit_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, ''), NULLIF(r.benefit_hypothesis, ''), NULLIF(r.acceptance_criteria, '')), 20000), r.updated_at FROM (SELECT NEW.*) r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = NEW.updated_at;\nIF OLD.unit_id IS DISTINCT FROM NEW.unit_id OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at THEN\n    UPDATE collaboration_searchrow SET unit_id = NEW.unit_id, is_gone = NEW.deleted_at IS NOT NULL WHERE about_kind = 'feature' AND about_id = NEW.id AND kind <> 'feature';\nEND IF;\nRETURN NULL;",
                    hash="b19a6961f6ebc153c1abf98d6909eb8ac8ef1b77",
                    operation='UPDATE OF "key", "title", "labels", "description", "benefit_hypothesis", "acceptance_criteria", "unit_id", "deleted_at"',
                    pgid="pgtrigger_search_update_352cb",
                    table="portfolio_feature",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="feature",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE about_kind = 'feature' AND about_id = OLD.id;\nRETURN NULL;",
                    hash="32c31680fa65efd2a82a9c699fda9658372dc761",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_c9e48",
                    table="portfolio_feature",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="strategictheme",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'theme', r.id, 'theme', r.id, r.unit_id, false, '', left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, ''), NULLIF(r.success_measure, '')), 20000), r.created_at FROM new_rows r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="dfe40ccdb3c3fd0eaade7d692c47b46cba555410",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_2777a",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="portfolio_strategictheme",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="strategictheme",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.description IS DISTINCT FROM NEW.description OR OLD.success_measure IS DISTINCT FROM NEW.success_measure OR OLD.unit_id IS DISTINCT FROM NEW.unit_id)",
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'theme', r.id, 'theme', r.id, r.unit_id, false, '', left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, ''), NULLIF(r.success_measure, '')), 20000), r.created_at FROM (SELECT NEW.*) r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = now();\nIF OLD.unit_id IS DISTINCT FROM NEW.unit_id THEN\n    UPDATE collaboration_searchrow SET unit_id = NEW.unit_id, is_gone = false WHERE about_kind = 'theme' AND about_id = NEW.id AND kind <> 'theme';\nEND IF;\nRETURN NULL;",
                    hash="feeb94aaa6ba302357e72bd60ffdd44c70139733",
                    operation='UPDATE OF "name", "description", "success_measure", "unit_id"',
                    pgid="pgtrigger_search_update_40e9a",
                    table="portfolio_strategictheme",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="strategictheme",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE about_kind = 'theme' AND about_id = OLD.id;\nRETURN NULL;",
                    hash="b206ceb951b572b63d0a18ce6f350d943ec26f82",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_22a66",
                    table="portfolio_strategictheme",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(
            """
INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)
SELECT 'epic', r.id, 'epic', r.id, r.unit_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.updated_at FROM "portfolio_epic" r
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
SELECT 'feature', r.id, 'feature', r.id, r.unit_id, r.deleted_at IS NOT NULL, r.key, left(r.title, 300), left(array_to_string(r.labels, ' '), 1000), left(concat_ws(E'\\n', NULLIF(r.description, ''), NULLIF(r.benefit_hypothesis, ''), NULLIF(r.acceptance_criteria, '')), 20000), r.updated_at FROM "portfolio_feature" r
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
SELECT 'theme', r.id, 'theme', r.id, r.unit_id, false, '', left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, ''), NULLIF(r.success_measure, '')), 20000), r.created_at FROM "portfolio_strategictheme" r
ON CONFLICT (kind, row_id) DO UPDATE SET
    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,
    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,
    body = EXCLUDED.body
""",
            migrations.RunSQL.noop,
        ),
    ]
