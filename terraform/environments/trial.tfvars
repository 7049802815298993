# A trial: topic, buckets, tables and the registry cost next to nothing; Dataflow and Composer are off until switched on.
# All but the project comes from this file: export TF_VAR_project_id=…
stage            = "trial"
dataflow_enabled = false
composer_enabled = false
job              = { max_workers = 1, streaming_mode = "at_least_once" }
runbook_url      = "https://github.com/OWNER/REPOSITORY/blob/main/docs/runbooks"
protect_data     = false

# Who is told, who may read, and from which amount on: addresses of groups rather than of persons.
alert_emails   = []   # ["oncall@example.com"]
report_readers = []   # ["group:analysts@example.com"]
budget         = null # { billing_account = "012345-6789AB-CDEF01", monthly_amount = 500 }
