data "google_project" "this" {
  count = var.budget == null ? 0 : 1

  project_id = var.project_id
}

resource "google_billing_budget" "monthly" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "E-commerce lake, ${var.project_id}"

  budget_filter {
    projects = ["projects/${data.google_project.this[0].number}"]
  }

  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(floor(var.budget.monthly_amount))
    }
  }

  # At half, at all of it, and when the month is on its way beyond.
  threshold_rules {
    threshold_percent = 0.5
  }
  threshold_rules {
    threshold_percent = 1.0
  }
  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  dynamic "all_updates_rule" {
    for_each = length(var.alert_emails) == 0 ? [] : [1]
    content {
      monitoring_notification_channels = slice(
        values(google_monitoring_notification_channel.email)[*].id, 0, min(5, length(var.alert_emails))
      )
    }
  }
}
