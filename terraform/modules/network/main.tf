# Workers and Airflow have no public address: they reach Google's APIs from inside (Private Google Access), and nothing else.
resource "google_compute_network" "lake" {
  project                 = var.project_id
  name                    = "lake"
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "lake" {
  # checkov:skip=CKV_GCP_76:IPv6 is off (stack_type IPV4_ONLY).
  # checkov:skip=CKV_GCP_26:Flow logs are billed per flow of a busy job and nobody reads them here; switch them on while looking into something.
  project                  = var.project_id
  name                     = "lake"
  region                   = var.region
  network                  = google_compute_network.lake.id
  ip_cidr_range            = "10.10.0.0/20"
  stack_type               = "IPV4_ONLY"
  private_ip_google_access = true
}

# Dataflow's workers talk to each other on these ports; it tags them "dataflow".
resource "google_compute_firewall" "workers" {
  project     = var.project_id
  name        = "lake-dataflow-workers"
  network     = google_compute_network.lake.id
  description = "Dataflow workers among themselves."
  direction   = "INGRESS"
  source_tags = ["dataflow"]
  target_tags = ["dataflow"]

  allow {
    protocol = "tcp"
    ports    = ["12345-12346"]
  }
}
