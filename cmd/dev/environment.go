package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"nonassociations/cmd/internal/app"
)

// environmentFile has the variables of the run, for the commands of operators.
func environmentFile(set settings) string { return filepath.Join(set.DataDir, app.RunFile) }

// forCommands are the variables that commands of operators need. All others of the person
// who started the run stay out of the file.
var forCommands = []string{
	"DATABASE_URL", "READ_DATABASE_URL", "EVENTSTORE_URL", "PRISONER_EVENTS_QUEUE_URL", "DOMAIN_EVENTS_QUEUE_URL", "NOMIS_EVENTS_QUEUE_URL", "AUDIT_QUEUE_URL",
	"SNS_TOPIC_ARN", "HISTORY_TOPIC_ARN", "PRISONER_SEARCH_URL", "NOMIS_API_URL", "NOMIS_API_TOKEN_URL", "NOMIS_API_CLIENT_ID",
	"NOMIS_API_CLIENT_SECRET", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SNS", "PUBLIC_URL",
	"EVIDENCE_ORIGIN", "EVIDENCE_KEY_FILE", "EVIDENCE_OLD_KEYS", "EVIDENCE_EVERY", "WITNESS_URL", "WITNESS_KEY",
}

// saveEnvironment keeps the variables, which only the owner of the folder may read. The
// endpoints of the queues are in the process's own environment alone.
func saveEnvironment(set settings, environment map[string]string) error {
	kept := map[string]string{}
	for _, name := range forCommands {
		value := environment[name]
		if value == "" {
			value = os.Getenv(name)
		}
		if value != "" {
			kept[name] = value
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return os.WriteFile(environmentFile(set), text, 0o600)
}
