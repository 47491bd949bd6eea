package fleet

import "time"

// track is what the fleet remembers about a worker beyond its public record.
type track struct{}

// Timing are the intervals by which workers live and die. Zero fields mean the
// defaults named beside them.
type Timing struct {
	HealthInterval time.Duration // between health checks of one worker; 10 s
	HealthTimeout  time.Duration // of one health check; 5 s
	HealthMisses   int           // consecutive misses until unavailable; 3
	Lease          time.Duration // of silence until a worker's attempt is lost; 30 s
	Removal        time.Duration // of silence until the worker is removed; 300 s
}
