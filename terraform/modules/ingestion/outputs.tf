output "image" {
  description = "The job's image, without tag or digest."
  value       = local.image
}

output "window_seconds" {
  description = "Length of the job's publish-time windows: as given in job_options, else the template's default."
  value = tonumber(lookup(var.job_options, "window_seconds", one([
    for parameter in jsondecode(file(var.metadata_path)).parameters : parameter.defaultValue if parameter.name == "window_seconds"
  ])))
}

output "jobs" {
  description = "Running jobs by colour: name, id, template."
  value = {
    for colour, job in google_dataflow_flex_template_job.job :
    colour => { name = job.name, id = job.job_id, template = job.container_spec_gcs_path }
  }
}

output "iam_grants" {
  description = "Grants on the registry, as 'member | role | resource'."
  value       = [for grant in google_artifact_registry_repository_iam_member.grants : "${grant.member} | ${grant.role} | repository ${grant.repository}"]
}

output "all_jobs" {
  description = "All jobs with their settings, for tests."
  value       = google_dataflow_flex_template_job.job
}

output "templates" {
  description = "All template specifications, for tests."
  value       = google_storage_bucket_object.template
  sensitive   = true
}
