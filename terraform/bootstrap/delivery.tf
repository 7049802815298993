locals {
  # plan: what a pull request sees. delivery: what an approved run on the default branch changes.
  accounts = local.github ? {
    plan     = "Reads the project to plan changes, for pull requests"
    delivery = "Applies approved changes and builds images"
  } : {}

  # The roles that the platform's own grants on the project need, and so the only ones that the delivery account may grant there.
  grantable = [
    "roles/bigquery.jobUser",
    "roles/composer.worker",
    "roles/dataflow.viewer",
    "roles/dataflow.worker",
    "roles/logging.logWriter",
  ]

  project_roles = local.github ? {
    plan = ["roles/iam.securityReviewer", "roles/viewer"]
    delivery = [
      "roles/artifactregistry.admin",
      "roles/bigquery.admin",
      "roles/cloudbuild.builds.editor",
      "roles/composer.admin",
      "roles/compute.networkAdmin",
      "roles/compute.securityAdmin",
      "roles/dataflow.developer",
      "roles/iam.serviceAccountAdmin",
      "roles/iam.serviceAccountUser",
      "roles/logging.configWriter",
      "roles/monitoring.editor",
      "roles/pubsub.admin",
      "roles/serviceusage.serviceUsageAdmin",
      "roles/storage.admin",
      "roles/viewer",
    ]
  } : {}

  project_grants = {
    for grant in flatten([for account, roles in local.project_roles : [for role in roles : { account = account, role = role }]]) :
    "${grant.account} ${grant.role}" => grant
  }

  members = {
    for name, account in google_service_account.accounts :
    name => "serviceAccount:${account.account_id}@${var.project_id}.iam.gserviceaccount.com"
  }

  pool = local.github ? google_iam_workload_identity_pool.github[0].name : ""
  # Any workflow of the repository may plan; only a job in the reviewed environment may deliver.
  principals = local.github ? {
    plan     = "principalSet://iam.googleapis.com/${local.pool}/attribute.repository/${var.github_repository}"
    delivery = "principal://iam.googleapis.com/${local.pool}/subject/repo:${var.github_repository}:environment:${var.github_environment}"
  } : {}
}

resource "google_service_account" "accounts" {
  for_each = local.accounts

  project      = var.project_id
  account_id   = "lake-${each.key}"
  display_name = each.value

  depends_on = [google_project_service.apis]
}

resource "google_project_iam_member" "grants" {
  # checkov:skip=CKV_GCP_41:The delivery account starts jobs as the platform's accounts, which it makes itself: it cannot be granted on each beforehand. docs/iam.md
  # checkov:skip=CKV_GCP_49:The same: acting as the platform accounts is what an apply does. docs/iam.md
  for_each = local.project_grants

  project = var.project_id
  member  = local.members[each.value.account]
  role    = each.value.role
}

resource "google_project_iam_member" "grant_listed_roles" {
  count = local.github ? 1 : 0

  project = var.project_id
  member  = local.members.delivery
  role    = "roles/resourcemanager.projectIamAdmin"

  condition {
    title       = "only_listed_roles"
    description = "May grant and revoke only the roles that the platform's accounts hold on the project."
    expression  = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([${join(", ", [for role in local.grantable : "'${role}'"])}])"
  }
}

# A plan compares the objects that Terraform wrote. The viewer role shows no object, and this shows no event: only templates, the
# files without a line, and what Composer is given to run.
resource "google_project_iam_member" "read_own_objects" {
  count = local.github ? 1 : 0

  project = var.project_id
  member  = local.members.plan
  role    = "roles/storage.objectViewer"

  condition {
    title       = "only_objects_of_terraform"
    description = "Objects that the platform's configuration writes."
    expression = join(" || ", [
      "resource.name.startsWith('projects/_/buckets/${var.project_id}-templates/')",
      "resource.name.startsWith('projects/_/buckets/${var.region}-lake-')",
      "resource.name.endsWith('/empty.ndjson')",
      "resource.name.endsWith('/empty.ndjson.gz')",
    ])
  }
}

resource "google_storage_bucket_iam_member" "state" {
  for_each = local.github ? { plan = "roles/storage.objectViewer", delivery = "roles/storage.objectUser" } : {}

  bucket = google_storage_bucket.state.name
  member = local.members[each.key]
  role   = each.value
}

resource "google_iam_workload_identity_pool" "github" {
  count = local.github ? 1 : 0

  project                   = var.project_id
  workload_identity_pool_id = "github"
  display_name              = "GitHub Actions"

  depends_on = [google_project_service.apis]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  # checkov:skip=CKV_GCP_125:The condition names one repository; who may become which account is decided by subject, below.
  count = local.github ? 1 : 0

  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.github[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "actions"
  display_name                       = "GitHub Actions workflows"
  attribute_condition                = "assertion.repository == '${var.github_repository}'"
  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "github" {
  for_each = local.principals

  service_account_id = google_service_account.accounts[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = each.value
}
