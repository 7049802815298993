# Bad input is refused before anything is planned.
mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project_id  = "shop-lake-test"
  stage       = "test"
  runbook_url = "https://example.com/runbooks"
}

run "refuses_a_bad_project_id" {
  command = plan
  variables {
    project_id = "Shop"
  }
  expect_failures = [var.project_id]
}

run "refuses_a_bad_stage" {
  command = plan
  variables {
    stage = "Prod!"
  }
  expect_failures = [var.stage]
}

run "refuses_a_bad_region" {
  command = plan
  variables {
    region = "europe-west1-b"
  }
  expect_failures = [var.region]
}

run "refuses_a_bad_location" {
  command = plan
  variables {
    location = "Europe"
  }
  expect_failures = [var.location]
}

run "refuses_a_bad_dataset" {
  command = plan
  variables {
    dataset = "my-data"
  }
  expect_failures = [var.dataset]
}

run "refuses_a_bad_ingestion" {
  command = plan
  variables {
    ingestion = { blue = { state = "running" } }
  }
  expect_failures = [var.ingestion]
}

run "refuses_a_bad_ingestion_2" {
  command = plan
  variables {
    ingestion = { blue = { state = "on" }, green = { state = "standby" } }
  }
  expect_failures = [var.ingestion]
}

run "refuses_a_bad_ingestion_3" {
  command = plan
  variables {
    ingestion = { blue = { state = "running", release = "image:latest" }, green = { state = "standby" } }
  }
  expect_failures = [var.ingestion]
}

run "refuses_a_bad_job" {
  command = plan
  variables {
    job = { num_workers = 3, max_workers = 2 }
  }
  expect_failures = [var.job]
}

run "refuses_a_bad_job_2" {
  command = plan
  variables {
    job = { streaming_mode = "sometimes" }
  }
  expect_failures = [var.job]
}

run "refuses_a_bad_job_options" {
  command = plan
  variables {
    job_options = { output_path = "gs://elsewhere" }
  }
  expect_failures = [var.job_options]
}

run "refuses_a_bad_network" {
  command = plan
  variables {
    network = "default"
  }
  expect_failures = [var.network]
}

run "refuses_a_bad_kms_key" {
  command = plan
  variables {
    kms_key = "projects/keys/locations/europe-west1/my-key"
  }
  expect_failures = [var.kms_key]
}

run "refuses_a_kms_key_of_another_location_than_the_region" {
  command = plan
  variables {
    kms_key = "projects/keys/locations/europe/keyRings/lake/cryptoKeys/data"
  }
  expect_failures = [var.kms_key]
}

run "refuses_one_kms_key_for_a_multi_region_and_regional_services" {
  command = plan
  variables {
    location = "EU"
    kms_key  = "projects/keys/locations/europe-west1/keyRings/lake/cryptoKeys/data"
  }
  expect_failures = [var.kms_key]
}

run "refuses_a_bad_events_per_day" {
  command = plan
  variables {
    events_per_day = 0
  }
  expect_failures = [var.events_per_day]
}

run "refuses_a_bad_quarantine_retention_days" {
  command = plan
  variables {
    quarantine_retention_days = 7
  }
  expect_failures = [var.quarantine_retention_days]
}

run "refuses_a_bad_report_readers" {
  command = plan
  variables {
    report_readers = ["allUsers"]
  }
  expect_failures = [var.report_readers]
}

run "refuses_a_bad_alert_emails" {
  command = plan
  variables {
    alert_emails = ["nobody"]
  }
  expect_failures = [var.alert_emails]
}

run "refuses_a_bad_runbook_url" {
  command = plan
  variables {
    runbook_url = "http://example.com"
  }
  expect_failures = [var.runbook_url]
}

run "refuses_a_bad_budget" {
  command = plan
  variables {
    budget = { billing_account = "mine", monthly_amount = 500 }
  }
  expect_failures = [var.budget]
}

run "refuses_a_bad_budget_2" {
  command = plan
  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", monthly_amount = 0 }
  }
  expect_failures = [var.budget]
}

run "refuses_a_bad_release" {
  command = plan
  variables {
    release = "lake-ingestion:latest"
  }
  expect_failures = [var.release]
}
