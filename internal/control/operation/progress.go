package operation

// Progress says how far an attempt has come.
type Progress struct {
	Percentage     float64        `json:"percentage"` // 0 to 100
	CurrentStep    string         `json:"current_step"`
	StepsCompleted int            `json:"steps_completed"`
	StepsTotal     int            `json:"steps_total"`
	ItemsProcessed int64          `json:"items_processed"`
	ItemsTotal     *int64         `json:"items_total"`
	CurrentItem    *string        `json:"current_item"`
	Phase          string         `json:"phase,omitempty"`
	Context        map[string]any `json:"context"`
}

// A ProgressError says why a progress report cannot be true.
type ProgressError struct{ Reason string }

func (e *ProgressError) Error() string { return "progress refused: " + e.Reason }
