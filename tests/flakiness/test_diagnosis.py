"""What is planted is found with its cause and polluters, what is random is called random, nobody else is accused."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from aicmo_perf.flakiness.diagnosis import diagnose
from aicmo_perf.model import PLAIN, Cause, Conditions, Inconsistency, OrderRole, Status
from tests.flakiness.simulated_suite import (
    Behaviour,
    Says,
    SimulatedBench,
    World,
    fails_if,
    fails_if_written_by_an_earlier_process,
    key,
    output_of,
    passes,
    removes,
    sets,
    writes,
)

ITERATIONS = 10
INNOCENTS = {f"innocent_{number}": passes for number in range(10)}


def odd_hash_seed(world: World) -> bool:
    return (world.conditions.hash_seed or 0) % 2 == 1


def other_time_zone(world: World) -> bool:
    return world.conditions.time_zone is not None


def after(*polluters: str) -> Callable[[World], bool]:
    return lambda world: all(polluter in world.memory for polluter in polluters)


def random_with(rate: float) -> Callable[[World], bool]:
    return lambda world: world.lots.random() < rate


def fails_from_call(number: int) -> Behaviour:
    return lambda world: Says(fails=world.count(f"calls of {world.name}") >= number)


def counts_its_calls(world: World) -> Says:
    return Says(output=str(world.count(f"calls of {world.name}")))


def fails_if_its_file_is_there(world: World) -> Says:
    is_there = world.name in world.temporary
    world.temporary.add(world.name)
    return Says(fails=is_there)


def numbers_its_processes(world: World) -> Says:
    """Leaves one more file in the working directory with each process, and says how many there were."""
    if "number" not in world.memory:
        world.memory["number"] = sum(name.startswith("process ") for name in world.folder)
        world.folder.add(f"process {world.memory['number']}")
    return Says(output=str(world.memory["number"]))


C = Cause
# in the order in which they are found; those that other features depend on come before or after them on purpose
PLANTED: dict[str, tuple[Behaviour, set[tuple[Cause, ...]], set[str]]] = {
    "hash_seed": (fails_if(odd_hash_seed), {(C.HASH_SEED,)}, set()),
    "hash_seed_output": (output_of(lambda world: world.conditions.hash_seed), {(C.HASH_SEED,)}, set()),
    "random_seed": (output_of(lambda world: world.conditions.random_seed), {(C.RANDOM_SEED,)}, set()),
    "clock": (fails_if(lambda world: world.conditions.clock_shift_seconds > 86_400), {(C.CLOCK,)}, set()),
    "time_zone": (fails_if(other_time_zone), {(C.TIME_ZONE,)}, set()),
    "locale": (fails_if(lambda world: world.conditions.locale is not None), {(C.LOCALE,)}, set()),
    "cpu_count": (output_of(lambda world: world.conditions.cpu_count), {(C.CPU_COUNT,)}, set()),
    "place_output": (output_of(lambda world: world.place), {(C.DIRECTORY,)}, set()),
    "place": (fails_if(lambda world: world.place != "the project's root"), {(C.DIRECTORY,)}, set()),
    "fails_at_home": (fails_if(lambda world: world.place == "the project's root"), {(C.DIRECTORY,)}, set()),
    "place_and_hash": (
        output_of(lambda world: (world.place, world.conditions.hash_seed is not None)),
        {(C.DIRECTORY,), (C.HASH_SEED,)},
        set(),
    ),
    "second_call": (fails_from_call(2), {(C.REPETITION,)}, set()),
    "fifth_call": (fails_from_call(5), {(C.REPETITION,)}, set()),
    "counter": (counts_its_calls, {(C.REPETITION,)}, set()),
    "victim": (fails_if(after("global")), {(C.ORDER,)}, {"late_polluter"}),
    "victim_output": (output_of(after("global")), {(C.ORDER,)}, {"late_polluter"}),
    "victim_of_two": (fails_if(after("variable", "cache")), {(C.ORDER,)}, {"late_polluter_2", "polluter_of_two"}),
    "polluter_of_two": (sets("cache"), set(), set()),
    "cleaned_polluter": (sets("patch"), set(), set()),
    "cleaner": (removes("patch"), set(), set()),
    "cleaned_victim": (fails_if(after("patch")), {(C.ORDER,)}, {"cleaned_polluter"}),
    "needed": (sets("database"), set(), set()),
    "brittle": (fails_if(lambda world: "database" not in world.memory), {(C.ORDER,)}, {"needed"}),
    "needed_2": (sets("schema"), set(), set()),
    "brittle_of_two": (
        fails_if(lambda world: not after("database", "schema")(world)),
        {(C.ORDER,)},
        {"needed", "needed_2"},
    ),
    "brittle_as_found": (fails_if(lambda world: "login" not in world.memory), {(C.ORDER,)}, {"late_needed"}),
    "early_polluter": (sets("thread"), set(), set()),
    "victim_as_found": (fails_if(after("thread")), {(C.ORDER,)}, {"early_polluter"}),
    "own_file": (fails_if_written_by_an_earlier_process("temporary", "a"), {(C.STATE_ON_DISK,)}, set()),
    "own_file_in_folder": (fails_if_written_by_an_earlier_process("folder", "b"), {(C.STATE_ON_DISK,)}, set()),
    "numbered": (numbers_its_processes, {(C.STATE_ON_DISK,)}, set()),
    "naive_file": (fails_if_its_file_is_there, {(C.STATE_ON_DISK,), (C.REPETITION,)}, set()),
    "others_file": (
        fails_if(lambda world: "d" in world.temporary),
        {(C.STATE_ON_DISK,), (C.ORDER,)},
        {"late_writer"},
    ),
    "outside": (fails_if_written_by_an_earlier_process("home", "c"), {(C.UNEXPLAINED,)}, set()),
    "parallel": (fails_if(lambda world: "innocent_1" in world.beside), {(C.PARALLELISM,)}, set()),
    "timing": (fails_if(lambda world: world.is_busy and world.lots.random() < 0.97), {(C.TIMING,)}, set()),
    "half": (fails_if(random_with(1 / 2)), {(C.NONDETERMINISTIC,)}, set()),
    "fifth": (fails_if(random_with(1 / 5)), {(C.NONDETERMINISTIC,)}, set()),
    "twentieth": (fails_if(random_with(1 / 20)), {(C.NONDETERMINISTIC,)}, set()),
    "half_output": (output_of(random_with(1 / 2)), {(C.NONDETERMINISTIC,)}, set()),
    "fifth_output": (output_of(random_with(1 / 5)), {(C.NONDETERMINISTIC,)}, set()),
    "uuid": (output_of(lambda world: world.lots.random()), {(C.NONDETERMINISTIC,)}, set()),
    "hash_and_zone": (
        fails_if(lambda world: odd_hash_seed(world) and other_time_zone(world)),
        {(C.HASH_SEED, C.TIME_ZONE)},
        set(),
    ),
    "hash_and_second_call": (
        lambda world: Says(fails=world.count("calls of both") > 1 and world.conditions.hash_seed is not None),
        {(C.REPETITION, C.HASH_SEED)},
        set(),
    ),
    "victim_or_second_call": (
        lambda world: Says(fails=world.count("calls of either") > 1 or after("global")(world)),
        {(C.ORDER,), (C.REPETITION,)},
        {"late_polluter"},
    ),
    "locale_or_zone": (
        fails_if(lambda world: world.conditions.locale is not None or other_time_zone(world)),
        {(C.LOCALE,), (C.TIME_ZONE,)},
        set(),
    ),
    "victim_or_zone": (
        fails_if(lambda world: other_time_zone(world) or after("global")(world)),
        {(C.TIME_ZONE,), (C.ORDER,)},
        {"late_polluter"},
    ),
    "victim_and_zone": (
        fails_if(lambda world: other_time_zone(world) and after("global")(world)),
        {(C.ORDER, C.TIME_ZONE)},
        {"late_polluter"},
    ),
    **{name: (behaviour, set(), set()) for name, behaviour in INNOCENTS.items()},
    "late_polluter": (sets("global"), set(), set()),
    "late_polluter_2": (sets("variable"), set(), set()),
    "late_needed": (sets("login"), set(), set()),
    "late_writer": (writes("temporary", "d"), set(), set()),
}
SHOWS_BY_LUCK = {
    *("hash_seed", "hash_and_zone", "victim_and_zone", "parallel", "timing", "cleaned_victim"),
    *("half", "fifth", "twentieth", "half_output", "fifth_output"),
}
"""What ten iterations may happen not to show."""


def findings_of(behaviours, seed, *, iterations=ITERATIONS, may_go_on=lambda: True):
    bench = SimulatedBench(behaviours, seed)
    done, results = bench.iterate(iterations, seed)
    found = diagnose(bench.features, done, results, bench, cpu_count=2, may_go_on=may_go_on)
    return {finding.feature.qualified_name: finding for finding in found}, bench


def causes_of(finding):
    return {explanation.causes for explanation in finding.explanations}


def others_of(finding):
    return {name for explanation in finding.explanations for _, name in explanation.features}


@pytest.mark.parametrize("seed", range(20))
def test_all_that_is_planted_is_found_with_its_cause_and_nobody_else_is_accused(seed):
    found, _ = findings_of({name: behaviour for name, (behaviour, _, _) in PLANTED.items()}, seed)
    expected = {name: (causes, others) for name, (_, causes, others) in PLANTED.items() if causes}
    assert {name: (causes_of(finding), others_of(finding)) for name, finding in found.items()} == {
        name: expected[name] for name in found
    }
    assert set(expected) - set(found) <= SHOWS_BY_LUCK


@pytest.mark.parametrize("iterations", [3, 10])
def test_what_is_random_is_never_said_to_follow_anything(iterations):
    behaviours = {}
    for rate in (0.5, 0.2, 0.05, 0.95, 0.1):
        behaviours[f"status_{rate}"] = fails_if(random_with(rate))
        behaviours[f"output_{rate}"] = output_of(random_with(rate))
    said = [
        causes_of(finding)
        for seed in range(20)
        for finding in findings_of(behaviours | INNOCENTS, seed, iterations=iterations)[0].values()
    ]
    assert len(said) > 100
    assert said.count({(C.NONDETERMINISTIC,)}) >= 0.97 * len(said)
    assert all(causes in ({(C.NONDETERMINISTIC,)}, {(C.UNEXPLAINED,)}) for causes in said)


def test_a_finding_says_what_how_often_and_how_to_see_it_again():
    found, _ = findings_of({**INNOCENTS, "victim": fails_if(after("x")), "polluter": sets("x")}, 1)
    (finding,) = found.values()
    assert finding.inconsistency is Inconsistency.STATUS
    assert (finding.usual.status, finding.other.status) == (Status.PASS, Status.FAIL)
    assert finding.replay_iteration == finding.iterations[0] == 2
    assert (finding.rate.deviating_count, finding.rate.run_count) == (len(finding.iterations), ITERATIONS)
    (explanation,) = finding.explanations
    assert explanation.role is OrderRole.VICTIM
    assert explanation.features == (key("polluter"),)
    assert explanation.detail == "passes without, fails after that"
    assert explanation.confirmed_count >= 4
    assert finding.trial_count > 12
    assert finding.output_diff == ()


def test_what_needs_others_is_brittle_wherever_these_come():
    found, _ = findings_of(
        {
            "needed": sets("x"),
            "brittle": fails_if(lambda world: "x" not in world.memory),
            "too_early": fails_if(lambda world: "y" not in world.memory),
            "needed_too": sets("y"),
        }
        | INNOCENTS,
        2,
    )
    explanations = {name: finding.explanations for name, finding in found.items()}
    assert {name: (one.role, one.features, one.detail) for name, (one,) in explanations.items()} == {
        "brittle": (OrderRole.BRITTLE, (key("needed"),), "fails without, passes after that"),
        "too_early": (OrderRole.BRITTLE, (key("needed_too"),), "fails without, passes after that"),
    }
    assert found["brittle"].usual.status is Status.PASS
    assert found["too_early"].usual.status is Status.FAIL


def test_an_output_that_varies_is_shown():
    found, _ = findings_of({"report": output_of(lambda world: world.conditions.hash_seed or 0)} | INNOCENTS, 1)
    (finding,) = found.values()
    assert finding.inconsistency is Inconsistency.OUTPUT
    assert finding.usual == finding.other
    old, new = finding.output_diff
    assert old == "- 0"
    assert new.startswith("+ ")
    assert finding.explanations[0].detail == f"one output with nothing changed, another with PYTHONHASHSEED={new[2:]}"


@pytest.mark.parametrize("polluters", [("p",), ("p", "q")])
@pytest.mark.parametrize("seed", range(3))
def test_polluters_among_five_hundred_take_few_trials(polluters, seed):
    place = 7 + 131 * seed
    behaviours = {f"innocent_{number}": passes for number in range(500 - 1 - len(polluters))}
    names = list(behaviours)
    planted = {name: sets(name) for name in polluters}
    order = [*names[:place], "victim", *names[place:]]
    for step, name in enumerate(polluters):
        order.insert(len(order) - 100 * step - seed, name)
    all_of_them = {**behaviours, **planted, "victim": fails_if(after(*polluters))}
    found, bench = findings_of({name: all_of_them[name] for name in order}, seed, iterations=2)
    (finding,) = found.values()
    assert others_of(finding) == set(polluters)
    searched = [trial for trial in bench.trials if len(trial.features) > 1]
    beside_the_search = 2 + 1 + finding.explanations[0].confirmed_count
    assert len(searched) - beside_the_search <= 2 * math.log2(500) + 4


def test_suspects_that_disturb_one_another_are_told_apart():
    """One is in the other's process because it is a suspect itself, and what it leaves behind varies."""

    def leaves_something(world: World) -> Says:
        if other_time_zone(world):
            world.memory["x"] = 1
        return Says(output=str(other_time_zone(world)))

    found, _ = findings_of({"leaver": leaves_something, "victim": fails_if(after("x"))} | INNOCENTS, 5)
    assert causes_of(found["leaver"]) == {(C.TIME_ZONE,)}
    assert causes_of(found["victim"]) == {(C.ORDER, C.TIME_ZONE)}
    assert others_of(found["victim"]) == {"leaver"}


def test_many_suspects_of_one_kind_cost_no_more_than_one():
    def trial_count(suspect_count):
        suspects = {f"suspect_{n}": output_of(lambda world: world.conditions.hash_seed) for n in range(suspect_count)}
        return len(findings_of(suspects | INNOCENTS, 3)[1].trials)

    assert trial_count(20) == trial_count(1) <= 30


def test_without_time_nothing_is_tried_and_nothing_claimed():
    found, bench = findings_of(
        {"hash": output_of(lambda world: world.conditions.hash_seed)}, 1, may_go_on=lambda: False
    )
    (finding,) = found.values()
    assert bench.trials == []
    assert causes_of(finding) == {(C.OUT_OF_TIME,)}
    assert finding.trial_count == 0


def test_whenever_the_time_is_over_what_is_claimed_is_right():
    planted = {"zone": fails_if(other_time_zone), "victim": fails_if(after("x")), "polluter": sets("x")}
    causes = {"zone": {(C.TIME_ZONE,)}, "victim": {(C.ORDER,)}}
    _, bench = findings_of(planted | INNOCENTS, 1)
    found_by = []
    for trial_count in [*range(0, len(bench.trials), 3), len(bench.trials)]:
        left = iter(range(trial_count))
        found, _ = findings_of(planted | INNOCENTS, 1, may_go_on=lambda left=left: next(left, None) is not None)
        said = {name: causes_of(finding) for name, finding in found.items()}
        assert all(said[name] - {(C.OUT_OF_TIME,)} <= causes[name] for name in causes)
        found_by.append([sum(said[name] >= causes[name] for name in causes), sum(said[n] == causes[n] for n in causes)])
    assert found_by == sorted(found_by)
    assert found_by[0] == [0, 0]
    assert found_by[-1] == [2, 2]


def test_what_all_share_is_known_before_what_is_asked_of_one_alone():
    """Half of a great many suspects are explained in a quarter of the trials, however many victims are among them."""
    behaviours = {name: behaviour for name, (behaviour, _, _) in PLANTED.items()}
    _, bench = findings_of(behaviours, 1)
    left = iter(range(len(bench.trials) // 4))
    found, _ = findings_of(behaviours, 1, may_go_on=lambda: next(left, None) is not None)
    explained = [name for name, finding in found.items() if causes_of(finding) >= PLANTED[name][1]]
    assert len(explained) > len(found) / 2


def test_what_the_load_makes_more_frequent_is_timing_on_a_machine_that_is_not_quiet_either():
    behaviours = {"timing": fails_if(lambda world: world.lots.random() < (0.97 if world.is_busy else 0.2))} | INNOCENTS
    said = [causes_of(finding) for seed in range(20) for finding in findings_of(behaviours, seed)[0].values()]
    assert len(said) > 15
    assert said.count({(C.TIMING,)}) > 0.6 * len(said)
    assert all(causes in ({(C.TIMING,)}, {(C.NONDETERMINISTIC,)}) for causes in said)


def test_the_load_is_tried_after_what_differs_was_called_random():
    behaviours = {"timing": fails_if(lambda world: world.is_busy), "zone": fails_if(other_time_zone)} | INNOCENTS
    behaviours["coin"] = fails_if(random_with(1 / 2))
    found, bench = findings_of(behaviours, 4)
    assert causes_of(found["timing"]) == {(C.TIMING,)}
    busy = [trial.conditions.busy_process_count for trial in bench.trials]
    first_busy = busy.index(4)
    assert all(trial.conditions in (PLAIN, Conditions(busy_process_count=4)) for trial in bench.trials[first_busy:])
    left = iter(range(first_busy))
    found, _ = findings_of(behaviours, 4, may_go_on=lambda: next(left, None) is not None)
    assert causes_of(found["coin"]) == {(C.NONDETERMINISTIC,), (C.OUT_OF_TIME,)}
    assert causes_of(found["zone"]) == {(C.TIME_ZONE,)}
