// Submit, wait, download. Needs nothing but Go.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

const baseURL = "{{ base }}/api/v1"

type Job struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Output string `json:"output"`
	Error  string `json:"error"`
}

func call(method, path, body string) (job Job) {
	request, err := http.NewRequest(method, baseURL+path, strings.NewReader(body))
	check(err)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("MUNDWERK_KEY"))
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	check(err)
	defer answer.Body.Close()
	check(json.NewDecoder(answer.Body).Decode(&job))
	if answer.StatusCode >= 400 {
		log.Fatal(job.Error)
	}
	return job
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	job := call("POST", "/lipsync-image", `{
		"formState": {
			"image": "{{ base }}/samples/face.jpg",
			"audio": "{{ base }}/samples/voice.wav",
			"resolution": "720p"
		}
	}`)
	fmt.Println("Job", job.ID)

	for job.Status == "processing" {
		time.Sleep(5 * time.Second)
		job = call("GET", "/jobs/"+job.ID, "")
	}

	if job.Status == "failed" {
		log.Fatal(job.Error)
	}
	video, err := http.Get(job.Output)
	check(err)
	defer video.Body.Close()
	file, err := os.Create("result.mp4")
	check(err)
	_, err = io.Copy(file, video.Body)
	check(err)
	check(file.Close())
	fmt.Println("result.mp4")
}
