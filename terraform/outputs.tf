output "stage" {
  description = "Name of the stage."
  value       = var.stage
}

output "project_id" {
  description = "The project, as commands of this stage need it."
  value       = var.project_id
}

output "region" {
  description = "Region of jobs, registry and Composer."
  value       = var.region
}

output "location" {
  description = "Location of buckets and datasets: dbt's BQ_LOCATION."
  value       = local.location
}

output "topic" {
  description = "Topic that the shop publishes to, as projects/P/topics/T."
  value       = module.messaging.topic
}

output "subscriptions" {
  description = "The ingestion's subscriptions by colour, as projects/P/subscriptions/S."
  value       = module.messaging.subscriptions
}

output "lake" {
  description = "Address of the lake: dbt's and the DAG's LAKE_PATH."
  value       = "gs://${module.lake.lake}"
}

output "quarantine" {
  description = "Address of the quarantine: QUARANTINE_PATH."
  value       = "gs://${module.lake.quarantine}"
}

output "temp" {
  description = "Bucket of what may be lost: build sources, Dataflow's temporary and staged files."
  value       = module.lake.temp
}

output "image" {
  description = "The job's image, without tag or digest."
  value       = module.ingestion.image
}

output "build_service_account" {
  description = "Full name of the account that Cloud Build uses."
  value       = google_service_account.accounts["build"].name
}

output "window_seconds" {
  description = "Length of the job's publish-time windows: the lake's watermark moves by as much."
  value       = module.ingestion.window_seconds
}

output "jobs" {
  description = "Running ingestion jobs by colour: name, id and the template they came from."
  value       = module.ingestion.jobs
}

output "dataset" {
  description = "Prefix of the datasets: dbt's BQ_DATASET."
  value       = var.dataset
}

output "reporting_dataset" {
  description = "Dataset of the published reports: what Looker Studio reads."
  value       = module.warehouse.reporting_dataset
}

output "composer" {
  description = "Airflow's address and the bucket folder of its DAGs; null where Composer is off."
  value       = var.composer_enabled ? module.orchestration[0].environment : null
}

output "dashboard" {
  description = "Address of the platform's dashboard."
  value       = module.observability.dashboard
}

output "iam_grants" {
  description = "Every grant that this configuration makes, as 'member | role | resource': docs/iam.md explains each."
  value = sort(concat(
    [for grant in google_project_iam_member.grants : "${grant.member} | ${grant.role} | project ${grant.project}"],
    [for grant in google_kms_crypto_key_iam_member.agents : "${grant.member} | ${grant.role} | key ${grant.crypto_key_id}"],
    module.messaging.iam_grants,
    module.lake.iam_grants,
    module.warehouse.iam_grants,
    module.ingestion.iam_grants,
  ))
}
