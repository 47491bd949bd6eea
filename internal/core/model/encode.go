package model

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

// The files of an artifact, in their order.
const (
	manifestFile = "manifest.json"
	strategyFile = "strategy.yaml"
	weightsFile  = "weights.safetensors"
	metricsFile  = "metrics.json"
)

// A part is a file of an artifact and its largest size.
type part struct {
	name string
	max  uint64
}

// maxNetworks bounds the networks of an ensemble.
const maxNetworks = 1 << 10

const maxWeights = 8 + nn.MaxSafetensorsHeader + 4*nn.MaxParameters

// basicParts is how many files every artifact has.
const basicParts = 4

// parts returns the files of an artifact with so many networks.
func parts(networks int) []part {
	list := []part{{manifestFile, 16 << 20}, {strategyFile, 4 << 20}, {weightsFile, maxWeights}, {metricsFile, 64 << 20}}
	for i := 2; i <= networks; i++ {
		list = append(list, part{fmt.Sprintf("weights-%d.safetensors", i), maxWeights})
	}
	return list
}

// Encode returns the artifact of m: a zip archive of stored (not compressed)
// files without times, so that the same model is the same bytes. It sets the
// hashes of the manifest itself, and refuses what Decode would refuse.
func Encode(m Model) ([]byte, error) {
	if err := m.verify(); err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	weights, err := m.Network.AppendSafetensors(nil)
	if err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	f := m.Manifest
	f.StrategySHA256, f.WeightsSHA256, f.MetricsSHA256 = sum(m.StrategySource), sum(weights), sum(m.Metrics)
	contents := [][]byte{nil, m.StrategySource, weights, m.Metrics}
	f.Members = slices.Clone(f.Members)
	for i := range f.Members {
		if i > 0 {
			if weights, err = m.Others[i-1].AppendSafetensors(nil); err != nil {
				return nil, fmt.Errorf("encode model: member %d: %w", i+1, err)
			}
			contents = append(contents, weights)
		}
		f.Members[i].SHA256 = sum(weights)
	}
	if contents[0], err = json.MarshalIndent(f, "", "  "); err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	return archive(contents)
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// archive zips the contents of parts. There is one such archive for given
// contents.
func archive(contents [][]byte) ([]byte, error) {
	parts := parts(len(contents) - basicParts + 1)
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for i, content := range contents {
		if size := uint64(len(content)); size > parts[i].max {
			return nil, fmt.Errorf("%s has %d bytes: want at most %d", parts[i].name, size, parts[i].max)
		}
		file, err := w.CreateRaw(&zip.FileHeader{
			Name: parts[i].name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content),
			CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content)),
		})
		if err != nil {
			return nil, err
		}
		if _, err := file.Write(content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}

// Decode reads an artifact. It checks the hash of every part, the shape and the
// finiteness of the weights, and that strategy, features, network and manifest
// belong together, and returns an error that says which of them do not. An
// archive that Encode would not have written byte for byte from the same parts
// is refused, so nothing can hide in it.
func Decode(b []byte) (Model, error) {
	m, err := decode(b)
	if err != nil {
		return Model{}, fmt.Errorf("decode model: %w", err)
	}
	return m, nil
}

func decode(b []byte) (Model, error) {
	contents, err := unpack(b)
	if err != nil {
		return Model{}, err
	}
	manifest, err := parseManifest(contents[0])
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", manifestFile, err)
	}
	hashes := []string{manifest.StrategySHA256, manifest.WeightsSHA256, manifest.MetricsSHA256}
	for i, member := range manifest.Members {
		if i > 0 {
			hashes = append(hashes, member.SHA256)
		} else if member.SHA256 != manifest.WeightsSHA256 {
			return Model{}, fmt.Errorf("%s: the first member has the hash %.12s and its weights %.12s", manifestFile, member.SHA256, manifest.WeightsSHA256)
		}
	}
	if len(contents) != len(hashes)+1 {
		return Model{}, fmt.Errorf("%d files in the archive: want %d for %d networks", len(contents), len(hashes)+1, max(1, len(manifest.Members)))
	}
	parts := parts(len(contents) - basicParts + 1)
	for i, want := range hashes {
		if got := sum(contents[i+1]); got != want {
			return Model{}, fmt.Errorf("%s has the hash %.12s, the manifest says %.12s: the file is damaged or was changed", parts[i+1].name, got, want)
		}
	}
	m := Model{Manifest: manifest, StrategySource: contents[1], Metrics: contents[3]}
	for i, weights := range append([][]byte{contents[2]}, contents[basicParts:]...) {
		network, err := nn.ParseSafetensors(weights, manifest.Network)
		if err != nil {
			return Model{}, fmt.Errorf("weights of network %d: %w", i+1, err)
		}
		if i == 0 {
			m.Network = network
		} else {
			m.Others = append(m.Others, network)
		}
	}
	return m, m.verify()
}

// parseManifest reads the format first, so that a file of a later version is
// refused as such and not for a field that this version does not know.
func parseManifest(b []byte) (Manifest, error) {
	var version struct{ Format string }
	if err := json.Unmarshal(b, &version); err != nil {
		return Manifest{}, err
	}
	if version.Format != Format {
		return Manifest{}, fmt.Errorf("format %q is not known here: this version reads %s", version.Format, Format)
	}
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Manifest{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return Manifest{}, errors.New("text follows the manifest")
	}
	return m, nil
}

// unpack returns copies of the contents of parts.
func unpack(b []byte) (contents [][]byte, err error) {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return contents, fmt.Errorf("not a zip archive: %w", err)
	}
	if len(r.File) < basicParts || len(r.File) > basicParts+maxNetworks-1 {
		return contents, fmt.Errorf("%d files in the archive: want %d, or %d at most for several networks", len(r.File), basicParts, basicParts+maxNetworks-1)
	}
	parts := parts(len(r.File) - basicParts + 1)
	contents = make([][]byte, len(parts))
	for i, f := range r.File {
		size := f.UncompressedSize64
		switch {
		case f.Name != parts[i].name:
			return contents, fmt.Errorf("file %d is called %q: want %s", i+1, f.Name, parts[i].name)
		case f.Method != zip.Store || f.CompressedSize64 != size:
			return contents, fmt.Errorf("%s is compressed: want it stored", f.Name)
		case size > parts[i].max || size > uint64(len(b)):
			return contents, fmt.Errorf("%s has %d bytes in an archive of %d: want at most %d", f.Name, size, len(b), parts[i].max)
		}
		if contents[i], err = read(f, size); err != nil {
			return contents, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	again, err := archive(contents)
	if err != nil {
		return contents, err
	}
	if !bytes.Equal(again, b) {
		return contents, errors.New("the archive holds more than its files, or holds them in another way than this program writes them")
	}
	return contents, nil
}

// read returns the size bytes of f; the checksum of the archive is verified.
func read(f *zip.File, size uint64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	content := make([]byte, size)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, err
	}
	// One read more, for the reader to compare the checksum at the end.
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, fmt.Errorf("does not end after %d bytes: %w", size, err)
	}
	return content, nil
}
