# Send a file of yours: sh upload.sh voice.wav
# Needs curl.
set -eu
BASE_URL="{{ base }}/api/v1"
AUTH="Authorization: Bearer $MUNDWERK_KEY"
FILE=$1
TYPE=audio/wav

TICKET=$(curl -sS --fail-with-body "$BASE_URL/uploads" \
  -H "$AUTH" -H "Content-Type: application/json" \
  -d "{
    \"filename\": \"$(basename "$FILE")\",
    \"contentType\": \"$TYPE\",
    \"size\": $(wc -c < "$FILE")
  }") || { echo "$TICKET" >&2; exit 1; }

# Two addresses: the first for formState, the second to send to.
URLS=$(echo "$TICKET" | grep -o '"url": *"[^"]*"' | cut -d '"' -f 4)
TARGET=$(echo "$URLS" | tail -n 1)
curl -sS --fail -T "$FILE" -H "Content-Type: $TYPE" "$TARGET"
echo "$URLS" | head -n 1
