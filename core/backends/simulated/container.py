"""One simulated container: its state, and its program driven up to the present whenever somebody looks."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from core.backends.base import ContainerState, UsageSample
from core.backends.services import EXECUTED_BYTES, Executed
from core.backends.simulated.checks import HealthRecord
from core.backends.simulated.files import FileTree
from core.backends.simulated.output import Output
from core.backends.simulated.process import MISSING_PROGRAMS, Io, Killed, Lost, Signalled, World, made_up_use
from core.backends.simulated.servers import HEALTHY_IMAGE
from core.backends.simulated.shell import Shell
from core.clock import to_microseconds
from core.errors import ContainerStartError

if TYPE_CHECKING:
    from datetime import datetime

    from core.backends.answers import ContainerPhase
    from core.backends.base import ContainerRequest
    from core.backends.simulated.process import Run
    from core.backends.simulated.steering import Steering

_SOON: Final = 1e-6
"""What is due within this many seconds is due: sums of floats are not exact."""

_STEPS_AT_ONCE: Final = 10_000
_FRAMES_AT_ONCE: Final = 5000

_CRASHED: Final = 139
_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root"}


class SimulatedContainer:
    """A container in memory.

    Args:
        container_id: Its id.
        request: What was asked for.
        image: The image's name.
        argv: Entrypoint and arguments.
        folder: Working directory.
        steering: What its environment asks for.
        created_at: When it was made.
        time_scale: Seconds of the clock in a scripted second.

    Attributes:
        image: The image's name.
        output: What it printed.
        files: Its file system.
        phase: Where it stands.
        lost: Whether it took itself away.
        wake_at: When its program goes on, in seconds of the monotonic clock; infinite for never.
    """

    def __init__(
        self,
        container_id: str,
        request: ContainerRequest,
        *,
        image: str,
        argv: tuple[str, ...],
        folder: str,
        steering: Steering,
        created_at: datetime,
        time_scale: float,
    ) -> None:
        self.container_id, self.request, self.steering = container_id, request, steering
        self.image = image
        self.output = Output(request.log_bytes, request.log_lines)
        self.files = FileTree()
        self.files.now = int(created_at.timestamp())
        self.phase: ContainerPhase = "created"
        self.lost = False
        self.wake_at = math.inf
        self._argv, self._folder, self._time_scale = argv, folder, time_scale
        self._exit_code: int | None = None
        self._oom_killed = False
        self._error = ""
        self._killed_from_outside: str | None = None
        self._created_at = created_at
        self._started_at: datetime | None = None
        self._finished_at: datetime | None = None
        self._start = 0.0
        self._run: Run | None = None
        self._world: World | None = None
        self._health: HealthRecord | None = None
        self._changed: anyio.Event | None = None
        if folder != "/":
            self.files.make_folders(folder)
        for mount in request.mounts:
            self.files.make_folders(mount.target)

    @property
    def changed(self) -> anyio.Event:
        """Set at the next change that does not come from its own program."""
        if self._changed is None:
            self._changed = anyio.Event()
        return self._changed

    def announce(self) -> None:
        """Wake whoever waits for `changed`."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def begin(self, now: float, at: datetime) -> None:
        """Start the program, once.

        Raises:
            ContainerStartError: There is no such program.
        """
        if self.phase != "created":
            return
        self._refuse_what_cannot_start()
        self.phase = "running"
        self._started_at, self._start = at, now
        self._error, self._exit_code = "", None
        out, err = partial(self.output.write, 1), partial(self.output.write, 2)
        self._world = World(
            files=self.files,
            streams=Io(b"", out, err),
            environment={**_ENVIRONMENT, "HOSTNAME": self.container_id[:12], **self.request.env},
            folder=self._folder,
            user=self.request.user or "",
            hostname=self.container_id[:12],
            steering=self.steering,
            began=now,
            time_scale=self._time_scale,
        )
        self._run = self._program(self._world)
        if (check := self.request.health) is not None and check.test[:1] != ("NONE",):
            test = check.test or (("CMD", "pg_isready") if self.image.startswith(HEALTHY_IMAGE) else ())
            self._health = HealthRecord(check, test, now, self._time_scale) if test else None
        self.wake_at = now
        self.advance(now)
        self.announce()

    def _refuse_what_cannot_start(self) -> None:
        program = self._argv[0] if self._argv else ""
        if not program or program.startswith(MISSING_PROGRAMS):
            self._exit_code, self._error = 127, f'exec: "{program}": executable file not found in $PATH'
        elif self.steering.failure == "start":
            self._exit_code, self._error = 126, f'exec: "{program}": permission denied'
        else:
            return
        raise ContainerStartError(self._error, exit_code=self._exit_code)

    def _program(self, world: World) -> Run:
        shell = Shell(world)
        if self.steering.failure == "stubborn":
            shell.traps["TERM"] = ""
        status = yield from shell.live(shell.call(list(self._argv), world.streams), world.streams)
        if status == 0 and self.steering.asks:
            status = yield from self.steering.last_command(shell, world.streams)
        return status

    def advance(self, now: float) -> None:
        """Let the program run up to ``now``, or until it lets others run: then `wake_at` is not later than ``now``."""
        if self.wake_at > now + _SOON:
            return
        most_frames = self.output.count + _FRAMES_AT_ONCE
        for _ in range(_STEPS_AT_ONCE):
            moment = self.wake_at
            self._step(moment)
            if self.wake_at == moment or self.wake_at > now + _SOON or self.output.count > most_frames:
                return

    @property
    def listening(self) -> frozenset[int]:
        """The ports on which it takes connections; none when it does not run."""
        return frozenset(self._world.listening) if self._world and self.phase == "running" else frozenset()

    def execute(self, argv: tuple[str, ...], timeout_s: float = math.inf) -> Executed:
        """Run a command beside its program, at this moment; its waits are walked past."""
        if self._world is None or self.phase != "running":
            return Executed(None, "the container does not run")
        if argv[0].startswith(MISSING_PROGRAMS):
            return Executed(127, f'exec: "{argv[0]}": executable file not found in $PATH')
        said = bytearray()
        streams = Io(b"", said.extend, said.extend)
        shell = Shell(replace(self._world, streams=streams, on_signal=None))
        run, left = shell.live(shell.call(list(argv), streams), streams), timeout_s
        code: int | None = None
        try:
            for _ in range(_STEPS_AT_ONCE):
                pause = next(run)
                shell.world.moment += pause * self._time_scale
                left -= pause
                if left < 0:
                    break
        except StopIteration as stop:
            code = int(stop.value)
        except (Killed, Signalled, Lost):
            code = 137
        return Executed(code, said[-EXECUTED_BYTES:].decode(errors="replace"))

    def check_health(self, now: float) -> None:
        """Carry out its health check, if that is due."""
        if self._health is not None and self.phase == "running":
            self._health.look(now, self.execute)

    def poke(self, now: float) -> None:
        """Have a running program look again that waits for a file."""
        if self.wake_at == math.inf:
            self.wake_at = now
            self.announce()

    def interrupt(self, name: str, now: float, *, from_outside: bool = False) -> None:
        """Send a signal such as ``TERM``; one that is sent to what does not run does nothing."""
        self.advance(now)
        if self.phase != "running":
            return
        if from_outside:
            self._killed_from_outside = name
        if name == "KILL":
            self._finish(137, now)
        else:
            self._hear(name, now)
        self.announce()

    def _hear(self, name: str, now: float) -> None:
        if self._world is None:
            return
        moment = max(now, self._world.moment)
        if self._world.on_signal is not None:
            self._world.moment = moment
            self._world.on_signal(name)
        self._step(moment, Signalled(name))

    def _step(self, moment: float, signalled: Signalled | None = None) -> None:
        """Run the program from ``moment`` to its next wait."""
        run, world = self._run, self._world
        if run is None or world is None:
            return
        world.moment = moment
        at = self._time_of(moment)
        microseconds = to_microseconds(at)
        self.output.at_moment(microseconds * 1000)
        self.files.now = microseconds // 1_000_000
        try:
            pause = run.throw(signalled) if signalled else next(run)
        except StopIteration as stop:
            self._finish(int(stop.value), moment)
        except Signalled as unheard:
            signalled = None  # or it stood in a frame of its own traceback, and kept the world with it
            self._finish(unheard.status, moment)
        except Killed as killed:
            self._oom_killed = killed.cause == "oom"
            self._killed_from_outside = "KILL" if killed.cause == "outside" else self._killed_from_outside
            self._finish(137, moment)
        except Lost:
            self.lost = True
            self._finish(137, moment)
        except RecursionError:
            # a real shell that calls itself without end overflows its stack too
            self._finish(_CRASHED, moment)
        else:
            self.wake_at = moment + pause * self._time_scale if pause < math.inf else math.inf

    def _finish(self, exit_code: int, moment: float) -> None:
        if self._run is not None:
            self._run.close()
        if self._world is not None:
            self._world.on_signal = None  # who hears it holds the world: in a circle both would stay for a while
        self._run = self._world = None
        self._exit_code = exit_code
        self._finished_at = self._time_of(moment)
        self.output.end()
        self.phase = "exited"
        self.wake_at = math.inf

    def _time_of(self, moment: float) -> datetime:
        started_at = self._started_at or self._created_at
        return started_at + timedelta(seconds=moment - self._start)

    def state(self) -> ContainerState:
        """Its present state."""
        return ContainerState(
            container_id=self.container_id,
            name=self.request.name,
            labels=self.request.labels,
            phase=self.phase,
            exit_code=self._exit_code,
            oom_killed=self._oom_killed,
            error=self._error,
            created_at=self._created_at,
            started_at=self._started_at,
            finished_at=self._finished_at,
            killed_from_outside=self._killed_from_outside,
            health=self._health.status if self._health and self.phase == "running" else None,
            health_output=self._health.output if self._health else "",
        )

    def usage(self, now: float) -> UsageSample | None:
        """Made-up use that grows with time; None when it is not running."""
        if self.phase != "running":
            return None
        elapsed = max(0.0, now - self._start) / self._time_scale
        cpu_seconds, memory = made_up_use(elapsed)
        received = 0 if self.request.network == "none" else int(1000 * elapsed)
        return UsageSample(
            cpu_seconds=cpu_seconds,
            memory_bytes=memory,
            peak_memory_bytes=memory,
            network_rx_bytes=received,
            network_tx_bytes=received // 2,
        )
