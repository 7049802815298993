locals {
  # The lake's is made here and filled by the ingestion; the others by dbt (dbt/dbt_project.yml names them).
  layers = {
    lake            = "External tables over the lake's files, one per event type, with quarantine and manifest"
    seeds           = "Small tables kept with the code"
    staging         = "Views: the lake's events, typed and deduplicated"
    intermediate    = "What several marts need"
    marts           = "Facts and dimensions"
    reporting_audit = "Reports as built, until their tests have passed"
    reporting       = "Published reports: the only dataset for readers"
  }
  built_layers = setsubtract(keys(local.layers), ["lake"])

  builder_grants = merge(
    {
      for name, member in var.builders : "lake ${name}" => {
        layer = "lake", member = member
        # Refreshing a table's metadata cache counts as changing the table.
        role = var.biglake_enabled ? "roles/bigquery.dataEditor" : "roles/bigquery.dataViewer"
      }
    },
    {
      for pair in setproduct(local.built_layers, keys(var.builders)) :
      join(" ", pair) => { layer = pair[0], member = var.builders[pair[1]], role = "roles/bigquery.dataEditor" }
    },
  )
  reader_grants = {
    for reader in var.report_readers : "reporting ${reader}" => { layer = "reporting", member = reader, role = "roles/bigquery.dataViewer" }
  }
}

resource "google_bigquery_dataset" "layers" {
  # checkov:skip=CKV_GCP_81:A key of one's own is an option (kms_key); Google's encryption is the default.
  for_each = local.layers

  project                    = var.project_id
  dataset_id                 = "${var.dataset}_${each.key}"
  description                = each.value
  location                   = var.location
  delete_contents_on_destroy = !var.protect_data
  labels                     = var.labels

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }
}

resource "google_bigquery_dataset_iam_member" "grants" {
  for_each = merge(local.builder_grants, local.reader_grants)

  project    = var.project_id
  dataset_id = google_bigquery_dataset.layers[each.value.layer].dataset_id
  role       = each.value.role
  member     = each.value.member
}
