# Verify one webhook by hand. Needs openssl.
# sh webhook.sh ID TIMESTAMP SIGNATURE < body.json
set -eu
ID=$1 TIMESTAMP=$2 SIGNATURE=$3

AGE=$(($(date +%s) - TIMESTAMP))
if [ "$AGE" -gt 300 ] || [ "$AGE" -lt -300 ]; then
  echo "too old, or from the future" >&2
  exit 1
fi

KEY=$(echo "${MUNDWERK_WEBHOOK_SECRET#whsec_}" |
  openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
EXPECTED=$({ printf '%s.%s.' "$ID" "$TIMESTAMP"; cat; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary |
  openssl base64 -A)

# After a rotation there are two signatures; one that fits is enough.
for ONE in $SIGNATURE; do
  if [ "$ONE" = "v1,$EXPECTED" ]; then
    echo "genuine"
    exit 0
  fi
done
echo "not ours" >&2
exit 1
