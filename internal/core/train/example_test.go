package train_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/ktrdr/ktrdr/internal/core/model"
	"github.com/ktrdr/ktrdr/internal/core/train"
)

func ExampleRun() {
	input := twoSymbols(&testing.T{}, source, 1500) // a strategy, and bars in which momentum goes on
	trained, evaluation, err := train.Run(context.Background(), input, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	quality := evaluation.Quality.Test
	fmt.Println(trained.Manifest.Name, evaluation.ModelInfo.Architecture)
	fmt.Println("better than knowing the class shares:", quality.LogLoss < quality.BaselineLogLoss)

	artifact, err := model.Encode(trained)
	fmt.Println("written:", len(artifact) > 0, err)
	// Output:
	// test_momentum_1h mlp 5-16-8-3 tanh
	// better than knowing the class shares: true
	// written: true <nil>
}
