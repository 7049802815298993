"""`lake cloud`: steps on Google Cloud that are more than one command. The rest is plain gcloud, in docs/cloud.md."""
