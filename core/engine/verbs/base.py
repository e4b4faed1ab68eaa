"""What every verb works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.admission import AdmissionDesk
from core.engine.job_cancel import JobCancel
from core.engine.log_view import LogViewDesk
from core.engine.mounts import MountGate
from core.engine.reading import LogDesk
from core.engine.templates import TemplateDesk
from core.engine.uploads import UploadDesk
from core.engine.waiting import Waiter
from core.engine.workflow.reruns import RerunDesk
from core.engine.workflow_logs import WorkflowLogDesk
from core.errors import EngineClosedError, JobNotFoundError
from core.ids import is_job_id

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.engine.scheduler import Scheduler
    from core.engine.worker import Worker
    from core.engine.workflow.conductors import Conductors
    from core.settings import EngineSettings


class Verbs:
    """The rooms of one engine, as its verbs see them.

    Args:
        parts: The engine's parts.
        scheduler: Who starts next.
        worker: What runs.
        conductors: What runs of workflows.
    """

    def __init__(self, parts: Parts, scheduler: Scheduler, worker: Worker, conductors: Conductors) -> None:
        self.settings: EngineSettings = parts.settings
        self._parts = parts
        self._scheduler = scheduler
        self._worker = worker
        self._conductors = conductors
        self._admission = AdmissionDesk(parts, scheduler.slots)
        self._cancel = JobCancel(parts, scheduler, worker)
        self._desk = LogDesk(parts)
        self._view_desk = LogViewDesk(parts)
        self._uploads = UploadDesk(parts)
        self._template_desk = TemplateDesk(parts)
        self._gate = MountGate(parts)
        self._workflow_desk = WorkflowLogDesk(parts)
        self._rerun_desk = RerunDesk(parts, conductors)
        self._waiter = Waiter(parts, self._desk, self._workflow_desk)
        self._closed = False

    def _insist_on_open(self) -> None:
        """Refuse new work once the engine shuts down.

        Raises:
            EngineClosedError: It does.
        """
        if self._closed:
            raise EngineClosedError


def check_id(job_id: str) -> None:
    """Refuse what cannot be a job's id.

    Raises:
        JobNotFoundError: It cannot.
    """
    if not is_job_id(job_id):
        raise JobNotFoundError("There is no job with this id: it is not a job id.")
