"""Job requests and workflow files saved under a name, with typed inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.engine.verbs.jobs import JobVerbs
from core.engine.workflow.request import WorkflowRequest
from core.records.template import TemplateUse
from core.spec.load import parse_job

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from core.records.page import Page
    from core.records.template import FilledTemplate, SavedTemplate, Template
    from core.store.changes import Submitted


class TemplateVerbs(JobVerbs):
    """Verbs about templates."""

    async def save_template(
        self,
        template: Mapping[str, Any],
        *,
        overwrite: bool = False,
        by: str = "python",
        door_fields: Collection[str] = (),
    ) -> SavedTemplate:
        """Keep a job request or a workflow file under a name, after everything that can be known of it was checked.

        What says the same as the newest version changes nothing; otherwise it becomes the next version. The last 20
        are kept.

        Args:
            template: ``name``, ``description``, ``inputs`` and ``job``, as in `TemplateSpec`; or instead of these two
                ``workflow``: a file's text, or its ``text``, ``file_name`` and the ``files`` it calls.
            overwrite: Whether there may be a template of this name.
            by: Who saves it.
            door_fields: Fields of the job that whoever fills it turns into others before the submit, such as a folder
                to send in; they are not looked at.

        Raises:
            InvalidSpecError: With a finding for every fault of the template.
            TemplateExistsError: There is one of this name, and ``overwrite`` was not given.
            NotAdmittedError: There are as many templates as are kept.
        """
        self._insist_on_open()
        spec = await self._template_desk.check(template, self.runtimes, door_fields)
        return await self._parts.templates.save(spec, by=by, overwrite=overwrite)

    async def get_template(self, name: str, version: int | None = None) -> Template:
        """A template, in its newest version if none is named.

        Raises:
            TemplateNotFoundError: There is none of that name, or the version is not kept.
            InvalidArgumentError: The version is below 1.
        """
        return await self._template_desk.find(name, version)

    async def list_templates(self, *, limit: int = 50, cursor: str | None = None) -> Page[Template]:
        """A page of templates in their newest version, by name.

        Args:
            limit: At most this many, from 1 to 100.
            cursor: ``next_cursor`` of the page before.

        Raises:
            InvalidArgumentError: The limit is not from 1 to 100.
        """
        return await self._parts.templates.list(limit=limit, cursor=cursor)

    async def delete_template(self, name: str) -> Template:
        """Remove a template with all its versions. Jobs that were filled from it stay as they are.

        Returns:
            The newest version, as it was.

        Raises:
            TemplateNotFoundError: There is none of that name.
        """
        return await self._parts.templates.delete(name)

    async def fill_template(
        self, name: str, inputs: Mapping[str, Any] | None = None, *, version: int | None = None
    ) -> FilledTemplate:
        """The job request that comes of a template and inputs. Nothing is submitted.

        A job without a name gets the template's.

        Args:
            name: The template's.
            inputs: Values by name; texts are read where numbers, booleans or JSON are wanted. They are kept with the
                job's record, so they are no place for secrets.
            version: Which version; the newest if None.

        Raises:
            TemplateNotFoundError: There is no such template or version.
            InvalidArgumentError: The version is below 1, or the template holds a workflow.
            InvalidSpecError: Inputs are missing, unknown or of the wrong kind, or the job's expressions cannot be
                evaluated with them; with a finding for each.
        """
        return await self._template_desk.fill(await self.get_template(name, version), inputs or {})

    async def workflow_of_template(
        self, name: str, inputs: Mapping[str, object] | None = None, *, version: int | None = None
    ) -> WorkflowRequest:
        """The workflow that a template holds, as a request for `run_workflow`. Nothing is started.

        The run's record will name template, version and what was chosen. The inputs are checked when it is run.

        Args:
            name: The template's.
            inputs: Values by name.
            version: Which version; the newest if None.

        Raises:
            TemplateNotFoundError: There is no such template or version.
            InvalidArgumentError: The version is below 1, or the template holds a job.
        """
        template = await self.get_template(name, version)
        workflow, given = self._template_desk.workflow_of(template), dict(inputs or {})
        return WorkflowRequest(
            text=workflow.text,
            file_name=workflow.file_name or f"{template.name}.yaml",
            files=workflow.files,
            inputs=given,
            template=TemplateUse(template.name, template.version, given),
        )

    async def run_template(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        version: int | None = None,
        by: str = "python",
        idempotency_key: str | None = None,
        folder: Path | None = None,
    ) -> Submitted:
        """Fill a template and submit the job; its record names template, version and inputs.

        Args:
            name: As in `fill_template`.
            inputs: As in `fill_template`.
            version: As in `fill_template`.
            by: Who submits it.
            idempotency_key: As in `submit_job`.
            folder: As in `submit_job`; a mount's source that is relative is taken from it.

        Raises:
            OrcaOpsError: As `fill_template` and `submit_job`.
        """
        filled = await self.fill_template(name, inputs, version=version)
        spec = parse_job(filled.request, runtimes=self.runtimes, folder=folder)
        return await self.submit_job(spec, by=by, idempotency_key=idempotency_key, folder=folder, template=filled.use)
