locals {
  # versioned: an object overwritten or deleted by mistake can be brought back for a month. No retention policy anywhere: it would
  # forbid the job to overwrite an object that a retry writes again.
  buckets = {
    lake       = { versioned = true, soft_delete_days = 7 }
    quarantine = { versioned = true, soft_delete_days = 7 }
    templates  = { versioned = true, soft_delete_days = 7 }
    temp       = { versioned = false, soft_delete_days = 0 }
  }

  lifecycle_rules = {
    lake = [
      { action = "SetStorageClass", class = "NEARLINE", age = 90, prefixes = ["event_type="] },
      { action = "SetStorageClass", class = "COLDLINE", age = 400, prefixes = ["event_type="] },
      { action = "Delete", class = null, age = 14, prefixes = ["_candidate/"] },
    ]
    quarantine = [{ action = "Delete", class = null, age = var.quarantine_retention_days, prefixes = null }]
    templates  = []
    # Staged files are read again whenever a worker starts, for as long as the job lives: only the rest expires.
    temp = [{ action = "Delete", class = null, age = 14, prefixes = ["tmp/", "builds/"] }]
  }

  writer_grants = {
    for pair in setproduct(["lake", "quarantine", "temp"], keys(var.writers)) :
    join(" ", pair) => { bucket = pair[0], member = var.writers[pair[1]], role = "roles/storage.objectUser" }
  }
  rewriter_grants = {
    for pair in setproduct(["lake", "quarantine"], keys(var.rewriters)) :
    join(" ", pair) => { bucket = pair[0], member = var.rewriters[pair[1]], role = "roles/storage.objectUser" }
  }
  reader_grants = {
    for pair in setproduct(["lake", "quarantine"], keys(var.readers)) :
    join(" ", pair) => { bucket = pair[0], member = var.readers[pair[1]], role = "roles/storage.objectViewer" }
  }
  builder_grants = {
    for name, member in var.builders :
    "temp ${name}" => { bucket = "temp", member = member, role = "roles/storage.objectViewer" }
  }
}

resource "google_storage_bucket" "buckets" {
  # checkov:skip=CKV_GCP_62:Who reads what is in Cloud Audit Logs, switched on per project where it is wanted; access logs to a bucket cost more and say less.
  # checkov:skip=CKV_GCP_78:Versioned but for temp, which holds nothing that could be missed.
  for_each = local.buckets

  project                     = var.project_id
  name                        = "${var.project_id}-${each.key}"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = each.key == "temp" || !var.protect_data
  labels                      = var.labels

  versioning {
    enabled = each.value.versioned
  }

  soft_delete_policy {
    retention_duration_seconds = each.value.soft_delete_days * 86400
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  dynamic "lifecycle_rule" {
    for_each = each.value.versioned ? [30] : []
    content {
      action {
        type = "Delete"
      }
      condition {
        days_since_noncurrent_time = lifecycle_rule.value
      }
    }
  }

  dynamic "lifecycle_rule" {
    for_each = local.lifecycle_rules[each.key]
    content {
      action {
        type          = lifecycle_rule.value.action
        storage_class = lifecycle_rule.value.class
      }
      condition {
        age            = lifecycle_rule.value.age
        matches_prefix = lifecycle_rule.value.prefixes
      }
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }
}

resource "google_storage_bucket_iam_member" "grants" {
  for_each = merge(local.writer_grants, local.rewriter_grants, local.reader_grants, local.builder_grants)

  bucket = google_storage_bucket.buckets[each.value.bucket].name
  role   = each.value.role
  member = each.value.member
}
