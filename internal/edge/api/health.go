package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// A welcome is the answer to GET /.
type welcome struct {
	Message string `json:"message"`
}

func (s *server) addHealth() {
	add(s, huma.Operation{OperationID: "root", Method: http.MethodGet, Path: "/{$}", Summary: "Say where the interface is", Hidden: true},
		func(context.Context, *struct{}) (welcome, error) {
			return welcome{"KTRDR backend. The interface is described at " + wire.PathOpenAPI + ".json"}, nil
		})
	health := func(context.Context, *struct{}) (wire.Health, error) {
		now := s.o.Now().UTC()
		return wire.Health{Status: "ok", Healthy: true, Version: s.o.Version, Timestamp: now, UptimeSeconds: now.Sub(s.start).Seconds()}, nil
	}
	add(s, huma.Operation{OperationID: "health", Method: http.MethodGet, Path: wire.PathHealth, Summary: "Say how the backend is", Tags: []string{"health"}}, health)
	add(s, huma.Operation{OperationID: "health-alias", Method: http.MethodGet, Path: "/health", Summary: "The same as " + wire.PathHealth, Tags: []string{"health"}}, health)
}
