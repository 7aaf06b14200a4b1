# SPDX-License-Identifier: Apache-2.0
#
#   make                        builds the program
#   make run ARGS='--json'      builds it and runs it as root
#   make test                   runs every test; CI=true makes warnings errors
#   make lint, make format      check and apply the style

SWIFT ?= swift
# One binary that needs no Swift installation where it runs.
RELEASE = -c release --static-swift-stdlib --product bfatrace
SUDO = $(shell [ "$$(id -u)" -eq 0 ] || echo sudo)
SWIFT_FILES = Package.swift Plugins Sources Tests

.PHONY: all run test lint format clean

all:
	$(SWIFT) build $(RELEASE)

run: all
	$(SUDO) "$$($(SWIFT) build $(RELEASE) --show-bin-path)/bfatrace" $(ARGS)

# What failed is repeated at the end, where it is not buried.
test: SHELL = bash
test:
	$(SWIFT) build --build-tests
	@set -o pipefail; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	$(SWIFT) test 2>&1 | tee "$$log" || { echo "--- what failed:"; grep -A 25 ✘ "$$log"; exit 1; }

lint:
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_FILES)

format:
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_FILES)

clean:
	$(SWIFT) package clean
