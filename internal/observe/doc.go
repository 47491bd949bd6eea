// Package observe makes what a process tells its operators: the logger, the
// registry of metrics, and who built the binary.
//
// Nothing here is global. A role makes one logger and one registry and hands
// them to the packages that need them; those packages import log/slog and the
// Prometheus client, never this one.
//
// Logs go to stderr, one line per event, as text for people or JSON for
// machines. Their messages are constant; what varies is in keys. Metrics are
// served by [Metrics] in the Prometheus text format and begin with ktrdr_, apart
// from the customary go_ and process_ series.
//
// Start reading at [NewLogger] and [NewRegistry].
package observe
