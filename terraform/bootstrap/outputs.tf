output "state_bucket" {
  description = "Bucket for the platform's state: terraform init -backend-config=bucket=…"
  value       = google_storage_bucket.state.name
}

output "workload_identity_provider" {
  description = "For the repository variable GCP_WORKLOAD_IDENTITY_PROVIDER; null without GitHub."
  value       = local.github ? google_iam_workload_identity_pool_provider.github[0].name : null
}

output "iam_grants" {
  description = "Every grant that this configuration makes, as 'member | role | resource': docs/iam.md explains each."
  value = sort(concat(
    [for grant in google_project_iam_member.grants : "${grant.member} | ${grant.role} | project ${grant.project}"],
    [for grant in google_project_iam_member.grant_listed_roles : "${grant.member} | ${grant.role} | project ${grant.project}"],
    [for grant in google_project_iam_member.read_own_objects : "${grant.member} | ${grant.role} | project ${grant.project}"],
    [for grant in google_storage_bucket_iam_member.state : "${grant.member} | ${grant.role} | bucket ${grant.bucket}"],
    [for name, grant in google_service_account_iam_member.github : "${grant.member} | ${grant.role} | account lake-${name}"],
  ))
}
