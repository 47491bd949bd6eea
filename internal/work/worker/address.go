package worker

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
)

// An address knows under which URL the backend shall call this worker. The order
// is: the configured URL; the host that the listener is bound to; the address of
// this machine on its way to the backend; its host name.
type address struct {
	fixed   string // the URL, when it does not depend on the network
	port    int
	backend string // HOST:PORT towards which the way is looked up
}

func newAddress(configured string, bound net.Addr, backendURL string) (*address, error) {
	if configured != "" {
		u, err := url.Parse(configured)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("endpoint URL %q: want http://HOST:PORT", configured)
		}
		return &address{fixed: u.Scheme + "://" + u.Host}, nil
	}
	host, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return nil, fmt.Errorf("listening address %s: %w", bound, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
		return &address{fixed: "http://" + net.JoinHostPort(host, port)}, nil
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("listening address %s: %w", bound, err)
	}
	backend := ""
	if u, err := url.Parse(backendURL); err == nil && u.Hostname() != "" {
		backend = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443"))
	}
	return &address{port: n, backend: backend}, nil
}

// URL returns the address, and a warning where it is only a guess. It is asked
// for anew with every registration, because machines move between networks.
func (a *address) URL() (endpoint, warning string, err error) {
	if a.fixed != "" {
		return a.fixed, "", nil
	}
	host, err := a.towardsBackend()
	if err != nil {
		warning = fmt.Sprintf("the address of this machine towards the backend is not known (%v); its host name is advertised instead. If the backend cannot resolve that, set WORKER_ENDPOINT_URL", err)
		if host, err = os.Hostname(); err != nil {
			return "", "", fmt.Errorf("no address to advertise: %w: set WORKER_ENDPOINT_URL", err)
		}
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(a.port)), warning, nil
}

// towardsBackend returns the local address that a packet to the backend would
// carry. A UDP socket is connected for that; nothing is sent.
func (a *address) towardsBackend() (string, error) {
	c, err := net.Dial("udp", a.backend)
	if err != nil {
		return "", err
	}
	defer c.Close()
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	return host, err
}
