# Only what is switched on: an API that is off is one less way in.
locals {
  apis = toset(concat(
    [
      "artifactregistry.googleapis.com",
      "bigquery.googleapis.com",
      "bigqueryconnection.googleapis.com",
      "billingbudgets.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudresourcemanager.googleapis.com",
      "compute.googleapis.com",
      "containerscanning.googleapis.com",
      "dataflow.googleapis.com",
      "iam.googleapis.com",
      "logging.googleapis.com",
      "monitoring.googleapis.com",
      "pubsub.googleapis.com",
      "storage.googleapis.com",
    ],
    var.composer_enabled ? ["composer.googleapis.com"] : [],
    var.kms_key != null ? ["cloudkms.googleapis.com"] : [],
  ))
}

resource "google_project_service" "apis" {
  for_each = local.apis

  project = var.project_id
  service = each.key
  # Other things in the project may use an API by the time this is destroyed.
  disable_on_destroy = false
}
