#!/bin/sh
# The request of Truto's own documentation, sent to Turnout.
set -eu

curl --silent --show-error --fail-with-body -X POST "${TURNOUT_URL:-http://127.0.0.1:8080}/truto/workflow" \
  -H "Authorization: Bearer ${TURNOUT_TOKEN:-}" \
  -H 'Content-Type: application/json' \
  -d '{
  "id": "4a4de828-f4c9-4bea-8ef4-2d705aec43bc",
  "environment_id": "05daecaf-4365-42e8-8370-8127de5dd717",
  "trigger_name": "integrated_account:connected",
  "config": {}
}'
