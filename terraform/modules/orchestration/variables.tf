variable "project_id" {
  description = "Project that holds the environment."
  type        = string
}

variable "region" {
  description = "Region of the environment."
  type        = string
}

variable "dags_path" {
  description = "Folder whose files become the environment's DAGs."
  type        = string
}

variable "dbt_path" {
  description = "Folder of the dbt project."
  type        = string
}

variable "code_path" {
  description = "Folder of the Python package that tasks call."
  type        = string
}

variable "requirements_path" {
  description = "File of the packages that dbt is locked to."
  type        = string
}

variable "events_per_day" {
  description = "Events that a usual day brings."
  type        = number
}

variable "biglake_tables" {
  description = "External tables whose metadata the DAG refreshes before it reads them, as project.dataset.table."
  type        = list(string)
}

variable "dataset" {
  description = "Prefix of the datasets' names."
  type        = string
}

variable "location" {
  description = "Location of the datasets."
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

variable "service_account" {
  description = "Address of the environment's service account."
  type        = string
}

variable "kms_key" {
  description = "Key for the environment's data at rest, or null."
  type        = string
}

variable "labels" {
  description = "Labels of everything that takes labels."
  type        = map(string)
}

variable "dataflow_job" {
  description = "Name of the job that fills the lake; empty where none runs. The DAG does not wait for a job that has stopped."
  type        = string
}
