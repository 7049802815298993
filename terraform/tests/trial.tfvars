# Every switch off: what a trial begins with.
project_id  = "shop-lake-test"
stage       = "trial"
runbook_url = "https://example.com/runbooks"
