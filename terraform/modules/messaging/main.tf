locals {
  seven_days  = "604800s"
  ten_minutes = "600s"

  subscriber_grants = {
    for pair in setproduct(keys(var.states), keys(var.subscribers), ["roles/pubsub.subscriber", "roles/pubsub.viewer"]) :
    join(" ", pair) => { colour = pair[0], member = var.subscribers[pair[1]], role = pair[2] }
  }
}

# The topic keeps every message for seven days, read or not: any subscription can go back to any instant of them.
resource "google_pubsub_topic" "events" {
  # checkov:skip=CKV_GCP_83:A key of one's own is an option (kms_key); Google's encryption is the default.
  project                    = var.project_id
  name                       = var.topic
  message_retention_duration = local.seven_days
  kms_key_name               = var.kms_key
  labels                     = var.labels
}

# No dead-letter and no retry policy: Dataflow supports neither, and what is bad goes to quarantine with its reason.
resource "google_pubsub_subscription" "ingestion" {
  for_each = var.states

  project                    = var.project_id
  name                       = "${google_pubsub_topic.events.name}-lake-${each.key}"
  topic                      = google_pubsub_topic.events.id
  ack_deadline_seconds       = 600
  message_retention_duration = each.value == "standby" ? local.ten_minutes : local.seven_days
  labels                     = var.labels

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "publishers" {
  for_each = var.publishers

  project = var.project_id
  topic   = google_pubsub_topic.events.name
  role    = "roles/pubsub.publisher"
  member  = each.value
}

resource "google_pubsub_subscription_iam_member" "subscribers" {
  for_each = local.subscriber_grants

  project      = var.project_id
  subscription = google_pubsub_subscription.ingestion[each.value.colour].name
  role         = each.value.role
  member       = each.value.member
}
