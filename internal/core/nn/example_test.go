package nn_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/ktrdr/ktrdr/internal/core/nn"
)

func ExampleNetwork_Fit() {
	network, err := nn.New(nn.Config{Inputs: 2, Hidden: []int{8}, Outputs: 2, Activation: nn.Tanh}, nn.InitStream(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	either := nn.Data{X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Class: []int32{0, 1, 1, 0}}
	fitting, err := network.Fit(context.Background(), either, either, nn.Options{
		Epochs: 500, BatchSize: 4, LearningRate: 0.02, Loss: nn.Loss{Kind: nn.CrossEntropy}, Seed: 1,
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("right:", fitting.History[fitting.Best-1].Validation.Accuracy)
	for i, p := range nn.Softmax(nil, network.Infer(nil, either.X, 4), 2) {
		if i%2 == 1 {
			fmt.Printf("%v xor %v: %v\n", either.X[i-1], either.X[i], p > 0.5)
		}
	}
	// Output:
	// right: 1
	// 0 xor 0: false
	// 0 xor 1: true
	// 1 xor 0: true
	// 1 xor 1: false
}

func ExampleNetwork_AppendSafetensors() {
	network, err := nn.New(nn.Config{Inputs: 1, Outputs: 1}, nn.InitStream(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := network.AppendSafetensors(nil)
	fmt.Println(strings.TrimSpace(string(file[8:len(file)-8])), err)
	// Output: {"0.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"0.bias":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} <nil>
}
