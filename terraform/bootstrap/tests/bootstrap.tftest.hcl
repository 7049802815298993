mock_provider "google" {
  mock_resource "google_iam_workload_identity_pool" {
    defaults = { name = "POOL" }
  }
}

variables {
  project_id        = "shop-lake-test"
  github_repository = "acme/shop-lake"
}

run "everything_on" {}

run "grants_are_the_reviewed_table" {
  module {
    source = "../tests/iam_table"
  }
  variables {
    grants  = run.everything_on.iam_grants
    section = "Bootstrap"
  }
  assert {
    condition     = length(output.undocumented) == 0
    error_message = "Granted, but not in docs/iam.md: ${join("; ", output.undocumented)}"
  }
  assert {
    condition     = length(output.not_planned) == 0
    error_message = "In docs/iam.md, but not granted: ${join("; ", output.not_planned)}"
  }
  assert {
    condition     = output.unreadable == 0
    error_message = "docs/iam.md has rows without account, role, resource or a reason."
  }
}

run "the_delivery_account_can_grant_only_the_listed_roles" {
  assert {
    condition     = google_project_iam_member.grant_listed_roles[0].condition[0].expression == "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/bigquery.jobUser', 'roles/composer.worker', 'roles/dataflow.viewer', 'roles/dataflow.worker', 'roles/logging.logWriter'])"
    error_message = "The condition must name exactly the platform's roles on the project."
  }
}

run "the_plan_account_sees_no_event" {
  assert {
    condition     = strcontains(google_project_iam_member.read_own_objects[0].condition[0].expression, "shop-lake-test-templates/") && !can(regex("-lake/|-quarantine", google_project_iam_member.read_own_objects[0].condition[0].expression))
    error_message = "A pull request's plan must not be able to read events."
  }
}

run "only_one_repository_is_trusted" {
  assert {
    condition     = google_iam_workload_identity_pool_provider.github[0].attribute_condition == "assertion.repository == 'acme/shop-lake'"
    error_message = "Tokens of other repositories must be refused."
  }
}

run "the_state_is_private_and_versioned" {
  assert {
    condition     = google_storage_bucket.state.public_access_prevention == "enforced" && google_storage_bucket.state.uniform_bucket_level_access && google_storage_bucket.state.versioning[0].enabled
    error_message = "The state's bucket must be private and versioned."
  }
}

run "without_github_there_is_nobody_to_deliver" {
  variables {
    github_repository = null
  }
  assert {
    condition     = length(output.iam_grants) == 0 && output.workload_identity_provider == null
    error_message = "Without a repository there must be no account and no trust."
  }
}

run "a_repository_with_a_wildcard_is_refused" {
  command = plan
  variables {
    github_repository = "acme/*"
  }
  expect_failures = [var.github_repository]
}
