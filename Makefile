# SPDX-License-Identifier: Apache-2.0
#
#   make                        builds the program
#   make run ARGS='--json'      builds it and runs it as root
#   make install                installs it below PREFIX, in the directory tree DESTDIR;
#                               FATRACE=1: under the name fatrace too
#   make uninstall              removes what that installed, with the same variables
#   make deb                    makes a Debian package in .build
#   make static                 makes .build/static/bfatrace, which needs no library where it runs
#   make completions            makes those of the shells again, from the option parser
#   make check                  what CI runs: lint, test and a minute of fuzz
#   make test                   runs every test; CI=true makes warnings errors
#   make storm                  renames and mounts for five minutes, SECONDS=N: every path must be one that a file had
#   make bench ARGS=--quick     measures it beside its peers, as root
#   make lint, make format      check and apply the style
#   make fuzz SECONDS=600       fuzzes what decodes and prints records, and what reads recordings
#   make fuzz-recordings        the latter, RUNS=10000000 times

SWIFT ?= swift
# One binary that needs no Swift installation where it runs.
RELEASE = -c release --static-swift-stdlib --product bfatrace --disable-local-rpath
SUDO = $(shell [ "$$(id -u)" -eq 0 ] || echo sudo)
SWIFT_FILES = Package.swift Benchmarks Plugins Sources Tests packaging
# No symbolic links: a formatter would replace them.
C_FILES = $(shell git ls-files --stage '*.c' '*.h' | sed -n 's/^100[^\t]*\t//p')
SHELL_FILES = $(shell git grep -lIE '^\#!.*/(ba)?sh$$')
PYTHON_FILES = $(shell git ls-files '*.py'; git grep -lIE '^\#!.*python')
# Formatters of fixed versions, in a virtual environment.
LINT = .build/lint/bin
# ClickHouse's engine for Tests/fleet, of a fixed version.
FLEET = .build/fleet/bin
# How long make fuzz takes.
SECONDS = 60

PREFIX = /usr/local
DESTDIR =
# Not empty: also the symbolic link fatrace, its manual and completions.
FATRACE =
# What is installed; built if it is the default and does not exist.
BINARY = .build/release/bfatrace
# As for other system tools of administrators, fatrace among them.
SBIN = $(PREFIX)/sbin
MAN = $(PREFIX)/share/man/man8
# Where the shells look, in /usr as in /usr/local; zsh is built with a path of its own.
BASH_COMPLETIONS = $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS = $(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS = $(PREFIX)/share/fish/vendor_completions.d
UNITS = $(PREFIX)/lib/systemd/system
# An example for logrotate(8), which reads /etc/logrotate.d only.
EXAMPLES = $(PREFIX)/share/bfatrace
# Where the Debian package goes.
DEB = .build
# Where the static binary goes.
STATIC = .build/static
# lld, as archives need no order there, with what the archives need in turn. Regular expressions,
# which nothing here uses, would bring their parser and the names of all characters.
STATIC_FLAGS = --scratch-path $(STATIC) -Xswiftc -static-executable -Xswiftc -use-ld=lld \
	-Xswiftc -Xfrontend -Xswiftc -disable-implicit-string-processing-module-import \
	-Xswiftc -I$(MODULES) -Xlinker $(MODULES)/FoundationEssentials.o \
	$(patsubst %,-Xlinker %,$(shell pkg-config --static --libs-only-l libbpf ncursesw))

.PHONY: all run install uninstall deb static completions check test fuzz fuzz-recordings storm bench lint format clean

all:
	$(SWIFT) build $(RELEASE)

run: all
	$(SUDO) "$$($(SWIFT) build $(RELEASE) --show-bin-path)/bfatrace" $(ARGS)

.build/release/bfatrace:
	$(SWIFT) build $(RELEASE)

install: $(BINARY)
	install -D -s -m 755 $(BINARY) $(DESTDIR)$(SBIN)/bfatrace
	install -D -m 644 man/bfatrace.8 $(DESTDIR)$(MAN)/bfatrace.8
	install -D -m 644 completions/bfatrace.bash $(DESTDIR)$(BASH_COMPLETIONS)/bfatrace
	install -D -m 644 completions/_bfatrace $(DESTDIR)$(ZSH_COMPLETIONS)/_bfatrace
	install -D -m 644 completions/bfatrace.fish $(DESTDIR)$(FISH_COMPLETIONS)/bfatrace.fish
	install -D -m 644 packaging/bfatrace.logrotate $(DESTDIR)$(EXAMPLES)/bfatrace.logrotate
	for unit in bfatrace.service bfatrace@.service; do \
		install -D -m 644 packaging/$$unit $(DESTDIR)$(UNITS)/$$unit && \
		sed -i 's|@SBIN@|$(SBIN)|' $(DESTDIR)$(UNITS)/$$unit || exit 1; \
	done
ifneq ($(FATRACE),)
	ln -sf bfatrace $(DESTDIR)$(SBIN)/fatrace
	install -D -m 644 man/fatrace.8 $(DESTDIR)$(MAN)/fatrace.8
	install -D -m 644 completions/fatrace.bash $(DESTDIR)$(BASH_COMPLETIONS)/fatrace
	install -D -m 644 completions/_fatrace $(DESTDIR)$(ZSH_COMPLETIONS)/_fatrace
	install -D -m 644 completions/fatrace.fish $(DESTDIR)$(FISH_COMPLETIONS)/fatrace.fish
endif

# The name fatrace, its manual and completions may be another program's.
uninstall:
	if [ "$$(readlink $(DESTDIR)$(SBIN)/fatrace)" = bfatrace ]; then \
		rm -f $(DESTDIR)$(SBIN)/fatrace $(DESTDIR)$(MAN)/fatrace.8; \
		rm -f $(DESTDIR)$(BASH_COMPLETIONS)/fatrace $(DESTDIR)$(ZSH_COMPLETIONS)/_fatrace; \
		rm -f $(DESTDIR)$(FISH_COMPLETIONS)/fatrace.fish; \
	fi
	rm -f $(DESTDIR)$(SBIN)/bfatrace $(DESTDIR)$(MAN)/bfatrace.8
	rm -f $(DESTDIR)$(BASH_COMPLETIONS)/bfatrace $(DESTDIR)$(ZSH_COMPLETIONS)/_bfatrace
	rm -f $(DESTDIR)$(FISH_COMPLETIONS)/bfatrace.fish
	rm -f $(DESTDIR)$(EXAMPLES)/bfatrace.logrotate
	rm -f $(DESTDIR)$(UNITS)/bfatrace.service $(DESTDIR)$(UNITS)/bfatrace@.service

deb: $(BINARY)
	packaging/deb $(BINARY) $(DEB)

# A directory of its own: the other flags would have everything built again.
static: MODULES = $(STATIC)/modules
static:
	mkdir -p $(MODULES)
	$(SWIFT)c -O -wmo -parse-as-library -module-name FoundationEssentials \
		-emit-module-path $(MODULES)/FoundationEssentials.swiftmodule \
		-c packaging/static/FoundationEssentials.swift -o $(MODULES)/FoundationEssentials.o
	$(SWIFT) build $(RELEASE) $(STATIC_FLAGS)
	strip -o $(STATIC)/bfatrace $(STATIC)/release/bfatrace

completions:
	$(SWIFT) build --product bfatrace
	completions/generate "$$($(SWIFT) build --show-bin-path)/bfatrace"

check: lint test fuzz

fuzz:
	Tests/Fuzz/run $(SECONDS)

# What failed is repeated at the end, where it is not buried.
test: SHELL = bash
test: $(FLEET)
	$(SWIFT) build --build-tests
	@set -o pipefail; log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	$(SWIFT) test 2>&1 | tee "$$log" || { echo "--- what failed:"; grep -A 25 ✘ "$$log"; exit 1; }

fuzz-recordings: SECONDS = 86400
fuzz-recordings: RUNS = 10000000
fuzz-recordings:
	Tests/Fuzz/run $(SECONDS) FuzzRecordings $(RUNS)

storm: SECONDS = 300
storm:
	BFATRACE_STORM_SECONDS=$(SECONDS) $(SWIFT) test --filter MovingTests/storm

bench: all
	$(SUDO) env "PATH=$$PATH" PYTHONDONTWRITEBYTECODE=1 Benchmarks/run $(ARGS)

$(LINT): .ci/lint-requirements.txt
	sh .ci/setup lint
	python3 -m venv .build/lint
	$(LINT)/pip install --quiet --disable-pip-version-check --requirement .ci/lint-requirements.txt
	touch $@

$(FLEET): .ci/fleet-requirements.txt
	python3 -m venv .build/fleet
	$(FLEET)/pip install --quiet --disable-pip-version-check --no-deps --requirement .ci/fleet-requirements.txt
	touch $@

lint: $(LINT)
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_FILES)
	$(LINT)/clang-format --dry-run -Werror $(C_FILES)
	$(LINT)/ruff check --no-cache $(PYTHON_FILES)
	$(LINT)/ruff format --no-cache --check $(PYTHON_FILES)
	shellcheck --external-sources $(SHELL_FILES)
	mandoc -T lint -W warning man/*.8

format: $(LINT)
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_FILES)
	$(LINT)/clang-format -i $(C_FILES)
	$(LINT)/ruff format --no-cache $(PYTHON_FILES)

clean:
	$(SWIFT) package clean
