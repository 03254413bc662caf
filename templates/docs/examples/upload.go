// Send a file of yours: go run upload.go voice.wav
// Needs nothing but Go.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
)

type Ticket struct {
	URL    string `json:"url"`
	Upload struct {
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Fields  map[string]string `json:"fields"`
	} `json:"upload"`
}

func send(request *http.Request) []byte {
	answer, err := http.DefaultClient.Do(request)
	check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(err)
	if answer.StatusCode >= 400 {
		log.Fatal(string(body))
	}
	return body
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	path := os.Args[1]
	file, err := os.ReadFile(path)
	check(err)
	asked, err := json.Marshal(map[string]any{
		"filename":    filepath.Base(path),
		"contentType": http.DetectContentType(file),
		"size":        len(file),
	})
	check(err)
	request, err := http.NewRequest("POST", "{{ base }}/api/v1/uploads", bytes.NewReader(asked))
	check(err)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("MUNDWERK_KEY"))
	request.Header.Set("Content-Type", "application/json")

	var ticket Ticket
	check(json.Unmarshal(send(request), &ticket))
	upload := ticket.Upload
	body := bytes.NewBuffer(file)
	if upload.Method == "POST" {
		body = &bytes.Buffer{}
		form := multipart.NewWriter(body)
		for name, value := range upload.Fields {
			check(form.WriteField(name, value))
		}
		part, err := form.CreateFormFile("file", filepath.Base(path))
		check(err)
		_, err = part.Write(file)
		check(err)
		check(form.Close())
		upload.Headers["Content-Type"] = form.FormDataContentType()
	}
	request, err = http.NewRequest(upload.Method, upload.URL, body)
	check(err)
	for name, value := range upload.Headers {
		request.Header.Set(name, value)
	}
	send(request)
	fmt.Println(ticket.URL) // for formState
}
