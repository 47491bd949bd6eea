package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// maxArtifactBytes bounds what is stored under one hash.
const maxArtifactBytes = 4 << 30

func (s *server) addArtifacts() {
	tags := []string{"artifacts"}
	params := []*huma.Param{pathParam("sha256", "hash of the content: 64 hexadecimal digits")}
	s.addRaw(huma.Operation{OperationID: "get-artifact", Method: http.MethodGet, Path: wire.PathArtifact, Tags: tags, Parameters: params,
		Summary: "Get stored content by its hash", Description: "The content is verified while it is sent; where it turns out to be damaged the connection is cut before its end.",
		Responses: map[string]*huma.Response{"200": bytesResponse("application/octet-stream")}}, func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "application/octet-stream")
		return s.sendArtifact(w, r, r.PathValue("sha256"))
	})
	s.addRaw(huma.Operation{OperationID: "has-artifact", Method: http.MethodHead, Path: wire.PathArtifact, Tags: tags, Parameters: params,
		Summary: "Ask whether content is stored", Responses: map[string]*huma.Response{"200": {Description: "It is; Content-Length is its size"}}}, s.headArtifact)
	s.addRaw(huma.Operation{OperationID: "put-artifact", Method: http.MethodPut, Path: wire.PathArtifact, Tags: tags, Parameters: params,
		Summary: "Store content under its hash", Description: "Content with another hash is refused. Storing twice changes nothing.",
		RequestBody: &huma.RequestBody{Required: true, Content: bytesContent("application/octet-stream")},
		Responses: map[string]*huma.Response{"200": {Description: "Stored, durably",
			Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf[storedArtifact](s)}}}}}, s.putArtifact)
}

// A storedArtifact is the answer to PUT /artifacts/{sha256}.
type storedArtifact struct {
	Success   bool   `json:"success"`
	SHA256    string `json:"sha256"`
	SizeBytes int64  `json:"size_bytes"`
}

func checkHash(hash string) error {
	if !wire.IsHash(hash) {
		return wire.Errorf(wire.CodeBadRequest, "%q is not a hash: want 64 lower-case hexadecimal digits", hash)
	}
	return nil
}

// sendArtifact answers with the content of hash. Headers that say what it is are
// set by the caller.
func (s *server) sendArtifact(w http.ResponseWriter, r *http.Request, hash string) error {
	if err := checkHash(hash); err != nil {
		return err
	}
	content, size, err := s.o.Artifacts.Open(r.Context(), hash)
	if err != nil {
		return err
	}
	defer content.Close()
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.Header().Set("ETag", strconv.Quote(hash))
	if _, err := io.Copy(w, content); err != nil {
		s.log.WarnContext(r.Context(), "artifact not sent to its end", "sha256", hash, "error", err)
		panic(http.ErrAbortHandler) // nobody must take what was sent for whole
	}
	return nil
}

func (s *server) headArtifact(w http.ResponseWriter, r *http.Request) error {
	hash := r.PathValue("sha256")
	if err := checkHash(hash); err != nil {
		return err
	}
	size, err := s.o.Artifacts.Stat(r.Context(), hash)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.Header().Set("ETag", strconv.Quote(hash))
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *server) putArtifact(w http.ResponseWriter, r *http.Request) error {
	hash := r.PathValue("sha256")
	if err := checkHash(hash); err != nil {
		return err
	}
	size, err := s.o.Artifacts.Put(r.Context(), hash, http.MaxBytesReader(w, r.Body, maxArtifactBytes))
	if err != nil {
		return s.bodyError(err)
	}
	wire.WriteJSON(w, http.StatusOK, storedArtifact{Success: true, SHA256: hash, SizeBytes: size})
	return nil
}

// bodyError tells the errors of a streamed body from those of whoever read it.
func (s *server) bodyError(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || errors.Is(err, io.ErrUnexpectedEOF) {
		return wire.ReadError(err)
	}
	return err
}

func pathParam(name, doc string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Description: doc, Schema: &huma.Schema{Type: huma.TypeString}}
}

func queryParam(name, doc string, schema *huma.Schema) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: doc, Schema: schema}
}

func bytesContent(contentType string) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
}

func bytesResponse(contentType string) *huma.Response {
	return &huma.Response{Description: "The content", Content: bytesContent(contentType)}
}
