package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ktrdr/ktrdr/internal/control/operation"
)

// A ModelFilter selects models. Empty fields select all.
type ModelFilter struct {
	ID, Name, StrategyName string
	Symbol, Timeframe      string // one that the model was trained on, with the other
	OperationID            string
	Limit, Offset          int // Limit 0 means 100
}

// model stores the model of a completed training. Its version is the next of
// its name.
func (w *writer) model(m operation.ModelRecord) error {
	if _, err := w.exec(`INSERT INTO models (id, name, version, strategy_name, operation_id, created_at, sha256, bytes,
			train_start, train_end, feature_hash, description, symbols_json, timeframes_json, metrics_json)
		VALUES ($1, $2, (SELECT COALESCE(MAX(version), 0) + 1 FROM models WHERE name = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		m.ID, m.Name, m.StrategyName, m.OperationID, micros(m.CreatedAt), m.SHA256, m.Bytes,
		micros(m.TrainStart), micros(m.TrainEnd), m.FeatureHash, m.Description, toJSON(list(m.Symbols)), toJSON(list(m.Timeframes)), string(m.Metrics)); err != nil {
		return fmt.Errorf("store model %s: %w", m.ID, err)
	}
	for _, symbol := range m.Symbols {
		for _, timeframe := range m.Timeframes {
			if _, err := w.exec(`INSERT INTO model_markets (model_id, symbol, timeframe) VALUES ($1, $2, $3)
				ON CONFLICT (model_id, symbol, timeframe) DO NOTHING`, m.ID, symbol, timeframe); err != nil {
				return fmt.Errorf("store markets of model %s: %w", m.ID, err)
			}
		}
	}
	return nil
}

// Model returns one model, or operation.ErrNotFound.
func (s *Store) Model(ctx context.Context, id string) (operation.ModelRecord, error) {
	all, err := s.Models(ctx, ModelFilter{ID: id})
	if err != nil {
		return operation.ModelRecord{}, err
	}
	if len(all) == 0 {
		return operation.ModelRecord{}, fmt.Errorf("model %s: %w", id, operation.ErrNotFound)
	}
	return all[0], nil
}

// Models returns the models that the filter selects, newest first.
func (s *Store) Models(ctx context.Context, f ModelFilter) ([]operation.ModelRecord, error) {
	var conditions []string
	var args []any
	add := func(condition, value string) {
		if value != "" {
			args = append(args, value)
			conditions = append(conditions, fmt.Sprintf(condition, len(args)))
		}
	}
	add("id = $%d", f.ID)
	add("name = $%d", f.Name)
	add("strategy_name = $%d", f.StrategyName)
	add("operation_id = $%d", f.OperationID)
	markets := len(conditions)
	add("symbol = $%d", f.Symbol)
	add("timeframe = $%d", f.Timeframe)
	if len(conditions) > markets {
		inner := strings.Join(conditions[markets:], " AND ")
		conditions = append(conditions[:markets:markets], "EXISTS (SELECT 1 FROM model_markets WHERE model_id = id AND "+inner+")")
	}
	where := ""
	if len(conditions) > 0 {
		where = " WHERE " + strings.Join(conditions, " AND ")
	}
	if f.Limit <= 0 {
		f.Limit = 100
	}
	all, err := query(ctx, s.reads, scanModel, fmt.Sprintf(`SELECT id, name, version, strategy_name, operation_id, created_at, sha256, bytes,
			train_start, train_end, feature_hash, description, symbols_json, timeframes_json, metrics_json
		FROM models%s ORDER BY created_at DESC, id DESC LIMIT $%d OFFSET $%d`, where, len(args)+1, len(args)+2),
		append(args, f.Limit, max(f.Offset, 0))...)
	return all, s.readError("models", err)
}

func scanModel(scan func(...any) error) (m operation.ModelRecord, err error) {
	var created, start, end int64
	var symbols, timeframes, metrics string
	if err := scan(&m.ID, &m.Name, &m.Version, &m.StrategyName, &m.OperationID, &created, &m.SHA256, &m.Bytes,
		&start, &end, &m.FeatureHash, &m.Description, &symbols, &timeframes, &metrics); err != nil {
		return m, err
	}
	m.CreatedAt, m.TrainStart, m.TrainEnd = fromMicros(created), fromMicros(start), fromMicros(end)
	if metrics != "" {
		m.Metrics = json.RawMessage(metrics)
	}
	return m, errors.Join(json.Unmarshal([]byte(symbols), &m.Symbols), json.Unmarshal([]byte(timeframes), &m.Timeframes))
}

// DescribeModel sets the name and description that people gave a model; under a
// new name it gets the next version there. It fails with operation.ErrNotFound.
func (s *Store) DescribeModel(ctx context.Context, id, name, description string) (operation.ModelRecord, error) {
	err := s.update(ctx, func(w *writer) error {
		rows, err := w.exec(`UPDATE models SET description = $1, name = $2,
			version = CASE WHEN name = $2 THEN version ELSE (SELECT COALESCE(MAX(version), 0) + 1 FROM models AS other WHERE other.name = $2) END
			WHERE id = $3`, description, name, id)
		if err == nil && rows == 0 {
			err = fmt.Errorf("model %s: %w", id, operation.ErrNotFound)
		}
		return err
	})
	if err != nil {
		return operation.ModelRecord{}, err
	}
	return s.Model(ctx, id)
}
