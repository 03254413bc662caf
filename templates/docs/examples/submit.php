<?php
// Submit, wait, download. Needs PHP 8 with its curl extension.
const BASE_URL = "{{ base }}/api/v1";

function call(string $path, ?array $body = null): array
{
    $curl = curl_init(BASE_URL . $path);
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 60,
        CURLOPT_HTTPHEADER => [
            "Authorization: Bearer " . getenv("MUNDWERK_KEY"),
            "Content-Type: application/json",
        ],
    ]);
    if ($body !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, json_encode($body));
    }
    $text = curl_exec($curl);
    if ($text === false) {
        throw new RuntimeException(curl_error($curl));
    }
    $answer = json_decode($text, true);
    if (curl_getinfo($curl, CURLINFO_RESPONSE_CODE) >= 400) {
        throw new RuntimeException($answer["error"]);
    }
    return $answer;
}

$job = call("/lipsync-image", ["formState" => [
    "image" => "{{ base }}/samples/face.jpg",
    "audio" => "{{ base }}/samples/voice.wav",
    "resolution" => "720p",
]]);
echo "Job {$job['id']}\n";

while ($job["status"] === "processing") {
    sleep(5);
    $job = call("/jobs/" . $job["id"]);
}

if ($job["status"] === "failed") {
    throw new RuntimeException($job["error"]);
}
copy($job["output"], "result.mp4");
echo "result.mp4\n";
