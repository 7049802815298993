# Every switch on: what a stub apply must survive.
project_id       = "shop-lake-test"
stage            = "everything"
dataflow_enabled = true
composer_enabled = true
biglake_enabled  = true
runbook_url      = "https://example.com/runbooks"
alert_emails     = ["oncall@example.com"]
report_readers   = ["group:analysts@example.com"]
kms_key          = "projects/keys-project/locations/europe-west1/keyRings/lake/cryptoKeys/data"
budget           = { billing_account = "012345-6789AB-CDEF01", monthly_amount = 500 }
ingestion = {
  blue  = { state = "running", release = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }
  green = { state = "running", candidate = true }
}
