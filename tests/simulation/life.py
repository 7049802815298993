"""A life: what a list of numbers makes happen, and what must be true of it. The same numbers, the same trace."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

from tests.simulation.process import NOTHING, Process, serve
from tests.simulation.world import DEADLINES_SECONDS, LATE_MICROS, SECOND, Violation, World

STEPS = 120
"""Numbers of a life, at most."""

_LIVING = 2
_KINDS = (
    *["step"] * 20,
    *["round"] * 12,
    *["keeping"] * 7,
    *["keep"] * 3,
    *["publish"] * 8,
    *["time"] * 10,
    "wait",
    "wait",
    "lose",
    "late request",
    "late request",
    "lost round",
    "lost round",
    "fault",
    "fault",
    "fault",
    "extension lost",
    "start",
    "start",
    "start",
    "stop",
    "kill",
    "fatal",
)
_CHECK_MICROS = 4_500_000  # leases are looked after that often, at least
_CALM_ROUNDS = 120
_CALM_MICROS = 3_100_000


def numbers(seed: int) -> list[int]:
    """The life of a seed. Two of three begin where most can go wrong (`_BEGINNINGS`)."""
    rng = random.Random(seed)
    start = _choice("time", rng.getrandbits(1))  # which chooses the deadline, too
    begin = _BEGINNINGS[seed % len(_BEGINNINGS)]
    return [start, *begin[: rng.randrange(len(begin) + 1)]] + [
        rng.getrandbits(24) for _ in range(rng.randrange(20, STEPS))
    ]


def _choice(kind: str, rest: int = 0) -> int:
    return _KINDS.index(kind) + len(_KINDS) * rest


_A_WHILE = _choice("time", 27)
_BOTH = [_choice(kind, process) for kind in ("round", "keeping") for process in (0, 1)]
_KILLED = [
    _choice("publish"),
    _choice("round"),
    *[_A_WHILE] * 4,  # its lease is extended
    _choice("kill", 2),  # the first, and that is known
    _choice("start"),
    *[*_BOTH, _A_WHILE] * 21,  # until shortly before the lease runs out
]
_SECOND = [
    *[_choice("keep")] * 3,  # the first is reading the marks of others
    _choice("publish"),
    _choice("start"),
    *[_choice("round", 1), _A_WHILE, _choice("round")] * 3,
]
_BEGINNINGS: list[list[int]] = [[], _KILLED, _SECOND]
"""A life begins with the first of these numbers, some or all."""


class Life:
    """Carries out what numbers say, then lets all faults end and insists that everything comes right.

    Args:
        world: what the ingestions run in.
        tell: takes the trace, line by line; None: nobody listens.
    """

    def __init__(self, world: World, tell: Callable[[str], None] | None = None) -> None:
        self.world = world
        self._listener = tell
        self._dead: set[str] = set()
        self._started = 0
        self._rest = 0
        self._checked_at = self.world.now
        self.processes: list[Process] = []

    def run(self, choices: Sequence[int]) -> None:
        """Raises Violation if something that must always hold does not."""
        self._start()
        for choice in choices:
            self._step(choice)
        self._calm()

    def _tell(self, line: str) -> None:
        if self._listener is not None:
            self._listener(f"{self.world.told(self.world.now):>9}  {line}")

    def _pick(self, count: int) -> int:
        """A number below `count`, from what is left of the choice."""
        self._rest, picked = divmod(self._rest, count)
        return picked

    def _step(self, choice: int) -> None:
        kind, self._rest = _KINDS[choice % len(_KINDS)], choice // len(_KINDS)
        if kind == "publish":
            self.world.publish(self._pick(4) * LATE_MICROS // 3)
            self._tell(f"message {len(self.world.published) - 1} is published")
        elif kind in ("time", "wait"):
            self._pass((self._pick(30) * SECOND // 10) if kind == "time" else (5 + self._pick(2) * 56) * SECOND)
        elif kind == "start":
            self._start()
        elif kind == "late request":
            self._serve_late_request()
        elif self.processes:
            self._act(kind, self.processes[self._pick(len(self.processes))])

    def _act(self, kind: str, process: Process) -> None:
        if kind == "step":
            steps = process.can()
            self._do(process, steps[self._pick(len(steps))])
        elif kind in ("round", "lost round"):
            for step in ("pull", "serve", "hear" if kind == "round" else "no more"):
                if process.next_of_pulling() == step:
                    self._do(process, step)
            if kind == "lost round" and process.pulling is not None:
                process.lose()
        elif kind == "keep":
            process.keep_step()
        elif kind == "keeping":
            process.keep_step()
            while process.keeping is not None:
                process.keep_step()
        elif kind == "lose":
            if process.pulling is not None:
                process.lose()
        elif kind in ("fault", "fatal"):
            if process.effects:
                fault = "fatal" if kind == "fatal" else ("lost", "before")[self._pick(2)]
                process.carry_out(self._pick(len(process.effects)), fault)
        elif kind == "extension lost":
            process.extend(lost=True)
        elif kind == "stop":
            process.stop()
        elif kind == "kill":
            process.kill()
            if self._pick(2):
                self._dead.add(process.name)
        if process.may_end():
            process.end(lost=self._pick(4) == 1)
        self.processes = [one for one in self.processes if not one.ended]

    def _do(self, process: Process, step: str) -> None:
        if step.startswith("effect"):
            process.carry_out(int(step.split()[1]), "")
        elif step == "serve":
            process.serve(self._pick)
        elif step == "keep":
            process.keep_step()
        else:
            getattr(process, step)()

    def _serve_late_request(self) -> None:
        """The server takes a request of a process that waits for it no more: messages are leased to nobody."""
        world = self.world
        world.under_way = [(name, until) for name, until in world.under_way if until >= world.now]
        if world.under_way:
            name, _ = world.under_way.pop(0)
            messages, _ = serve(world, self._pick)
            self._tell(f"the server takes a late request of {name}, and leases {[one.message_id for one in messages]}")

    def _start(self) -> None:
        if len(self.processes) < _LIVING:
            self._started += 1
            name = f"p{self._started}"
            self._tell(f"{name}: starts")
            self.processes.append(Process(name, self.world, self._dead, self._tell))

    def _pass(self, micros: int) -> None:
        end = self.world.now + micros
        while self.world.now < end:
            self.world.now = min(end, self._checked_at + _CHECK_MICROS)
            if self.world.now == self._checked_at + _CHECK_MICROS:
                self._checked_at = self.world.now
                for process in self.processes:
                    process.extend(lost=False)
            self.world.time_passes()

    def _calm(self) -> None:
        """Faults have ended: all is written, acknowledged, recorded, and the watermark passes it."""
        self._tell("faults end")
        world, last = self.world, self.world.now
        for _ in range(_CALM_ROUNDS):
            self._rest = 0
            if not self.processes:
                self._start()
            for process in list(self.processes):
                self._work(process)
            self.processes = [one for one in self.processes if not one.ended]
            if len(world.acknowledged) == len(world.published) and world.watermark >= last:
                break
            self._pass(_CALM_MICROS)
        else:
            missing = set(world.published) - world.acknowledged
            raise Violation(
                f"no progress: messages {sorted(missing)} are not acknowledged, the watermark is"
                f" {world.told(world.watermark)} of {world.told(last)}"
            )
        if world.records != world.objects:
            raise Violation(f"objects without a record: {sorted(world.objects - world.records)}")

    def _work(self, process: Process) -> None:
        """All that the threads of a process would do in a while."""
        for _ in range(3):
            for step in ("pull", "serve", "hear"):
                if process.next_of_pulling() == step:
                    self._do(process, step)
            if process.may_take():
                process.take()
            while process.effects:
                process.carry_out(0, "")
        if process.stopping and process.received.is_drained and process.may_end():
            process.end(lost=False)
            return
        process.keep_step()
        while process.keeping is not None:
            process.keep_step()
        if process.may_end():
            process.end(lost=False)


def deadline_seconds(choices: Sequence[int]) -> int:
    """The acknowledgement deadline of a life's subscription."""
    return DEADLINES_SECONDS[sum(choices[:1]) // len(_KINDS) % len(DEADLINES_SECONDS)]


def fails(choices: Sequence[int], tell: Callable[[str], None] | None = None, world: type[World] = World) -> str | None:
    """What a life violates; None if nothing."""
    try:
        Life(world(deadline_seconds(choices)), tell).run(choices)
    except Violation as found:
        return str(found)
    return None


def shrink(choices: Sequence[int], world: type[World] = World) -> list[int]:
    """A shorter life that violates something, too: without what can be left out, with smaller numbers."""
    best = list(choices)
    size = len(best) // 2
    while size:
        start = 0
        while start < len(best):
            shorter = best[:start] + best[start + size :]
            if fails(shorter, world=world):
                best = shorter
            else:
                start += size
        size //= 2
    for index, choice in enumerate(best):
        smaller = choice % len(_KINDS)
        if choice != smaller and fails([*best[:index], smaller, *best[index + 1 :]], world=world):
            best[index] = smaller
    return best


def trace(choices: Sequence[int], world: type[World] = World) -> list[str]:
    """A life, line by line, with what it violates at its end."""
    lines: list[str] = []
    found = fails(choices, lines.append, world)
    return [*_without_repetition(lines), f"VIOLATED: {found}"] if found else lines


def _without_repetition(lines: list[str]) -> list[str]:
    """Of several answers in a row that bring nothing, only the last."""
    return [
        line
        for line, following in itertools.zip_longest(lines, lines[1:], fillvalue="")
        if not (line.endswith(NOTHING) and following.endswith(NOTHING))
    ]
