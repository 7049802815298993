# A trial: topic, buckets, tables and the registry cost next to nothing; Dataflow and Composer are off until switched on.
# The project comes from the environment: export TF_VAR_project_id=…
stage            = "trial"
dataflow_enabled = false
composer_enabled = false
job              = { max_workers = 1, streaming_mode = "at_least_once" }
runbook_url      = "https://github.com/OWNER/REPOSITORY/blob/main/docs/runbooks"
protect_data     = false
