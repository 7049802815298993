variable "project_id" {
  description = "Project that holds the datasets."
  type        = string
}

variable "location" {
  description = "Location of the datasets: that of the buckets."
  type        = string
}

variable "dataset" {
  description = "Prefix of the datasets' names."
  type        = string
}

variable "schemas_path" {
  description = "Folder of the schemas that the event contract generates: one JSON file per event type, quarantine.json, manifest.json."
  type        = string
}

variable "lake" {
  description = "Bucket of the lake."
  type        = string
}

variable "quarantine" {
  description = "Bucket of the quarantine."
  type        = string
}

variable "compression" {
  description = "Compression of the objects, as the job is told: gzip or none. A table reads one kind."
  type        = string
}

variable "biglake_enabled" {
  description = "Read through a connection, with a metadata cache."
  type        = bool
}

variable "biglake_refresh" {
  description = "Who refreshes the metadata cache: MANUAL, the DAG, before it reads; AUTOMATIC, BigQuery, every half hour."
  type        = string
}

variable "kms_key" {
  description = "Key for tables at rest, or null."
  type        = string
}

variable "labels" {
  description = "Labels of everything that takes labels."
  type        = map(string)
}

variable "protect_data" {
  description = "Refuse to destroy datasets that hold tables."
  type        = bool
}

variable "builders" {
  description = "Members that read the lake's tables and build the others, by a name."
  type        = map(string)
}

variable "report_readers" {
  description = "Members that may read the published reports."
  type        = list(string)
}
