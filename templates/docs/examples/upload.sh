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
if echo "$TICKET" | grep -q '"method": *"POST"'; then
  FIELDS=$(echo "$TICKET" | grep -o '"fields": *{[^}]*}' | cut -d '{' -f 2 \
    | grep -o '"[^"]*": *"[^"]*"' | sed 's/^"\([^"]*\)": *"\(.*\)"$/\1=\2/')
  set --
  while IFS= read -r FIELD; do
    set -- "$@" --form-string "$FIELD"
  done <<FORM
$FIELDS
FORM
  curl -sS --fail "$@" -F "file=@$FILE" "$TARGET"
else
  curl -sS --fail -T "$FILE" -H "Content-Type: $TYPE" "$TARGET"
fi
echo "$URLS" | head -n 1
