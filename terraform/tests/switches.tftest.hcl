# What costs is off until it is switched on, and what is watched is what runs.
mock_provider "google" {
  mock_resource "google_composer_environment" {
    defaults = { config = { dag_gcs_prefix = "gs://composer-bucket/dags", airflow_uri = "https://airflow" } }
  }
  mock_resource "google_monitoring_dashboard" {
    defaults = { id = "projects/123/dashboards/abc" }
  }
}
mock_provider "google-beta" {}

variables {
  project_id  = "shop-lake-test"
  stage       = "test"
  runbook_url = "https://example.com/runbooks"
}

run "a_trial_runs_nothing" {
  command = plan
  assert {
    condition     = length(module.ingestion.all_jobs) == 0 && length(module.orchestration) == 0
    error_message = "Dataflow and Composer must be off until they are asked for."
  }
  assert {
    condition     = length(module.observability.alerts) == 0
    error_message = "There is nothing to alert about while nothing runs."
  }
  assert {
    condition     = !contains(keys(google_project_service.apis), "composer.googleapis.com")
    error_message = "An API that nothing uses stays off."
  }
}

run "dataflow_on" {
  variables {
    dataflow_enabled = true
    alert_emails     = ["oncall@example.com"]
  }
  assert {
    condition     = toset(keys(module.observability.alerts)) == toset(["watermark-age", "system-lag", "oldest-unacked", "quarantine-share", "job-failed", "error-logs"])
    error_message = "Each way for the ingestion to fail has an alert."
  }
  assert {
    condition     = alltrue([for name, policy in module.observability.alerts : policy.documentation[0].links[0].url == "https://example.com/runbooks/${name}.md"])
    error_message = "Each alert links to its runbook."
  }
  assert {
    condition = alltrue(flatten([
      for policy in module.observability.alerts : [
        for condition in policy.conditions : [for query in condition.condition_prometheus_query_language : query.disable_metric_validation]
      ]
    ]))
    error_message = "A query on a metric that has no point yet is refused without disable_metric_validation."
  }
  assert {
    condition = alltrue(flatten([
      for policy in module.observability.alerts : [
        for condition in policy.conditions : [
          for threshold in condition.condition_threshold : !strcontains(threshold.filter, "logging.googleapis.com/user/")
        ]
      ]
    ]))
    error_message = "A threshold on a metric of logs that was made minutes before is refused: ask by a query."
  }
  assert {
    condition     = alltrue([for policy in module.observability.alerts : length(policy.notification_channels) == 1])
    error_message = "Each alert writes to somebody."
  }
  assert {
    condition     = strcontains(module.observability.alerts["oldest-unacked"].conditions[0].condition_threshold[0].filter, "one_of(\"shop-events-lake-blue\")")
    error_message = "A subscription that nobody should read must not alert."
  }
  assert {
    condition     = output.dashboard == "https://console.cloud.google.com/monitoring/dashboards/builder/abc?project=shop-lake-test"
    error_message = "The dashboard's address."
  }
}

run "composer_on" {
  variables {
    composer_enabled = true
    dataflow_enabled = true
  }
  assert {
    condition     = length(module.orchestration) == 1 && contains(keys(module.observability.alerts), "dag-deadline")
    error_message = "With Composer there is a DAG, and an alert on its deadline."
  }
  assert {
    condition     = module.orchestration[0].airflow_variables["bq_maximum_bytes_billed"] == "50000000000"
    error_message = "Below twenty million events a day the limit is 50 GB."
  }
  assert {
    condition     = module.orchestration[0].airflow_variables["lake_uri"] == output.lake && module.orchestration[0].airflow_variables["dataflow_job"] == "lake-ingestion-blue"
    error_message = "The DAG reads the lake that the job writes, and watches that job."
  }
  assert {
    condition     = length(setsubtract(["data/ecommerce_lake/dbt/dbt_project.yml", "data/ecommerce_lake/warehouse_runner/__init__.py", "data/ecommerce_lake/requirements/warehouse.txt", "dags/ecommerce_analytics_pipeline.py"], module.orchestration[0].uploads)) == 0 && !anytrue([for name in module.orchestration[0].uploads : can(regex("/(target|logs|__pycache__)/", name))])
    error_message = "DAG, dbt project and the code of tasks are uploaded, what its runs leave behind is not."
  }
}

run "what_a_query_may_read_follows_from_the_scale" {
  command = plan
  variables {
    composer_enabled = true
    events_per_day   = 50000000
  }
  assert {
    condition     = module.orchestration[0].airflow_variables["bq_maximum_bytes_billed"] == "129000000000"
    error_message = "Three changed days of 50 M events are 64 GB: the limit must be above."
  }
}

run "both_colours_are_watched_while_both_run" {
  command = plan
  variables {
    dataflow_enabled = true
    ingestion        = { blue = { state = "running" }, green = { state = "running", candidate = true } }
  }
  assert {
    condition     = strcontains(module.observability.alerts["oldest-unacked"].conditions[0].condition_threshold[0].filter, "one_of(\"shop-events-lake-blue\", \"shop-events-lake-green\")")
    error_message = "Both subscriptions are read."
  }
}

run "a_network_of_ones_own_replaces_ours" {
  command = plan
  variables {
    dataflow_enabled = true
    network          = "https://www.googleapis.com/compute/v1/projects/host/regions/europe-west1/subnetworks/shared"
  }
  assert {
    condition     = length(module.network) == 0 && module.ingestion.all_jobs["blue"].subnetwork == var.network
    error_message = "With a subnetwork given, none is made."
  }
}

run "a_budget_is_made_when_asked_for" {
  command = plan
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", monthly_amount = 500 }
  }
  assert {
    condition     = module.observability.budgets[0].amount[0].specified_amount[0].units == "500"
    error_message = "The budget's amount."
  }
}
