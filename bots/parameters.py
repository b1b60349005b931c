"""A bot's parameters for people: what its JSON Schema and defaults say, as plain rows for a table or a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bots.models import BotVersion

# What a form field can be made for; anything else is entered as JSON.
SIMPLE_TYPES = ("integer", "number", "string", "boolean")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One property of the schema. `minimum` and `maximum` are inclusive; `choices` are the values of an enum."""

    name: str
    title: str
    description: str
    kind: str  # one of SIMPLE_TYPES, or "json"
    default: Any = None
    has_default: bool = False
    is_required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()


def parameters_of(version: BotVersion) -> list[Parameter]:
    """In the order of the schema. A default of the class goes before a default of the schema."""
    schema = version.config_schema or {}
    required = schema.get("required") or []
    return [
        _parameter(name, rules if isinstance(rules, dict) else {}, version.default_config, name in required)
        for name, rules in (schema.get("properties") or {}).items()
    ]


def _parameter(name: str, rules: dict[str, Any], defaults: dict[str, Any], is_required: bool) -> Parameter:
    kind = rules.get("type")
    is_simple = isinstance(kind, str) and kind in SIMPLE_TYPES
    return Parameter(
        name=name,
        title=str(rules.get("title") or name.replace("_", " ").capitalize()),
        description=str(rules.get("description") or ""),
        kind=kind if isinstance(kind, str) and is_simple else "json",
        default=defaults.get(name, rules.get("default")),
        has_default=name in defaults or "default" in rules,
        is_required=is_required,
        minimum=_number(rules.get("minimum")),
        maximum=_number(rules.get("maximum")),
        choices=tuple(rules.get("enum") or ()),
    )


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None
