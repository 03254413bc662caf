<?php
// Send a file of yours: php upload.php voice.wav
// Needs PHP 8 with its curl extension.
function send(string $url, array $options): string
{
    $curl = curl_init($url);
    curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true] + $options);
    $answer = curl_exec($curl);
    if ($answer === false || curl_getinfo($curl, CURLINFO_RESPONSE_CODE) >= 400) {
        throw new RuntimeException($answer ?: curl_error($curl));
    }
    return $answer;
}

$path = $argv[1];
$ticket = json_decode(send("{{ base }}/api/v1/uploads", [
    CURLOPT_HTTPHEADER => [
        "Authorization: Bearer " . getenv("MUNDWERK_KEY"),
        "Content-Type: application/json",
    ],
    CURLOPT_POSTFIELDS => json_encode([
        "filename" => basename($path),
        "contentType" => mime_content_type($path),
        "size" => filesize($path),
    ]),
]), true);

$upload = $ticket["upload"];
if ($upload["method"] === "POST") {
    send($upload["url"], [
        CURLOPT_POSTFIELDS => $upload["fields"] + ["file" => new CURLFile($path)],
    ]);
} else {
    $headers = [];
    foreach ($upload["headers"] as $name => $value) {
        $headers[] = "$name: $value";
    }
    send($upload["url"], [
        CURLOPT_CUSTOMREQUEST => $upload["method"],
        CURLOPT_UPLOAD => true,
        CURLOPT_INFILE => fopen($path, "rb"),
        CURLOPT_INFILESIZE => filesize($path),
        CURLOPT_HTTPHEADER => $headers,
    ]);
}
echo $ticket["url"], "\n"; // for formState
