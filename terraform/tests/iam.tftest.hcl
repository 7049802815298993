# Who may do what: exactly the reviewed table, nothing public, no basic roles.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_resource "google_bigquery_connection" {
    defaults = { cloud_resource = { service_account_id = "biglake-connection" } }
  }
  mock_resource "google_composer_environment" {
    defaults = { config = { dag_gcs_prefix = "gs://composer-bucket/dags", airflow_uri = "https://airflow" } }
  }
  mock_data "google_artifact_registry_docker_image" {
    defaults = { self_link = "europe-west1-docker.pkg.dev/shop-lake-test/lake/lake-ingestion@sha256:0000" }
  }
}
mock_provider "google-beta" {}

variables {
  project_id       = "shop-lake-test"
  stage            = "test"
  runbook_url      = "https://example.com/runbooks"
  dataflow_enabled = true
  composer_enabled = true
  biglake_enabled  = true
  report_readers   = ["group:analysts@example.com"]
  kms_key          = "projects/keys/locations/europe-west1/keyRings/lake/cryptoKeys/data"
}

run "everything_on" {}

run "grants_are_the_reviewed_table" {
  module {
    source = "./tests/iam_table"
  }
  variables {
    grants  = run.everything_on.iam_grants
    section = "The platform"
  }
  assert {
    condition     = length(output.undocumented) == 0
    error_message = "Granted, but not in docs/iam.md: ${join("; ", output.undocumented)}"
  }
  assert {
    condition     = length(output.not_planned) == 0
    error_message = "In docs/iam.md, but not granted: ${join("; ", output.not_planned)}"
  }
  assert {
    condition     = output.unreadable == 0
    error_message = "docs/iam.md has rows without account, role, resource or a reason."
  }
}

run "no_grant_is_broad_or_public" {
  assert {
    condition = alltrue([
      for grant in output.iam_grants :
      !can(regex("allUsers|allAuthenticatedUsers|roles/(owner|editor|viewer)|[aA]dmin", grant))
    ])
    error_message = "A grant is public, or of a basic or admin role."
  }
}

run "the_ingestion_reads_no_dataset_and_the_orchestration_writes_no_lake" {
  assert {
    condition     = alltrue([for grant in output.iam_grants : !can(regex("lake-ingestion@.*(bigquery|dataset)", grant))])
    error_message = "The ingestion's workers need nothing of BigQuery."
  }
  assert {
    condition     = alltrue([for grant in output.iam_grants : !can(regex("lake-orchestration@.*storage\\.object(User|Creator|Admin)", grant))])
    error_message = "The orchestration must not be able to change the lake."
  }
  assert {
    condition = [for grant in output.iam_grants : grant if can(regex("^group:analysts", grant))] == [
      "group:analysts@example.com | roles/bigquery.dataViewer | dataset analytics_reporting",
      "group:analysts@example.com | roles/bigquery.jobUser | project shop-lake-test",
    ]
    error_message = "Readers of reports must see the published reports and nothing else."
  }
}
