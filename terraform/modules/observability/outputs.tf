output "dashboard" {
  description = "Address of the dashboard."
  value       = "https://console.cloud.google.com/monitoring/dashboards/builder/${reverse(split("/", google_monitoring_dashboard.lake.id))[0]}?project=${var.project_id}"
}

output "alerts" {
  description = "All alert policies by the name of their runbook, for tests."
  value       = merge(google_monitoring_alert_policy.thresholds, google_monitoring_alert_policy.queries)
}

output "budgets" {
  description = "The budget, if there is one, for tests."
  value       = google_billing_budget.monthly
}
