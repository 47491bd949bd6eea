package observe

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// NewRegistry returns a registry that holds the series of the Go runtime and of
// the process, and ktrdr_build_info.
func NewRegistry(role string, b Build) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "ktrdr_build_info",
		Help:        "Always 1; the labels say which build runs in which role.",
		ConstLabels: prometheus.Labels{"role": role, "version": b.Version, "revision": b.Revision, "go": b.Go},
	})
	info.Set(1)
	registry.MustRegister(info, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// Metrics serves what registry holds in the Prometheus text format.
func Metrics(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry})
}
