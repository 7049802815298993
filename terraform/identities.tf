# Service accounts and what they may do on the project. What they may do on one resource stands beside that resource, in its module.
# docs/iam.md says why; a test compares it with the plan.
locals {
  accounts = {
    ingestion     = "Workers of the ingestion job"
    orchestration = "Cloud Composer: runs dbt, reads the lake's watermark and the job's state"
    maintenance   = "Compacts the lake and erases persons from it: `lake compact`, `lake erase`"
    producer      = "Publishes the shop's events"
    build         = "Cloud Build: builds and pushes the job's image"
  }

  # From the account's id, not its computed address: so the plan shows it. The reference still orders creation.
  members = {
    for name, account in google_service_account.accounts :
    name => "serviceAccount:${account.account_id}@${var.project_id}.iam.gserviceaccount.com"
  }

  project_grants = merge(
    {
      "ingestion roles/dataflow.worker"       = { member = local.members.ingestion, role = "roles/dataflow.worker" }
      "build roles/logging.logWriter"         = { member = local.members.build, role = "roles/logging.logWriter" }
      "orchestration roles/bigquery.jobUser"  = { member = local.members.orchestration, role = "roles/bigquery.jobUser" }
      "orchestration roles/composer.worker"   = { member = local.members.orchestration, role = "roles/composer.worker" }
      "orchestration roles/dataflow.viewer"   = { member = local.members.orchestration, role = "roles/dataflow.viewer" }
      "orchestration roles/logging.logWriter" = { member = local.members.orchestration, role = "roles/logging.logWriter" }
    },
    { for reader in var.report_readers : "${reader} roles/bigquery.jobUser" => { member = reader, role = "roles/bigquery.jobUser" } },
  )
}

resource "google_service_account" "accounts" {
  for_each = local.accounts

  project      = var.project_id
  account_id   = "lake-${each.key}"
  display_name = each.value

  depends_on = [google_project_service.apis]
}

resource "google_project_iam_member" "grants" {
  for_each = local.project_grants

  project = var.project_id
  member  = each.value.member
  role    = each.value.role
}

data "google_project" "this" {
  count = var.kms_key == null ? 0 : 1

  project_id = var.project_id
}

# With a key of one's own, each service that stores data must be allowed to use it, as an agent that Google makes when a service is
# first used: a grant to one that is not there yet is refused. So each is asked for first; Compute Engine's comes with its API.
resource "google_project_service_identity" "agents" {
  provider = google-beta
  for_each = var.kms_key == null ? toset([]) : toset(concat(["artifactregistry", "dataflow", "pubsub"], var.composer_enabled ? ["composer"] : []))

  project = var.project_id
  service = "${each.key}.googleapis.com"

  depends_on = [google_project_service.apis]
}

# These two services make their agent when they are asked for its address.
data "google_storage_project_service_account" "agent" {
  count = var.kms_key == null ? 0 : 1

  project    = var.project_id
  depends_on = [google_project_service.apis]
}

data "google_bigquery_default_service_account" "agent" {
  count = var.kms_key == null ? 0 : 1

  project    = var.project_id
  depends_on = [google_project_service.apis]
}

locals {
  kms_agents = var.kms_key == null ? {} : {
    for name, domain in merge(
      {
        artifactregistry = "gcp-sa-artifactregistry"
        bigquery         = "bigquery-encryption"
        compute          = "compute-system"
        dataflow         = "dataflow-service-producer-prod"
        pubsub           = "gcp-sa-pubsub"
        storage          = "gs-project-accounts"
      },
      var.composer_enabled ? { composer = "cloudcomposer-accounts" } : {},
    ) :
    name => (
      name == "bigquery"
      ? "serviceAccount:bq-${data.google_project.this[0].number}@${domain}.iam.gserviceaccount.com"
      : "serviceAccount:service-${data.google_project.this[0].number}@${domain}.iam.gserviceaccount.com"
    )
  }
}

resource "google_kms_crypto_key_iam_member" "agents" {
  for_each = local.kms_agents

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value

  depends_on = [
    google_project_service.apis,
    google_project_service_identity.agents,
    data.google_storage_project_service_account.agent,
    data.google_bigquery_default_service_account.agent,
  ]
}
