variable "project_id" {
  description = "Google Cloud project that the platform will live in; it exists and has billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project id: 6 to 30 lower-case letters, digits or hyphens, beginning with a letter."
  }
}

variable "region" {
  description = "Region of the platform, and location of the state's bucket."
  type        = string
  default     = "europe-west1"
}

variable "github_repository" {
  description = "OWNER/NAME of the repository whose workflows may plan and deliver. Null: no delivery from GitHub."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository must be OWNER/NAME, without https:// and without wildcards."
  }
}

variable "github_environment" {
  description = "Environment of that repository whose reviewers approve a delivery; only jobs in it may become the delivery account."
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.github_environment))
    error_message = "github_environment must be letters, digits, hyphens or underscores."
  }
}
