package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/ktrdr/ktrdr/internal/control/wire"
	"github.com/ktrdr/ktrdr/internal/edge/intake"
	"github.com/ktrdr/ktrdr/internal/edge/library"
	"github.com/ktrdr/ktrdr/internal/edge/memo"
)

// A server is the backend's side of the contract.
type server struct {
	o     Options
	log   *slog.Logger
	start time.Time
	mux   *http.ServeMux
	api   huma.API

	desk    *intake.Desk
	library *library.Library
	told    *memo.Recent[[3]string, struct{}] // refusals by address, path and reason
}

// New returns the handler of a backend's HTTP interface. It fails only when a
// required part is missing.
func New(o Options) (http.Handler, error) {
	if o.Controller == nil || o.Operations == nil || o.Checkpoints == nil || o.History == nil || o.Models == nil || o.Bars == nil || o.Artifacts == nil || o.Upkeep == nil {
		return nil, errors.New("new api: Controller, Operations, Checkpoints, History, Models, Bars, Artifacts and Upkeep are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{o: o, log: o.Log, start: o.Now(), mux: http.NewServeMux(), told: memo.New[[3]string, struct{}](toldRefusals), library: library.New(o.StrategyDirs)}
	s.desk = intake.New(intake.Options{Scheduler: o.Controller, Models: o.Models, Bars: o.Bars, Artifacts: o.Artifacts, Library: s.library,
		NoBars: o.Errors.NoBars, NoArtifact: o.Errors.NoArtifact, EngineVersion: o.EngineVersion, Now: o.Now})
	s.api = humago.New(s.mux, s.config())
	s.addHealth()
	s.addWorkers()
	s.addOperations()
	s.addCheckpoints()
	s.addEvents()
	s.addStarts()
	s.addChildren()
	s.addModels()
	s.addStrategies()
	s.addData()
	s.addArtifacts()
	s.addAdmin()
	s.correctSchemas()
	if o.Metrics != nil {
		s.mux.Handle("GET /metrics/", o.Metrics)
	}
	return wire.Protect(wellFormed(withoutSlash(s.mux)), o.Now, o.Log), nil
}

// toldRefusals bounds what is remembered of those who send what cannot be read.
const toldRefusals = 1000

// withoutSlash serves /api/v1/strategies/ as /api/v1/strategies: clients write
// both.
func withoutSlash(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; strings.HasPrefix(p, wire.Prefix+"/") && strings.HasSuffix(p, "/") {
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = strings.TrimRight(p, "/"), strings.TrimRight(r.URL.RawPath, "/")
		}
		h.ServeHTTP(w, r)
	})
}

// config is that of the interface: OpenAPI 3.1 without pages that would load
// scripts from elsewhere, strict about what it is not told about.
func (s *server) config() huma.Config {
	const schemas = "#/components/schemas/"
	c := huma.DefaultConfig("KTRDR", s.o.Version)
	c.Info.Description = "Research system for trading strategies: bars, indicators, fuzzy memberships, neural networks, backtests."
	c.Components.Schemas = huma.NewMapRegistry(schemas, schemaName)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = wire.PathOpenAPI, "", ""
	c.CreateHooks = nil // no $schema links: bodies are as the contract says
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{s.envelope}
	format := huma.DefaultJSONFormat
	format.Unmarshal = new(wire.Bodies).Unmarshal
	c.Formats = map[string]huma.Format{"application/json": format, "json": format}
	return c
}

// schemaName tells types of one name in two packages apart.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if pkg := path.Base(t.PkgPath()); strings.Contains(t.PkgPath(), "/internal/control/") && pkg != "wire" {
		return strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	return name
}

// correctSchemas mends what huma cannot know. It describes an error type of its
// own for every operation, while all of ours have the envelope; and it takes a
// list of timeframes for bytes in base64, which no body of this contract has,
// while they are written by their names.
func (s *server) correctSchemas() {
	schemas := s.api.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel")
	for _, schema := range schemas {
		for _, p := range schema.Properties {
			if p.ContentEncoding == "base64" {
				p.Type, p.ContentEncoding, p.Items = huma.TypeArray, "", &huma.Schema{Type: huma.TypeString}
			}
		}
	}
}

// An answer is the output of an endpoint with a body and nothing else.
type answer[T any] struct{ Body T }

// maxBodyBytes leaves room for the escapes in the text of a strategy.
const maxBodyBytes = 2*wire.MaxStrategyBytes + wire.MaxRequestBytes

// add registers an endpoint.
func add[I, O any](s *server, op huma.Operation, f func(context.Context, *I) (O, error)) {
	s.describe(&op)
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBodyBytes
	}
	if _, read := reflect.TypeFor[I]().FieldByName("Body"); !read && op.Method != http.MethodGet {
		op.Middlewares = append(op.Middlewares, s.noBody)
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*answer[O], error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		return &answer[O]{Body: out}, nil
	})
}

// noBody refuses what a caller says in a body that nobody would read.
func (s *server) noBody(ctx huma.Context, next func(huma.Context)) {
	const most = 100 // of spaces around nothing
	body, err := io.ReadAll(io.LimitReader(ctx.BodyReader(), most))
	if said := string(bytes.TrimSpace(body)); err == nil && (len(body) == most || said != "" && said != "{}") {
		_, w := humago.Unwrap(ctx)
		wire.WriteError(w, wire.Errorf(wire.CodeBadRequest, "%s %s takes no body: say it in the query, or send none", ctx.Method(), ctx.URL().Path))
		return
	}
	next(ctx)
}

// addRaw registers an endpoint whose bodies are streams, which huma would read
// into memory.
func (s *server) addRaw(op huma.Operation, f func(http.ResponseWriter, *http.Request) error) {
	s.describe(&op)
	s.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		err := checkQuery(&op, r.URL)
		if err == nil {
			err = f(w, r)
		}
		if err != nil {
			e := s.fail(r.Context(), err).cause
			if op.Method == http.MethodPut && e.Kind() == wire.Invalid { // what workers send
				s.tell(r.Context(), r.RemoteAddr, r.URL.Path, e)
			}
			wire.WriteError(w, e)
		}
	})
	s.api.OpenAPI().AddOperation(&op)
}

// describe completes the description of an operation with its failure.
func (s *server) describe(op *huma.Operation) {
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "Failure",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schemaOf[wire.ErrorBody](s)}},
	}
}

func schemaOf[T any](s *server) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}
