output "lake_dataset" {
  description = "Dataset of the external tables."
  value       = google_bigquery_dataset.layers["lake"].dataset_id
}

output "reporting_dataset" {
  description = "Dataset of the published reports."
  value       = google_bigquery_dataset.layers["reporting"].dataset_id
}

output "iam_grants" {
  description = "Grants on the datasets, and the connection's on the buckets, as 'member | role | resource'."
  value = concat(
    [for grant in google_bigquery_dataset_iam_member.grants : "${grant.member} | ${grant.role} | dataset ${grant.dataset_id}"],
    [for grant in google_storage_bucket_iam_member.connection : "${grant.member} | ${grant.role} | bucket ${grant.bucket}"],
    [for grant in google_bigquery_connection_iam_member.builders : "${grant.member} | ${grant.role} | connection ${grant.connection_id}"],
  )
}

output "table_names" {
  description = "External tables, as project.dataset.table."
  value       = sort([for table in google_bigquery_table.external : "${table.project}.${table.dataset_id}.${table.table_id}"])
}

output "tables" {
  description = "All external tables, for tests."
  value       = google_bigquery_table.external
}

output "empty_files" {
  description = "Names of the files without a line, by table."
  value       = { for table, object in google_storage_bucket_object.empty : table => object.name }
}
