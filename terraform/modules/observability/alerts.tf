locals {
  # Names of counters in beam_pipeline/counters.py; tests/cloud compares them.
  quarantined = "events_quarantined_"
  read        = "messages_read"

  # By name, not by id: a job keeps its name when it is updated in place.
  job          = "resource.type = \"dataflow_job\" AND resource.labels.job_name = starts_with(\"${var.job_name}-\")"
  counter      = "dataflow_googleapis_com:job_user_counter"
  job_selector = "monitored_resource=\"dataflow_job\",job_name=~\"${var.job_name}-.*\""
  read_names   = join(", ", [for colour in var.running : "\"${basename(var.subscriptions[colour])}\""])

  minute = "60s"

  # One series above a threshold for a while. Each has a runbook of the same name.
  thresholds = merge(
    length(var.running) == 0 ? {} : {
      watermark-age = {
        title    = "Ingestion: data watermark older than 30 minutes"
        filter   = "metric.type = \"dataflow.googleapis.com/job/data_watermark_age\" AND ${local.job}"
        limit    = 1800
        lasting  = "600s"
        aligner  = "ALIGN_MAX"
        severity = "ERROR"
      }
      system-lag = {
        title    = "Ingestion: system lag above 10 minutes"
        filter   = "metric.type = \"dataflow.googleapis.com/job/system_lag\" AND ${local.job}"
        limit    = 600
        lasting  = "600s"
        aligner  = "ALIGN_MAX"
        severity = "WARNING"
      }
      job-failed = {
        title    = "Ingestion: a job failed"
        filter   = "metric.type = \"dataflow.googleapis.com/job/is_failed\" AND ${local.job}"
        limit    = 0
        lasting  = "0s"
        aligner  = "ALIGN_MAX"
        severity = "CRITICAL"
      }
      oldest-unacked = {
        title    = "Pub/Sub: the oldest unread event is older than 30 minutes"
        filter   = "metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = one_of(${local.read_names})"
        limit    = 1800
        lasting  = "600s"
        aligner  = "ALIGN_MAX"
        severity = "ERROR"
      }
    }
  )

  queries = merge(
    length(var.running) == 0 ? {} : {
      # User counters arrive as gauges of a running total; a restarted job begins again at 0, which clamp_min passes over.
      quarantine-share = {
        title    = "Ingestion: more than 5 % of events quarantined within 30 minutes"
        severity = "ERROR"
        duration = "300s"
        query    = <<-EOT
          sum(clamp_min(delta(${local.counter}{${local.job_selector},metric_name=~"${local.quarantined}.*"}[30m]), 0))
            / (sum(clamp_min(delta(${local.counter}{${local.job_selector},metric_name="${local.read}"}[30m]), 0)) > 100)
            > 0.05
        EOT
      }
      # In PromQL, because a threshold on a metric made minutes before is refused for up to ten minutes.
      error-logs = {
        title    = "Ingestion: workers log errors"
        severity = "WARNING"
        duration = "300s"
        query    = "sum(increase(logging_googleapis_com:user_${replace(google_logging_metric.errors.name, "-", "_")}{monitored_resource=\"dataflow_step\"}[5m])) > 10"
      }
    },
    var.composer_enabled ? {
      # run_count is a gauge (policies in use align it with a mean, which Monitoring refuses for other kinds): its points are added up.
      # The DAG is due at 02:00 UTC; a day and an hour without a success, for three hours: it is about 06:00; reports are promised for 08:00.
      dag-deadline = {
        title    = "Reports: no successful run of ${var.dag_id} for 25 hours"
        severity = "ERROR"
        duration = "10800s"
        query    = <<-EOT
          (sum(sum_over_time(composer_googleapis_com:workflow_run_count{workflow_name="${var.dag_id}",state="success"}[25h])) or vector(0)) < 1
        EOT
      }
    } : {},
  )
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alert_emails)

  project      = var.project_id
  display_name = "Lake alerts to ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
}

resource "google_logging_metric" "errors" {
  project     = var.project_id
  name        = "lake-ingestion-errors"
  description = "Errors that the ingestion's workers and launchers log."
  filter      = "resource.type=\"dataflow_step\" AND resource.labels.job_name:\"${var.job_name}-\" AND severity>=ERROR"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_monitoring_alert_policy" "thresholds" {
  for_each = local.thresholds

  project               = var.project_id
  display_name          = each.value.title
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = values(google_monitoring_notification_channel.email)[*].id
  user_labels           = merge(var.labels, { alert = each.key })

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.limit
      duration        = each.value.lasting

      aggregations {
        alignment_period   = local.minute
        per_series_aligner = each.value.aligner
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbook_url}/${each.key}.md"
    links {
      display_name = "Runbook"
      url          = "${var.runbook_url}/${each.key}.md"
    }
  }
}

resource "google_monitoring_alert_policy" "queries" {
  for_each = local.queries

  project               = var.project_id
  display_name          = each.value.title
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = values(google_monitoring_notification_channel.email)[*].id
  user_labels           = merge(var.labels, { alert = each.key })

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.duration
      evaluation_interval = local.minute
      # A metric exists from its first point on: before the first job, or the first logged error, there is none.
      disable_metric_validation = true
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "What to do: ${var.runbook_url}/${each.key}.md"
    links {
      display_name = "Runbook"
      url          = "${var.runbook_url}/${each.key}.md"
    }
  }
}
