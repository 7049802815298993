output "subnetwork" {
  description = "Self link of the subnetwork."
  value       = google_compute_subnetwork.lake.self_link
}
