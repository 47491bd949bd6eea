package api

import (
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/ktrdr/ktrdr/internal/control/wire"
)

// maxImportBytes bounds an uploaded file of bars.
const maxImportBytes = 2 << 30

func (s *server) addImport(tags []string) {
	text := &huma.Schema{Type: huma.TypeString}
	s.addRaw(huma.Operation{OperationID: "import-bars", Method: http.MethodPost, Path: wire.PathDataImport, Tags: tags,
		Summary:     "Import a file of bars",
		Description: "The body is a CSV or Parquet file. Its bars are merged into what is held: importing twice changes nothing, and nothing that is held is lost. A file with a bad row changes nothing unless skip_bad is given.",
		Parameters: []*huma.Param{
			queryParam("symbol", "symbol of the bars; required", text),
			queryParam("timeframe", "timeframe of the bars; required", text),
			queryParam("file", "name of the file, for messages and for its format", text),
			queryParam("format", "csv or parquet; default: by the name of the file, else csv", text),
			queryParam("timezone", "IANA name, for times that state no zone; default UTC", text),
			queryParam("skip_bad", "true leaves bad rows out and reports them", &huma.Schema{Type: huma.TypeBoolean}),
		},
		RequestBody: &huma.RequestBody{Required: true, Content: bytesContent("application/octet-stream")},
		Responses: map[string]*huma.Response{"200": {Description: "What changed",
			Content: map[string]*huma.MediaType{"application/json": {Schema: schemaOf[wire.Envelope[wire.ImportReport]](s)}}}}}, s.importBars)
}

func (s *server) importBars(w http.ResponseWriter, r *http.Request) error {
	f, err := importFile(r.URL.Query())
	if err != nil {
		return err
	}
	f.Content = http.MaxBytesReader(w, r.Body, maxImportBytes)
	report, err := s.o.Bars.Import(r.Context(), f)
	if err != nil {
		return s.bodyError(err)
	}
	if report.Problems == nil {
		report.Problems = []string{}
	}
	if report.Ignored == nil {
		report.Ignored = []string{}
	}
	wire.WriteJSON(w, http.StatusOK, enveloped(report))
	return nil
}

// importFile reads the options of an import.
func importFile(q url.Values) (ImportFile, error) {
	symbol, tf, err := instrument(q.Get("symbol"), q.Get("timeframe"))
	if err != nil {
		return ImportFile{}, err
	}
	f := ImportFile{Name: path.Base(q.Get("file")), Format: CSV, Symbol: symbol, Timeframe: tf, Zone: q.Get("timezone")}
	if q.Get("file") == "" {
		f.Name = string(symbol) + "_" + tf.String()
	}
	switch format := Format(strings.ToLower(q.Get("format"))); {
	case format == CSV, format == Parquet:
		f.Format = format
	case format != "":
		return ImportFile{}, wire.Errorf(wire.CodeValidation, "format is %q: want csv or parquet", format)
	case strings.EqualFold(path.Ext(f.Name), ".parquet"):
		f.Format = Parquet
	}
	if text := q.Get("skip_bad"); text != "" {
		if f.SkipBad, err = strconv.ParseBool(text); err != nil {
			return ImportFile{}, wire.Errorf(wire.CodeValidation, "skip_bad is %q: want true or false", text)
		}
	}
	return f, nil
}
