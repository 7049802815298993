# Where data lies: private, kept as long as promised, described as the contract says.
mock_provider "google" {}
mock_provider "google-beta" {}

variables {
  project_id  = "shop-lake-test"
  stage       = "test"
  runbook_url = "https://example.com/runbooks"
}

run "no_bucket_is_public" {
  command = plan
  assert {
    condition = alltrue([
      for bucket in module.lake.buckets : bucket.public_access_prevention == "enforced" && bucket.uniform_bucket_level_access
    ])
    error_message = "Every bucket needs uniform access and public access prevention."
  }
  assert {
    condition     = toset([for bucket in module.lake.buckets : bucket.name]) == toset(["shop-lake-test-lake", "shop-lake-test-quarantine", "shop-lake-test-temp", "shop-lake-test-templates"])
    error_message = "Buckets are named after the project and what they hold."
  }
  assert {
    condition     = alltrue([for name, bucket in module.lake.buckets : length(bucket.retention_policy) == 0])
    error_message = "A retention policy forbids the job to overwrite what a retry writes again."
  }
  assert {
    condition     = alltrue([for name, bucket in module.lake.buckets : bucket.force_destroy == (name == "temp")])
    error_message = "A destroy must not take data with it while protect_data is on."
  }
  assert {
    condition     = alltrue([for name, bucket in module.lake.buckets : bucket.versioning[0].enabled == (name != "temp")])
    error_message = "Everything but temp is versioned."
  }
  assert {
    condition     = module.lake.buckets["temp"].soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "Temporary files that are deleted must not be billed for a week."
  }
}

run "staged_files_outlive_temporary_ones" {
  command = plan
  assert {
    condition = alltrue([
      for rule in module.lake.buckets["temp"].lifecycle_rule :
      tolist(rule.action)[0].type != "Delete" ? true : tolist(rule.condition)[0].matches_prefix == tolist(["tmp/", "builds/"])
    ])
    error_message = "A rule would delete staged files, which workers read whenever one starts."
  }
}

run "subscriptions_keep_what_is_unread" {
  command = plan
  assert {
    condition = alltrue([
      for subscription in module.messaging.all_subscriptions :
      subscription.expiration_policy[0].ttl == "" && length(subscription.dead_letter_policy) == 0 && length(subscription.retry_policy) == 0
    ])
    error_message = "A subscription must not expire, and Dataflow supports neither dead-letter nor retry policies."
  }
  assert {
    condition     = module.messaging.all_subscriptions["blue"].message_retention_duration == "604800s"
    error_message = "A read subscription keeps seven days, to seek back."
  }
  assert {
    condition     = module.messaging.all_subscriptions["green"].message_retention_duration == "600s"
    error_message = "A standby subscription is not read: it must not pile up a bill."
  }
  assert {
    condition     = module.messaging.all_subscriptions["blue"].name == "shop-events-lake-blue" && module.messaging.all_subscriptions["green"].name == "shop-events-lake-green"
    error_message = "Subscriptions are named after topic and colour."
  }
}

run "drained_subscriptions_still_keep_everything" {
  command = plan
  variables {
    ingestion = { blue = { state = "drained" }, green = { state = "running" } }
  }
  assert {
    condition     = alltrue([for subscription in module.messaging.all_subscriptions : subscription.message_retention_duration == "604800s"])
    error_message = "What a drained job left unread is what the other colour takes over."
  }
}

run "tables_are_the_contract" {
  command = plan
  assert {
    condition     = toset(keys(module.warehouse.tables)) == toset([for file in fileset("../event_contract/schemas/bigquery", "*.json") : trimsuffix(file, ".json")])
    error_message = "One external table per schema of the contract."
  }
  assert {
    condition = alltrue([
      for name, table in module.warehouse.tables :
      jsondecode(table.external_data_configuration[0].schema) == jsondecode(file("../event_contract/schemas/bigquery/${name}.json"))
    ])
    error_message = "A table's schema is not the contract's."
  }
  assert {
    condition = alltrue([
      for table in module.warehouse.tables :
      table.external_data_configuration[0].hive_partitioning_options[0].mode == "CUSTOM" &&
      table.external_data_configuration[0].hive_partitioning_options[0].require_partition_filter &&
      table.external_data_configuration[0].autodetect == false
    ])
    error_message = "Tables need custom partition keys, a required filter and no autodetection."
  }
  assert {
    condition     = module.warehouse.tables["order_completed"].external_data_configuration[0].hive_partitioning_options[0].source_uri_prefix == "gs://shop-lake-test-lake/event_type=order_completed/{year:INTEGER}/{month:INTEGER}/{day:INTEGER}"
    error_message = "The keys of an event type's folders."
  }
  assert {
    condition     = module.warehouse.tables["quarantine"].external_data_configuration[0].hive_partitioning_options[0].source_uri_prefix == "gs://shop-lake-test-quarantine/failed/{reason:STRING}/{year:INTEGER}/{month:INTEGER}/{day:INTEGER}"
    error_message = "The keys of the quarantine's folders."
  }
  assert {
    condition     = toset([for table in module.warehouse.tables : table.external_data_configuration[0].compression if table.table_id != "manifest"]) == toset(["GZIP"]) && module.warehouse.tables["manifest"].external_data_configuration[0].compression == "NONE"
    error_message = "Objects are gzip, manifests are not."
  }
  assert {
    condition     = length(module.warehouse.empty_files) == length(module.warehouse.tables)
    error_message = "Every table needs a file, or BigQuery refuses to query it."
  }
}

run "without_biglake_nobody_changes_the_lakes_tables" {
  command = plan
  assert {
    condition = [for grant in output.iam_grants : grant if strcontains(grant, "dataset analytics_lake")] == [
      "serviceAccount:lake-orchestration@shop-lake-test.iam.gserviceaccount.com | roles/bigquery.dataViewer | dataset analytics_lake",
    ]
    error_message = "dbt reads the lake's tables, and nobody changes them."
  }
}

run "biglake_moves_the_schema_and_the_rights" {
  command = plan
  variables {
    biglake_enabled = true
  }
  assert {
    condition     = alltrue([for table in module.warehouse.tables : table.schema != null && table.max_staleness == "0-0 0 0:30:0"])
    error_message = "With a connection the schema stands at the top."
  }
}

run "a_teardown_takes_everything" {
  command = plan
  variables {
    protect_data = false
  }
  assert {
    condition     = alltrue([for bucket in module.lake.buckets : bucket.force_destroy])
    error_message = "protect_data = false must let terraform destroy empty the buckets."
  }
}

run "a_key_of_ones_own_reaches_everything" {
  command = plan
  variables {
    kms_key = "projects/keys/locations/europe-west1/keyRings/lake/cryptoKeys/data"
  }
  assert {
    condition     = alltrue([for bucket in module.lake.buckets : bucket.encryption[0].default_kms_key_name == var.kms_key])
    error_message = "Every bucket uses the key."
  }
  assert {
    condition     = toset(keys(google_project_service_identity.agents)) == toset(["artifactregistry", "dataflow", "pubsub"]) && length(data.google_storage_project_service_account.agent) == 1 && length(data.google_bigquery_default_service_account.agent) == 1
    error_message = "A service agent must be made before it is granted the key."
  }
  assert {
    condition     = !contains(keys(google_kms_crypto_key_iam_member.agents), "composer")
    error_message = "Without Composer its API is off and its agent does not exist: a grant to it is refused."
  }
}

run "a_key_of_ones_own_reaches_composer_where_it_is_on" {
  command = plan
  variables {
    kms_key          = "projects/keys/locations/europe-west1/keyRings/lake/cryptoKeys/data"
    composer_enabled = true
  }
  assert {
    condition     = contains(keys(google_kms_crypto_key_iam_member.agents), "composer") && contains(keys(google_project_service_identity.agents), "composer")
    error_message = "Composer's agent is made, then granted the key."
  }
}
