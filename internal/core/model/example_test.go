package model_test

import (
	"fmt"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/model"
)

func ExampleDecode() {
	artifact, err := model.Encode(tiny(&testing.T{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := model.Decode(artifact)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Manifest.Name, m.Manifest.Classes, m.Manifest.Features.Names)

	artifact[len(artifact)/2]++
	_, err = model.Decode(artifact)
	fmt.Println(err != nil)
	// Output:
	// tiny_1h [BUY HOLD SELL] [1h_level_low 1h_level_high]
	// true
}
