"""The gate: a policy and a pure judgement of a run; printing and exit codes lie elsewhere.

A rule that holds makes a finding; whatever else people must know to trust the answer becomes a note: that there is no
baseline, what could not be judged, what got faster. A green without notes has looked at everything.

One fact is told once: a critical feature that fails is ``critical_failing``, and its sentence says that it passed
before; ``newly_failing`` is left to the others. Severity decides what to do next, and it survives the day after, when
nothing is new any more. A critical feature that is skipped although it passed before is as good as gone: it counts as
``vanished_critical``.

What fails is judged against its record, where that is at hand (`Knowledge`): of a feature that is known as flaky one
pass counts, one that is in quarantine does not count at all, and whatever else disagrees with itself is newly flaky.
Such a feature is not told as failing, too.

"Before" is before the change, not the run before: the newest baseline run of another commit, or without commits the
last three runs (`aicmo_perf.baseline.runs_before_change`). So what is red stays red when the run is repeated. Slower
is what is slower than the feature's level in force (`aicmo_perf.baseline.levels`), ten runs long or until it is
accepted.
"""

from aicmo_perf.gate.judging import judge
from aicmo_perf.gate.knowledge import Knowledge
from aicmo_perf.gate.verdict import DEFAULT_RULES, Coverage, Finding, GatePolicy, Rule, Verdict

__all__ = ["DEFAULT_RULES", "Coverage", "Finding", "GatePolicy", "Knowledge", "Rule", "Verdict", "judge"]
