package operation

import "encoding/json"

// A Report is what a worker says about one attempt: progress while State is
// Running, the outcome when State is terminal. The worker repeats an outcome
// until it is acknowledged.
type Report struct {
	Token       Token           `json:"token"`
	WorkerID    string          `json:"worker_id"`
	Incarnation string          `json:"incarnation,omitempty"`
	State       Status          `json:"state"`
	Progress    *Progress       `json:"progress,omitempty"`
	Result      json.RawMessage `json:"result,omitempty"`
	Error       string          `json:"error,omitempty"`
	Warnings    []string        `json:"warnings,omitempty"`
	// Model accompanies a completed training and becomes a row of the model
	// index in the same transaction as the completion.
	Model *ModelRecord `json:"model,omitempty"`
	// Artifacts are the stored outputs, uploaded before the report.
	Artifacts []Artifact `json:"artifacts,omitempty"`
}
