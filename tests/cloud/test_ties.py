"""What one file says and another must say, too: names, versions and schemas across the repository."""

from __future__ import annotations

import ast
import json
import re
import tomllib

import pytest
import yaml

from beam_pipeline import command_line, counters, template_metadata
from event_contract import EVENT_TYPES, ErrorCode
from lake_cli.local import pubsub
from tests.cloud import hcl
from tests.cloud.stand_ins import ROOT

METADATA = json.loads((ROOT / "flex_template/metadata.json").read_text())
PARAMETERS = [parameter["name"] for parameter in METADATA["parameters"]]
CLOUD_PAGE = (ROOT / "docs/cloud.md").read_text()
ALERTS = "modules/observability/alerts.tf"


def _pinned(requirements: str, package: str) -> str:
    found = re.search(
        rf"^{re.escape(package)}(?:\[\w+\])?==([^\s;]+)", (ROOT / "requirements" / requirements).read_text(), re.M
    )
    assert found, f"{package} is not pinned in requirements/{requirements}"
    return found[1]


def test_terraform_gives_the_job_only_parameters_that_the_template_has() -> None:
    block = re.search(
        r"parameters = merge\(var\.job_options, \{\n(.*?)\n  \}\)", hcl.text("modules/ingestion/main.tf"), re.S
    )
    assert block
    given = re.findall(r"^\s+(\w+)\s+=", block[1], re.M)

    assert given == ["input_subscription", "output_path", "quarantine_path", "streaming_mode"]
    assert set(given) <= set(PARAMETERS)


def test_job_options_cannot_name_what_terraform_sets() -> None:
    refused = re.search(r"setintersection\(keys\(var\.job_options\), \[(.*?)\]", hcl.text("variables.tf"), re.S)
    assert refused

    assert set(re.findall(r'"(\w+)"', refused[1])) == {
        "input_subscription",
        "input_files",
        "output_path",
        "quarantine_path",
        "streaming_mode",
    }


def test_metadata_and_reference_page_follow_from_the_options() -> None:
    for path, content in template_metadata.generated_files().items():
        assert (ROOT / path).read_text() == content, f"{path}: run `make generate`"


@pytest.mark.parametrize("name", hcl.variables())
def test_the_page_on_the_cloud_explains_every_variable(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{name}`", CLOUD_PAGE, re.M), f"docs/cloud.md has no row for {name}"


def test_topic_and_subscriptions_are_named_as_on_a_laptop() -> None:
    assert hcl.value("main.tf", "topic") == pubsub.LOCAL_TOPIC
    assert 'name                       = "${google_pubsub_topic.events.name}-lake-${each.key}"' in hcl.text(
        "modules/messaging/main.tf"
    )
    assert f"{pubsub.LOCAL_TOPIC}-lake" == pubsub.LOCAL_SUBSCRIPTION


def test_external_tables_are_the_sources_that_dbt_reads() -> None:
    sources = yaml.safe_load((ROOT / "dbt/models/staging/_sources.yml").read_text())["sources"][0]
    schemas = {file.stem for file in (ROOT / "event_contract/schemas/bigquery").glob("*.json")}

    assert {table["name"] for table in sources["tables"]} == schemas
    assert schemas == {*EVENT_TYPES, "quarantine", "manifest"}
    assert "target.schema ~ '_lake'" in sources["schema"]
    assert "lake" in hcl.keys("modules/warehouse/main.tf", "layers")


def test_datasets_are_the_schemas_that_dbt_builds() -> None:
    project = yaml.safe_load((ROOT / "dbt/dbt_project.yml").read_text())
    settings = [*project["models"]["ecommerce"].values(), project["seeds"]["ecommerce"]]
    built = {setting["+schema"] for setting in settings}

    assert set(hcl.keys("modules/warehouse/main.tf", "layers")) == built | {"lake", "reporting"}


def test_the_profile_and_terraform_agree_on_the_dataset() -> None:
    profile = (ROOT / "dbt/profiles.yml").read_text()

    assert f"env_var('BQ_DATASET', '{_default('dataset')}')" in profile


def _default(variable: str) -> str:
    found = re.search(rf'variable "{variable}" \{{.*?default\s+= "([^"]*)"', hcl.text("variables.tf"), re.S)
    assert found
    return found[1]


def test_hive_keys_are_those_of_the_partition_columns() -> None:
    sources = yaml.safe_load((ROOT / "dbt/models/staging/_sources.yml").read_text())["sources"][0]
    types = {"int64": "INTEGER", "string": "STRING"}
    tables = hcl.text("modules/warehouse/tables.tf")
    for table in sources["tables"]:
        schema = json.loads((ROOT / f"event_contract/schemas/bigquery/{table['name']}.json").read_text())
        stored = {field["name"] for field in schema}
        keys = [f"{{{c['name']}:{types[c['data_type']]}}}" for c in table["columns"] if c["name"] not in stored]
        expected = "{year:INTEGER}/{month:INTEGER}/{day:INTEGER}"
        if table["name"] == "quarantine":
            assert "{reason:STRING}/" in tables
            expected = f"{{reason:STRING}}/{expected}"
        assert "/".join(keys) == expected, table["name"]


def test_alerts_and_dashboard_ask_for_counters_that_the_job_counts() -> None:
    assert hcl.value(ALERTS, "read") == counters.MESSAGES_READ
    assert hcl.value(ALERTS, "quarantined") == counters.EVENTS_QUARANTINED
    asked = set(re.findall(r'metric_name=\\"(\w+)\\"', hcl.text("modules/observability/dashboard.tf")))
    assert asked == {counters.BYTES_WRITTEN, counters.OBJECTS_WRITTEN}
    assert all(
        f"{counters.EVENTS_QUARANTINED}{code}".startswith(hcl.value(ALERTS, "quarantined")) for code in ErrorCode
    )


def test_every_alert_has_a_runbook_and_every_reference_of_a_runbook_exists() -> None:
    alerts = set(re.findall(r"^\s+([a-z]+-[a-z]+) = \{$", hcl.text(ALERTS), re.M))
    folder = ROOT / "docs/runbooks"

    assert len(alerts) == 7
    for alert in alerts:
        assert (folder / f"{alert}.md").is_file(), alert
    for name in re.findall(
        r"docs/runbooks/([\w-]+)\.md", "".join(p.read_text() for p in (ROOT / "lake_cli/cloud").glob("*.py"))
    ):
        assert (folder / f"{name}.md").is_file(), name


def test_composer_gets_variables_that_the_dags_know() -> None:
    settings = ROOT / "dags/ecommerce_lake/settings.py"
    if not settings.is_file():
        pytest.skip("dags/ecommerce_lake/settings.py is not there: check out the DAGs")
    assigned = next(
        node.value
        for node in ast.parse(settings.read_text()).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "DEFAULTS"
    )
    assert isinstance(assigned, ast.Dict)
    known = {key.value for key in assigned.keys if isinstance(key, ast.Constant)}

    assert set(hcl.keys("modules/orchestration/main.tf", "airflow_variables")) <= known
    assert 'PREFIX = "ecommerce_"' in settings.read_text()
    assert "AIRFLOW_VAR_ECOMMERCE_" in hcl.text("modules/orchestration/main.tf")


def test_the_alert_watches_the_dag_that_there_is() -> None:
    dags = list((ROOT / "dags").glob("*.py"))
    if not dags:
        pytest.skip("dags/ has no DAG: check out the DAGs")

    assert any(f'"{hcl.value("main.tf", "dag_id")}"' in dag.read_text() for dag in dags)


def test_composer_holds_what_the_tasks_of_the_dags_need_in_the_folder_they_look_in() -> None:
    page = ROOT / "docs/orchestration.md"
    if not page.is_file():
        pytest.skip("docs/orchestration.md is not there: check out the DAGs")
    module = hcl.text("modules/orchestration/main.tf")

    assert f"`{hcl.value('modules/orchestration/main.tf', 'home')}`" in page.read_text()
    assert hcl.value("modules/orchestration/main.tf", "image_version") in page.read_text()
    for folder in ("dbt", "warehouse_runner", "requirements"):
        assert f"gs://BUCKET/data/ecommerce_lake/{folder}" in page.read_text()
        assert f'"data/ecommerce_lake/{folder}/' in module


def test_the_image_has_the_beam_that_is_locked() -> None:
    dockerfile = (ROOT / "flex_template/Dockerfile").read_text()

    assert f"ARG BEAM_VERSION={_pinned('ingestion.txt', 'apache-beam')}\n" in dockerfile


def test_the_program_knows_by_the_image_that_the_launcher_called_it() -> None:
    assert f"ENV {command_line.LAUNCHER}=" in (ROOT / "flex_template/Dockerfile").read_text()


def test_setup_asks_for_what_the_locked_group_asks_for() -> None:
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["ingestion"]
    setup = re.search(r"install_requires=(\[.*\])\)", (ROOT / "setup.py").read_text(), re.S)
    assert setup
    required = ast.literal_eval(setup[1])

    assert {requirement.split("[")[0].split(">")[0].split("=")[0] for requirement in required} == {
        "apache-beam",
        "msgspec",
        "isal",
    }
    assert set(required) <= set(group)


def test_environment_files_set_variables_that_exist() -> None:
    known = set(hcl.variables())
    files = sorted((hcl.TERRAFORM / "environments").glob("*.tfvars"))

    assert [file.stem for file in files] == ["production", "trial"]
    for file in files:
        assert set(re.findall(r"^(\w+)\s*=", file.read_text(), re.M)) <= known, file.name


def test_a_stage_is_configured_by_its_file_alone() -> None:
    """What only one of the ways to apply passes, the next apply by another takes away."""
    read = [hcl.TERRAFORM, *(ROOT / name for name in ("docs", "lake_cli", ".github", "README.md", "delivery"))]
    files = [path for place in read for path in [place, *place.rglob("*")] if path.is_file()]
    environment = {found for path in files for found in re.findall(r"TF_VAR_(\w+)", path.read_text(errors="ignore"))}
    applies = [path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yml"))]
    applies.append((ROOT / "lake_cli/cloud/deploy.py").read_text())

    assert environment == {"project_id"}
    assert {found for text in applies for found in re.findall(r"-var=[\"']?(\w+)", text)} == {"release"}
    for file in sorted((hcl.TERRAFORM / "environments").glob("*.tfvars")):
        given = set(re.findall(r"^(\w+)\s*=", file.read_text(), re.M))
        assert {"stage", "runbook_url", "alert_emails", "report_readers", "budget"} <= given, file.name


def test_every_grant_in_the_code_is_in_the_list_that_reviewers_see() -> None:
    for file in hcl.sources():
        for kind, name in re.findall(r'^resource "(google_\w+_iam_\w+)" "(\w+)"', file.read_text(), re.M):
            if kind == "google_project_iam_custom_role":
                continue
            assert kind.endswith("_iam_member"), f"{file}: {kind} takes rights away from others"
            assert f"in {kind}.{name} :" in (file.parent / "outputs.tf").read_text(), (
                f"{file}: {kind}.{name} is not in iam_grants"
            )


@pytest.mark.parametrize(
    ("file", "kind", "name", "after"),
    [
        (
            "modules/warehouse/tables.tf",
            "google_bigquery_table",
            "external",
            "google_storage_bucket_iam_member.connection",
        ),
        ("identities.tf", "google_kms_crypto_key_iam_member", "agents", "google_project_service_identity.agents"),
        (
            "identities.tf",
            "google_kms_crypto_key_iam_member",
            "agents",
            "data.google_storage_project_service_account.agent",
        ),
        (
            "identities.tf",
            "google_kms_crypto_key_iam_member",
            "agents",
            "data.google_bigquery_default_service_account.agent",
        ),
    ],
)
def test_what_google_refuses_too_early_waits(file: str, kind: str, name: str, after: str) -> None:
    waits = re.search(r"^  depends_on = \[(.*?)\]$", hcl.block(file, kind, name), re.M | re.S)

    assert waits
    assert after in waits[1].replace("\n", "").replace(" ", "").split(",")


def test_bootstrap_reads_and_makes_nothing_before_the_apis_are_on() -> None:
    """Above all Cloud Resource Manager, through which everything after the bootstrap reads the project."""
    waits = hcl.depending_on("bootstrap", "google_project_service.apis")
    apis = re.search(r"^  apis = toset\(\[\n(.*?)^  \]\)", hcl.text("bootstrap/main.tf"), re.M | re.S)
    assert apis

    assert {"cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"} <= set(re.findall(r'"(.+)"', apis[1]))
    early = [name for name, is_late in waits.items() if not is_late and not name.startswith("local.")]
    assert early == ["google_project_service.apis"]


def test_modules_read_alike() -> None:
    for module in sorted((hcl.TERRAFORM / "modules").iterdir()):
        assert {"main.tf", "variables.tf", "outputs.tf"} <= {f.name for f in module.iterdir()} | {"main.tf"}, (
            module.name
        )
        for file in module.glob("*.tf"):
            body = file.read_text()
            assert len(body.splitlines()) <= 250, file
            for kind in ("variable", "output"):
                for name, block in re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', body, re.M | re.S):
                    assert re.search(r'description\s+= ("|<<)', block), f"{file}: {kind} {name} has no description"
