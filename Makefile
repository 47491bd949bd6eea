# What people and machines run. Every target is a few plain go commands; `make`
# alone lists them.

export CGO_ENABLED = 0
export NAME COUNT PKG
T ?= 30s
SEED ?= 1
N ?= 10000

# Packages whose concurrency is worth the race detector's time.
RACE = ./internal/control/... ./internal/core/train ./internal/work/... ./internal/edge/... ./internal/data/... ./internal/observe

# Tests that pin bits, and the packages whose arithmetic a compiler could fuse.
PINS = -count=1 -run '^(TestFit_bits|TestFit_bits_of_every_kind|TestFit_sets|TestSets|TestProduct|TestFMA|TestBits|TestExpBits)$$'
PINNED = ./internal/core/nn ./internal/core/kernel ./internal/core/fuzzy ./internal/core/decision \
	./internal/core/rolling ./internal/core/label ./internal/core/indicator/catalog

.PHONY: help build demo test simulate chaos check fmt vet lint policy race race-system bits fuzz golden gen bench bench-diff bench-once bench-peers limits profile generated smoke changelog ci clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/ktrdr
	go build -trimpath -o bin/ktrdr ./cmd/ktrdr

demo: build ## build, then show the whole way from bars to a backtest
	bin/ktrdr demo

test: ## run all tests
	go test ./...

simulate: ## simulate N (default 10,000) histories of the scheduler under faults
	go test -count=1 -timeout 0 ./internal/control/dispatch -run '^TestSimulation$$' -seeds $(N)

chaos: ## kill, pause, cut off, fill up and set the clocks of a real system for SEED (default 1), then compare its results with a calm run's
	go test -count=1 -timeout 60m ./cmd/ktrdr -run '^TestChaos$$' -v -chaos.seed=$(SEED) -chaos.operations=300
	go test -count=1 -timeout 60m ./cmd/ktrdr -run '^TestChaos$$' -v -chaos.seed=$(SEED) -chaos.operations=100 -clock.jumps

check: fmt vet lint policy ## what a commit must pass: formatting, vet, staticcheck, policy, short tests
	go test -short ./...

fmt: # fail where gofmt would change something
	@out=$$(git ls-files '*.go' | xargs gofmt -l); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi

vet: # report what go vet finds
	go vet ./...

lint: bin/staticcheck # report what staticcheck finds
	bin/staticcheck ./...

bin/staticcheck: tools/go.mod tools/go.sum
	cd tools && go build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck

bin/benchstat: tools/go.mod tools/go.sum
	cd tools && go build -o ../bin/benchstat golang.org/x/perf/cmd/benchstat

policy: # hold the tree to its rules
	go test -count=1 .

race: ## run the concurrent packages under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -short -shuffle=on $(RACE)

race-system: ## the same for whole processes: clusters and chaos
	CGO_ENABLED=1 go test -race -timeout 30m ./cmd/ktrdr -run '^(TestCluster|TestChaos)$$' -chaos.operations=12

bits: ## run the tests that pin bits as other processors compute them: amd64 whose compiler fuses, and, emulated (Debian's qemu-user-static), arm64 and riscv64
	GOAMD64=v3 go test $(PINS) $(PINNED)
	GOARCH=arm64 go test $(PINS) -exec qemu-aarch64-static $(PINNED)
	GOARCH=riscv64 go test -count=1 -run '^(TestFit_bits|TestProduct|TestFMA)$$' -exec qemu-riscv64-static ./internal/core/kernel ./internal/core/nn

fuzz: ## run every fuzz target for T (default 30s) each
	@for dir in $$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u); do \
		for target in $$(go test -list '^Fuzz' ./$$dir | grep '^Fuzz'); do \
			echo "$$dir $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(T) ./$$dir || exit 1; \
		done; \
	done

golden: ## rewrite recorded outputs and show what changed; commit only what you can explain
	@for dir in $$(git grep -l 'ktrdr/internal/golden"' -- '*_test.go' | xargs -n1 dirname | sort -u); do go test ./$$dir -update; done
	git diff --stat

gen: kernels ## regenerate docs/reference, docs/dependencies.txt and the assembly of internal/core/kernel, rolling, decision and trial
	go test -count=1 ./internal/edge/cli ./internal/edge/settings ./internal/core/indicator/catalog -run '^TestReference$$' -update
	go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}' ./cmd/ktrdr | LC_ALL=C sort -u > docs/dependencies.txt

bench: ## run all benchmarks, ten times each
	@go run ./bench/limits -machine
	go test -run '^$$' -bench . -benchmem -count 10 ./...

bench-diff: bin/benchstat ## run benchmarks (NAME, default all; COUNT, default 6) and compare them with the stored numbers of this kind of machine
	bench/diff

bench-peers: ## measure the same work done by KTRDR and by PyTorch (needs Debian's python3-torch), and by TA-Lib where it is
	bench/peers/run

limits: ## measure what bounds the benchmarks here: multiply-adds and memory
	go run ./bench/limits

profile: ## show where the time of benchmark NAME goes (PKG where several have one of the name)
	bench/profile

bench-once: # run every benchmark once, so that none rots
	go test -run '^$$' -bench . -benchtime 1x ./...

kernels: # write the assembly of internal/core/kernel, rolling, decision and trial
	cd tools && go run ./kernels -pkg kernel -out ../internal/core/kernel/kernels_amd64.s -stubs ../internal/core/kernel/kernels_amd64.go
	cd tools && go run ./neon -out ../internal/core/kernel/kernels_arm64.s -stubs ../internal/core/kernel/kernels_arm64.go
	cd tools && go run ./rolling -pkg rolling -out ../internal/core/rolling/rolling_amd64.s -stubs ../internal/core/rolling/rolling_amd64.go
	cd tools && go run ./sieve -pkg decision -out ../internal/core/decision/sieve_amd64.s -stubs ../internal/core/decision/sieve_amd64.go
	cd tools && go run ./trial -pkg trial -out ../internal/core/trial/vectors_amd64.s -stubs ../internal/core/trial/stubs_amd64.go

generated: gen # fail where generated files are not committed as they are generated
	git diff --exit-code -- docs internal/core/kernel internal/core/rolling internal/core/decision internal/core/trial

smoke: build # run the built program from bars to a backtest
	dir=$$(mktemp -d) && bin/ktrdr demo --data-dir "$$dir"; status=$$?; rm -rf "$$dir"; exit $$status

changelog: ## print changelog/next as it goes into CHANGELOG.md at a release
	@for f in changelog/next/*.md; do sed '1s/^/- /; 2,$$s/^/  /' "$$f"; done

ci: ## all that CI runs
	.ci/stages

clean: ## remove what was built
	rm -rf bin
