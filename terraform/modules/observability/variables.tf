variable "project_id" {
  description = "Project that is watched."
  type        = string
}

variable "job_name" {
  description = "Beginning of the jobs' names; the colour follows."
  type        = string
}

variable "subscriptions" {
  description = "projects/P/subscriptions/S by colour."
  type        = map(string)
}

variable "running" {
  description = "Colours whose job runs: only their subscriptions should be read."
  type        = list(string)
}

variable "dag_id" {
  description = "Id of the daily DAG."
  type        = string
}

variable "composer_enabled" {
  description = "Whether there is a DAG to watch."
  type        = bool
}

variable "runbook_url" {
  description = "Folder of the runbooks."
  type        = string
}

variable "alert_emails" {
  description = "Addresses that alerts write to."
  type        = list(string)
}

variable "budget" {
  description = "Billing account, monthly amount and currency, or null."
  type = object({
    billing_account = string
    monthly_amount  = number
    currency        = string
  })
}

variable "labels" {
  description = "Labels of everything that takes labels."
  type        = map(string)
}
