variable "project_id" {
  description = "Google Cloud project that holds everything. Each stage has a project of its own: project-level roles end there."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project id: 6 to 30 lower-case letters, digits or hyphens, beginning with a letter."
  }
}

variable "stage" {
  description = "Name of the stage, for labels: trial, production, …"
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.stage))
    error_message = "stage must be 2 to 21 lower-case letters, digits or hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "Region of Dataflow, Composer, the registry, and (unless location says otherwise) of buckets and datasets."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west1, not a zone or a multi-region."
  }
}

variable "location" {
  description = "Location of buckets and datasets, which must be the same: a region, EU or US. Null: the region."
  type        = string
  default     = null

  validation {
    condition     = var.location == null || can(regex("^(EU|US|[a-z]+-[a-z]+[0-9]+)$", var.location))
    error_message = "location must be EU, US or a region such as europe-west1."
  }
}

variable "dataset" {
  description = "Prefix of the BigQuery datasets: what dbt knows as BQ_DATASET."
  type        = string
  default     = "analytics"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{1,40}$", var.dataset))
    error_message = "dataset must be 2 to 41 lower-case letters, digits or underscores, beginning with a letter."
  }
}

variable "dataflow_enabled" {
  description = "Whether the streaming jobs run. Off: events wait in their subscription for up to seven days."
  type        = bool
  default     = false
}

variable "composer_enabled" {
  description = "Whether Cloud Composer runs the daily reports. Off: run dbt yourself (docs/cloud.md)."
  type        = bool
  default     = false
}

variable "ingestion" {
  description = <<-EOT
    The two colours of the ingestion job, one per subscription (docs/cloud.md, Changing the running job):
    state: running (job), drained (no job, events wait seven days), standby (no job, events wait ten minutes).
    release: tag or digest (sha256:…) of this colour's image; null: the variable release.
    candidate: write below _candidate/COLOUR in the lake and quarantine buckets, where no table looks, to try a release on live events.
  EOT
  type = map(object({
    state     = string
    release   = optional(string)
    candidate = optional(bool, false)
  }))
  default = {
    blue  = { state = "running" }
    green = { state = "standby" }
  }

  validation {
    condition     = toset(keys(var.ingestion)) == toset(["blue", "green"])
    error_message = "ingestion must say the state of exactly two colours: blue and green."
  }

  validation {
    condition     = alltrue([for job in values(var.ingestion) : contains(["running", "drained", "standby"], job.state)])
    error_message = "ingestion: a state is running, drained or standby."
  }

  validation {
    condition = alltrue([
      for job in values(var.ingestion) :
      job.release == null || can(regex("^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$", job.release))
    ])
    error_message = "ingestion: a release is an image tag or sha256: with 64 hexadecimal digits."
  }
}

variable "release" {
  description = "Image of every colour that names none of its own: a tag, or sha256: and its digest. live is what was delivered last."
  type        = string
  default     = "live"

  validation {
    condition     = can(regex("^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$", var.release))
    error_message = "release must be an image tag or sha256: with 64 hexadecimal digits."
  }
}

variable "job" {
  description = "Size of an ingestion job; max_workers also sets how far Dataflow can scale. Each change updates the job in place."
  type = object({
    machine_type   = optional(string, "n1-standard-2")
    num_workers    = optional(number, 1)
    max_workers    = optional(number, 5)
    streaming_mode = optional(string, "exactly_once")
  })
  default = {}

  validation {
    condition     = var.job.num_workers >= 1 && var.job.max_workers >= var.job.num_workers && var.job.max_workers <= 100
    error_message = "job: 1 <= num_workers <= max_workers <= 100 must hold."
  }

  validation {
    condition     = contains(["exactly_once", "at_least_once"], var.job.streaming_mode)
    error_message = "job: streaming_mode is exactly_once or at_least_once."
  }
}

variable "job_options" {
  description = "Further options of the job, by name, as in flex_template/metadata.json: { max_object_age_seconds = \"120\" }."
  type        = map(string)
  default     = {}

  validation {
    condition = length(setintersection(keys(var.job_options), [
      "input_subscription", "input_files", "output_path", "quarantine_path", "streaming_mode"
    ])) == 0
    error_message = "job_options must not name addresses or the streaming mode: they follow from the other variables."
  }
}

variable "events_per_day" {
  description = "Events that a usual day brings: from it follows what a query may read before it is refused (docs/warehouse.md, What a run reads)."
  type        = number
  default     = 1000000

  validation {
    condition     = var.events_per_day >= 1
    error_message = "events_per_day must be at least 1."
  }
}

variable "network" {
  description = "Subnetwork for workers without public addresses: null makes a network of its own, else the self link of one with Private Google Access."
  type        = string
  default     = null

  validation {
    condition     = var.network == null || can(regex("/regions/[^/]+/subnetworks/[^/]+$", var.network))
    error_message = "network must be a subnetwork's self link: …/projects/P/regions/R/subnetworks/S."
  }
}

variable "kms_key" {
  description = "Key for all data at rest, in the region, where buckets and datasets must lie too: projects/P/locations/L/keyRings/R/cryptoKeys/K. Null: keys of Google's."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must be projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }

  validation {
    condition     = var.kms_key == null || try(split("/", var.kms_key)[3], "") == var.region
    error_message = "kms_key must lie in the region ${var.region}: Dataflow, Composer and the registry are regional, and take no key of another location."
  }

  validation {
    condition     = var.kms_key == null || coalesce(var.location, var.region) == var.region
    error_message = "With a kms_key, location must be the region or null: buckets and datasets in EU or US need a key of that multi-region, which regional services do not take."
  }
}

variable "biglake_enabled" {
  description = "Read the lake through a BigLake connection with a metadata cache: readers need no rights on buckets. The DAG refreshes the cache; without Composer tables may lag by 30 minutes."
  type        = bool
  default     = false
}

variable "quarantine_retention_days" {
  description = "Days after which quarantined messages, which may hold personal data, are deleted."
  type        = number
  default     = 365

  validation {
    condition     = var.quarantine_retention_days >= 30
    error_message = "quarantine_retention_days must be at least 30: time to notice, fix and replay."
  }
}

variable "report_readers" {
  description = "Who may query the published reports: user:…, group:… or domain:…"
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for reader in var.report_readers : can(regex("^(user|group|domain|serviceAccount):.+$", reader))])
    error_message = "report_readers: write each as user:…, group:…, domain:… or serviceAccount:…; reports are never public."
  }
}

variable "alert_emails" {
  description = "Addresses that alerts and the budget write to."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alert_emails must be e-mail addresses."
  }
}

variable "runbook_url" {
  description = "Folder of the runbooks as a reader of an alert reaches it; alerts link to files below it."
  type        = string

  validation {
    condition     = can(regex("^https://[^ ]+[^/]$", var.runbook_url))
    error_message = "runbook_url must begin with https:// and have no slash at its end."
  }
}

variable "budget" {
  description = "Monthly budget in whole units of the billing account's currency, and that account (XXXXXX-XXXXXX-XXXXXX). Null: no budget alert."
  type = object({
    billing_account = string
    monthly_amount  = number
    currency        = optional(string, "EUR")
  })
  default = null

  validation {
    condition     = var.budget == null ? true : can(regex("^[0-9A-F]{6}(-[0-9A-F]{6}){2}$", var.budget.billing_account)) && var.budget.monthly_amount > 0
    error_message = "budget: billing_account is like 012345-6789AB-CDEF01, and monthly_amount is above zero."
  }
}

variable "protect_data" {
  description = "Refuse to destroy buckets that hold objects and datasets that hold tables. Turn off only for a teardown."
  type        = bool
  default     = true
}
