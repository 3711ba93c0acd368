package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
)

func main() {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {os.Getenv("AZURE_CLIENT_ID")},
		"client_secret": {os.Getenv("AZURE_CLIENT_SECRET")}, "scope": {"https://graph.microsoft.com/.default"}}
	answer, err := http.PostForm("https://login.microsoftonline.com/"+os.Getenv("AZURE_TENANT_ID")+"/oauth2/v2.0/token", form)
	if err != nil {
		panic(err)
	}
	var token struct {
		Value string `json:"access_token"`
	}
	_ = json.NewDecoder(answer.Body).Decode(&token)
	request, _ := http.NewRequest("GET", "https://graph.microsoft.com/v1.0/domains", nil)
	request.Header.Set("Authorization", "Bearer "+token.Value)
	answer, err = http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	var domains struct {
		Value []struct{ Id string }
	}
	_ = json.NewDecoder(answer.Body).Decode(&domains)
	fmt.Println(domains.Value)
	if _, err := http.Get("https://example.com/"); err != nil {
		fmt.Println("refused:", err)
	} else {
		fmt.Println("reached")
	}
}
