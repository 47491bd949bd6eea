package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
)

// A Hash is the SHA-256 of some content as 64 lower-case hexadecimal digits. The
// zero value names nothing.
type Hash string

// ParseHash returns s as a Hash.
func ParseHash(s string) (Hash, error) {
	ok := len(s) == 2*sha256.Size
	for i := 0; ok && i < len(s); i++ {
		ok = '0' <= s[i] && s[i] <= '9' || 'a' <= s[i] && s[i] <= 'f'
	}
	if !ok {
		return "", fmt.Errorf("artifact hash %.80q: want 64 lower-case hexadecimal digits", s)
	}
	return Hash(s), nil
}

// UnmarshalText implements encoding.TextUnmarshaler with ParseHash.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// HashBytes returns the hash of b.
func HashBytes(b []byte) Hash {
	sum := sha256.Sum256(b)
	return Hash(hex.EncodeToString(sum[:]))
}

// folder returns the folder of h, which must be a hash that ParseHash accepts.
func (h Hash) folder() string { return path.Join(contentFolder, string(h[:2])) }

func (h Hash) path() string { return path.Join(h.folder(), string(h)) }
