"""Migrate in seconds what took half a minute: what Django draws anew between two operations, and need not.

A migration runs against model classes made for its moment. Django makes the classes of a model and of everything
related to it anew after each operation; nearly all is related to a unit or a person, so that took nine tenths of the
time of a first start. Two kinds of operations leave all other classes as they are:

* an index, a constraint or a trigger more or less is a word about one class, and is told to the class there is;
* a new model is made, and those it refers to hear of it; nothing can refer to it yet.

Everything else, and whatever runs Python, gets classes made anew, as ever. The statements sent are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ModelState, ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger


@contextmanager
def quick_states() -> Iterator[None]:
    """Let migrations that are applied in here keep the classes that an operation does not touch."""
    changed: list[tuple[type, str, Any]] = [
        (ProjectState, "add_model", _add_model),
        *((ProjectState, name, _telling(getattr(ProjectState, name))) for name in ("_append_option", "_remove_option")),
        (AddTrigger, "state_forwards", _telling_triggers(AddTrigger.state_forwards)),
        (RemoveTrigger, "state_forwards", _telling_triggers(RemoveTrigger.state_forwards)),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _new in changed]
    for owner, name, new in changed:
        setattr(owner, name, new)
    try:
        yield
    finally:
        for owner, name, old in before:
            setattr(owner, name, old)


def _add_model(state: ProjectState, model_state: ModelState) -> None:
    key = model_state.app_label, model_state.name_lower
    state.models[key] = model_state
    if vars(state)["_relations"] is not None:
        state.resolve_model_relations(key)
    if "apps" in state.__dict__:
        state.apps.render_multiple([model_state])
        # What the new model refers to looks for it among the classes it was made with.
        for model in state.apps.get_models(include_auto_created=True, include_swapped=True):
            model._meta.apps = state.apps
        state.apps.clear_cache()
        state.is_delayed = True  # so that Python run by a migration gets classes made anew


def _telling(change: Callable[..., None]) -> Callable[..., None]:
    def changed(state: ProjectState, app_label: str, model_name: str, option_name: str, *args: Any) -> None:
        with _kept(state):
            change(state, app_label, model_name, option_name, *args)
        _tell(state, app_label, model_name, option_name)

    return changed


def _telling_triggers(change: Callable[..., None]) -> Callable[..., None]:
    def changed(operation: Any, app_label: str, state: ProjectState) -> None:
        with _kept(state):
            change(operation, app_label, state)
        _tell(state, app_label, operation.model_name, "triggers")

    return changed


@contextmanager
def _kept(state: ProjectState) -> Iterator[None]:
    """Without its classes a state makes none anew."""
    apps = state.__dict__.pop("apps", None)
    yield
    if apps is not None:
        state.__dict__["apps"] = apps


def _tell(state: ProjectState, app_label: str, model_name: str, option_name: str) -> None:
    if "apps" in state.__dict__:
        meta = state.apps.get_model(app_label, model_name)._meta
        setattr(meta, option_name, list(state.models[app_label, model_name.lower()].options[option_name]))
        meta.__dict__.pop("total_unique_constraints", None)
        state.is_delayed = True
