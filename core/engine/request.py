"""From an admitted job to the container that runs it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from core.backends.base import (
    LABEL_ATTEMPT,
    LABEL_HOME,
    LABEL_JOB,
    LABEL_WORKFLOW,
    ArchiveEntry,
    ContainerRequest,
    Mount,
    Placement,
)
from core.backends.sandbox import STANDARD_CAPABILITIES, Sandbox, Tmpfs
from core.engine.late import late_secrets
from core.engine.script import ARGV, ENTRYPOINT, FOLDER, OUTPUT_PATH, outputs_file, step_program
from core.settings import MIB
from core.spec.mounts import is_within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from core.backends.base import ImageInfo
    from core.engine.planning import PlannedStep
    from core.records.job import Job
    from core.settings import EngineSettings
    from core.spec.job import JobSpec

DEFAULT_WORKDIR: Final = "/work"
"""Where a job works whose spec and image name no folder of their own."""

NEEDS_DIR: Final = "/orcaops-needs"
"""Where a workflow's job finds the files kept of the jobs it needs."""

READ_ONLY_WORKDIR: Final = "/work/job"
"""The same where a container's root cannot be written: the folder above is a volume, whose mode cannot be set."""

NOTHING: Final[Mapping[str, str]] = {}


def container_name(home_id: str, job_id: str, attempt: int) -> str:
    """The name of an attempt's container: the same for the same attempt, so that making it can be repeated."""
    return f"orcaops-{home_id}-{job_id.removeprefix('job_')}-{attempt}"


def working_directory(job: Job, image: ImageInfo) -> str:
    """Where the job's process starts: the spec's folder, the image's, or `DEFAULT_WORKDIR` where that is ``/``."""
    if job.spec.workdir is not None:
        return job.spec.workdir
    if image.workdir.strip("/"):
        return image.workdir
    return READ_ONLY_WORKDIR if job.spec.read_only else DEFAULT_WORKDIR


def wants_outputs(job: Job) -> bool:
    """Whether ``$ORCAOPS_OUTPUT`` is there: always for steps and in workflows, else if the command promises some."""
    return job.spec.has_steps or bool(job.spec.outputs) or job.spec.node is not None


def container_request(
    job: Job,
    image: ImageInfo,
    home_id: str,
    secrets: Mapping[str, str],
    services: Mapping[str, str] = NOTHING,
    *,
    env: Mapping[str, str] | None = None,
) -> ContainerRequest:
    """What to ask the backend for.

    Args:
        job: Running its present attempt.
        image: The local image.
        home_id: Whose container it will be.
        secrets: Values of the secrets the job names.
        services: What the job is told of its services.
        env: The job's variables, if the spec does not hold all of them.
    """
    spec, number = job.spec, job.attempt_number
    workdir = working_directory(job, image)
    return ContainerRequest(
        name=container_name(home_id, job.job_id, number),
        image=image.image_id,
        argv=ARGV if spec.has_steps else spec.command,
        entrypoint=ENTRYPOINT if spec.has_steps else spec.entrypoint,
        env={**_own_variables(job, workdir), **services, **secrets, **(spec.env if env is None else env)},
        workdir=workdir,
        user=spec.user,
        labels=_labels(job, home_id),
        network=spec.network or "bridge",
        init=spec.init,
        cpus=spec.cpus or 1,
        memory_bytes=(spec.memory_mb or 512) * MIB,
        pids=spec.pids or 256,
        gpus=spec.gpus,
        log_bytes=spec.log_limit.bytes or MIB,
        log_lines=spec.log_limit.lines or 10_000,
        mounts=tuple(Mount(mount.source, mount.target, mount.read_only) for mount in spec.mounts),
        attached_to=container_name(home_id, job.job_id, number) if spec.services else "",
        stop_signal=_stop_signal(spec),
        sandbox=sandbox_of(job, image),
    )


def sandbox_of(job: Job, image: ImageInfo) -> Sandbox:
    """How tightly the job's container is held."""
    spec = job.spec
    standard = () if spec.profile == "strict" else STANDARD_CAPABILITIES
    return Sandbox(
        capabilities=(*standard, *spec.capabilities),
        may_gain_privileges=spec.may_gain_privileges,
        read_only=bool(spec.read_only),
        tmpfs=tuple(Tmpfs(each.target, each.size_mb * MIB, each.executable) for each in spec.tmpfs),
        volumes=_volumes(job, working_directory(job, image)) if spec.read_only else (),
        file_bytes=(spec.disk_mb or 0) * MIB,
    )


def _volumes(job: Job, workdir: str) -> tuple[str, ...]:
    """What is to be written in a container whose root is not: what we put in, and where the job works."""
    spec = job.spec
    wanted = [FOLDER] if wants_outputs(job) else []
    if spec.node is not None and spec.node.needed is not None:
        wanted.append(NEEDS_DIR)
    if workdir == READ_ONLY_WORKDIR:
        wanted.append(posixpath.dirname(workdir))
    elif (spec.files or spec.workdir is not None) and not _is_elsewhere(spec, workdir):
        wanted.append(workdir)
    return tuple(wanted)


def _is_elsewhere(spec: JobSpec, folder: str) -> bool:
    """Whether a folder lies in a mount or in memory."""
    return spec.is_in_memory(folder) or any(is_within(folder, mount.target) for mount in spec.mounts)


def _labels(job: Job, home_id: str) -> dict[str, str]:
    labels = {LABEL_HOME: home_id, LABEL_JOB: job.job_id, LABEL_ATTEMPT: str(job.attempt_number)}
    return labels if job.workflow is None else {**labels, LABEL_WORKFLOW: job.workflow.workflow_id}


def _stop_signal(spec: JobSpec) -> str:
    """What the container's process is sent: the program that runs steps hears SIGTERM, and hands on what is asked."""
    asked = spec.node.stop_signal if spec.node is not None else None
    return "SIGTERM" if asked is None or spec.has_steps else asked


def _own_variables(job: Job, workdir: str) -> dict[str, str]:
    variables = {
        "CI": "true",
        "ORCAOPS": "true",
        "ORCAOPS_JOB_ID": job.job_id,
        "ORCAOPS_ATTEMPT": str(job.attempt_number),
        "ORCAOPS_WORKSPACE": workdir,
    }
    if job.spec.sandbox is not None and "user" in job.spec.sandbox.filled:
        variables["HOME"] = "/tmp"  # noqa: S108 - a container's; nobody has no folder that could be written
    if job.spec.node is not None:
        variables["GITHUB_WORKSPACE"] = workdir
    if wants_outputs(job) and not job.spec.has_steps:  # each step has a file of its own
        variables |= {"ORCAOPS_OUTPUT": OUTPUT_PATH, "GITHUB_OUTPUT": OUTPUT_PATH}
    return variables


def granted_secrets(spec: JobSpec, settings: EngineSettings) -> dict[str, str]:
    """The values of the secrets that a job's texts may name; one that this engine no longer has is left out."""
    named = {name: settings.secrets[name].get_secret_value() for name in spec.secrets if name in settings.secrets}
    return named if spec.node is None else {**named, **late_secrets(spec.node.late, settings)}


def placements(
    job: Job,
    image: ImageInfo,
    token: str,
    locate: Callable[[str], Path],
    plan: Sequence[PlannedStep] = (),
    *,
    output_bytes: int = MIB,
) -> list[Placement]:
    """What has to be in the container before it starts.

    Args:
        job: The job.
        image: Its image.
        token: The attempt's token.
        locate: Where the bytes of an input file lie, by their hash.
        plan: What is known of its steps.
        output_bytes: The most that each of a step's own files may hold.
    """
    placed: list[Placement] = []
    if job.spec.has_steps:
        program = step_program(job.spec, plan, token, output_bytes=output_bytes)
        placed.append(Placement(FOLDER, program, is_ours=not job.spec.read_only))
    elif wants_outputs(job):
        placed.append(Placement(FOLDER, (outputs_file(),), is_ours=not job.spec.read_only))
    user = job.spec.user or image.user
    folder = working_directory(job, image)
    # Docker makes a missing working directory for root only
    needs_folder = folder != image.workdir and user not in {"", "0", "root", "0:0", "root:root"}
    if job.spec.read_only:
        needs_folder = folder == READ_ONLY_WORKDIR
    if _is_elsewhere(job.spec, folder):
        return placed  # the folder is the machine's: what belongs into it is there, and its mode is not ours to set
    if job.spec.files or needs_folder:
        entries = tuple(
            ArchiveEntry(file.path, mode=0o755 if file.executable else 0o644, file=locate(file.sha256))
            for file in job.spec.files
        )
        owner = user if user.replace(":", "").isdigit() else None
        placed.append(Placement(folder, entries, owner, is_ours=folder in {DEFAULT_WORKDIR, READ_ONLY_WORKDIR}))
    return placed
