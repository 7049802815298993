locals {
  schemas     = { for file in fileset(var.schemas_path, "*.json") : trimsuffix(file, ".json") => file("${var.schemas_path}/${file}") }
  event_types = setsubtract(keys(local.schemas), ["quarantine", "manifest"])
  date_keys   = "{year:INTEGER}/{month:INTEGER}/{day:INTEGER}"
  gzip        = var.compression == "gzip"
  empty_day   = "year=1970/month=01/day=01"

  # Where each table's files are, how their folders are keyed, and the folder of the file without a line (below).
  sources = merge(
    {
      for type in local.event_types : type => {
        bucket = var.lake, folder = "event_type=${type}", keys = local.date_keys, gzip = local.gzip
        empty  = "event_type=${type}/${local.empty_day}"
      }
    },
    {
      quarantine = {
        bucket = var.quarantine, folder = "failed", keys = "{reason:STRING}/${local.date_keys}", gzip = local.gzip
        empty  = "failed/reason=none/${local.empty_day}"
      }
      manifest = {
        bucket = var.lake, folder = "_control/manifest", keys = local.date_keys, gzip = false
        empty  = "_control/manifest/${local.empty_day}"
      }
    },
  )
}

# BigQuery refuses to query, or even to make, a partitioned external table without any file. So each has one of no lines.
resource "google_storage_bucket_object" "empty" {
  for_each = local.sources

  bucket       = each.value.bucket
  name         = "${each.value.empty}/empty.ndjson${each.value.gzip ? ".gz" : ""}"
  source       = "${path.module}/empty.ndjson${each.value.gzip ? ".gz" : ""}"
  content_type = "application/octet-stream"
}

resource "google_bigquery_connection" "lake" {
  count = var.biglake_enabled ? 1 : 0

  project       = var.project_id
  location      = var.location
  connection_id = "${var.dataset}-lake"
  description   = "Reads the lake's buckets for the external tables."
  kms_key_name  = var.kms_key

  cloud_resource {}
}

# The connection reads the buckets, so that readers of tables need not.
resource "google_storage_bucket_iam_member" "connection" {
  for_each = var.biglake_enabled ? { lake = var.lake, quarantine = var.quarantine } : {}

  bucket = each.value
  role   = "roles/storage.objectViewer"
  member = "serviceAccount:${google_bigquery_connection.lake[0].cloud_resource[0].service_account_id}"
}

resource "google_bigquery_table" "external" {
  # checkov:skip=CKV_GCP_80:External tables hold no data; with a key of one's own (kms_key) the buckets are encrypted with it.
  # checkov:skip=CKV_GCP_121:Deleting an external table deletes no data.
  for_each = local.sources

  project             = var.project_id
  dataset_id          = google_bigquery_dataset.layers["lake"].dataset_id
  table_id            = each.key
  deletion_protection = false
  labels              = var.labels
  # With a connection the provider wants the schema here, without one below.
  schema        = var.biglake_enabled ? local.schemas[each.key] : null
  max_staleness = var.biglake_enabled ? "0-0 0 0:30:0" : null

  external_data_configuration {
    autodetect            = false
    source_format         = "NEWLINE_DELIMITED_JSON"
    compression           = each.value.gzip ? "GZIP" : "NONE"
    source_uris           = ["gs://${each.value.bucket}/${each.value.folder}/*"]
    schema                = var.biglake_enabled ? null : local.schemas[each.key]
    connection_id         = var.biglake_enabled ? google_bigquery_connection.lake[0].name : null
    metadata_cache_mode   = var.biglake_enabled ? var.biglake_refresh : null
    ignore_unknown_values = true # producers may add fields before we know them
    max_bad_records       = 1000 # a damaged line is skipped, and missed by the audit against the manifest

    hive_partitioning_options {
      mode                     = "CUSTOM"
      source_uri_prefix        = "gs://${each.value.bucket}/${each.value.folder}/${each.value.keys}"
      require_partition_filter = true
    }
  }

  # BigQuery looks at the files when it makes a table: they must be there, and the connection must be allowed to read them.
  depends_on = [google_storage_bucket_object.empty, google_storage_bucket_iam_member.connection]
}

# Refreshing the metadata cache reads through the connection.
resource "google_bigquery_connection_iam_member" "builders" {
  for_each = var.biglake_enabled ? var.builders : {}

  project       = var.project_id
  location      = var.location
  connection_id = google_bigquery_connection.lake[0].connection_id
  role          = "roles/bigquery.connectionUser"
  member        = each.value
}
