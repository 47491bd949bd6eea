package fleet

import (
	"fmt"
	"strconv"
	"strings"
)

// Contract is the version of what workers and backends say to each other, as
// MAJOR.MINOR. The minor number grows with every change that a neighbour of one
// minor version can do without, the major number with any other.
const Contract = "1.1"

// firstContract is spoken by workers that do not say what they speak.
const firstContract = "1.0"

// Compatible refuses, with ErrIncompatible, a worker whose contract is not
// within one minor version of this program's. "" is the first version.
func Compatible(contract string) error {
	if contract == "" {
		contract = firstContract
	}
	major, minor, err := parseContract(contract)
	if err != nil {
		return err
	}
	ourMajor, ourMinor, err := parseContract(Contract)
	if err != nil {
		return err
	}
	if major != ourMajor || minor > ourMinor+1 || minor < ourMinor-1 {
		return fmt.Errorf("%w: the worker speaks contract %s and this backend %s, which allows one minor version between them; run the same version of ktrdr on both",
			ErrIncompatible, contract, Contract)
	}
	return nil
}

func parseContract(text string) (major, minor int, err error) {
	before, after, _ := strings.Cut(text, ".")
	for _, part := range []struct {
		text string
		into *int
	}{{before, &major}, {after, &minor}} {
		if *part.into, err = strconv.Atoi(part.text); err != nil || *part.into < 0 || len(part.text) > 4 {
			return 0, 0, fmt.Errorf("%w: contract is %.20q: want MAJOR.MINOR such as %s", ErrInvalid, text, Contract)
		}
	}
	return major, minor, nil
}
