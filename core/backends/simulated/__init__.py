"""A backend without containers: for tests, for load, for teaching, for a dry run.

**Images.** Every image is local, except those whose name begins with

- ``missing/``: the registry does not know it;
- ``private/``: the registry refuses it;
- ``unreachable.invalid/``: the registry does not answer;
- ``broken/``: the engine cannot unpack it;
- ``slow/``: it is pulled first, over two scripted seconds and with progress.

``simulated/inference`` runs ``infer``: it prints tokens over ``SIMULATE_SECONDS`` (2 by default), writes
``result.json`` into its working directory and, where ``$ORCAOPS_OUTPUT`` is set, the outputs ``tokens`` and ``answer``.

**Programs.** A container's argv is interpreted, not run. `sh -c TEXT` and `sh FILE` understand quoting, variables,
``$(…)``, ``$((…))``, redirections, here-documents, pipes, ``;`` ``&&`` ``||`` ``!``, ``if``, ``while``, ``until``,
``for``, ``{ }``, ``( )``, ``set -e``, ``trap`` and the programs in `programs` and `control`; ``&`` waits. A text with
other syntax is walked past: its first line is printed and it succeeds. A program nobody knows succeeds and prints
``[simulated] <argv>``; one whose name begins with ``/nonexistent`` or ``nope`` does not exist. Beyond what a shell
has, ``flood N TEXT`` prints a line N times and ``oom`` dies as if for memory. ``/orcaops/main`` runs the steps of
``/orcaops/job`` (see `steps`).

**Environment.** Variables steer any container, as if they were its last command; in a job with steps, the last
command of its last step. They do not apply when the program failed by itself.

- ``SIMULATE_SECONDS=N``: it takes N seconds more;
- ``SIMULATE_LINES=N``: it prints N lines, spread over those seconds;
- ``SIMULATE_EXIT=N``: it exits with N;
- ``SIMULATE_FAIL=create``: the engine refuses to create it;
- ``SIMULATE_FAIL=start``: its command cannot be executed (126);
- ``SIMULATE_FAIL=unavailable``: the engine does not answer the first call to start it;
- ``SIMULATE_FAIL=lost``: it is gone, with its output and files, at the moment it would have ended;
- ``SIMULATE_FAIL=oom``: it is killed for memory at that moment;
- ``SIMULATE_FAIL=killed``: somebody kills it through the engine at that moment;
- ``SIMULATE_FAIL=stubborn``: it ignores SIGTERM.

**Mounts.** A mount is an empty folder: nothing of the machine is read or written.

**Time.** A scripted second lasts `SimulationSettings.time_scale` seconds of the clock. Nothing runs in the background:
a container is computed, up to the present moment, whenever somebody looks at it.
"""

from core.backends.simulated.backend import SimulatedBackend

__all__ = ("SimulatedBackend",)
