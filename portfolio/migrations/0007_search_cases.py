"""Business cases are found by their words: the triggers that keep them, and those that are there already."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0006_feature_delay"),
        ("collaboration", "0008_search"),
    ]

    operations = [
        pgtrigger.migrations.AddTrigger(
            model_name="businesscase",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'case', r.epic_id, 'epic', r.epic_id, s.unit_id, s.is_gone, '', '', '', left(concat_ws(E'\\n', NULLIF(r.for_whom, ''), NULLIF(r.who_need, ''), NULLIF(r.solution_is, ''), NULLIF(r.that_provides, ''), NULLIF(r.unlike, ''), NULLIF(r.outcome_hypothesis, ''), NULLIF(r.leading_indicators, ''), NULLIF(r.in_scope, ''), NULLIF(r.out_of_scope, ''), NULLIF(r.mvp, ''), NULLIF(r.sponsors, ''), NULLIF(r.options_considered, ''), NULLIF(r.risks, ''), NULLIF(r.recommendation_reason, '')), 20000), r.created_at FROM (SELECT DISTINCT ON (epic_id) * FROM new_rows n ORDER BY epic_id, number DESC) r JOIN collaboration_searchrow s ON s.kind = 'epic' AND s.row_id = r.epic_id FOR SHARE OF s\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = EXCLUDED.changed_at;\nRETURN NULL;",
                    hash="b88575b28b3a1ad0b1c1ae399b6b71f6ac1e6c88",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_2880f",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="portfolio_businesscase",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="businesscase",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE kind = 'case' AND row_id = OLD.epic_id;\nRETURN NULL;",
                    hash="4da3d4566454ebc204684519a8e43815acc131e8",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_e1c68",
                    table="portfolio_businesscase",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(
            """
INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)
SELECT 'case', r.epic_id, 'epic', r.epic_id, s.unit_id, s.is_gone, '', '', '', left(concat_ws(E'\\n', NULLIF(r.for_whom, ''), NULLIF(r.who_need, ''), NULLIF(r.solution_is, ''), NULLIF(r.that_provides, ''), NULLIF(r.unlike, ''), NULLIF(r.outcome_hypothesis, ''), NULLIF(r.leading_indicators, ''), NULLIF(r.in_scope, ''), NULLIF(r.out_of_scope, ''), NULLIF(r.mvp, ''), NULLIF(r.sponsors, ''), NULLIF(r.options_considered, ''), NULLIF(r.risks, ''), NULLIF(r.recommendation_reason, '')), 20000), r.created_at FROM (SELECT DISTINCT ON (epic_id) * FROM "portfolio_businesscase" n ORDER BY epic_id, number DESC) r JOIN collaboration_searchrow s ON s.kind = 'epic' AND s.row_id = r.epic_id FOR SHARE OF s
ON CONFLICT (kind, row_id) DO UPDATE SET
    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,
    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,
    body = EXCLUDED.body
""",
            migrations.RunSQL.noop,
        ),
    ]
