# Everything that this stage is configured with, but the project: export TF_VAR_project_id=…
# Terminal and workflows read this file and nothing else: an apply from either makes the same. Edit, commit, deploy.
stage            = "production"
dataflow_enabled = true
composer_enabled = true
job              = { machine_type = "n1-standard-2", num_workers = 1, max_workers = 5 }
runbook_url      = "https://github.com/OWNER/REPOSITORY/blob/main/docs/runbooks"
ingestion = {
  blue  = { state = "running" }
  green = { state = "standby" }
}

# Who is told, who may read, and from which amount on: addresses of groups rather than of persons.
alert_emails   = []   # ["oncall@example.com"]
report_readers = []   # ["group:analysts@example.com"]
budget         = null # { billing_account = "012345-6789AB-CDEF01", monthly_amount = 500 }
