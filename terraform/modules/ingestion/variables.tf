variable "project_id" {
  description = "Project that runs the jobs."
  type        = string
}

variable "region" {
  description = "Region of jobs and registry."
  type        = string
}

variable "dataflow_enabled" {
  description = "Whether jobs run at all."
  type        = bool
}

variable "jobs" {
  description = "State, release (tag or sha256: and digest) and candidate of each colour."
  type = map(object({
    state     = string
    release   = string
    candidate = bool
  }))
}

variable "job_name" {
  description = "Beginning of the jobs' names; the colour follows."
  type        = string
}

variable "job" {
  description = "Size and streaming mode of a job, as the root's variable job."
  type = object({
    machine_type   = string
    num_workers    = number
    max_workers    = number
    streaming_mode = string
  })
}

variable "job_options" {
  description = "Further options of the job, by name."
  type        = map(string)
}

variable "image_name" {
  description = "Name of the image within the registry."
  type        = string
}

variable "metadata_path" {
  description = "File that describes the template's parameters."
  type        = string
}

variable "subnetwork" {
  description = "Self link of the workers' subnetwork."
  type        = string
}

variable "subscriptions" {
  description = "projects/P/subscriptions/S by colour."
  type        = map(string)
}

variable "lake" {
  description = "Bucket of the lake."
  type        = string
}

variable "quarantine" {
  description = "Bucket of the quarantine."
  type        = string
}

variable "temp" {
  description = "Bucket of temporary and staged files."
  type        = string
}

variable "templates" {
  description = "Bucket of template specifications."
  type        = string
}

variable "service_account" {
  description = "Address of the workers' service account."
  type        = string
}

variable "kms_key" {
  description = "Key for images and the jobs' state, or null."
  type        = string
}

variable "labels" {
  description = "Labels of everything that takes labels."
  type        = map(string)
}

variable "readers" {
  description = "Members that pull images, by a name."
  type        = map(string)
}

variable "builders" {
  description = "Members that push images, by a name."
  type        = map(string)
}

variable "after" {
  description = "What must exist before a job starts, although no value of it is needed: grants on the project."
  type        = any
}
