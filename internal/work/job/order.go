package job

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// readOrder reads the order of an attempt. What the order asks for and this
// version does not know must not be left out in silence: the result would be
// that of another order.
func readOrder(text json.RawMessage, order any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(order); err != nil {
		return fmt.Errorf("read order: %w: is the backend of a newer version? Then use workers of that version, too", err)
	}
	return nil
}
