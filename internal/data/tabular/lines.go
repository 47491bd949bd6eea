package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// lines gives out the lines of a file that are not blank.
type lines struct {
	r       io.Reader
	left    int64 // bytes that may still be read
	buffer  []byte
	unread  []byte // part of buffer
	ended   bool
	number  int // of the line given out last, counted from 1
	maximum int64
}

func newLines(r io.Reader, maxBytes int64) *lines {
	return &lines{r: r, left: maxBytes, maximum: maxBytes, buffer: make([]byte, 4*maxLineBytes)}
}

// next returns the next line, without its end, or io.EOF. The line is valid until
// the next call.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.take()
		if err != nil {
			return nil, err
		}
		l.number++
		if l.number == 1 {
			if line, err = withoutMark(line); err != nil {
				return nil, err
			}
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return bytes.TrimSuffix(line, []byte{'\r'}), nil
		}
	}
}

// withoutMark removes the byte order mark that some tools write.
func withoutMark(line []byte) ([]byte, error) {
	if bytes.HasPrefix(line, []byte{0xFF, 0xFE}) || bytes.HasPrefix(line, []byte{0xFE, 0xFF}) {
		return nil, errors.New("it is written in UTF-16: save it as UTF-8")
	}
	return bytes.TrimPrefix(line, []byte{0xEF, 0xBB, 0xBF}), nil
}

func (l *lines) take() ([]byte, error) {
	for {
		if end := bytes.IndexByte(l.unread, '\n'); end >= 0 {
			line := l.unread[:end]
			l.unread = l.unread[end+1:]
			return l.checked(line)
		}
		if l.ended {
			if len(l.unread) == 0 {
				return nil, io.EOF
			}
			line := l.unread
			l.unread = nil
			return l.checked(line)
		}
		if len(l.unread) > maxLineBytes {
			return l.checked(l.unread)
		}
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
}

func (l *lines) checked(line []byte) ([]byte, error) {
	if len(line) > maxLineBytes {
		return nil, fmt.Errorf("line %d has more than %d bytes: is this CSV?", l.number+1, maxLineBytes)
	}
	return line, nil
}

// fill reads more behind what is unread.
func (l *lines) fill() error {
	kept := copy(l.buffer, l.unread)
	n, err := l.r.Read(l.buffer[kept:])
	l.unread = l.buffer[:kept+n]
	if l.left -= int64(n); l.left < 0 {
		return fmt.Errorf("it is larger than %d bytes: split it, or allow more", l.maximum)
	}
	if errors.Is(err, io.EOF) {
		l.ended = true
		return nil
	}
	return err
}
