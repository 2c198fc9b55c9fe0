"""The analysis plan as it was stored at build, as it is now, and every change of the settings that
the site has served."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmark.study.answers import plan_check
from study_server.bundle import Bundle
from study_server.models import SettingsVersion
from study_server.raising import raises

KEPT_BACK = ("completion_code", "platform", "contact")  # codes, and somebody's address


def plan_of(bundle: Bundle, db: Session) -> dict[str, Any]:
    """The plan and its changes, for `documentation/plan.json`."""
    stored, raised = bundle.hidden.get("plan") or {}, raises(db, bundle)
    return {
        "says": plan_check(bundle, raised),
        "at_build": stored.get("settings"),
        "at_build_sha256": stored.get("sha256"),
        "now": bundle.settings.plan,
        "now_sha256": bundle.settings.plan_sha256,
        "raised": [asdict(one) for one in raised],
        "served": _served(db),
    }


def _served(db: Session) -> list[dict[str, Any]]:
    """Each version of study.toml that was served, and what it changed in the one before."""
    versions = db.scalars(select(SettingsVersion).order_by(SettingsVersion.first_served_at))
    rows: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    for version in versions:
        now = _flat(tomllib.loads(version.text))
        rows.append(
            {
                "study_toml_sha256": version.sha256,
                "first_served_at": datetime.fromtimestamp(version.first_served_at, UTC).isoformat(
                    timespec="seconds"
                ),
                "changes": [] if before is None else _changes(before, now),
            }
        )
        before = now
    return rows


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The settings by their full names, without what is kept back."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if key in KEPT_BACK:
            continue
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value.isoformat() if isinstance(value, date) else value
    return flat


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"setting": name, "from": before.get(name), "to": now.get(name)}
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
