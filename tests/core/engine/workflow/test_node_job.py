"""From a node of a workflow to the spec of its job: what is known is filled in, what only the job knows stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.engine.workflow.node_job import node_job
from core.engine.workflow.node_setting import NodeFaultError
from core.testing.factories import a_workflow_run
from tests.core.engine.workflow.settings_of_nodes import a_setting

if TYPE_CHECKING:
    from pathlib import Path

    from core import FailureKind
    from core.spec.job import JobSpec


def spec_of(text: str, **changes: Any) -> JobSpec:
    return node_job(a_setting(text, **changes)).spec


def fault_of(text: str, **changes: Any) -> tuple[FailureKind, str]:
    with pytest.raises(NodeFaultError) as caught:
        node_job(a_setting(text, **changes))
    return caught.value.failure.kind, caught.value.failure.message


# --- what runs


def test_commands_become_steps_that_share_a_shell() -> None:
    spec = spec_of("jobs: {build: {image: busybox, commands: [cd /tmp, make], after_script: [rm -rf x]}}")
    assert [(step.run, step.shell, step.condition) for step in spec.commands] == [
        ("cd /tmp", "", ""),
        ("make", "", ""),
        ("rm -rf x", "sh", "always()"),
    ]
    assert spec.context == {}


def test_a_shell_of_its_own_runs_all_commands_as_one_step() -> None:
    spec = spec_of("jobs: {build: {image: busybox, shell: bash, commands: [cd /tmp, make]}}")
    assert [(step.run, step.shell) for step in spec.commands] == [("cd /tmp\nmake", "bash")]


def test_more_commands_than_a_job_has_steps_are_one_step() -> None:
    commands = ", ".join(f"echo {number}" for number in range(101))
    spec = spec_of(f"jobs: {{build: {{image: busybox, commands: [{commands}]}}}}")
    assert len(spec.commands) == 1
    assert spec.commands[0].run.count("\n") == 100


def test_steps_keep_their_texts_and_are_given_only_the_values_they_name() -> None:
    spec = spec_of(
        """
        inputs: {who: {default: me}, other: {default: x}}
        jobs:
          build:
            image: busybox
            steps:
              - id: one
                name: Greet ${{ inputs.who }}
                run: echo ${{ needs.a.outputs.tag }}
                env: {X: "${{ vars.REGION }}"}
                if: ${{ matrix.on }}
                retry: {max: 2, backoff: 3s, exit_codes: [75]}
                timeout: 1m
                working_directory: sub
              - {run: exit 3, shell: "python {0}", continue_on_error: true}
              - {run: exit 4, continue_on_error: {exit_codes: [4]}}
        """,
        inputs={"who": "you", "other": "x"},
        needs={"a": {"outputs": {"tag": "1.0", "rest": "y"}}, "b": {"outputs": {}}},
        matrix={"on": True, "off": 1},
    )
    first, second, third = spec.commands
    assert (first.run, first.env, first.condition) == (
        "echo ${{ needs.a.outputs.tag }}", {"X": "${{ vars.REGION }}"}, "${{ matrix.on }}",
    )  # fmt: skip
    assert (first.retries, first.retry_delay_s, first.retry_exit_codes, first.timeout_s) == (2, 3, (75,), 60)
    assert (first.workdir, second.shell, second.continue_on_error) == ("sub", "python {0}", True)
    assert third.continue_on_error == (4,)
    assert spec.context == {
        "inputs": {"WHO": "you"},
        "needs": {"A": {"outputs": {"tag": "1.0", "rest": "y"}}},
        "vars": {"REGION": "eu"},
        "matrix": {"ON": True},
    }


def test_a_job_without_commands_runs_the_command_of_its_image() -> None:
    spec = spec_of("jobs: {build: {image: {name: busybox, entrypoint: [sleep, '1'], user: '1000'}, commands: []}}")
    assert (spec.commands, spec.command, spec.entrypoint, spec.user) == ((), None, ("sleep", "1"), "1000")


def test_without_expressions_there_is_no_context() -> None:
    assert spec_of("jobs: {build: {image: busybox, commands: [make]}}").context is None
    assert spec_of("jobs: {build: {image: busybox, commands: ['echo ${{ 1 }}']}}").context == {}


def test_steps_are_told_what_their_job_is_called() -> None:
    text = """
    jobs: {build: {image: busybox, name: "Test ${{ matrix.v }}", matrix: {v: [1]}, commands: ["echo ${{ job.name }}"]}}
    """
    spec = spec_of(text, matrix={"v": 1}, name="build (1)", number=2)
    assert spec.context is not None
    assert spec.context["job"] == {"id": "build", "name": "Test 1", "attempt": 2}


# --- variables and secrets


def test_variables_lie_over_one_another_from_defaults_to_the_job() -> None:
    spec = spec_of(
        """
        defaults: {env: {A: defaults, B: defaults, C: defaults}}
        env: {B: workflow, C: workflow, D: "${{ env.A }}!"}
        jobs: {build: {image: busybox, commands: [env], env: {C: job, CI: "no"}}}
        """
    )
    told = {name: spec.env[name] for name in ("A", "B", "C", "D", "CI")}
    assert told == {"A": "defaults", "B": "workflow", "C": "job", "D": "defaults!", "CI": "no"}
    assert spec.node is not None
    assert spec.node.late.variables == ()


def test_every_job_is_told_of_its_run() -> None:
    run = a_workflow_run(run_number=7, attempt=2)
    spec = spec_of(
        "jobs: {build: {image: busybox, commands: [env]}}",
        run=run,
        number=3,
        variant="build-3-11",
        node_id="build-3-11",
        github={"sha": "abc", "ref": "", "repository": "a/b"},
    )
    assert spec.env == {
        "ORCAOPS_RUN_ID": run.workflow_id, "ORCAOPS_RUN_NUMBER": "7", "ORCAOPS_RUN_ATTEMPT": "2",
        "ORCAOPS_WORKFLOW": "ci", "ORCAOPS_JOB": "build", "ORCAOPS_VARIANT": "build-3-11", "ORCAOPS_ATTEMPT": "3",
        "ORCAOPS_NEEDS_DIR": "/orcaops-needs", "GITHUB_RUN_ID": run.workflow_id, "GITHUB_RUN_NUMBER": "7",
        "GITHUB_RUN_ATTEMPT": "2", "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "build", "GITHUB_SHA": "abc",
        "GITHUB_REPOSITORY": "a/b",
    }  # fmt: skip
    assert spec.name == "ci.build-3-11"


def test_what_reads_a_secret_stays_text_in_the_spec() -> None:
    spec = spec_of(
        """
        env: {URL: "https://${{ secrets.TOKEN }}@host/${{ vars.REGION }}", LATER: "${{ env.URL }}!", PLAIN: x}
        jobs: {build: {image: busybox, commands: ["echo ${{ secrets.OTHER }}"], secrets: [TOKEN]}}
        """,
        secrets={"TOKEN": "TOKEN", "OTHER": "CALLED_OTHERWISE", "UNUSED": "UNUSED"},
    )
    assert spec.node is not None
    late = spec.node.late
    assert [(each.name, each.text) for each in late.variables] == [
        ("URL", "https://${{ secrets.TOKEN }}@host/${{ vars.REGION }}"),
        ("LATER", "${{ env.URL }}!"),
        ("PLAIN", "x"),
    ]
    assert (late.secrets, late.context) == (
        {"TOKEN": "TOKEN", "OTHER": "CALLED_OTHERWISE"}, {"vars": {"REGION": "eu"}},
    )  # fmt: skip
    assert (spec.secrets, spec.env["PLAIN"]) == (("TOKEN",), "x")
    assert "URL" not in spec.env


def test_a_secret_under_another_name_becomes_a_variable_of_the_name_the_file_has() -> None:
    spec = spec_of(
        "jobs: {build: {image: busybox, commands: [env], secrets: [TOKEN]}}", secrets={"TOKEN": "DEPLOY_TOKEN"}
    )
    assert spec.node is not None
    assert [(each.name, each.text) for each in spec.node.late.variables] == [("TOKEN", "${{ secrets.TOKEN }}")]
    assert (spec.secrets, spec.node.late.secrets) == ((), {"TOKEN": "DEPLOY_TOKEN"})


def test_a_value_that_looks_like_an_expression_is_never_evaluated() -> None:
    spec = spec_of(
        """
        inputs: {text: {required: true}}
        env: {A: "${{ inputs.text }}", B: "${{ secrets.TOKEN }}"}
        jobs: {build: {image: busybox, commands: [env]}}
        """,
        inputs={"text": "${{ secrets.TOKEN }}"},
        secrets={"TOKEN": "TOKEN"},
    )
    assert spec.node is not None
    assert [each.text for each in spec.node.late.variables] == ["${{ inputs.text }}", "${{ secrets.TOKEN }}"]
    assert spec.env["A"] == "${{ secrets.TOKEN }}"


# --- services, files, limits


def test_services_take_their_values_and_those_without_an_image_are_left_out() -> None:
    spec = spec_of(
        """
        inputs: {db: {default: "postgres:15"}, cache: {default: ""}}
        jobs:
          build:
            image: busybox
            commands: [env]
            env: {HOST: "${{ services.db.host }}"}
            services:
              db:
                image: ${{ inputs.db }}
                alias: [main]
                env: {POSTGRES_PASSWORD: "${{ secrets.PW }}", POSTGRES_DB: "${{ vars.REGION }}"}
                ports: ["15432:5432"]
                health_check: {test: pg_isready, interval: 1s}
                ready_timeout: 2m
                depends_on: [cache]
                resources: {memory: 256m}
                publish: true
              cache: {image: "${{ inputs.cache }}"}
        """,
        inputs={"db": "postgres:15", "cache": ""},
        secrets={"PW": "DB_PASSWORD"},
        services={"shared": {"id": "shared", "host": "shared", "port": 1}},
    )
    (service,) = spec.services
    assert (service.id, service.image, service.aliases, service.ports) == ("db", "postgres:15", ("main",), (5432,))
    assert (service.env, service.depends_on, service.memory_mb) == ({"POSTGRES_DB": "eu"}, (), 256)
    assert service.late is not None
    assert [(each.name, each.text) for each in service.late.variables] == [("POSTGRES_PASSWORD", "${{ secrets.PW }}")]
    assert (service.late.secrets, service.late.below) == ({"PW": "DB_PASSWORD"}, ())
    assert (service.ready_timeout_s, service.health_check is not None) == (120, True)
    assert spec.node is not None
    assert spec.node.late.context["services"] == {"shared": {"id": "shared", "host": "shared", "port": 1}}


def test_a_service_may_read_a_variable_of_the_job_that_reads_a_secret() -> None:
    spec = spec_of(
        """
        env: {PW: "${{ secrets.PW }}"}
        jobs:
          build:
            image: busybox
            commands: [env]
            env: {HOST: "${{ services.db.host }}"}
            services: {db: {image: postgres, env: {POSTGRES_PASSWORD: "${{ env.PW }}"}}}
        """,
        secrets={"PW": "PW"},
    )
    late = spec.services[0].late
    assert late is not None
    assert [each.name for each in late.below] == ["PW"]


def test_artifacts_keep_their_rules_and_late_patterns_their_texts() -> None:
    spec = spec_of(
        """
        jobs:
          build:
            image: busybox
            steps: [{id: one, run: make}]
            artifacts:
              - {paths: [out, "report-${{ vars.REGION }}.xml"], exclude: out/tmp, when: failure, if_missing: error}
              - {path: "${{ steps.one.outputs.file }}"}
        """
    )
    assert spec.node is not None
    first, second = spec.node.keep
    assert (first.paths, first.exclude, first.when, first.if_missing) == (
        ("out", "report-eu.xml"), ("out/tmp",), "failure", "error",
    )  # fmt: skip
    assert (second.paths, second.is_late) == (("${{ steps.one.outputs.file }}",), True)
    assert spec.keeps_files


def test_limits_and_places_are_the_jobs(tmp_path: Path) -> None:
    spec = spec_of(
        """
        inputs: {memory: {default: 1g}}
        cleanup_policy: keep_on_failure
        jobs:
          build:
            image: {name: busybox, pull: always}
            commands: [make]
            timeout: ${{ vars.REGION == 'eu' && '10m' || '1m' }}
            resources: {cpus: 2, memory: "${{ inputs.memory }}", pids: 99}
            working_directory: /src
            user: "1000:1000"
            volumes: ["./data:/data", "/srv/x:/x:rw"]
            network: services
            profile: strict
        """,
        inputs={"memory": "1g"},
        folder=tmp_path,
        run=a_workflow_run(priority=500, tags=("nightly",)),
    )
    assert (spec.timeout_s, spec.cpus, spec.memory_mb, spec.pids) == (600, 2, 1024, 99)
    assert (spec.workdir, spec.user, spec.pull, spec.cleanup) == ("/src", "1000:1000", "always", "keep_on_failure")
    assert (spec.priority, spec.tags) == (100, ("nightly",))
    assert (spec.network, spec.profile) == ("services", "strict")
    assert [(mount.source, mount.target, mount.read_only) for mount in spec.mounts] == [
        (f"{tmp_path}/data", "/data", True),
        ("/srv/x", "/x", False),
    ]


# --- what cannot be run


@pytest.mark.parametrize(
    ("job", "kind", "message"),
    [
        ("image: '${{ vars.NONE }}', commands: [x]", "expression", "Job build, image: "),
        ("image: 'a b${{ vars.NONE }}', commands: [x]", "expression", "Job build, image: 'a b' is not accepted: "),
        ("image: busybox, commands: [x], env: {A: \"${{ fromJSON('{') }}\"}", "expression", "Job build, env.A: "),
        ('image: busybox, commands: [x], timeout: "${{ vars.REGION }}"', "expression", "Job build, timeout: "),
        ("image: busybox, commands: [x], working_directory: sub", "expression",
         "Job build, working_directory: 'sub' is not accepted: "),
        ("image: busybox, commands: [x], volumes: ['data:/data']", "policy",
         "Job build, volumes[0]: 'data:/data' names a volume, and none outlives a job."),
        ("image: busybox, commands: [x], secrets: [NONE]", "policy",
         "Job build, secrets: there is no secret named NONE."),
        ("image: busybox, commands: [x], services: {db: {image: p, volumes: ['a:/b']}}", "policy",
         "Job build: services.db.volumes: "),
        ("image: busybox, commands: [x], services: {db: {image: 'p ${{ vars.NONE }}'}}", "expression",
         "Job build: services.db.image: "),
        ("image: busybox, commands: [x], artifacts: ['${{ vars.NONE }}']", "expression", "Job build, artifacts"),
    ],
)  # fmt: skip
def test_a_definition_that_is_no_job_says_which_key_and_what(job: str, kind: str, message: str) -> None:
    found, said = fault_of(f"jobs: {{build: {{{job}}}}}")
    assert (found.value, said[: len(message)]) == (kind, message)


@pytest.mark.parametrize("value", ["", "${{ secrets.PW }}"])
@pytest.mark.parametrize("where", ["env", "service"])
def test_a_value_that_linux_takes_from_nobody_is_refused_wherever_it_stands(value: str, where: str) -> None:
    env = f'env: {{A: "{"y" * 140_000}{value}"}}'
    job = env if where == "env" else f"services: {{db: {{image: postgres, {env}}}}}"
    kind, said = fault_of(f"jobs: {{build: {{image: busybox, commands: [x], {job}}}}}", secrets={"PW": "PW"})
    assert kind.value == "expression"
    assert "longer than 128 KiB, the most that Linux takes" in said
    assert len(said) < 300


def test_what_steps_say_is_left_to_the_job_itself() -> None:
    spec = spec_of("jobs: {build: {image: busybox, commands: [\"echo ${{ fromJSON('{') }}\"]}}")
    assert spec.commands[0].run == "echo ${{ fromJSON('{') }}"


def test_what_is_not_held_to_is_said_in_warnings() -> None:
    made = node_job(
        a_setting(
            """
            jobs:
              build:
                image: {name: busybox, entrypoint: [x]}
                commands: [make]
                services: {web: {image: nginx, publish: true}}
            """
        )
    )
    assert [warning.split(":")[0] for warning in made.warnings] == [
        "The image's entrypoint is not replaced",
        "Service web",
    ]
