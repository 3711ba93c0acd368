set -eu
token=$(curl -sS "https://login.microsoftonline.com/$AZURE_TENANT_ID/oauth2/v2.0/token" \
    -d grant_type=client_credentials -d "client_id=$AZURE_CLIENT_ID" --data-urlencode "client_secret=$AZURE_CLIENT_SECRET" \
    -d scope=https://graph.microsoft.com/.default | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
curl -sS https://graph.microsoft.com/v1.0/domains -H "Authorization: Bearer $token"
if curl -sS https://example.com/ 2>&1; then echo reached; else echo "refused: $?"; fi
