output "environment" {
  description = "Airflow's address, and the bucket folder of its DAGs."
  value = {
    airflow = google_composer_environment.airflow.config[0].airflow_uri
    dags    = google_composer_environment.airflow.config[0].dag_gcs_prefix
  }
}

output "airflow_variables" {
  description = "Airflow Variables that the DAGs are given, without their prefix."
  value       = local.airflow_variables
}

output "uploads" {
  description = "Names of the objects that are uploaded to the environment's bucket."
  value = concat(
    [for object in google_storage_bucket_object.dags : object.name],
    [for object in google_storage_bucket_object.home : object.name],
  )
}
