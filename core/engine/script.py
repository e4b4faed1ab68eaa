"""The program that runs a job's steps inside its container.

The container needs nobody outside: one POSIX ``sh`` runs all steps, so `cd` and variables carry over, and notes
each step's number, exit code and times in ``/orcaops/steps``. That file is the truth about steps. For live
progress the program also prints a line that carries the attempt's random token where a step begins and ends, on
both streams as they were at the start; the log pipeline takes these lines out again.

Each step's text is a file of its own that ``job`` reads with ``.``: the shell's messages name the step's file and the
line in it (``/orcaops/step-2: line 3: …``), and a quote or here-document left open ends with its step. What the
program itself does around a step stays silent under the user's ``set -x``.

``main`` is the supervisor: it runs ``job`` in the background of its own process group, so that SIGTERM is heard at
once and not only after the running command, and passes it to the whole group once. A second ``wait`` asks for the
real code after a signal broke off the first. It also notes what the container used, from the kernel's own files.

Lines of ``/orcaops/steps``::

    s TIME           the supervisor began                  b N TIME        step N began
    t TIME           the supervisor was sent SIGTERM       e N CODE TIME   step N ended
    u NAME VALUE     resource use at the end               x CODE          the job's shell ended with CODE

TIME is the first field of ``/proc/uptime``: seconds, read without starting a process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.backends.base import ArchiveEntry

if TYPE_CHECKING:
    from core.spec.job import JobSpec

FOLDER: Final = "/orcaops"
STEPS_PATH: Final = f"{FOLDER}/steps"
OUTPUT_PATH: Final = f"{FOLDER}/output"
ENTRYPOINT: Final = ("sh",)
ARGV: Final = (f"{FOLDER}/main",)

_MAIN: Final = """\
orca_note() { read -r orca_t orca_r < /proc/uptime; echo "$1 $orca_t" >> /orcaops/steps; }
orca_use() { [ -r "$2" ] && read -r orca_v < "$2" && echo "u $1 $orca_v" >> /orcaops/steps; }
trap 'trap "" TERM; orca_note t; kill -TERM 0' TERM
orca_note s
sh /orcaops/job &
orca_p=$!
wait $orca_p; orca_c=$?
while [ $orca_c -gt 128 ]; do
  wait $orca_p; orca_d=$?
  [ $orca_d = 127 ] && break
  [ $orca_d = $orca_c ] && break
  orca_c=$orca_d
done
trap '' TERM
echo "x $orca_c" >> /orcaops/steps
orca_use memory /sys/fs/cgroup/memory/memory.max_usage_in_bytes
orca_use memory /sys/fs/cgroup/memory.peak
orca_use cpu_ns /sys/fs/cgroup/cpuacct/cpuacct.usage
if [ -r /sys/fs/cgroup/cpu.stat ]; then
  while read -r orca_k orca_v; do
    [ "$orca_k" = usage_usec ] && echo "u cpu_us $orca_v" >> /orcaops/steps
  done < /sys/fs/cgroup/cpu.stat
fi
if [ -r /proc/net/dev ]; then
  while read -r orca_k orca_rx orca_2 orca_3 orca_4 orca_5 orca_6 orca_7 orca_8 orca_tx orca_r; do
    case $orca_k in lo:) ;; *:) echo "u rx $orca_rx" >> /orcaops/steps; echo "u tx $orca_tx" >> /orcaops/steps ;; esac
  done < /proc/net/dev
fi
exit $orca_c
"""

_PREAMBLE: Final = """\
orca_token={token}
orca_open=
exec 6>&1 7>&2
orca_mark() {{ printf '\\036%s %s\\n' "$orca_token" "$1" >&6; printf '\\036%s %s\\n' "$orca_token" "$1" >&7; }}
orca_begin() {{
  read -r orca_t orca_r < /proc/uptime
  orca_open=$1
  echo "b $1 $orca_t" >> /orcaops/steps
  orca_mark "b $1 $orca_t"
}}
orca_end() {{
  read -r orca_t orca_r < /proc/uptime
  echo "e $orca_open $1 $orca_t" >> /orcaops/steps
  orca_mark "e $orca_open $1 $orca_t"
  orca_open=
}}
trap '{{ orca_c=$?; [ -n "$orca_open" ] && orca_end $orca_c; exit $orca_c; }} 2> /dev/null' EXIT
trap 'exit 143' TERM
set -e
"""

_STEP: Final = """\
{{ orca_begin {index}; }} 2> /dev/null
. /orcaops/step-{number}
{{ orca_end 0; }} 2> /dev/null
"""


def step_program(spec: JobSpec, token: str) -> tuple[ArchiveEntry, ...]:
    """The files that make a container run a job's steps; its process is `ENTRYPOINT` with `ARGV`.

    Args:
        spec: A job with steps.
        token: The attempt's 128 random bits in hexadecimal.

    Returns:
        Files for `FOLDER`. The two that the job writes are writable by any user of the image.
    """
    steps = range(len(spec.commands))
    job = _PREAMBLE.format(token=token) + "".join(_STEP.format(index=index, number=index + 1) for index in steps)
    return (
        ArchiveEntry("main", _MAIN.encode()),
        ArchiveEntry("job", job.encode()),
        *(ArchiveEntry(f"step-{index + 1}", _text(spec.commands[index].run)) for index in steps),
        ArchiveEntry("steps", b"", 0o666),
        outputs_file(),
    )


def _text(run: str) -> bytes:
    return (run.rstrip("\n") + "\n").encode()


def outputs_file() -> ArchiveEntry:
    """The empty file that ``$ORCAOPS_OUTPUT`` names."""
    return ArchiveEntry("output", b"", 0o666)
