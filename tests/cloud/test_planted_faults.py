"""Each rule on the Terraform code turns red on the fault that it is there to find, planted into a copy."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cloud import hcl, planting, test_pages, test_ties
from tests.cloud.stand_ins import ROOT

_AGENTS_WAIT = ("identities.tf", "google_kms_crypto_key_iam_member", "agents")
_TABLES_WAIT = ("modules/warehouse/tables.tf", "google_bigquery_table", "external")


class Fault(NamedTuple):
    """A change of one file below terraform/, and the rule in Python that must refuse it."""

    name: str
    rule: Callable[..., None]
    file: str
    old: str
    new: str
    given: tuple[str, ...] = ()
    """Arguments of the rule."""


FAULTS = [
    # What Google refuses too early waits.
    Fault(
        "a grant on the key does not wait for the agents that are asked for",
        test_ties.test_what_google_refuses_too_early_waits,
        "identities.tf",
        "    google_project_service_identity.agents,\n",
        "",
        (*_AGENTS_WAIT, "google_project_service_identity.agents"),
    ),
    Fault(
        "a grant on the key does not wait for Cloud Storage's agent",
        test_ties.test_what_google_refuses_too_early_waits,
        "identities.tf",
        "    data.google_storage_project_service_account.agent,\n",
        "",
        (*_AGENTS_WAIT, "data.google_storage_project_service_account.agent"),
    ),
    Fault(
        "a grant on the key does not wait for BigQuery's agent",
        test_ties.test_what_google_refuses_too_early_waits,
        "identities.tf",
        "    data.google_bigquery_default_service_account.agent,\n",
        "",
        (*_AGENTS_WAIT, "data.google_bigquery_default_service_account.agent"),
    ),
    Fault(
        "tables do not wait for the connection's grant",
        test_ties.test_what_google_refuses_too_early_waits,
        "modules/warehouse/tables.tf",
        "empty, google_storage_bucket_iam_member.connection]",
        "empty]",
        (*_TABLES_WAIT, "google_storage_bucket_iam_member.connection"),
    ),
    Fault(
        "the bootstrap leaves Cloud Resource Manager off",
        test_ties.test_bootstrap_reads_and_makes_nothing_before_the_apis_are_on,
        "bootstrap/main.tf",
        '    "cloudresourcemanager.googleapis.com",\n',
        "",
    ),
    Fault(
        "the bootstrap makes its bucket before the APIs are on",
        test_ties.test_bootstrap_reads_and_makes_nothing_before_the_apis_are_on,
        "bootstrap/main.tf",
        "\n  depends_on = [google_project_service.apis]\n}",
        "}",
    ),
    Fault(
        "the bootstrap reads the project before the APIs are on",
        test_ties.test_bootstrap_reads_and_makes_nothing_before_the_apis_are_on,
        "bootstrap/main.tf",
        'resource "google_project_service" "apis" {',
        'data "google_project" "this" {\n  project_id = var.project_id\n}\n\nresource "google_project_service" "apis" {',
    ),
    # What one file says and another must say, too.
    Fault(
        "the job is given a parameter that its template does not have",
        test_ties.test_terraform_gives_the_job_only_parameters_that_the_template_has,
        "modules/ingestion/main.tf",
        "    quarantine_path    = local",
        "    quarantined_path   = local",
    ),
    Fault(
        "job_options may name an address",
        test_ties.test_job_options_cannot_name_what_terraform_sets,
        "variables.tf",
        '"input_files", ',
        "",
    ),
    Fault(
        "a variable is on no page",
        test_ties.test_the_page_on_the_cloud_explains_every_variable,
        "variables.tf",
        'variable "stage" {',
        'variable "phase" {',
        ("phase",),
    ),
    Fault(
        "the topic has another name than on a laptop",
        test_ties.test_topic_and_subscriptions_are_named_as_on_a_laptop,
        "main.tf",
        '"shop-events"',
        '"events"',
    ),
    Fault(
        "the dataset of the lake is not made",
        test_ties.test_external_tables_are_the_sources_that_dbt_reads,
        "modules/warehouse/main.tf",
        "    lake            = ",
        "    raw             = ",
    ),
    Fault(
        "a dataset that dbt builds is not made",
        test_ties.test_datasets_are_the_schemas_that_dbt_builds,
        "modules/warehouse/main.tf",
        "    marts           = ",
        "    mart            = ",
    ),
    Fault(
        "dbt's datasets have another prefix",
        test_ties.test_the_profile_and_terraform_agree_on_the_dataset,
        "variables.tf",
        '"analytics"',
        '"warehouse"',
    ),
    Fault(
        "the quarantine's folders have no reason",
        test_ties.test_hive_keys_are_those_of_the_partition_columns,
        "modules/warehouse/tables.tf",
        "{reason:STRING}/",
        "",
    ),
    Fault(
        "an alert asks for a counter that nobody counts",
        test_ties.test_alerts_and_dashboard_ask_for_counters_that_the_job_counts,
        "modules/observability/alerts.tf",
        '"messages_read"',
        '"messages"',
    ),
    Fault(
        "a chart asks for a counter that nobody counts",
        test_ties.test_alerts_and_dashboard_ask_for_counters_that_the_job_counts,
        "modules/observability/dashboard.tf",
        '\\"objects_written\\"',
        '\\"files_written\\"',
    ),
    Fault(
        "an alert has no runbook",
        test_ties.test_every_alert_has_a_runbook_and_every_reference_of_a_runbook_exists,
        "modules/observability/alerts.tf",
        "      job-failed = {",
        "      job-lost = {",
    ),
    Fault(
        "Composer gets a variable that no DAG knows",
        test_ties.test_composer_gets_variables_that_the_dags_know,
        "modules/orchestration/main.tf",
        "    dataflow_job   =",
        "    dataflow_name  =",
    ),
    Fault(
        "the alert watches a DAG that is not there",
        test_ties.test_the_alert_watches_the_dag_that_there_is,
        "main.tf",
        '"ecommerce_analytics_pipeline"',
        '"ecommerce_pipeline"',
    ),
    Fault(
        "the code of tasks lies where no task looks",
        test_ties.test_composer_holds_what_the_tasks_of_the_dags_need_in_the_folder_they_look_in,
        "modules/orchestration/main.tf",
        '"data/ecommerce_lake/warehouse_runner/',
        '"data/warehouse_runner/',
    ),
    Fault(
        "a stage's file sets what is no variable",
        test_ties.test_environment_files_set_variables_that_exist,
        "environments/trial.tfvars",
        "protect_data ",
        "protected ",
    ),
    Fault(
        "who reads the reports is not said by the stage's file",
        test_ties.test_a_stage_is_configured_by_its_file_alone,
        "environments/production.tfvars",
        "report_readers = ",
        "# report_readers = ",
    ),
    Fault(
        "a stage is configured by the environment",
        test_ties.test_a_stage_is_configured_by_its_file_alone,
        "environments/production.tfvars",
        "export TF_VAR_project_id=",
        "export TF_VAR_budget=… TF_VAR_project_id=",
    ),
    Fault(
        "a grant takes rights away from others",
        test_ties.test_every_grant_in_the_code_is_in_the_list_that_reviewers_see,
        "identities.tf",
        'resource "google_project_iam_member" "grants"',
        'resource "google_project_iam_binding" "grants"',
    ),
    Fault(
        "reviewers do not see a grant",
        test_ties.test_every_grant_in_the_code_is_in_the_list_that_reviewers_see,
        "outputs.tf",
        "in google_kms_crypto_key_iam_member.agents :",
        "in {} :",
    ),
    Fault(
        "a module's variable has no description",
        test_ties.test_modules_read_alike,
        "modules/network/variables.tf",
        '  description = "Region of the subnetwork."\n',
        "",
    ),
]


def _plant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, old: str, new: str) -> None:
    terraform = planting.copy(tmp_path)
    planting.replace(terraform, file, old, new)
    monkeypatch.setattr(hcl, "TERRAFORM", terraform)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_rule_refuses_what_it_is_there_to_refuse(
    fault: Fault, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _plant(monkeypatch, tmp_path, fault.file, fault.old, fault.new)

    with pytest.raises(AssertionError):
        fault.rule(*fault.given)


def test_no_rule_on_the_terraform_code_is_without_a_fault() -> None:
    rules = {name: rule for name, rule in vars(test_ties).items() if name.startswith("test_")}
    planted = {fault.rule.__name__ for fault in FAULTS}

    assert {name for name, rule in rules.items() if re.search(r"hcl\.|_default\(", inspect.getsource(rule))} == planted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gcloud services enable cloudresourcemanager.googleapis.com ", "gcloud services enable "),
        ("gcloud services enable", "terraform -chdir=terraform/bootstrap init\ngcloud services enable"),
    ],
    ids=["Cloud Resource Manager is left off", "Terraform runs before it is on"],
)
def test_the_page_s_rule_refuses_a_first_step_that_cannot_work(
    old: str, new: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert test_pages.CLOUD_PAGE.count(old) == 1
    monkeypatch.setattr(test_pages, "CLOUD_PAGE", test_pages.CLOUD_PAGE.replace(old, new))

    with pytest.raises((AssertionError, ValueError)):
        test_pages.test_what_terraform_cannot_switch_on_itself_is_switched_on_before_it_runs()


_VALIDATION = re.compile(r"^  validation \{\n.*?^  \}\n", re.M | re.S)


def _write_without_each_validation(to: Path) -> dict[str, dict[str, str]]:
    """Modules of nothing but variables, one for each validation that it lacks, and tests of each.

    Returns:
        by module, the runs that expect a failure of that validation's variable, by name; with their file below tests/.
    """
    variables, found = hcl.text("variables.tf"), planting.runs("validations")
    head = re.sub(r"^mock_provider .*\n", "", found.pop(""), flags=re.M)
    modules = {"whole": (variables, list(found))}
    for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', variables, re.M | re.S):
        looking = [run for run, block in found.items() if f"[var.{name}]" in block]
        for number, validation in enumerate(_VALIDATION.findall(body), 1):
            modules[f"{name}_without_{number}"] = (variables.replace(validation, ""), looking)
    for module, (content, looking) in modules.items():
        (to / module).mkdir()
        (to / module / "variables.tf").write_text(content)
        for run in looking:  # a file each: after the first that fails, Terraform skips a file's others
            block = found[run].replace("{\n", f'{{\n  module {{\n    source = "./{module}"\n  }}\n', 1)
            (to / f"tests/{module}.{run}.tftest.hcl").write_text(head + block)
    return {
        module: {run: f"tests/{module}.{run}.tftest.hcl" for run in looking} for module, (_, looking) in modules.items()
    }


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform: install it")
def test_a_validation_that_is_gone_is_missed_by_a_run(tmp_path: Path) -> None:
    """Variables need no provider, and one `terraform test` is enough for all modules."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "main.tf").write_text("# Terraform takes a folder without a file for empty, and installs nothing.\n")
    modules = _write_without_each_validation(tmp_path)
    whole = modules.pop("whole")
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    shown = ""
    for arguments in (["init", "-backend=false", "-input=false"], ["test"]):
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
        shown = done.stdout + done.stderr
    passed = dict(re.findall(r"^(tests/\S+)\.\.\. (pass|fail)$", shown, re.M))
    red = {module: {run for run, file in runs.items() if passed[file] == "fail"} for module, runs in modules.items()}

    assert {passed[file] for file in whole.values()} == {"pass"}, shown
    assert [module for module, runs in red.items() if not runs] == []
    assert len(red) == len(_VALIDATION.findall(hcl.text("variables.tf")))
    # One key cannot serve a multi-region and regional services, nor lie in another location than they.
    assert red["kms_key_without_2"] == {"refuses_a_kms_key_of_another_location_than_the_region"}
    assert red["kms_key_without_3"] == {"refuses_one_kms_key_for_a_multi_region_and_regional_services"}


class Broken(NamedTuple):
    """A change of one file below terraform/, and what a run of `terraform test` must say of it."""

    tests: str
    run: str
    says: str
    file: str
    old: str
    new: str


BROKEN = [
    Broken(
        "storage",
        "a_key_of_ones_own_reaches_everything",
        "A service agent must be made before it is granted the key.",
        "identities.tf",
        '["artifactregistry", "dataflow", "pubsub"]',
        '["artifactregistry", "dataflow"]',
    ),
    Broken(
        "storage",
        "a_key_of_ones_own_reaches_everything",
        "Without Composer its API is off and its agent does not exist: a grant to it is refused.",
        "identities.tf",
        "var.composer_enabled ? { composer =",
        "true ? { composer =",
    ),
    Broken(
        "storage",
        "a_key_of_ones_own_reaches_composer_where_it_is_on",
        "Composer's agent is made, then granted the key.",
        "identities.tf",
        'var.composer_enabled ? ["composer"]',
        'false ? ["composer"]',
    ),
    Broken(
        "switches",
        "dataflow_on",
        "A query on a metric that has no point yet is refused without disable_metric_validation.",
        "modules/observability/alerts.tf",
        "disable_metric_validation = true",
        "disable_metric_validation = false",
    ),
    Broken(
        "switches",
        "dataflow_on",
        "A threshold on a metric of logs that was made minutes before is refused: ask by a query.",
        "modules/observability/alerts.tf",
        "dataflow.googleapis.com/job/is_failed",
        "logging.googleapis.com/user/lake-ingestion-errors",
    ),
]
TFCHECK = next(
    (found for above in ROOT.parents if (found := above / "shared/tfcheck/tfcheck").is_file()),
    None,
)


@pytest.mark.slow
@pytest.mark.proof
@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform: install it")
@pytest.mark.skipif(TFCHECK is None, reason="no tfcheck beside this folder, and the providers cannot be had here")
def test_a_run_of_terraform_s_tests_refuses_what_it_is_there_to_refuse(tmp_path: Path) -> None:
    """All faults in one copy, and in one run of the tests: each is told by its own message."""
    terraform = planting.copy_with_what_it_names(tmp_path)
    for fault in BROKEN:
        planting.replace(terraform, fault.file, fault.old, fault.new)
    shutil.rmtree(terraform / "bootstrap")
    shutil.rmtree(terraform / "tests")
    (terraform / "tests").mkdir()
    for fault in BROKEN:  # a file each: after the first run that fails, Terraform skips a file's others
        blocks = planting.runs(fault.tests)
        (terraform / f"tests/{fault.run}.tftest.hcl").write_text(blocks[""] + blocks[fault.run])

    done = subprocess.run([str(TFCHECK), str(terraform)], check=False, capture_output=True, text=True)
    told = " ".join(done.stdout.replace("│", " ").split())

    assert "PASS validate" in told, done.stdout
    for fault in BROKEN:
        assert f'run "{fault.run}"... fail' in told, done.stdout
        assert fault.says in told, f"{fault.run} does not say: {fault.says}\n{done.stdout}"
        assert fault.says in hcl.text(f"tests/{fault.tests}.tftest.hcl")
