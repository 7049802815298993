# The project comes from the environment: export TF_VAR_project_id=…
# So does what is nobody's business: TF_VAR_alert_emails, TF_VAR_report_readers, TF_VAR_budget.
stage            = "production"
dataflow_enabled = true
composer_enabled = true
job              = { machine_type = "n1-standard-2", num_workers = 1, max_workers = 5 }
runbook_url      = "https://github.com/OWNER/REPOSITORY/blob/main/docs/runbooks"
ingestion = {
  blue  = { state = "running" }
  green = { state = "standby" }
}
