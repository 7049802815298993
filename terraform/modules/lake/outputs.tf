output "lake" {
  description = "Name of the lake's bucket; ready to be written."
  value       = google_storage_bucket.buckets["lake"].name
  depends_on  = [google_storage_bucket_iam_member.grants]
}

output "quarantine" {
  description = "Name of the quarantine's bucket; ready to be written."
  value       = google_storage_bucket.buckets["quarantine"].name
  depends_on  = [google_storage_bucket_iam_member.grants]
}

output "temp" {
  description = "Name of the bucket of temporary and staged files; ready to be written."
  value       = google_storage_bucket.buckets["temp"].name
  depends_on  = [google_storage_bucket_iam_member.grants]
}

output "templates" {
  description = "Name of the bucket of template specifications."
  value       = google_storage_bucket.buckets["templates"].name
}

output "iam_grants" {
  description = "Grants on the buckets, as 'member | role | resource'."
  value       = [for grant in google_storage_bucket_iam_member.grants : "${grant.member} | ${grant.role} | bucket ${grant.bucket}"]
}

output "buckets" {
  description = "All buckets, for tests."
  value       = google_storage_bucket.buckets
}
