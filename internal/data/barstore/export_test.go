package barstore

import "os"

// What tests need to put a disk that fails below a Store.
type (
	Disk = disk
	File = file
)

func OpenOn(dir string, wrap func(Disk) Disk) (*Store, error) {
	return openOn(dir, func(root *os.Root) disk { return wrap(rootDisk{root}) })
}
