# Submit, wait, download: sh submit.sh. Needs curl.
set -eu
BASE_URL="{{ base }}/api/v1"
AUTH="Authorization: Bearer $MUNDWERK_KEY"

# A field of the JSON that is read.
field() { grep -o "\"$1\": *\"[^\"]*\"" | cut -d '"' -f 4; }

ANSWER=$(curl -sS --fail-with-body "$BASE_URL/lipsync-image" \
  -H "$AUTH" -H "Content-Type: application/json" \
  -d '{
    "formState": {
      "image": "{{ base }}/samples/face.jpg",
      "audio": "{{ base }}/samples/voice.wav",
      "resolution": "720p"
    }
  }') || { echo "$ANSWER" >&2; exit 1; }
ID=$(echo "$ANSWER" | field id)
echo "Job $ID"

STATUS=processing
while [ "$STATUS" = processing ]; do
  sleep 5
  JOB=$(curl -sS --fail-with-body "$BASE_URL/jobs/$ID" -H "$AUTH")
  STATUS=$(echo "$JOB" | field status)
done

if [ "$STATUS" = failed ]; then
  echo "$JOB" | field error >&2
  exit 1
fi
curl -sS --fail -o result.mp4 "$(echo "$JOB" | field output)"
echo "result.mp4"
