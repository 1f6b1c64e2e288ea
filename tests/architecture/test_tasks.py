"""Background work names its queue, takes plain values by keyword, and never leaves a view by itself."""

from __future__ import annotations

import inspect
from typing import Any

from pmo_portal.celery import app as celery_app
from tests.architecture.test_layers import APPS, ROOT, modules

QUEUES = {"default", "imports", "rollups", "mail"}


def our_tasks() -> dict[str, Any]:
    celery_app.loader.import_default_modules()
    return {name: task for name, task in celery_app.tasks.items() if name.split(".")[0] in (*APPS, "pmo_portal")}


def test_tasks_declare_their_queue() -> None:
    tasks = our_tasks()
    assert tasks
    declared = {name: getattr(task, "queue_name", None) for name, task in tasks.items()}
    assert {name: queue for name, queue in declared.items() if queue not in QUEUES} == {}


def test_tasks_go_to_the_queue_they_declare() -> None:
    for name, task in our_tasks().items():
        routed = celery_app.amqp.router.route({}, name, task_type=task)
        assert routed["queue"].name == task.queue_name, name


def test_tasks_take_keywords_only() -> None:
    wrong = []
    for name, task in our_tasks().items():
        for parameter in inspect.signature(task.run).parameters.values():
            if parameter.name != "self" and parameter.kind not in {parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD}:
                wrong.append(f"{name}({parameter.name})")
    assert wrong == []


def test_views_enqueue_nothing() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for app in APPS
        for path in modules(app)
        if path.relative_to(ROOT / app).parts[0] in {"views", "views.py"}
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if ".delay(" in line or "apply_async" in line or "send_task" in line
    ]
    assert wrong == []
