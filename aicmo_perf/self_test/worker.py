"""What a worker process does: ``main`` is called by the line of code that WorkerProcess starts an interpreter with.

It reads one Assignment, finds the features, exercises those that are due, and reports each as soon as it is done.
Each result is sent together with the beginning of the next feature, so that there is no moment in which the process
could die and nobody would be to blame.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from _thread import _count as running_thread_count
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from aicmo_perf.errors import AicmoPerfError, SuiteError
from aicmo_perf.model import FeatureKey, Mode
from aicmo_perf.self_test.channel import Channel, StandardState, take_over_standard_streams
from aicmo_perf.self_test.conditions import take_on
from aicmo_perf.self_test.determinism import FixedSeeding, NoSeeding, Seeding, refuse_network
from aicmo_perf.self_test.discovery import Discovery, FoundFeature
from aicmo_perf.self_test.execution import FeatureExecutor
from aicmo_perf.self_test.measure import Clock
from aicmo_perf.self_test.moved_tree import MovedTree, import_from, refuse_left_behind, suites_inside
from aicmo_perf.self_test.plan import select_features
from aicmo_perf.self_test.protocol import Assignment, Began, Ended, Finished, Found, Importing, Message, Refused

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Do what standard input asks for; the process ends with it."""
    incoming, channel = take_over_standard_streams()
    with incoming:
        assignment = Assignment.from_json(incoming.readline())
    _die_with_parent(assignment.parent_pid)
    _work(assignment, channel)
    # what suites registered to clean up is done; threads that they left running are not waited for
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
    os._exit(0)


def _work(assignment: Assignment, channel: Channel) -> None:
    root = Path(assignment.project_root)
    take_on(assignment.conditions)
    sys.path.insert(0, str(root))
    if assignment.moved is not None:
        import_from(assignment.moved)
    seeding = _seeding(assignment)
    if assignment.mode is Mode.DETERMINISTIC:
        refuse_network()
    try:
        found, missing = _find(assignment, root, channel, seeding)
        selected = select_features(
            (one.feature for one in found), assignment.options.selection, may_miss=assignment.may_miss
        )
        inside = _suites_inside(assignment.moved, found)
    except AicmoPerfError as error:
        channel.send(Refused(type(error).__name__, error.message, error.hint))
        return
    # A module that cannot be imported may hide what was selected, so a selection does not hide it.
    chosen = [one for position, one in enumerate(found) if position in selected or one.definition is None]
    if assignment.only is not None:
        chosen = [one for one in chosen if one.feature.key in assignment.only]
    chosen = _in_order(chosen, assignment.order)
    state = StandardState()
    executor = FeatureExecutor(
        assignment.options,
        seeding,
        Clock(),
        channel.tick,
        is_measured=assignment.is_measured,
        judged_calls=assignment.conditions.judged_calls,
        tear_down=state.restore,
        wants_outputs=assignment.wants_outputs,
    )
    done = frozenset(assignment.done)
    waiting: list[Message] = [Found(tuple(one.feature for one in chosen), inside, missing)]
    for position, one in enumerate(chosen):
        if one.feature.key in done or position % assignment.share_count != assignment.share:
            continue
        timeout_seconds = _timeout_seconds(one, assignment)
        channel.send(*waiting, Began(position, timeout_seconds, running_thread_count(), channel.output_bytes()))
        result = executor.execute(one, assignment.iteration)
        state.restore()
        waiting = [Ended(position, result)]
    channel.send(*waiting, Finished())


def _seeding(assignment: Assignment) -> Seeding:
    """Live mode draws its own numbers, unless its flakiness is checked: then they are the same in each iteration, or
    what the conditions say.
    """
    seed = assignment.conditions.random_seed
    if seed is None and (assignment.mode is Mode.DETERMINISTIC or assignment.options.flakiness_check):
        seed = assignment.options.seed
    return NoSeeding() if seed is None else FixedSeeding(seed)


def _in_order(found: list[FoundFeature], order: Sequence[FeatureKey] | None) -> list[FoundFeature]:
    """As they are asked for; those that nobody asked for come last, as they were found."""
    if order is None:
        return found
    places = {key: place for place, key in enumerate(order)}
    return sorted(found, key=lambda one: places.get(one.feature.key, len(places)))


def _find(
    assignment: Assignment, root: Path, channel: Channel, seeding: Seeding
) -> tuple[tuple[FoundFeature, ...], tuple[str, ...]]:
    """The features of the suites and rules, and what of these another version does not have, a sentence each."""

    def before_import(suite: str, module: str) -> None:
        channel.send(Importing(suite, module, channel.output_bytes()))
        seeding.seed()

    moved = assignment.moved
    broken = {(suite, module): reason for suite, module, reason in assignment.broken}
    discovery = Discovery(
        # a file's suite has one name in both versions
        root if moved is None else moved.original(root),
        broken,
        before_import,
        locate=(lambda path: path) if moved is None else moved.locate,
        may_be_empty=assignment.may_miss,
    )
    missing: list[str] = []
    adding = [partial(discovery.add_suite, suite) for suite in dict.fromkeys(assignment.suites)]
    adding += [partial(discovery.add_rule, rule) for rule in assignment.discover]
    for add in adding:
        try:
            add()
        except SuiteError as error:
            if moved is None:
                raise
            missing.append(error.message)
    found = discovery.features()
    if moved is not None:
        # no features of that version, only the reasons why it has none
        missing += [f"{one.feature.name} {_first_line(one.import_error)}." for one in found if one.definition is None]
        found = tuple(one for one in found if one.definition is not None)
    return found, tuple(missing)


def _first_line(text: str) -> str:
    return text.partition("\n")[0].rstrip(".")


def _suites_inside(moved: MovedTree | None, found: tuple[FoundFeature, ...]) -> tuple[str, ...]:
    if moved is None:
        return ()
    refuse_left_behind(moved)
    namespaces: dict[str, list[Mapping[str, object]]] = {}
    for one in found:
        assert one.definition is not None, "what cannot be imported there is no feature of another version"
        module = sys.modules.get(one.definition.function.__module__)
        own = one.definition.namespace or (vars(module) if module is not None else {})
        namespaces.setdefault(one.feature.suite, []).append(own)
    return suites_inside(moved, namespaces)


def _timeout_seconds(one: FoundFeature, assignment: Assignment) -> float:
    own = one.definition.timeout_seconds if one.definition is not None else None
    return float(assignment.options.timeout_seconds if own is None else own)


def _die_with_parent(parent_pid: int) -> None:
    """Ask Linux for SIGKILL when the parent dies (prctl(2)); elsewhere the channel notices between features."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent_pid:
        os._exit(0)
