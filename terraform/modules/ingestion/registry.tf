resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84:A key of one's own is an option (kms_key); Google's encryption is the default.
  project       = var.project_id
  location      = var.region
  repository_id = "lake"
  description   = "Images of the ingestion job."
  format        = "DOCKER"
  kms_key_name  = var.kms_key
  labels        = var.labels

  # Kept whatever their age: what runs, and the last ten to go back to.
  cleanup_policies {
    id     = "keep-live"
    action = "KEEP"
    condition {
      tag_state    = "TAGGED"
      tag_prefixes = ["live"]
    }
  }
  cleanup_policies {
    id     = "keep-ten"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      tag_state  = "ANY"
      older_than = "2592000s"
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "grants" {
  for_each = merge(
    { for name, member in var.readers : "read ${name}" => { member = member, role = "roles/artifactregistry.reader" } },
    { for name, member in var.builders : "write ${name}" => { member = member, role = "roles/artifactregistry.writer" } },
  )

  project    = var.project_id
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.repository_id
  role       = each.value.role
  member     = each.value.member
}
