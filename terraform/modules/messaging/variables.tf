variable "project_id" {
  description = "Project that holds the topic."
  type        = string
}

variable "topic" {
  description = "Id of the topic."
  type        = string
}

variable "states" {
  description = "State of each colour: running and drained keep what is unread for seven days, standby for ten minutes."
  type        = map(string)
}

variable "kms_key" {
  description = "Key for messages at rest, or null."
  type        = string
}

variable "labels" {
  description = "Labels of everything that takes labels."
  type        = map(string)
}

variable "publishers" {
  description = "Members that may publish, by a name."
  type        = map(string)
}

variable "subscribers" {
  description = "Members that may read and inspect every subscription, by a name."
  type        = map(string)
}
