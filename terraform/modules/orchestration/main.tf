locals {
  # What a run leaves behind, and what Python compiles, is no source.
  left_out = "(^|/)(target|logs|dbt_packages|__pycache__)/|\\.pyc$|(^|/)\\.user\\.yml$"
  dags     = toset([for file in fileset(var.dags_path, "**") : file if !can(regex(local.left_out, file))])

  # What the DAGs' tasks run, below their home: object's name -> file.
  home = merge(
    { for file in fileset(var.dbt_path, "**") : "data/ecommerce_lake/dbt/${file}" => "${var.dbt_path}/${file}" if !can(regex(local.left_out, file)) },
    { for file in fileset(var.code_path, "**/*.py") : "data/ecommerce_lake/warehouse_runner/${file}" => "${var.code_path}/${file}" },
    { "data/ecommerce_lake/requirements/warehouse.txt" = var.requirements_path },
  )

  # The largest statement reads the changed days of every event type: three on a usual run, and as many again for a late one.
  bytes_an_event = 430
  days_a_query   = 6

  airflow_variables = {
    home           = "/home/airflow/gcs/data/ecommerce_lake"
    state_dir      = "/home/airflow/gcs/data/state"
    lake_uri       = "gs://${var.lake}"
    quarantine_uri = "gs://${var.quarantine}"
    dbt_target     = "bigquery"
    gcp_project    = var.project_id
    gcp_region     = var.region
    bq_dataset     = var.dataset
    bq_location    = var.location
    biglake_tables = jsonencode(var.biglake_tables)
    dataflow_job   = var.dataflow_job

    bq_maximum_bytes_billed = format("%.0f", max(50000000000, var.events_per_day * local.bytes_an_event * local.days_a_query))
  }

  # gs://BUCKET/dags: Composer makes the bucket; data/ beside it is /home/airflow/gcs/data in every worker.
  bucket = split("/", trimprefix(google_composer_environment.airflow.config[0].dag_gcs_prefix, "gs://"))[0]
}

resource "google_composer_environment" "airflow" {
  project = var.project_id
  region  = var.region
  name    = "lake"
  labels  = var.labels

  config {
    environment_size = "ENVIRONMENT_SIZE_SMALL"
    # dbt lives in an environment of its own, which a worker makes from the locked requirements (docs/orchestration.md): workers need a
    # way out to a package index. Nothing can come in either way; Airflow's pages ask IAM.
    enable_private_environment = false

    node_config {
      service_account = var.service_account
    }

    software_config {
      image_version = "composer-3-airflow-3.3.1-build.0"

      # Airflow Variables of the DAGs (dags/ecommerce_lake/settings.py): an environment variable beats the database, and is under review.
      env_variables = { for name, value in local.airflow_variables : "AIRFLOW_VAR_ECOMMERCE_${upper(name)}" => value }
    }

    # One DAG a day on the smallest machines that Composer offers.
    workloads_config {
      scheduler {
        cpu        = 0.5
        memory_gb  = 2
        storage_gb = 1
        count      = 1
      }
      dag_processor {
        cpu        = 1
        memory_gb  = 4
        storage_gb = 1
        count      = 1
      }
      triggerer {
        cpu       = 0.5
        memory_gb = 1
        count     = 1
      }
      web_server {
        cpu        = 0.5
        memory_gb  = 2
        storage_gb = 1
      }
      worker {
        cpu        = 1
        memory_gb  = 4
        storage_gb = 5
        min_count  = 1
        max_count  = 2
      }
    }

    dynamic "encryption_config" {
      for_each = var.kms_key == null ? [] : [var.kms_key]
      content {
        kms_key_name = encryption_config.value
      }
    }
  }
}

resource "google_storage_bucket_object" "dags" {
  for_each = local.dags

  bucket = local.bucket
  name   = "dags/${each.key}"
  source = "${var.dags_path}/${each.key}"
}

resource "google_storage_bucket_object" "home" {
  for_each = local.home

  bucket = local.bucket
  name   = each.key
  source = each.value
}
