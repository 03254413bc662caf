<?php
// Receive webhooks and verify them: php -S 0.0.0.0:3000 webhook.php
const TOLERANCE_SECONDS = 300;

function is_genuine(string $body): bool
{
    $secret = preg_replace("/^whsec_/", "", getenv("MUNDWERK_WEBHOOK_SECRET"));
    $id = $_SERVER["HTTP_WEBHOOK_ID"] ?? "";
    $timestamp = $_SERVER["HTTP_WEBHOOK_TIMESTAMP"] ?? "";
    if (!ctype_digit($timestamp) || abs(time() - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $digest = hash_hmac("sha256", "$id.$timestamp.$body", base64_decode($secret), true);
    $expected = "v1," . base64_encode($digest);
    // After a rotation there are two signatures; one that fits is enough.
    foreach (explode(" ", $_SERVER["HTTP_WEBHOOK_SIGNATURE"] ?? "") as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

$body = file_get_contents("php://input");
if (!is_genuine($body)) {
    http_response_code(401);
    exit;
}
$job = json_decode($body, true);
error_log("{$job['id']} {$job['status']} " . ($job["output"] ?? $job["error"]));
http_response_code(204);
