output "topic" {
  description = "projects/P/topics/T"
  value       = google_pubsub_topic.events.id
}

output "subscriptions" {
  description = "projects/P/subscriptions/S by colour; ready to be read."
  value       = { for colour, subscription in google_pubsub_subscription.ingestion : colour => "projects/${var.project_id}/subscriptions/${subscription.name}" }
  depends_on  = [google_pubsub_subscription_iam_member.subscribers]
}

output "iam_grants" {
  description = "Grants on topic and subscriptions, as 'member | role | resource'."
  value = concat(
    [for grant in google_pubsub_topic_iam_member.publishers : "${grant.member} | ${grant.role} | topic ${grant.topic}"],
    [for grant in google_pubsub_subscription_iam_member.subscribers : "${grant.member} | ${grant.role} | subscription ${grant.subscription}"],
  )
}

output "all_subscriptions" {
  description = "All subscriptions, for tests."
  value       = google_pubsub_subscription.ingestion
}
