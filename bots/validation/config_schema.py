"""Is config_schema a JSON Schema that can be used safely, and does default_config fit it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
from jsonschema import Draft202012Validator
from referencing import Registry

from bots.validation.types import CheckOutcome, CheckResult, Host, Submission

NAME = "config_schema"

# The schema is a stranger's, and is applied in our own processes: a reference could make us open an
# address, and a regular expression can be written to take for ever.
FORBIDDEN_KEYWORDS = ("$ref", "$dynamicRef", "pattern", "patternProperties")


def check(submission: Submission, host: Host) -> CheckResult:
    submission.load(host)
    description = submission.description
    schema, defaults = description["config_schema"], description["default_config"]
    problem = schema_problem(schema)
    if problem:
        fix = "See https://json-schema.org (2020-12) and the guide for bot authors."
        return CheckResult(NAME, CheckOutcome.FAILED, problem, fix)
    problems = config_problems(schema, defaults)
    if problems:
        evidence = "default_config does not fit config_schema: " + "; ".join(
            f"{path}: {message}" if path else message for path, message in problems
        )
        return CheckResult(NAME, CheckOutcome.FAILED, evidence, "Change the default or widen the schema.")
    if defaults and not schema.get("properties"):
        fix = "List every parameter under properties, with its type and its bounds."
        evidence = "default_config has parameters that config_schema does not describe"
        return CheckResult(NAME, CheckOutcome.WARNING, evidence, fix)
    count = len(schema.get("properties", {}))
    return CheckResult(NAME, CheckOutcome.PASSED, f"{count} parameters, and the defaults fit")


def schema_problem(schema: dict[str, Any]) -> str:
    """What is wrong with a schema, or nothing."""
    for keyword in _keywords(schema):
        if keyword in FORBIDDEN_KEYWORDS:
            return f"config_schema uses {keyword}, which is not allowed here"
    try:
        Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        return f"config_schema is not a JSON Schema: {error.json_path}: {error.message[:300]}"
    return ""


def config_problems(schema: dict[str, Any], config: dict[str, Any]) -> list[tuple[str, str]]:
    """What in a config does not fit a schema that has no `schema_problem`: pairs of field and sentence."""
    # An empty registry, or the library would fetch what a reference points to.
    validator = Draft202012Validator(schema, registry=Registry())
    errors = sorted(validator.iter_errors(config), key=lambda error: error.json_path)
    return [(".".join(str(part) for part in error.absolute_path), error.message[:300]) for error in errors[:10]]


def _keywords(schema: Any) -> Iterator[str]:
    """Every key anywhere in the schema but the names of parameters."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            if key == "properties" and isinstance(value, dict):
                for each in value.values():
                    yield from _keywords(each)
            elif key not in ("default", "const", "enum", "examples"):
                yield from _keywords(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _keywords(value)
