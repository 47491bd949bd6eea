package featurecache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/ktrdr/ktrdr/internal/data/shelf"
)

const (
	magic    = "KTRDCOL1"
	hashAt   = len(magic)
	countAt  = hashAt + sha256.Size
	sumAt    = countAt + 8
	valuesAt = sumAt + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A folder keeps columns as files.
type folder struct{ files *shelf.Shelf }

// A name is the hash of what a column follows from.
type name [sha256.Size]byte

func (n name) String() string { return hex.EncodeToString(n[:]) }

func (c *Cache) nameOf(key string) name { return sha256.Sum256([]byte(c.o.Engine + "\n" + key)) }

// read returns the column called n, which has rows values. A file that is not such a
// column is removed.
func (f *folder) read(n name, rows int) ([]float32, error) {
	content, err := f.files.Get(n.String())
	if err != nil {
		return nil, err
	}
	column, err := decode(content, n, rows)
	if err != nil {
		return nil, errors.Join(err, f.files.Remove(n.String()))
	}
	return column, nil
}

func decode(b []byte, n name, rows int) ([]float32, error) {
	switch {
	case len(b) < valuesAt || string(b[:hashAt]) != magic:
		return nil, errors.New("not a column")
	case !bytes.Equal(b[hashAt:countAt], n[:]):
		return nil, errors.New("the column of another key")
	case binary.LittleEndian.Uint64(b[countAt:]) != uint64(rows) || len(b) != valuesAt+4*rows:
		return nil, fmt.Errorf("%d bytes: want %d values", len(b), rows)
	case binary.LittleEndian.Uint32(b[sumAt:]) != checksum(b):
		return nil, errors.New("the checksum is wrong")
	}
	column := make([]float32, rows)
	for i := range column {
		column[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[valuesAt+4*i:]))
	}
	return column, nil
}

func encode(n name, column []float32) []byte {
	b := make([]byte, 0, valuesAt+4*len(column))
	b = append(append(b, magic...), n[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(column)))
	b = binary.LittleEndian.AppendUint32(b, 0) // the checksum, set below
	for _, v := range column {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	binary.LittleEndian.PutUint32(b[sumAt:], checksum(b))
	return b
}

// checksum is that of an encoded column, without its own place.
func checksum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:sumAt], castagnoli), castagnoli, b[valuesAt:])
}

// write keeps column as the file n. A file that a crash tears fails its checksum.
func (f *folder) write(n name, column []float32) error {
	return f.files.Put(n.String(), encode(n, column), time.Time{})
}
