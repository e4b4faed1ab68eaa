"""Plans as data, text and drawings."""

from __future__ import annotations

import json

from core.plan.compile import Assumption
from core.plan.render import dot, mermaid, plan_tree, plan_view
from core.plan.results import Outcome
from tests.core.plan.compile.planned import SEED, plan
from tests.core.plan.compile.test_examples import DYNAMIC, FILES, PIPELINE, RELEASE
from tests.core.plan.lint.linted import jobs

RUN = 'image: "alpine:3.20", commands: [ls]'


def test_a_plan_is_plain_data_without_blanks() -> None:
    view = plan_view(plan(SEED, durations_s={"build": 3, "test-unit": 1, "deploy-staging": 1, "notify": 1}))
    assert json.loads(json.dumps(view)) == view
    assert view["status"] == "success"
    assert view["counts"] == {"jobs": 5, "nodes": 5, "runs": 4, "skipped": 0, "depends": 1, "fails": 0, "dynamic": 0}
    assert view["critical_path"] == {"jobs": ["build", "test-unit", "deploy-staging", "notify"], "duration_s": 6.0}
    nodes = view["nodes"]
    assert isinstance(nodes, list)
    assert nodes[3] == {
        "id": "deploy-staging",
        "job": "deploy-staging",
        "needs": ["test-unit", "test-integration"],
        "will": "depends",
        "why": "depends on github.ref",
        "expanded": "success() && github.ref == 'refs/heads/main' → ?",
        "depends_on": ["github.ref"],
        "results": ["skipped", "success"],
        "request": {
            "image": "kubectl:latest",
            "pull": "missing",
            "steps": [{"commands": ["kubectl apply -f k8s/staging/"]}],
            "env": {"APP_VERSION": "1.0.0", "REGISTRY": "ghcr.io/myorg"},
            "timeout_s": 300,
        },
    }


def test_what_stops_a_job_is_told_with_its_name() -> None:
    view = plan_view(plan(SEED, assume={"build": "failure"}))
    jobs_told = view["jobs"]
    assert isinstance(jobs_told, list)
    assert jobs_told[1]["blamed"] == {"build": "failure"}
    assert view["assumed"] == {"build": "failure"}


def test_matrices_called_files_and_faults_are_part_of_the_data() -> None:
    view = json.dumps(plan_view(plan(RELEASE, {"version": "1.2.3"}, files=FILES)))
    assert '"called": {"name": "pipeline"' in view
    assert '"matrix": {"python": "3.13", "resolver": "locked", "experimental": true}' in view
    assert '"optional": true' in view
    faulty = plan_view(plan(jobs(f"a: {{{RUN}, env: {{A: '${{{{ fromJSON(vars.x) }}}}'}}}}"), variables={"x": "{"}))
    assert '"faults": [{"path": "env.A"' in json.dumps(faulty)
    shards = {"plan": Assumption(Outcome.SUCCESS, {"shards": '[{"id": 1}]'})}
    known = json.dumps(plan_view(plan(DYNAMIC, assume=shards)))
    assert '"needs": [{"job": "process", "nodes": ["process-1"]}]' in known
    assert '"dynamic": true' in json.dumps(plan_view(plan(DYNAMIC)))


def test_the_tree_tells_what_becomes_of_each_job_and_why() -> None:
    assert (
        plan_tree(plan(SEED, github={"ref": "x"}, assume={"test-unit": "failure"}))
        == """\
ci-pipeline: 5 jobs, 5 nodes, ends: partial
1
  + build
2
  + test-unit <- build
  + test-integration <- build
3
  - deploy-staging <- test-unit, test-integration: needs test-unit (failure)
4
  + notify <- all other jobs
longest: build > test-unit > notify
"""
    )


def test_the_tree_shows_variants_and_called_files() -> None:
    tree = plan_tree(plan(RELEASE, {"version": "1.2.3", "dry-run": False}, files=FILES))
    assert "  + checks\n      ci staging #${{ run.number }}: 5 jobs, 10 nodes, ends: success\n" in tree
    assert "        + test-unit (6 variants) <- build\n" in tree
    assert "            + test-unit (3.13, locked, true)\n" in tree
    assert "  ? sign <- package: depends on secrets.SIGNING_KEY\n" in tree
    assert "  + publish <- package, sign?\n" in tree
    dynamic = plan_tree(plan(DYNAMIC, durations_s={"plan": 2, "process": 3}))
    assert "  + process (a matrix, known later) <- plan\n" in dynamic
    assert "  + merge <- verify?, (process)\n" in dynamic
    assert dynamic.endswith("longest: plan > process (5 s)\n")
    many = plan_tree(plan(jobs(f"a: {{matrix: {{n: {list(range(10))}}}, {RUN}, if: 'matrix.n != 3'}}")))
    assert "      - a (3): success() && 3 != 3 → false\n" in many
    assert many.endswith("      … 2 more\n")
    unsure = plan_tree(plan(jobs(f"a: {{{RUN}, continue_on_error: '${{{{ vars.x }}}}'}}"), assume={"a": "failure"}))
    assert unsure == "ci: 1 job, 1 node, ends: depends\n1\n  + a\n"


def test_the_jobs_are_drawn_as_mermaid() -> None:
    assert (
        mermaid(plan(SEED, assume={"build": "failure"}))
        == """\
flowchart LR
    j0["build"]
    j1["test-unit"]
    j2["test-integration"]
    j3["deploy-staging"]
    j4["notify"]
    j0 --> j1
    j0 --> j2
    j1 --> j3
    j2 --> j3
    j3 -.-> j4
    style j1 fill:#d0d0d0
    style j2 fill:#d0d0d0
    style j3 fill:#d0d0d0
"""
    )


def test_the_jobs_are_drawn_for_graphviz() -> None:
    drawn = dot(plan(DYNAMIC))
    assert drawn.startswith('digraph "fan-out" {\n    rankdir=LR;\n')
    assert '    "process" [label="process (a matrix, known later)"];\n' in drawn
    assert '    "plan" -> "process";\n' in drawn
    assert '    "process" -> "merge" [style=dashed];\n' in drawn
    assert '"deploy" [label="deploy", fillcolor="#fff3c4"]' in dot(plan(PIPELINE))


def test_names_cannot_break_a_drawing() -> None:
    text = jobs(f"a: {{matrix: {{x: [1]}}, {RUN}}}", 'name: "x\\"; \\u0007 <b>"\n')
    assert dot(plan(text)).startswith('digraph "x\\"; \N{REPLACEMENT CHARACTER} <b>" {\n')
    assert '["a (1 variant)"]' in mermaid(plan(text))
