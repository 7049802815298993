#!/bin/sh
# Pins every dependency group of pyproject.toml, with hashes, in requirements/<group>.txt; all groups fit into one environment.
set -eu
cd "$(dirname "$0")/.."
groups="ingestion warehouse orchestration dev"
compile() { "${UV:-uv}" pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --upgrade "$@"; }
together=$(mktemp)
trap 'rm -f "$together"' EXIT
# shellcheck disable=SC2086,SC2046 # words are meant to split
compile $(printf -- '--group %s ' $groups) --output-file "$together"
for group in $groups; do
  compile --group "$group" --constraint "$together" --generate-hashes --no-annotate \
    --custom-compile-command "make lock" --output-file "requirements/$group.txt"
done
