# What must exist before the platform can be applied: its state, and the identities that apply it. Applied once, by a person who
# owns the project; everything after can be done by the delivery account, which can grant nothing but the roles listed here.
locals {
  apis = toset([
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
  ])
  github = var.github_repository != null
}

resource "google_project_service" "apis" {
  for_each = local.apis

  project            = var.project_id
  service            = each.key
  disable_on_destroy = false
}

resource "google_storage_bucket" "state" {
  # checkov:skip=CKV_GCP_62:Reads of the state are in Cloud Audit Logs where they are switched on; an access log bucket would need one of its own.
  project                     = var.project_id
  name                        = "${var.project_id}-terraform"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 50
    }
  }

  depends_on = [google_project_service.apis]
}
