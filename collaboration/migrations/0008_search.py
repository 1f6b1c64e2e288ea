"""The table of what is searched, how its words are parted, and the triggers of units and people."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


MAKE = r"""
-- Words without accents, compared as they are in every language: no endings are cut off.
CREATE TEXT SEARCH CONFIGURATION public.portal (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION public.portal
    ALTER MAPPING FOR asciiword, word, numword WITH public.unaccent, pg_catalog.simple;

-- Signs part words, as they do in a question (lib/search.py); umlauts are found spelled out, too. Names are qualified:
-- a restored dump computes the column before there is a search path.
CREATE FUNCTION public.search_words(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT translate(
        CASE WHEN $1 ~ '[äöüÄÖÜ]'
            THEN $1 || ' ' || replace(replace(replace(lower($1), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue')
            ELSE $1 END,
        $s$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$s$, repeat(' ', 32))
$$;

CREATE FUNCTION public.search_vector(key text, title text, labels text, body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(
               to_tsvector('public.portal', public.search_words(normalize(key || ' ' || title, NFC))), 'A')
        || setweight(to_tsvector('public.portal', public.search_words(normalize(labels, NFC))), 'B')
        || setweight(to_tsvector('public.portal', public.search_words(normalize(body, NFC))), 'C')
$$;
"""
DROP = """
DROP FUNCTION public.search_vector(text, text, text, text);
DROP FUNCTION public.search_words(text);
DROP TEXT SEARCH CONFIGURATION public.portal;
"""
SIMILAR = """
-- Things whose name is like what was typed, more forgiving than the server's own threshold.
CREATE FUNCTION public.search_similar(asked text) RETURNS SETOF bigint LANGUAGE sql STABLE PARALLEL SAFE
SET pg_trgm.word_similarity_threshold = 0.35 AS $$
    SELECT id FROM public.collaboration_searchrow WHERE title OPERATOR(public.%>) asked AND NOT is_gone
$$;
"""
NOT_SIMILAR = "DROP FUNCTION public.search_similar(text)"


class Migration(migrations.Migration):
    dependencies = [
        ("collaboration", "0007_links"),
        ("organization", "0003_administration"),
    ]

    operations = [
        migrations.RunSQL(MAKE, DROP),
        migrations.CreateModel(
            name="SearchedPerson",
            fields=[],
            options={
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("organization.person",),
        ),
        migrations.CreateModel(
            name="SearchedUnit",
            fields=[],
            options={
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("organization.unit",),
        ),
        migrations.CreateModel(
            name="SearchRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("row_id", models.BigIntegerField()),
                ("about_kind", models.CharField(max_length=20)),
                ("about_id", models.BigIntegerField()),
                ("unit_id", models.BigIntegerField(null=True)),
                ("is_gone", models.BooleanField(default=False)),
                ("key", models.CharField(max_length=40)),
                ("title", models.CharField(max_length=300)),
                ("labels", models.TextField()),
                ("body", models.TextField()),
                ("changed_at", models.DateTimeField()),
                (
                    "vector",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("key"),
                            models.F("title"),
                            models.F("labels"),
                            models.F("body"),
                            function="public.search_vector",
                        ),
                        output_field=django.contrib.postgres.search.SearchVectorField(),
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["about_kind", "about_id"], name="search_about"),
                    models.Index(
                        condition=models.Q(("is_gone", False)),
                        fields=["kind", "unit_id", "-changed_at"],
                        name="search_of_unit",
                    ),
                    models.Index(
                        condition=models.Q(("is_gone", False)), fields=["-changed_at", "-id"], name="search_newest"
                    ),
                    models.Index(condition=models.Q(("key", ""), _negated=True), fields=["key"], name="search_key"),
                    models.Index(
                        django.db.models.functions.text.Upper("title"),
                        condition=models.Q(("is_gone", False)),
                        name="search_title",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("is_gone", False)), fields=["vector"], name="search_words"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("is_gone", False)),
                        fields=["title"],
                        name="search_similar",
                        opclasses=["gin_trgm_ops"],
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("kind", "row_id"), name="search_once")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedperson",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'person', r.id, 'person', r.id, NULL::bigint, false, '', left(r.name, 300), '', '', r.created_at FROM new_rows r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="664325cbab5e1bd31d3c399d84e53270c3b77f3c",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_e4706",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="organization_person",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedperson",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.name IS DISTINCT FROM NEW.name)",
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'person', r.id, 'person', r.id, NULL::bigint, false, '', left(r.name, 300), '', '', r.created_at FROM (SELECT NEW.*) r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = now();\nRETURN NULL;",
                    hash="326076ea018586fccf08bf26c14d7dd15fe61483",
                    operation='UPDATE OF "name"',
                    pgid="pgtrigger_search_update_0e6ae",
                    table="organization_person",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedperson",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE about_kind = 'person' AND about_id = OLD.id;\nRETURN NULL;",
                    hash="887fbbbc296a5bcd5bb55e1f28e3dcc3e6b69e36",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_37c46",
                    table="organization_person",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedunit",
            trigger=pgtrigger.compiler.Trigger(
                name="search_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'unit', r.id, 'unit', r.id, r.id, false, r.code, left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM new_rows r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body;\nRETURN NULL;",
                    hash="bc9a4b0e50d3cc59524daa02ca74fac6337a4bbd",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_search_insert_457e8",
                    referencing="REFERENCING NEW TABLE AS new_rows ",
                    table="organization_unit",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedunit",
            trigger=pgtrigger.compiler.Trigger(
                name="search_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.code IS DISTINCT FROM NEW.code OR OLD.name IS DISTINCT FROM NEW.name OR OLD.description IS DISTINCT FROM NEW.description)",
                    func="INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)\nSELECT 'unit', r.id, 'unit', r.id, r.id, false, r.code, left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM (SELECT NEW.*) r\nON CONFLICT (kind, row_id) DO UPDATE SET\n    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,\n    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,\n    body = EXCLUDED.body, changed_at = now();\nRETURN NULL;",
                    hash="807c61b79f01d7177ee929296fed8b7e469c6346",
                    operation='UPDATE OF "code", "name", "description"',
                    pgid="pgtrigger_search_update_5e96a",
                    table="organization_unit",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="searchedunit",
            trigger=pgtrigger.compiler.Trigger(
                name="search_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="DELETE FROM collaboration_searchrow WHERE about_kind = 'unit' AND about_id = OLD.id;\nRETURN NULL;",
                    hash="f1e33d115ec5becab3bc55b48fbcfa0bd4fda253",
                    operation="DELETE",
                    pgid="pgtrigger_search_delete_3906f",
                    table="organization_unit",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(SIMILAR, NOT_SIMILAR),
        migrations.RunSQL(
            """
INSERT INTO collaboration_searchrow (kind, row_id, about_kind, about_id, unit_id, is_gone, key, title, labels, body, changed_at)
SELECT 'unit', r.id, 'unit', r.id, r.id, false, r.code, left(r.name, 300), '', left(concat_ws(E'\\n', NULLIF(r.description, '')), 20000), r.created_at FROM "organization_unit" r
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
SELECT 'person', r.id, 'person', r.id, NULL::bigint, false, '', left(r.name, 300), '', '', r.created_at FROM "organization_person" r
ON CONFLICT (kind, row_id) DO UPDATE SET
    about_kind = EXCLUDED.about_kind, about_id = EXCLUDED.about_id, unit_id = EXCLUDED.unit_id,
    is_gone = EXCLUDED.is_gone, key = EXCLUDED.key, title = EXCLUDED.title, labels = EXCLUDED.labels,
    body = EXCLUDED.body
""",
            migrations.RunSQL.noop,
        ),
    ]
