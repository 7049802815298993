locals {
  location = coalesce(var.location, var.region)
  labels   = { platform = "ecommerce-lake", stage = var.stage }

  running = var.dataflow_enabled ? [for colour, job in var.ingestion : colour if job.state == "running"] : []
  writing = [for colour in local.running : colour if !var.ingestion[colour].candidate]

  # Facts that other parts of the repository share; tests/cloud compares them.
  topic         = "shop-events"
  job_name      = "lake-ingestion"
  image_name    = "lake-ingestion"
  dag_id        = "ecommerce_analytics_pipeline"
  schemas_path  = "${path.module}/../event_contract/schemas/bigquery"
  metadata_path = "${path.module}/../flex_template/metadata.json"
}

module "network" {
  source = "./modules/network"
  count  = var.network == null ? 1 : 0

  project_id = var.project_id
  region     = var.region

  depends_on = [google_project_service.apis]
}

module "messaging" {
  source = "./modules/messaging"

  project_id = var.project_id
  topic      = local.topic
  states     = { for colour, job in var.ingestion : colour => job.state }
  kms_key    = var.kms_key
  labels     = local.labels

  publishers  = { producer = local.members.producer }
  subscribers = { ingestion = local.members.ingestion }

  depends_on = [google_project_service.apis, google_kms_crypto_key_iam_member.agents]
}

module "lake" {
  source = "./modules/lake"

  project_id                = var.project_id
  location                  = local.location
  kms_key                   = var.kms_key
  labels                    = local.labels
  quarantine_retention_days = var.quarantine_retention_days
  protect_data              = var.protect_data

  writers   = { ingestion = local.members.ingestion }
  rewriters = { maintenance = local.members.maintenance }
  readers   = { orchestration = local.members.orchestration }
  builders  = { build = local.members.build }

  depends_on = [google_project_service.apis, google_kms_crypto_key_iam_member.agents]
}

module "warehouse" {
  source = "./modules/warehouse"

  project_id      = var.project_id
  location        = local.location
  dataset         = var.dataset
  schemas_path    = local.schemas_path
  lake            = module.lake.lake
  quarantine      = module.lake.quarantine
  compression     = lookup(var.job_options, "compression", "gzip")
  biglake_enabled = var.biglake_enabled
  biglake_refresh = var.composer_enabled ? "MANUAL" : "AUTOMATIC"
  kms_key         = var.kms_key
  labels          = local.labels
  protect_data    = var.protect_data

  builders       = { orchestration = local.members.orchestration }
  report_readers = var.report_readers

  depends_on = [google_project_service.apis, google_kms_crypto_key_iam_member.agents]
}

module "ingestion" {
  source = "./modules/ingestion"

  project_id       = var.project_id
  region           = var.region
  dataflow_enabled = var.dataflow_enabled
  jobs             = { for colour, job in var.ingestion : colour => merge(job, { release = coalesce(job.release, var.release) }) }
  job_name         = local.job_name
  job              = var.job
  job_options      = var.job_options
  image_name       = local.image_name
  metadata_path    = local.metadata_path
  subnetwork       = var.network == null ? module.network[0].subnetwork : var.network
  subscriptions    = module.messaging.subscriptions
  lake             = module.lake.lake
  quarantine       = module.lake.quarantine
  temp             = module.lake.temp
  templates        = module.lake.templates
  service_account  = google_service_account.accounts["ingestion"].email
  kms_key          = var.kms_key
  labels           = local.labels

  readers  = { ingestion = local.members.ingestion }
  builders = { build = local.members.build }
  # Not depends_on: that would put off reading the image's digest, and with it the plan of the jobs, at every change of a grant.
  after = [values(google_project_iam_member.grants)[*].id, values(google_kms_crypto_key_iam_member.agents)[*].id]

  depends_on = [google_project_service.apis]
}

module "orchestration" {
  source = "./modules/orchestration"
  count  = var.composer_enabled ? 1 : 0

  project_id        = var.project_id
  region            = var.region
  dags_path         = "${path.module}/../dags"
  dbt_path          = "${path.module}/../dbt"
  code_path         = "${path.module}/../warehouse_runner"
  requirements_path = "${path.module}/../requirements/warehouse.txt"
  events_per_day    = var.events_per_day
  biglake_tables    = var.biglake_enabled ? module.warehouse.table_names : []
  dataset           = var.dataset
  location          = local.location
  lake              = module.lake.lake
  quarantine        = module.lake.quarantine
  dataflow_job      = try("${local.job_name}-${local.writing[0]}", "")
  service_account   = google_service_account.accounts["orchestration"].email
  kms_key           = var.kms_key
  labels            = local.labels

  depends_on = [google_project_service.apis, google_kms_crypto_key_iam_member.agents, google_project_iam_member.grants]
}

module "observability" {
  source = "./modules/observability"

  project_id       = var.project_id
  job_name         = local.job_name
  subscriptions    = module.messaging.subscriptions
  running          = local.running
  dag_id           = local.dag_id
  composer_enabled = var.composer_enabled
  runbook_url      = var.runbook_url
  alert_emails     = var.alert_emails
  budget           = var.budget
  labels           = local.labels

  depends_on = [google_project_service.apis]
}
