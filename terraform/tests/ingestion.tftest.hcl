# The job: its addresses, its identity, and what changes it.
mock_provider "google" {
  mock_data "google_artifact_registry_docker_image" {
    defaults = { self_link = "europe-west1-docker.pkg.dev/shop-lake-test/lake/lake-ingestion@sha256:bbbb" }
  }
  mock_resource "google_compute_subnetwork" {
    defaults = { self_link = "https://www.googleapis.com/compute/v1/projects/shop-lake-test/regions/europe-west1/subnetworks/lake" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "lake-account@shop-lake-test.iam.gserviceaccount.com" }
  }
}
mock_provider "google-beta" {}

variables {
  project_id       = "shop-lake-test"
  stage            = "test"
  runbook_url      = "https://example.com/runbooks"
  dataflow_enabled = true
}

run "blue_runs" {
  assert {
    condition     = keys(module.ingestion.all_jobs) == ["blue"]
    error_message = "By default blue runs and green stands by."
  }
  assert {
    condition     = module.ingestion.all_jobs["blue"].name == "lake-ingestion-blue"
    error_message = "Alerts and the DAG find the job by this name."
  }
  assert {
    condition     = module.ingestion.all_jobs["blue"].on_delete == "drain"
    error_message = "A job must never be cancelled: what it has pulled would be late by its redelivery."
  }
  assert {
    condition     = module.ingestion.all_jobs["blue"].ip_configuration == "WORKER_IP_PRIVATE" && module.ingestion.all_jobs["blue"].enable_streaming_engine
    error_message = "Workers are private, and streaming state lives in the service."
  }
  assert {
    condition = module.ingestion.all_jobs["blue"].parameters == tomap({
      input_subscription = "projects/shop-lake-test/subscriptions/shop-events-lake-blue"
      output_path        = "gs://shop-lake-test-lake"
      quarantine_path    = "gs://shop-lake-test-quarantine"
      streaming_mode     = "exactly_once"
    })
    error_message = "The job's addresses are not those of the other modules."
  }
  assert {
    condition = length(setsubtract(
      keys(module.ingestion.all_jobs["blue"].parameters),
      [for parameter in jsondecode(file("../flex_template/metadata.json")).parameters : parameter.name]
    )) == 0
    error_message = "The job is given a parameter that metadata.json does not know."
  }
  assert {
    condition = length(setsubtract(
      [for parameter in jsondecode(file("../flex_template/metadata.json")).parameters : parameter.name if !parameter.isOptional],
      keys(module.ingestion.all_jobs["blue"].parameters)
    )) == 0
    error_message = "A required parameter is not given."
  }
  assert {
    condition = alltrue([
      for parameter in jsondecode(file("../flex_template/metadata.json")).parameters :
      !contains(keys(module.ingestion.all_jobs["blue"].parameters), parameter.name) ||
      alltrue([for regex in try(parameter.regexes, []) : can(regex(regex, module.ingestion.all_jobs["blue"].parameters[parameter.name]))])
    ])
    error_message = "A value does not match the parameter's own regex."
  }
  assert {
    condition     = jsondecode(module.ingestion.templates["blue"].content).image == "europe-west1-docker.pkg.dev/shop-lake-test/lake/lake-ingestion@sha256:bbbb"
    error_message = "The template names its image by digest."
  }
  assert {
    condition     = jsondecode(module.ingestion.templates["blue"].content).defaultEnvironment.sdkContainerImage == jsondecode(module.ingestion.templates["blue"].content).image
    error_message = "Launcher and workers run the same image."
  }
  assert {
    condition = jsondecode(module.ingestion.templates["blue"].content).defaultEnvironment == {
      machineType       = "n1-standard-2"
      numWorkers        = 1
      maxWorkers        = 5
      sdkContainerImage = jsondecode(module.ingestion.templates["blue"].content).image
      tempLocation      = "gs://shop-lake-test-temp/tmp"
      stagingLocation   = "gs://shop-lake-test-temp/staging"
    }
    error_message = "Size, image and folders of a job stand in its template."
  }
}

run "another_image_is_another_template_and_changes_the_job_in_place" {
  variables {
    ingestion = {
      blue  = { state = "running", release = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" }
      green = { state = "standby" }
    }
  }
  assert {
    condition     = output.jobs["blue"].template != run.blue_runs.jobs["blue"].template
    error_message = "The template's name must follow its content."
  }
  assert {
    condition     = module.ingestion.all_jobs["blue"].container_spec_gcs_path == "gs://shop-lake-test-templates/${module.ingestion.templates["blue"].name}"
    error_message = "The job must look at the new template."
  }
  assert {
    condition     = output.jobs["blue"].id == run.blue_runs.jobs["blue"].id
    error_message = "A new image must update the job, not replace it."
  }
}

run "another_size_changes_the_job_in_place" {
  variables {
    job = { max_workers = 9 }
  }
  assert {
    condition     = output.jobs["blue"].template != run.blue_runs.jobs["blue"].template && output.jobs["blue"].id == run.blue_runs.jobs["blue"].id
    error_message = "More workers must update the job, not replace it."
  }
}

run "the_same_content_is_the_same_template" {
  variables {
    ingestion = {
      blue  = { state = "running", release = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" }
      green = { state = "standby" }
    }
  }
  assert {
    condition     = output.jobs["blue"].template == run.another_image_is_another_template_and_changes_the_job_in_place.jobs["blue"].template
    error_message = "Nothing changed, and yet the job would be updated."
  }
}

run "a_candidate_writes_where_no_table_looks" {
  variables {
    ingestion = {
      blue  = { state = "running" }
      green = { state = "running", candidate = true }
    }
  }
  assert {
    condition     = module.ingestion.all_jobs["green"].parameters["output_path"] == "gs://shop-lake-test-lake/_candidate/green" && module.ingestion.all_jobs["green"].parameters["quarantine_path"] == "gs://shop-lake-test-quarantine/_candidate/green"
    error_message = "A candidate must not write into the lake that reports read."
  }
  assert {
    condition     = module.ingestion.all_jobs["green"].parameters["input_subscription"] == "projects/shop-lake-test/subscriptions/shop-events-lake-green"
    error_message = "Each colour reads its own subscription."
  }
}

run "further_options_reach_the_job_and_the_tables" {
  variables {
    job_options = { compression = "none", max_object_age_seconds = "120" }
    job         = { streaming_mode = "at_least_once" }
  }
  assert {
    condition     = module.ingestion.all_jobs["blue"].parameters["max_object_age_seconds"] == "120" && module.ingestion.all_jobs["blue"].parameters["streaming_mode"] == "at_least_once"
    error_message = "job_options and job must become parameters."
  }
  assert {
    condition     = module.warehouse.tables["order_completed"].external_data_configuration[0].compression == "NONE"
    error_message = "Tables must read what the job writes."
  }
}
