locals {
  # Title, query (PromQL), unit of the y axis: two charts a row.
  charts = [
    { title = "Events read a second", unit = "1/s", query = "sum by (job_name) (delta(${local.counter}{${local.job_selector},metric_name=\"${local.read}\"}[5m])) / 300" },
    { title = "Events quarantined a minute, by reason code", unit = "1/min", query = "sum by (metric_name) (delta(${local.counter}{${local.job_selector},metric_name=~\"${local.quarantined}.*\"}[5m])) / 5" },
    { title = "Age of the data watermark", unit = "s", query = "max by (job_name) (dataflow_googleapis_com:job_data_watermark_age{${local.job_selector}})" },
    { title = "System lag", unit = "s", query = "max by (job_name) (dataflow_googleapis_com:job_system_lag{${local.job_selector}})" },
    { title = "Oldest unread event", unit = "s", query = "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{monitored_resource=\"pubsub_subscription\"})" },
    { title = "Bytes written a minute", unit = "By", query = "sum by (job_name) (delta(${local.counter}{${local.job_selector},metric_name=\"bytes_written\"}[5m])) / 5" },
    { title = "Objects written a minute", unit = "1/min", query = "sum by (job_name) (delta(${local.counter}{${local.job_selector},metric_name=\"objects_written\"}[5m])) / 5" },
    { title = "Workers' vCPUs", unit = "1", query = "max by (job_name) (dataflow_googleapis_com:job_current_num_vcpus{${local.job_selector}})" },
  ]
}

resource "google_monitoring_dashboard" "lake" {
  project = var.project_id
  dashboard_json = jsonencode({
    displayName = "E-commerce lake"
    mosaicLayout = {
      columns = 12
      tiles = [
        for index, chart in local.charts : {
          xPos   = (index % 2) * 6
          yPos   = floor(index / 2) * 4
          width  = 6
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{ plotType = "LINE", timeSeriesQuery = { prometheusQuery = chart.query, unitOverride = chart.unit } }]
            }
          }
        }
      ]
    }
  })
}
