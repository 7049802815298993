locals {
  running = { for colour, job in var.jobs : colour => job if var.dataflow_enabled && job.state == "running" }
  image   = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}/${var.image_name}"

  # A tag moves and a digest does not: jobs, plans and templates always name the digest.
  images = {
    for colour, job in local.running : colour => startswith(job.release, "sha256:")
    ? "${local.image}@${job.release}"
    : data.google_artifact_registry_docker_image.released[colour].self_link
  }

  specifications = {
    for colour in keys(local.running) : colour => jsonencode({
      image    = local.images[colour]
      sdkInfo  = { language = "PYTHON" }
      metadata = jsondecode(file(var.metadata_path))
      # Size, image and folders stand here and not on the job: the provider looks for them among the job's options under the names of
      # Beam's Java SDK, a Python job has them under Python's, and what is set but read back as nothing is a change at every plan.
      defaultEnvironment = {
        machineType       = var.job.machine_type
        numWorkers        = var.job.num_workers
        maxWorkers        = var.job.max_workers
        sdkContainerImage = local.images[colour]
        tempLocation      = "gs://${var.temp}/tmp"
        stagingLocation   = "gs://${var.temp}/staging"
      }
    })
  }

  roots = {
    for colour, job in local.running : colour => {
      lake       = "gs://${var.lake}${job.candidate ? "/_candidate/${colour}" : ""}"
      quarantine = "gs://${var.quarantine}${job.candidate ? "/_candidate/${colour}" : ""}"
    }
  }
}

data "google_artifact_registry_docker_image" "released" {
  for_each = { for colour, job in local.running : colour => job.release if !startswith(job.release, "sha256:") }

  project       = var.project_id
  location      = google_artifact_registry_repository.images.location
  repository_id = google_artifact_registry_repository.images.repository_id
  image_name    = "${var.image_name}:${each.value}"
}

# The job's resource looks at nothing but this object's path: its name carries a hash, so that another content is another path.
resource "google_storage_bucket_object" "template" {
  for_each = local.specifications

  bucket       = var.templates
  name         = "${each.key}/${var.job_name}-${substr(sha256(each.value), 0, 16)}.json"
  content      = each.value
  content_type = "application/json"

  lifecycle {
    create_before_destroy = true
  }
}

# Another template path or parameter updates the job in place; what Dataflow cannot update, it refuses, and the old job runs on.
# Another name and removal replace or end it: always by draining, so that everything pulled is written first.
# A second apply must change nothing: tests/dataflow compares the arguments with what the provider finds in a submitted job.
resource "google_dataflow_flex_template_job" "job" {
  provider = google-beta
  for_each = local.running

  project                 = var.project_id
  region                  = var.region
  name                    = "${var.job_name}-${each.key}"
  container_spec_gcs_path = "gs://${google_storage_bucket_object.template[each.key].bucket}/${google_storage_bucket_object.template[each.key].name}"
  on_delete               = "drain"

  parameters = merge(var.job_options, {
    input_subscription = var.subscriptions[each.key]
    output_path        = local.roots[each.key].lake
    quarantine_path    = local.roots[each.key].quarantine
    streaming_mode     = var.job.streaming_mode
  })

  service_account_email   = var.service_account
  subnetwork              = var.subnetwork
  ip_configuration        = "WORKER_IP_PRIVATE"
  enable_streaming_engine = true
  autoscaling_algorithm   = "THROUGHPUT_BASED"
  kms_key_name            = var.kms_key
  labels                  = merge(var.labels, { colour = each.key })

  depends_on = [google_artifact_registry_repository_iam_member.grants, var.after]
}
