"""What each iteration of a run was run under, and in which order, so that it can be repeated exactly.

The order is kept as positions of the run's results: two bytes a feature, and they go with the run. A feature that has
no result when the iteration is written (its first worker was interrupted, or only a retry found it) has no position
that would be safe from being given to another, so it is kept by name beside the positions; the order refers to it by a
negative number, which no later result can take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from aicmo_perf.model import FeatureKey, Iteration, PlannedIteration
from aicmo_perf.store.models import features, iterations, results, suites
from aicmo_perf.store.writing import upsert


def write_iteration(connection: Connection, run_id: int, iteration: Iteration) -> None:
    """Store an iteration of a run as it is known by now; one of the same number is replaced."""
    planned = iteration.planned
    position_by_key: dict[FeatureKey, int] = {}
    further_features: tuple[FeatureKey, ...] = ()
    if planned.order is not None:
        position_by_key = {key: position for position, key in _keys_by_position(connection, run_id).items()}
        further_features = tuple(key for key in dict.fromkeys(planned.order) if key not in position_by_key)
        position_by_key |= {key: -place for place, key in enumerate(further_features, start=1)}
    row = {
        "run_id": run_id,
        "number": planned.number,
        "kind": planned.kind,
        "conditions": planned.conditions,
        "seed": planned.seed,
        "feature_order": None if planned.order is None else [position_by_key[key] for key in planned.order],
        "further_features": further_features or None,
        "started_at": iteration.started_at,
        "duration_seconds": iteration.duration_seconds,
        "load_average": iteration.load_average,
    }
    connection.execute(upsert(connection.dialect.name, iterations, ("run_id", "number"), ()), row)


def read_iterations(connection: Connection, run_id: int | None) -> tuple[Iteration, ...]:
    """The iterations of a run, by number; none of a run that was stored before they were."""
    statement = select(*iterations.c).where(iterations.c.run_id == run_id).order_by(iterations.c.number)
    rows = connection.execute(statement).all()
    is_ordered = any(row.feature_order is not None for row in rows)
    key_by_position = _keys_by_position(connection, run_id) if is_ordered else {}
    return tuple(_iteration_of(row, key_by_position) for row in rows)


def _iteration_of(row: Row[Any], key_by_position: Mapping[int, FeatureKey]) -> Iteration:
    planned = PlannedIteration(
        number=row.number,
        kind=row.kind,
        conditions=row.conditions,
        order=None if row.feature_order is None else _order_of(row, key_by_position),
        seed=row.seed,
    )
    return Iteration(
        planned=planned,
        started_at=row.started_at,
        duration_seconds=row.duration_seconds,
        load_average=row.load_average,
    )


def _order_of(row: Row[Any], key_by_position: Mapping[int, FeatureKey]) -> tuple[FeatureKey, ...]:
    further_features: Sequence[FeatureKey] = row.further_features or ()
    return tuple(
        key_by_position[position] if position >= 0 else further_features[-position - 1]
        for position in row.feature_order
    )


def _keys_by_position(connection: Connection, run_id: int | None) -> dict[int, FeatureKey]:
    statement = (
        select(results.c.position, suites.c.name, features.c.qualified_name)
        .select_from(results.join(features).join(suites))
        .where(results.c.run_id == run_id)
    )
    return {position: (suite, qualified_name) for position, suite, qualified_name in connection.execute(statement)}
