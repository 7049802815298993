variable "project_id" {
  description = "Project that holds the buckets; its id begins their names."
  type        = string
}

variable "location" {
  description = "Location of the buckets."
  type        = string
}

variable "kms_key" {
  description = "Key for objects at rest, or null."
  type        = string
}

variable "labels" {
  description = "Labels of everything that takes labels."
  type        = map(string)
}

variable "quarantine_retention_days" {
  description = "Days after which quarantined messages are deleted."
  type        = number
}

variable "protect_data" {
  description = "Refuse to destroy buckets that hold objects."
  type        = bool
}

variable "writers" {
  description = "Members that write lake and quarantine and use the temporary bucket, by a name."
  type        = map(string)
}

variable "rewriters" {
  description = "Members that rewrite and delete objects of lake and quarantine, and nothing else, by a name."
  type        = map(string)
}

variable "readers" {
  description = "Members that read lake and quarantine, by a name."
  type        = map(string)
}

variable "builders" {
  description = "Members that read the sources of a build from the temporary bucket, by a name."
  type        = map(string)
}
