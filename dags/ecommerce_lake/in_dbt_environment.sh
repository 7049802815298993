# Runs `dbt …` or `python …` in dbt's own Python environment, so that Airflow's packages and dbt's cannot break each other.
#
# ECOMMERCE_HOME: the folder with dbt/, warehouse_runner/ and requirements/.
# ECOMMERCE_DBT_PYTHON: the environment's Python. Where it is empty, an environment is made once per machine and version of
# requirements/warehouse.txt, with hashes, below ECOMMERCE_ENVIRONMENTS (default: the temporary folder). It is made again if it is
# not whole: a worker may end while it installs, and a temporary folder may be swept.
set -euo pipefail

home=${ECOMMERCE_HOME:?set it to the folder that holds dbt/}
python=${ECOMMERCE_DBT_PYTHON:-}
if [ -z "$python" ]; then
  requirements=$home/requirements/warehouse.txt
  environments=${ECOMMERCE_ENVIRONMENTS:-${TMPDIR:-/tmp}}
  environment=$environments/ecommerce-dbt-$(sha256sum "$requirements" | cut -c1-16)
  mkdir -p "$environments"
  exec 9>"$environment.lock"
  flock 9 # the tasks of one worker start together; the first makes it, the others wait
  if [ ! -e "$environment/complete" ] || ! "$environment/bin/python" -c '' 2>/dev/null; then
    echo "Making dbt's environment in $environment" >&2
    rm -rf "$environment"
    python3 -m venv "$environment" >&2
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements" >&2
    touch "$environment/complete"
  fi
  exec 9>&-
  python=$environment/bin/python
fi

unset PYTHONPATH PYTHONHOME # Airflow's own packages stay out
export DBT_SEND_ANONYMOUS_USAGE_STATS=false
cd "$home"
case $1 in
dbt)
  shift
  exec "$python" -c "from dbt.cli.main import cli; cli(prog_name='dbt')" --no-use-colors --no-version-check "$@" \
    --project-dir dbt --profiles-dir dbt
  ;;
python)
  shift
  exec "$python" "$@"
  ;;
*)
  echo "$1 is neither dbt nor python" >&2
  exit 2
  ;;
esac
