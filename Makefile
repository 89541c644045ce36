# zerocrit
#
#   make               build/zerocrit                       make check    install what the tests need, build, run every test
#   make audit         audit this machine, from nothing     make lint     gcc, clang, clang-tidy, cppcheck: no warning
#   make conformance   CEL, on VECTORS=DIR                  make fuzz     every parser, FUZZ_SECONDS=60 each
#   make golden UPDATE=1   rewrite the expected outputs     make coverage line coverage of scanner/
#   make screenshots   of the HTML page, by Chromium
#   make bench         speed and memory beside peers, ONLY=area
#   make check-peers   tests beside other programs: nmap, a pooler, a browser
#   make lab           real servers, good and bad, in network namespaces, until Ctrl-C (as root)
#   make docs, first-hour   documents made from the program, and from the lab as root; make clean
#   make install       DESTDIR, PREFIX
#
# SAN=address or SAN=undefined builds build/obj/$(SAN)/zerocrit and tests that; V=1 shows the commands.

CC        ?= cc
CLANG     ?= clang
PYTHON    ?= /usr/bin/python3
PREFIX    ?= /usr/local
VECTORS   ?= ../shared/vectors
SCHEMAS   ?= ../shared/schemas
FUZZ_SECONDS ?= 60
VERSION   := 0.1.0

O    := build/obj/$(or $(SAN),default)
ZC   := $(if $(SAN),$(O)/zerocrit,build/zerocrit)
SRC  := $(wildcard scanner/*.c scanner/*/*.c scanner/*/*/*.c)
FUZZ := $(filter %_fuzz.c,$(SRC))
MAIN := scanner/cli/main.c
LIB  := $(filter-out $(FUZZ) $(MAIN),$(SRC))
UNIT := $(wildcard tests/unit/test_*.c)
DATA := $(sort $(shell find rules reports/schema reports/html -type f 2>/dev/null))

PKGS := jansson yaml-0.1 libmnl libpcap libcares libcap-ng libseccomp libpcre2-8 libssl libcrypto libcurl libpsl
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wvla -Wstrict-prototypes -Wmissing-prototypes

# Changes when a file comes or goes: what a removed file left behind is then built anew without it.
$(shell mkdir -p $(O); echo '$(LIB) $(DATA)' | cmp -s - $(O)/files || echo '$(LIB) $(DATA)' > $(O)/files)

# What not every compiler or machine has is asked for once and remembered.
$(shell mkdir -p $(O))
-include $(O)/probed.mk
$(O)/probed.mk: Makefile
	@{ for f in -D_FORTIFY_SOURCE=3 -D_FORTIFY_SOURCE=2; do echo 'int main(void){return 0;}' | \
	    $(CC) -Werror -O2 -include stdio.h $$f -x c - -o /dev/null 2>/dev/null && { echo "HARDEN += $$f"; break; }; done; \
	  for f in -fcf-protection=full -mbranch-protection=standard -fstack-clash-protection; do echo 'int main(void){return 0;}' | \
	    $(CC) -Werror -O2 $$f -x c - -o /dev/null 2>/dev/null && echo "HARDEN += $$f"; done; } > $@; true

address_FLAGS   := -fsanitize=address,undefined -fno-sanitize-recover=all -DZC_SANITIZED
undefined_FLAGS := -fsanitize=undefined -fno-sanitize-recover=all -DZC_SANITIZED
coverage_FLAGS  := --coverage -O0 -DZC_SANITIZED -DZC_COVERAGE
ifdef SAN
HARDEN :=
endif

CPPFLAGS_ALL = -D_GNU_SOURCE -Iinclude -DZC_VERSION='"$(VERSION)"' $(CPPFLAGS)
CFLAGS  ?= -O2 -g
CFLAGS_ALL = -std=gnu17 -fPIE -pthread $(WARN) $(CFLAGS) -fstack-protector-strong -fno-strict-aliasing $(HARDEN) $($(SAN)_FLAGS) \
             $(if $(WERROR),-Werror) $(shell pkg-config --cflags $(PKGS))
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed -pthread $($(SAN)_FLAGS) $(LDFLAGS)
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))

.DEFAULT_GOAL := all
all: $(ZC)

$(ZC): $(O)/$(MAIN:.c=.o) $(O)/libzc.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

$(O)/libzc.a: $(LIB:%.c=$(O)/%.o) $(O)/embed.o $(O)/files
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(O)/%.o: %.c $(O)/probed.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Rule packs, schemas and templates are part of the program.
$(O)/embed.c: scanner/embed.sh $(DATA) $(O)/files
	$(Q)sh scanner/embed.sh $(DATA) > $@
$(O)/embed.o: $(O)/embed.c $(DATA)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -c -o $@ $<

# A unit test may make the n-th allocation of the code under test fail: tests/unit/alloc.h.
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
$(O)/tests/%: $(O)/tests/unit/%.o $(O)/tests/unit/alloc.o $(O)/libzc.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) $(WRAP) -o $@ $^ -lcmocka $(LIBS)

SUPPORT := $(patsubst %.c,$(O)/%.o,$(wildcard tests/support/*.c))
$(O)/tests/tool_%: $(O)/tests/tools/%.o $(SUPPORT) $(O)/libzc.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# A corpus is replayed with any compiler: the target's one function, called on every saved file.
$(O)/replay/%: $(O)/%.o $(O)/tests/fuzz/replay.o $(O)/libzc.a
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

TESTS   := $(UNIT:tests/unit/%.c=$(O)/tests/%)
REPLAYS := $(FUZZ:%.c=$(O)/replay/%)
TOOLS   := $(patsubst tests/tools/%.c,$(O)/tests/tool_%,$(wildcard tests/tools/*.c))

tests-built: $(ZC) $(TESTS) $(REPLAYS) $(TOOLS)

# The packages come first: what pkg-config says of them is read when the second make starts.
check: packages-check
	$(Q)$(MAKE) --no-print-directory WERROR=1 tests-built
	$(Q)ZC=$(ZC) O=$(O) PYTHON=$(PYTHON) VECTORS=$(VECTORS) SCHEMAS=$(SCHEMAS) $(if $(SAN),,LINT=1) MAKE=$(MAKE) tests/run

# Beside other programs: peers, other servers, a browser.
check-peers: packages-peers
	$(Q)$(MAKE) --no-print-directory WERROR=1 tests-built
	$(Q)ZC=$(ZC) O=$(O) PYTHON=$(PYTHON) TESTS=tests/peers tests/run
packages-peers:
	$(Q)sh dist/packages.sh build check peers

# Under sudo the build stays the caller's own, so that a later make can go on with it.
audit: packages-build
	$(Q)$(if $(SUDO_UID),sudo -u '#$(SUDO_UID)') $(MAKE) --no-print-directory all
	$(Q)sh dist/audit.sh $(ZC)

packages-build:
	$(Q)sh dist/packages.sh build
packages-check:
	$(Q)sh dist/packages.sh build check

# Exported rather than passed, so that the quotes in it survive.
lint fuzz: export FLAGS = $(CPPFLAGS_ALL)

lint:
	$(Q)CC='$(CC)' CLANG='$(CLANG)' O=$(O) tests/lint

conformance: $(O)/tests/tool_cel_conformance
	$(Q)$(O)/tests/tool_cel_conformance tests/conformance/cel-skip.txt $(VECTORS)/cel

golden: $(ZC)
	$(Q)ZC=$(ZC) UPDATE=$(UPDATE) tests/integration/golden.sh

screenshots: $(ZC)
	$(Q)ZC=$(ZC) tests/tools/screenshots

# What docs/first-hour.md shows, from the lab's hosts (as root).
first-hour: packages-check all
	$(Q)ZC=$(ZC) $(PYTHON) tests/tools/first_hour.py

# Documents that are made from the program.
docs: $(O)/tests/tool_what_we_send
	$(Q)$< > docs/what-we-send.md.new && mv docs/what-we-send.md.new docs/what-we-send.md

# Peers to be measured against come with the set `bench`; what is missing is said, and left out.
bench: packages-bench $(ZC) $(addprefix $(O)/tests/tool_,measure fw_model fw_verdicts nft_dump)
	$(Q)ZC=$(ZC) O=$(O) PYTHON=$(PYTHON) tests/bench/run
packages-bench:
	$(Q)sh dist/packages.sh build check bench

# The firewall model against the kernel, for as long as SECONDS says, over rulesets of nft, iptables, the legacy tables, ufw and firewalld;
# disagreements are kept in build/firewall. Figures: tests/firewall/RESULTS.md.
soak-firewall: packages-check all
	$(Q)mkdir -p build/firewall && ZC=$(abspath $(ZC)) PYTHON=$(PYTHON) tests/firewall/soak $(or $(SECONDS),600) $(or $(SEED),1) $(abspath build/firewall)

# Its speed alone, beside nft's.
bench-firewall:
	$(Q)$(MAKE) --no-print-directory bench ONLY=firewall

# The servers' packages come with the set `check`.
lab: packages-check all
	$(Q)ZC=$(ZC) $(PYTHON) tests/lab/lab.py $(HOSTS)

# libFuzzer needs clang; each target keeps what it finds in its corpus.
fuzz:
	$(Q)CLANG='$(CLANG)' PKGS='$(PKGS)' O=build/obj/fuzz SECONDS_EACH=$(FUZZ_SECONDS) tests/fuzz/run $(ONLY)

coverage:
	$(Q)$(MAKE) --no-print-directory SAN=coverage CFLAGS=-g tests-built
	$(Q)ZC=build/obj/coverage/zerocrit O=build/obj/coverage PYTHON=$(PYTHON) VECTORS=$(VECTORS) MAKE=$(MAKE) tests/run || true
	$(Q)gcovr -r . --object-directory build/obj/coverage -f 'scanner/' -e '.*_fuzz\.c' --print-summary -o build/coverage.txt && tail -n 4 build/coverage.txt

install: $(ZC)
	install -D -m 0755 $(ZC) $(DESTDIR)$(PREFIX)/bin/zerocrit
	install -D -m 0644 docs/zerocrit.8 $(DESTDIR)$(PREFIX)/share/man/man8/zerocrit.8

clean:
	$(Q)rm -rf build

.PHONY: all check check-peers packages-peers audit packages-build packages-check packages-bench bench soak-firewall soak-ports first-hour tests-built lint conformance golden docs lab screenshots fuzz coverage install clean
.SECONDARY:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
