package settings

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ktrdr/ktrdr/internal/control/store"
	"github.com/ktrdr/ktrdr/internal/control/wire"
)

func checkURL(s string) error {
	if s == "" {
		return nil
	}
	if strings.Contains(s, "://") {
		if u, err := url.Parse(s); err != nil || u.Host == "" {
			return fmt.Errorf("%q is not an address: want http://HOST:PORT", s)
		}
	}
	_, err := wire.NormaliseURL(s)
	return err
}

func checkListen(s string) error {
	if s == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not HOST:PORT (for example 127.0.0.1:8000)", s)
	}
	return checkPort(port)
}

func checkPort(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("port %q: want a number from 0 to 65535", s)
	}
	return nil
}

func checkIP(s string) error {
	if _, err := netip.ParseAddr(s); err != nil && s != "localhost" {
		return fmt.Errorf("%q is not an IP address", s)
	}
	return nil
}

func checkThreads(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 || n > 1024 {
		return fmt.Errorf("%q threads: want a number from 0 to 1024", s)
	}
	return nil
}

func checkSeconds(s string) error {
	_, err := parseSeconds(s)
	return err
}

// parseSeconds reads a number of seconds, at least a hundredth and at most a day.
func parseSeconds(s string) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || !(seconds >= 0.01 && seconds <= 86_400) {
		return 0, fmt.Errorf("%q: want a number of seconds from 0.01 to 86400", s)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func checkFailures(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > 1000 {
		return fmt.Errorf("%q: want a number from 1 to 1000", s)
	}
	return nil
}

func checkLimit(s string) error {
	if n, err := strconv.Atoi(s); err != nil || n < 0 {
		return fmt.Errorf("%q: want a whole number, or 0 for no limit", s)
	}
	return nil
}

func checkCount(s string) error {
	if n, err := strconv.ParseInt(s, 10, 64); err != nil || n < 1 {
		return fmt.Errorf("%q: want a whole number from 1", s)
	}
	return nil
}

func checkNotEmpty(s string) error {
	if s == "" {
		return fmt.Errorf("is empty: name a folder")
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		if slices.Contains(words, s) {
			return nil
		}
		return fmt.Errorf("%q: want one of %s", s, strings.Join(words, ", "))
	}
}

func checkClaims(s string) error {
	_, err := parseClaims(s)
	return err
}

// parseClaims reads name=value pairs between commas. A value that reads as
// true, false or a number is one.
func parseClaims(s string) (map[string]any, error) {
	claims := map[string]any{}
	for pair := range strings.SplitSeq(s, ",") {
		pair = strings.TrimSpace(pair)
		if pair == "" {
			continue
		}
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" || text == "" {
			return nil, fmt.Errorf("%q is not name=value (for example gpu=true)", pair)
		}
		if _, twice := claims[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		claims[name] = claim(text)
	}
	return claims, nil
}

func claim(text string) any {
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return text
}

// checkDatabase never repeats the address, which may hold a password.
func checkDatabase(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("want postgres://USER:PASSWORD@HOST/DATABASE, with special characters in the password escaped (%40 for @); for SQLite leave it out")
	}
	return nil
}

func maskDatabase(s string) string {
	if s == "" {
		return ""
	}
	return store.Address(s).String()
}

func checkMebibytes(s string) error {
	_, err := mebibytes(s)
	return err
}

// mebibytes reads a size in MiB, at most a PiB, as bytes.
func mebibytes(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, fmt.Errorf("%q: want a number of MiB from 0 to %d", s, 1<<30)
	}
	return n << 20, nil
}
