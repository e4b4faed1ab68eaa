"""Services in every spelling."""

from __future__ import annotations

import pytest

from core.spec.workflow import (
    CredentialsSpec,
    Expression,
    ResourcesSpec,
    WorkflowHealthCheckSpec,
    WorkflowReadySpec,
    WorkflowServiceSpec,
)
from tests.core.plan.reading.asking import job, job_text, only, reading, spec, told


def services(written: str) -> dict[str, WorkflowServiceSpec]:
    return dict(job(f"services: {written}").services)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[postgres:15]", WorkflowServiceSpec(id="postgres", image="postgres:15")),
        ("[ghcr.io/o/my.db@sha256:" + "0" * 64 + "]",
         WorkflowServiceSpec(id="my_db", image="ghcr.io/o/my.db@sha256:" + "0" * 64)),
        ("['redis:${{ matrix.v }}']", WorkflowServiceSpec(id="redis", image="redis:${{ matrix.v }}")),
        ("{db: postgres:15}", WorkflowServiceSpec(id="db", image="postgres:15")),
        ("[{image: 'mysql:8', env: {A: 1}}]", WorkflowServiceSpec(id="mysql", image="mysql:8", env={"A": "1"})),
        ("[{name: 'postgres:15', alias: db}]", WorkflowServiceSpec(id="postgres", image="postgres:15", alias=("db",))),
        ("[{name: db, image: 'postgres:15'}]", WorkflowServiceSpec(id="db", image="postgres:15")),
        ("{db: {image: a, aliases: [x, y], command: [c, d], entrypoint: e, volumes: v}}",
         WorkflowServiceSpec(id="db", image="a", alias=("x", "y"), command=("c", "d"), entrypoint=("e",),
                             volumes=("v",))),
        ("{db: {image: a, ports: [5432, '8080:80', 53/udp]}}",
         WorkflowServiceSpec(id="db", image="a", ports=("5432", "8080:80", "53/udp"))),
        ("{db: {image: a, health_check: {test: pg_isready, interval: 2s, timeout: 1, retries: 3, start_period: 0}}}",
         WorkflowServiceSpec(id="db", image="a", health_check=WorkflowHealthCheckSpec(
             test=("CMD-SHELL", "pg_isready"), interval_s=2, timeout_s=1, retries=3, start_period_s=0))),
        ("{db: {image: a, healthcheck: {test: [CMD, x]}}}",
         WorkflowServiceSpec(id="db", image="a", health_check=WorkflowHealthCheckSpec(test=("CMD", "x")))),
        ("{db: {image: a, options: >- \n      --health-cmd 'pg_isready -U x' --health-interval=5s --health-retries 5}}",
         WorkflowServiceSpec(id="db", image="a", health_check=WorkflowHealthCheckSpec(
             test=("CMD-SHELL", "pg_isready -U x"), interval_s=5, retries=5))),
        ("{db: {image: a, ready: {tcp: 5432}, ready_timeout: '${{ inputs.t }}'}}",
         WorkflowServiceSpec(id="db", image="a", ready=WorkflowReadySpec(tcp=5432),
                             ready_timeout_s=Expression("${{ inputs.t }}"))),
        ("{db: {image: a, ready: {exec: [a, b]}}}",
         WorkflowServiceSpec(id="db", image="a", ready=WorkflowReadySpec(exec=("a", "b")))),
        ("{db: {image: a, ready: {http: 8080/health}}}",
         WorkflowServiceSpec(id="db", image="a", ready=WorkflowReadySpec(http="8080/health"))),
        ("{db: {image: a, ready: {log: 'ready to .*'}}}",
         WorkflowServiceSpec(id="db", image="a", ready=WorkflowReadySpec(log="ready to .*"))),
        ("{db: {image: a, credentials: {username: u, password: '${{ secrets.P }}'}}}",
         WorkflowServiceSpec(id="db", image="a",
                             credentials=CredentialsSpec(username="u", password="${{ secrets.P }}"))),
        ("{db: {image: a, resources: {memory: 1g}, publish: true}}",
         WorkflowServiceSpec(id="db", image="a", resources=ResourcesSpec(memory_mb=1024), publish=True)),
    ],
)  # fmt: skip
def test_a_service_is_read(written: str, expected: WorkflowServiceSpec) -> None:
    if ">-" in written:
        written = written.replace(">- \n     ", '"').replace("5}}", '5"}}')
    assert services(written) == {expected.id: expected}


def test_services_may_wait_for_each_other_and_an_alias_tells_two_apart() -> None:
    found = services(
        "[{image: 'postgres:15'}, {image: 'postgres:16', alias: second}, {image: app, depends_on: second}]"
    )
    assert list(found) == ["postgres", "second", "app"]
    assert found["app"].depends_on == ("second",)


def test_a_workflow_has_services_of_its_own() -> None:
    found = reading("services: {db: {image: 'a:${{ vars.v }}'}}\njobs: {a: {image: alpine, run: x}}\n")
    assert told(found) == ""
    assert found.spec is not None
    assert found.spec.services["db"].image == "a:${{ vars.v }}"
    assert [site.where.name for site in found.sites] == ["WORKFLOW_ENV"]


def test_a_list_of_services_replaces_a_templates_and_a_mapping_is_merged_with_it() -> None:
    found = spec(
        """
        jobs:
          .l: {image: alpine, run: x, services: [redis]}
          .m: {image: alpine, run: x, services: {db: {image: a, env: {A: 1}}}}
          a: {extends: .l, services: [postgres]}
          b: {extends: .m, services: {db: {env: {B: 2}}, other: b}}
        """
    )
    assert list(found.jobs["a"].services) == ["postgres"]
    assert found.jobs["b"].services == {
        "db": WorkflowServiceSpec(id="db", image="a", env={"A": "1", "B": "2"}),
        "other": WorkflowServiceSpec(id="other", image="b"),
    }


@pytest.mark.parametrize(
    ("written", "code", "message"),
    [
        ("postgres", "E004", "must be a list of images, or a mapping of ids to images, not a text"),
        ("[~]", "E004", "'services[0]' is empty"),
        ("[{alias: x}]", "E003", "'image' is missing in a service."),
        ("{db: {env: {A: 1}}}", "E003", "'image' is missing in a service."),
        ("{db: }", "E004", "'db' is empty; it must be an image, or a mapping with image."),
        ("{'9': a}", "E010", "'9' is none"),
        ("['${{ vars.image }}']", "E132", "A service's id cannot be told from this."),
        ("[postgres:15, postgres:16]", "E132", "Two services are called 'postgres'."),
        ("{a: {image: a, alias: x}, b: {image: b, alias: x}}", "E132", "Two services are called 'x'."),
        ("{a: {image: a, depends_on: b}}", "E132", "Service 'a' depends on 'b', which is no service here."),
        ("{a: {image: a, depends_on: b}, b: {image: b, depends_on: a}}", "E132", "wait for each other: a -> b -> a."),
        ("{a: {image: a, depends_on: a}}", "E132", "wait for each other: a -> a."),
        ("{a: {image: a, ready: {}}}", "E003", "'ready' says nothing to wait for."),
        ("{a: {image: a, ready: {tcp: 1, http: /}}}", "E005", "'http' and 'tcp' exclude each other."),
        ("{a: {image: a, ready: {tcp: 70000}}}", "E170", "from 1 to 65,535"),
        ("{a: {image: a, ready: {log: '(?=x)'}}}", "E004", "RE2"),
        ("{a: {image: a, ports: [0]}}", "E004", "must be a port from 1 to 65535"),
        ("{a: {image: a, ports: [x]}}", "E004", "must be a port from 1 to 65535"),
        ("{a: {image: a, health_check: {test: [x]}}}", "E004", "must begin with one of 'CMD', 'CMD-SHELL', 'NONE'."),
        ("{a: {image: a, health_check: {interval: 1}}}", "E003", "'test' is missing in a health check."),
        ("{a: {image: a, options: --network x}}", "E004", "'options' holds '--network'."),
        ("{a: {image: a, options: --health-cmd}}", "E004", "'--health-cmd' without a value."),
        ('{a: {image: a, options: "--health-cmd \'x"}}', "E004", "A quote in 'options' is not closed."),
        ("{a: {image: a, options: --health-interval 1parsec}}", "E170", "not '1parsec'"),
        ("{a: {image: a, options: --health-cmd x, health_check: {test: y}}}", "E005", "exclude each other"),
        ("{a: {image: a, credentials: {username: u, password: abc}}}", "E133", "'password' stands in the file"),
    ],
)
def test_a_fault_of_a_service_is_told(written: str, code: str, message: str) -> None:
    found = reading(job_text(f"services: {written}"))
    finding = next(finding for finding in found.findings if finding.code == code)
    assert message in finding.message
    assert {each.code for each in found.findings} <= {code, "E003"}


def test_many_services_in_a_chain_are_no_trouble() -> None:
    chain = ", ".join(f"s{index}: {{image: a, depends_on: s{index + 1}}}" for index in range(3000))
    assert only(reading(job_text(f"services: {{{chain}}}"))).message.startswith("Service 's2999' depends on 's3000'")
