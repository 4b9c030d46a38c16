#!/bin/sh
# Altostrat's own documentation creates a workflow so; but for the address and the token, word for word.
curl --request POST \
  --url "${TURNOUT_URL:-http://127.0.0.1:8080}/altostrat/workflows" \
  --header "Authorization: Bearer ${TURNOUT_TOKEN:-}" \
  --header 'Content-Type: application/json' \
  --data '{
  "name": "New Customer Onboarding",
  "description": "Sends a welcome email when a new site is created.",
  "is_active": true,
  "authorization_id": "auth_01H...",
  "schedule_type": "manual",
  "nodes": [
    {
      "id": "n1",
      "type": "manual_trigger",
      "position": {
        "x": 100,
        "y": 100
      },
      "data": {
        "componentId": "manual_trigger",
        "description": "Manually trigger this onboarding flow."
      }
    },
    {
      "id": "n2",
      "type": "webhook",
      "position": {
        "x": 400,
        "y": 100
      },
      "data": {
        "componentId": "webhook",
        "method": "POST",
        "url": "https://example.com/api/welcome",
        "body": "{\"message\": \"Welcome!\", \"run_id\": \"{{ n1.run_id }}\"}"
      }
    }
  ],
  "edges": [
    {
      "id": "e1-2",
      "source": "n1",
      "target": "n2"
    }
  ]
}'
