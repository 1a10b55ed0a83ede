# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole build, in one file; `make help` lists the targets. Everything that
# is built lands in $(BUILD), the source tree is never written to.
#
#   CC=clang        another compiler (its own build directory)
#   SAN=1           ASan, UBSan and LSan builds
#   STATIC=1        fully static executables
#   WERROR=1        warnings are errors (0: never; on for CI and `make check`)
#   V=1             show the commands
#   CFLAGS, CPPFLAGS, LDFLAGS   yours, added after ours

MAKEFLAGS   += --no-builtin-rules --no-builtin-variables
CC          ?= gcc
ifeq ($(origin CC),default)
CC          := gcc
endif
CLANG       := $(shell $(CC) -dM -E -x c /dev/null 2>/dev/null | grep -w __clang__)
VARIANT     := $(if $(FUZZ),-fuzz,$(if $(SAN),-san)$(if $(STATIC),-static)$(if $(CLANG),-clang))
BUILD       ?= build$(VARIANT)
PREFIX      ?= /usr/local
BINDIR      ?= $(PREFIX)/bin
MANDIR      ?= $(PREFIX)/share/man
SHAREDIR    ?= $(PREFIX)/share
CNIBINDIR   ?= /opt/cni/bin
PKG_CONFIG  ?= pkg-config
INSTALL     ?= install
FUZZ_SECONDS ?= 20
WERROR      ?= $(if $(CI)$(filter check% lint% sanitize,$(MAKECMDGOALS)),1)
export WERROR

# The programs, the folder of each and the libraries each needs, those that
# need others first. A folder's main.c stays out of its archive, so that unit
# tests can link everything else. lean: whose lean.c, the stand-ins that keep
# unused parts of libraries out, the program is linked with; see there.
PLUGINS         = loopback host-local bridge portmap
dir.loopback    = plugins/loopback
libs.loopback   = nl-3 json-c
lean.loopback   = base $(if $(archive.nl-3),net)
dir.host-local  = plugins/host-local-ipam
libs.host-local = json-c
lean.host-local = base
dir.bridge      = plugins/bridge
libs.bridge     = nl-3 nftnl mnl md json-c
lean.bridge     = base $(if $(archive.nl-3),net) $(if $(archive.nftnl),nft)
dir.portmap     = plugins/portmap
libs.portmap    = nl-3 nftnl mnl md json-c
lean.portmap    = base $(if $(archive.nl-3),net) $(if $(archive.nftnl),nft)

# The container runtime: not a plugin, in a folder of layers.
dir.runtime-glue  = runtime-glue
libs.runtime-glue = seccomp cap nl-3 md json-c
lean.runtime-glue =

# Every library, and its name in pkg-config.
LIBRARIES       = seccomp cap nl-route-3 nl-3 nftnl mnl md json-c
pkg.seccomp     = libseccomp
pkg.cap         = libcap
pkg.nl-route-3  = libnl-route-3.0
pkg.nl-3        = libnl-3.0
pkg.nftnl       = libnftnl
pkg.mnl         = libmnl
pkg.md          = libmd
pkg.json-c      = json-c
pkg.cmocka      = cmocka
hint.mnl        = (Debian 12 does not ship it, Debian 13 does)

# ---- Flags -----------------------------------------------------------------

flagfile = $(shell sed '/^\#/d' $(1))
WARN    := $(call flagfile,tests/lint/warnings.txt) \
           $(if $(CLANG),,$(call flagfile,tests/lint/warnings-gcc.txt))
OPT     ?= -O2 -g
HARDEN   = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
           -fstack-clash-protection $(if $(CLANG),,-ftrivial-auto-var-init=zero)
# Clang's LTO needs lld, and an ar that reads bitcode.
LLD     := $(if $(CLANG),$(shell command -v ld.lld))
LTO     ?= $(if $(CLANG),$(if $(LLD),-flto=thin),-flto=auto)
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

ifneq ($(FUZZ)$(SAN),)
OPT      = -O1 -g
HARDEN   =
LTO      =
INSTRUMENT = $(SANFLAGS) $(if $(FUZZ),-fsanitize=fuzzer-no-link)
endif

first    = $(firstword $(shell for p in $(1); do command -v $$p; done 2>/dev/null))
ifeq ($(filter command environment,$(origin AR)),)
AR      := $(call first,$(if $(CLANG),$(CC:clang%=llvm-ar%) llvm-ar,$(CC)-ar gcc-ar) ar)
endif

PKGFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags \
              $(foreach l,$(LIBRARIES),$(pkg.$l)) 2>/dev/null))
INCLUDES  = -D_GNU_SOURCE -I. $(PKGFLAGS)
# Unwind tables are for exceptions; debuggers read the debug information. And
# constants share a segment with code: a page less that every plugin maps.
COMPILE   = -std=gnu17 $(OPT) $(LTO) -ffunction-sections -fdata-sections \
            -fno-asynchronous-unwind-tables -fPIE \
            $(HARDEN) $(INSTRUMENT) $(WARN) $(EXTRA)
LINK      = $(OPT) $(LTO) $(if $(LTO),$(LLD:%=-fuse-ld=lld)) $(INSTRUMENT) \
            $(if $(STATIC),-static-pie,-pie) \
            -Wl,--gc-sections,--as-needed,-O1,--hash-style=gnu \
            -Wl,-z,relro,-z,now,-z,noseparate-code
SLIM      = $(if $(INSTRUMENT),,-Wl,--no-eh-frame-hdr -Wl,-T,common/discard.ld)
CC_FLAGS  = $(INCLUDES) $(CPPFLAGS) $(COMPILE) $(if $(filter 1,$(WERROR)),-Werror) $(CFLAGS)
LD_FLAGS  = $(LINK) $(CFLAGS) $(LDFLAGS)

# A library's static archive where there is one, so that a plugin starts
# without loading it; otherwise what pkg-config says.
archive   = $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a 2>/dev/null))
$(foreach l,$(LIBRARIES) cmocka,$(eval archive.$l := $(call archive,$l)))
$(foreach l,$(LIBRARIES) cmocka,$(eval lib.$l := $(or $(archive.$l),\
	$(shell $(PKG_CONFIG) --libs $(pkg.$l) 2>/dev/null),-l$l)))
library   = $(foreach l,$(1),$(lib.$l)) -lm
missing   = $(strip $(if $(STATIC),$(foreach l,$(1),$(if $(archive.$l),,$l))))

VERSION  := $(or $(shell GIT_OPTIONAL_LOCKS=0 git describe --tags --always --dirty 2>/dev/null),\
              $(file <VERSION),unknown)

# ---- What there is ---------------------------------------------------------

sources  = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
objects  = $(patsubst %.c,$(BUILD)/%.o,$(1))
present  = $(foreach p,$(1),$(if $(wildcard $(dir.$p)/main.c),$p))

PROGRAMS := $(call present,$(PLUGINS) runtime-glue)
BINS     := $(PROGRAMS:%=$(BUILD)/bin/%)
# The runtime by its other name: link and target.
LINKS    := $(if $(filter runtime-glue,$(PROGRAMS)),runtime-glue-oci)
COMMON   := $(BUILD)/common.a
ARCHIVES := $(PROGRAMS:%=$(BUILD)/%.a) $(COMMON)
UNITS    := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
# Programs that tests call to reach what no plugin alone would show.
DRIVERS  := $(patsubst tests/drive/%.c,$(BUILD)/drive/%,$(wildcard tests/drive/*.c))
# A container's init that says what it sees; static, for an empty rootfs.
REPORT   := $(BUILD)/oci/report
FUZZERS  := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH    := $(BUILD)/bench/cnibench $(BUILD)/bench/floor $(BUILD)/bench/once
PAGES    := $(patsubst docs/man/%.scd,$(BUILD)/man/%,$(wildcard docs/man/*.8.scd))
# Shell completion, by runtime-glue itself: file in build, and in SHAREDIR.
SHELLS   := $(if $(LINKS),bash zsh fish)
completes.bash = bash-completion/completions/runtime-glue
completes.zsh  = zsh/site-functions/_runtime-glue
completes.fish = fish/vendor_completions.d/runtime-glue.fish
SCDOC    := $(shell command -v scdoc 2>/dev/null)

say       = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)
quiet     = $(if $(V),,@)
# This Makefile again, for another kind of build: $(call again,san,SAN=1 goal).
jobs      = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
make      = +$(quiet)$(MAKE) --no-print-directory $(jobs)
again     = $(make) BUILD=$(BUILD)-$(1) $(2)

##  What people call

all: $(COMMON) $(BINS) $(LINKS:%=$(BUILD)/bin/%) $(SHELLS:%=$(BUILD)/completion/%) $(if $(SCDOC),$(PAGES)) ## build the programs and the manual pages (the default)

help: ## list the targets
	@sed -n 's/^\([a-z -]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 34
	@sed -n '/^#   [A-Z]/s/^# //p' Makefile

deps: ## install the Debian packages that building and testing need and that are missing
	$(quiet)tests/deps.sh

peers: ## unpack (not install) Debian's reference plugins and runtimes under build/peers, to test against
	$(quiet)tests/peers.sh build/peers

clean: ## remove everything that was built
	rm -rf build build-*

# ---- Rules -----------------------------------------------------------------

define program
$(BUILD)/$(1).a: $(call objects,$(filter-out %/main.c,$(call sources,$(dir.$1))))
$(BUILD)/bin/$(1): $(BUILD)/$(dir.$1)/main.o $(lean.$1:%=$(BUILD)/common/%/lean.o) $(BUILD)/$(1).a $(COMMON)
$(BUILD)/bin/$(1): common/discard.ld
$(BUILD)/bin/$(1): LIBS = $(libs.$1)
endef
$(foreach p,$(PLUGINS) runtime-glue,$(eval $(call program,$p)))

# Not the stand-ins: who is not linked with them by name would find them there.
$(COMMON): $(call objects,$(filter-out %/lean.c,$(call sources,common)))

# What --init puts into containers. No C library: the container's is not ours.
# runtime-glue has it within itself.
INIT_CPU := $(filter x86_64 aarch64 riscv64,$(firstword $(subst -, ,$(shell $(CC) -dumpmachine))))
INIT      = $(abspath $(BUILD))/runtime-glue/init/init
ifneq ($(INIT_CPU),)
$(BUILD)/runtime-glue/tool/bundle_init.o: INCLUDES += -DINIT_PROGRAM='"$(INIT)"'
$(BUILD)/runtime-glue/tool/bundle_init.o: $(INIT)
endif
$(INIT): runtime-glue/init/main.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -std=gnu17 -Os $(WARN) $(if $(filter 1,$(WERROR)),-Werror) \
		-ffreestanding -fno-builtin -fno-stack-protector -fno-pie -fcf-protection=none \
		-fno-asynchronous-unwind-tables -static $(if $(CLANG),,-no-pie) -nostdlib \
		-Wl,-z,noseparate-code,-z,noexecstack,--build-id=none,-s $< -o $@

$(UNITS): $(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(ARCHIVES)
$(UNITS): LIBS = $(LIBRARIES) cmocka
$(DRIVERS): $(BUILD)/drive/%: $(BUILD)/tests/drive/%.o $(ARCHIVES)
$(DRIVERS): LIBS = $(LIBRARIES)
$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(ARCHIVES)
$(FUZZERS): LIBS = $(LIBRARIES)
$(FUZZERS): LINK += -fsanitize=fuzzer
$(REPORT): $(call objects,$(wildcard tests/oci/*.c))
$(REPORT): INSTRUMENT =
$(REPORT): LTO =
$(BUILD)/bench/cnibench: $(call objects,$(filter-out bench/floor.c,$(wildcard bench/*.c)))
$(BUILD)/bench/floor: $(call objects,bench/floor.c)
$(BUILD)/bench/once: $(call objects,bench/oci/once.c)
$(BENCH): LIBS =

$(BUILD)/common/base/build.o: INCLUDES += -DVERSION='"$(VERSION)"'
$(BUILD)/common/base/build.o: $(BUILD)/version

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CC_FLAGS) -MMD -MP -c $< -o $@

$(ARCHIVES): $(BUILD)/%.a: $(BUILD)/sources
	@mkdir -p $(@D) && rm -f $@
	$(call say,AR,$@)$(AR) crsD $@ $(filter %.o,$^)

# A unit test may name functions to fake in a line "/* wrap: read write */";
# it then defines __wrap_read() and finds the real one as __real_read().
wraps = $$(sed -n 's|^/\* wrap: \(.*\) \*/$$|\1|p' $(wildcard tests/unit/$(@F).c) /dev/null | \
	sed 's/[^ ]*/-Wl,--wrap=&/g')

$(BINS) $(UNITS) $(DRIVERS) $(FUZZERS) $(BENCH):
	@mkdir -p $(@D)
	$(if $(call missing,$(LIBS)),@$(foreach l,$(call missing,$(LIBS)),\
		echo 'STATIC=1: lib$l.a is not installed $(hint.$l)' >&2;) exit 1)
	$(call say,LINK,$@)$(CC) $(LD_FLAGS) $(if $(filter $(UNITS),$@),$(wraps)) \
		$(if $(filter $(BINS),$@),$(SLIM)) \
		$(filter %.o %.a,$^) $(call library,$(LIBS)) -o $@

$(LINKS:%=$(BUILD)/bin/%): $(BUILD)/bin/runtime-glue
	$(call say,LN,$@)ln -sfn $(<F) $@

$(REPORT):
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(OPT) -static $(filter %.o,$^) -o $@

$(BUILD)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	$(call say,MAN,$@)scdoc <$< >$@

$(BUILD)/completion/%: $(BUILD)/bin/runtime-glue
	@mkdir -p $(@D)
	$(call say,GEN,$@)$< completion $* >$@

# Files that change only when what they say does.
remember = $(BUILD)/$(1): FORCE ; @mkdir -p $$(@D); \
	echo '$(2)' | cmp -s - $$@ || echo '$(2)' >$$@
$(eval $(call remember,flags,$(CC) $(INCLUDES) $(CPPFLAGS) $(COMPILE) $(LINK) $(CFLAGS) $(LDFLAGS)))
$(eval $(call remember,sources,$(call sources,common plugins runtime-glue)))
$(eval $(call remember,version,$(VERSION)))

# ---- Tests -----------------------------------------------------------------

# Where the plugins under test are. Another one's (say /usr/lib/cni) must pass
# too, but for the tests tagged `ferrule`, which are about what is only ours.
PLUGIN_DIR ?= $(BUILD)/bin
FOREIGN    := $(filter-out $(abspath $(BUILD)/bin $(BUILD)/valgrind/bin),$(abspath $(PLUGIN_DIR)))
BATS_TAGS  ?= $(if $(FOREIGN),!ferrule)
TEST_ENV    = LOG=$(abspath $(BUILD)/log) TOP=$(CURDIR) V=$(V) MAKE='$(MAKE)' \
              DRIVE_DIR=$(abspath $(BUILD)/drive) \
              OCI_RUNTIME=$(abspath $(OCI_RUNTIME)) OCI_REPORT=$(abspath $(REPORT)) \
              OCI_PEERS=$(CURDIR)/build/peers/oci \
              PLUGIN_DIR=$(abspath $(PLUGIN_DIR)) PEER_DIR=$(CURDIR)/build/peers/usr/lib/cni
RUN         = $(quiet)$(TEST_ENV) tests/run
bats_flags  = $(if $(BATS_FILTER),--filter '$(BATS_FILTER)') \
              $(if $(BATS_TAGS),--filter-tags '$(BATS_TAGS)')

check: ## every test; ends with "N passed, N failed"
	$(make) deps
	$(make) peers
	+$(RUN) stages all lint-fast check-unit check-netns check-oci check-tool check-vm check-fuzz

check-unit: ## the unit tests, under ASan and UBSan
ifdef SAN
check-unit: $(UNITS)
	$(RUN) unit $^
else
	$(call again,san,SAN=1 check-unit)
endif

check-netns: $(BINS) $(DRIVERS) ## the plugins in throwaway namespaces [PLUGIN_DIR=dir] [BATS_FILTER=regex]
	$(RUN) bats $(bats_flags) $(sort $(wildcard tests/netns/*.bats))

# The runtime under test. Another one (build/peers/oci/runc) must pass too, but
# for the tests tagged `ferrule` and those tagged `not-` and its name.
OCI_RUNTIME ?= $(BUILD)/bin/runtime-glue-oci
OCI_FOREIGN := $(filter-out $(addsuffix /%,$(abspath $(BUILD)/bin $(BUILD)/valgrind/bin)),$(abspath $(OCI_RUNTIME)))
OCI_TAGS    ?= $(if $(OCI_FOREIGN),!ferrule$(comma)!not-$(notdir $(OCI_RUNTIME)))
# Controllers on v2 are for `check-vm`, unless this host has them.
OCI_VM      := $(if $(wildcard /sys/fs/cgroup/cgroup.subtree_control),,tests/oci/cgroup2.bats)
OCI_TESTS   ?= $(filter-out $(OCI_VM),$(sort $(wildcard tests/oci/*.bats tests/clients/*.bats)))
comma       := ,
check-oci: $(if $(OCI_FOREIGN),,$(BUILD)/bin/runtime-glue-oci) $(REPORT) ## containers, from inside and outside [OCI_RUNTIME=program] [OCI_TESTS=files] [BATS_FILTER]
	$(RUN) oci $(if $(BATS_FILTER),--filter '$(BATS_FILTER)') \
		$(if $(OCI_TAGS),--filter-tags '$(OCI_TAGS)') $(OCI_TESTS)

# The standalone tool, as its users type it.
TOOL_TESTS ?= $(sort $(wildcard tests/tool/*.bats))
check-tool: $(BINS) $(LINKS:%=$(BUILD)/bin/%) $(REPORT) $(BUILD)/drive/profilectl $(BUILD)/drive/layers ## the standalone tool [TOOL_TESTS=files] [BATS_FILTER]
	$(RUN) tool $(if $(BATS_FILTER),--filter '$(BATS_FILTER)') $(TOOL_TESTS)

# What the running kernel may lack: the files named after it, and those with
# the line "# bats file_tags=vm".
VM_TESTS ?= tests/vm/guest.bats $(sort $(wildcard tests/netns/*vlan*.bats) \
              $(shell grep -lsx '\# bats file_tags=.*\<vm\>.*' tests/netns/*.bats tests/oci/*.bats))
check-vm: $(BINS) $(LINKS:%=$(BUILD)/bin/%) $(DRIVERS) $(REPORT) ## those that need what this kernel lacks, in user-mode-linux [VM_TESTS=files] [BATS_FILTER]
	$(RUN) vm $(bats_flags) $(VM_TESTS)

check-fuzz fuzz: ## each fuzzer for FUZZ_SECONDS (20)
ifdef FUZZ
check-fuzz fuzz: $(FUZZERS)
	$(RUN) fuzz $(FUZZ_SECONDS) $^
else
	$(call again,fuzz,FUZZ=1 CC=$(if $(CLANG),$(CC),clang) $@)
endif

sanitize: ## unit, namespace and container tests, everything under ASan, UBSan and LSan
	+$(RUN) stages check-unit sanitize-netns sanitize-oci
sanitize-netns:
	$(call again,san,SAN=1 PLUGIN_DIR=$(BUILD)-san/bin check-netns)
sanitize-oci:
	$(call again,san,SAN=1 OCI_RUNTIME=$(BUILD)-san/bin/runtime-glue-oci check-oci)

check-valgrind: $(BINS) $(LINKS:%=$(BUILD)/bin/%) $(UNITS) ## unit and namespace tests under valgrind, leaked descriptors too
	$(RUN) wrap $(BUILD)/valgrind/bin $(BINS) $(LINKS:%=$(BUILD)/bin/%)
	$(RUN) wrap $(BUILD)/valgrind/unit $(UNITS)
	+$(RUN) stages valgrind-unit valgrind-netns valgrind-oci
valgrind-unit:
	$(RUN) unit $(UNITS:$(BUILD)/%=$(BUILD)/valgrind/%)
valgrind-netns:
	$(make) PLUGIN_DIR=$(BUILD)/valgrind/bin BATS_TAGS='!novalgrind' check-netns
valgrind-oci:
	$(make) OCI_RUNTIME=$(BUILD)/valgrind/bin/runtime-glue-oci OCI_TAGS='!novalgrind' \
		OCI_TESTS='tests/oci/verbs.bats tests/oci/cgroups.bats' check-oci

bench: peers $(BINS) $(BENCH) ## compare the plugins' time and memory with the reference's
	$(quiet)bench/run.sh $(BUILD)

bench-tool: peers $(BINS) $(BUILD)/bench/once $(REPORT) ## compare `runtime-glue run` with the engine alone and podman [ROUNDS=40]
	$(quiet)tests/sandbox.sh bench/tool.sh $(BUILD)

bench-oci: peers $(BUILD)/bin/runtime-glue-oci $(BUILD)/bench/once $(REPORT) ## compare `run` of a container with crun and runc [ROUNDS=100]
	$(quiet)tests/sandbox.sh bench/oci.sh $(BUILD)

demo: ## show a container's life: an image, a web server, its page, nothing left
demo-plugins: ## show the plugins at work
demo demo-plugins:
	$(make) deps
	$(make) all
	$(quiet)tests/$@.sh $(BUILD)/bin

# ---- Lint ------------------------------------------------------------------

FAST     = lint-layers lint-banned lint-spdx lint-format lint-headers lint-shell
FILES    = $(shell { git ls-files -co --exclude-standard 2>/dev/null || \
             find * .ci -type f -not -path 'build*'; } | sort -u)
files    = $(wildcard $(filter $(1),$(FILES)))
CODE     = $(call sources,common plugins runtime-glue tests/unit tests/fuzz tests/drive tests/oci bench)

lint: $(FAST) lint-tidy lint-cppcheck lint-analyzer ## every static check

lint-fast: ## the static checks that take seconds
	+$(RUN) targets $(FAST)

lint-layers lint-banned lint-spdx: ## who includes whom, calls we do not make, licence lines
	$(quiet)tests/lint/$(@:lint-%=%).sh

lint-format: ## clang-format
	$(quiet)clang-format --dry-run -Werror $(call files,%.c %.h)

lint-headers: ## every header compiles alone
	$(quiet)for h in $(call files,%.h); do \
		echo "#include \"$$h\"" | $(CC) $(INCLUDES) -std=gnu17 $(WARN) -Werror \
			-fsyntax-only -x c - || exit 1; done

lint-shell: ## shellcheck
	$(quiet)shellcheck -x $(call files,%.sh %.bash %.bats .ci/run tests/run tests/vm/init)

lint-tidy: ## clang-tidy
	$(quiet)printf '%s\n' $(CODE) | xargs -P$(shell nproc) -n1 sh -c \
		'clang-tidy --quiet "$$1" -- $(INCLUDES) -DVERSION=\"\" -std=gnu17 2>/dev/null' tidy

lint-cppcheck: ## cppcheck
	$(quiet)cppcheck --quiet --std=c11 --enable=warning,performance,portability \
		--error-exitcode=1 --inline-suppr --suppress=memleak \
		--suppress=preprocessorErrorDirective:runtime-glue/init/main.c -j$(shell nproc) \
		-D_GNU_SOURCE -DVERSION='""' -I. $(CODE)

# At -O0, because inlining hides double frees from GCC 12's analyzer.
lint-analyzer: ## gcc -fanalyzer
	$(call again,analyzer,CC=gcc OPT=-O0 EXTRA=-fanalyzer LTO= HARDEN= WERROR=1 objects)
objects: $(call objects,$(call sources,common plugins runtime-glue))

# ---- Installation ----------------------------------------------------------

# By rename(2): a program that is running, or about to be run, is never
# written to, and is the old or the new one, never a half of it.
plugindir = $(DESTDIR)$(CNIBINDIR)
bindir    = $(DESTDIR)$(BINDIR)
mandir    = $(DESTDIR)$(MANDIR)/man8
sharedir  = $(DESTDIR)$(SHAREDIR)
dir_of    = $(if $(filter $(PLUGINS),$(1)),$(plugindir),$(bindir))
installed = $(foreach p,$(PROGRAMS),$(call dir_of,$p)/$p)

install: all ## install stripped programs, manual pages and shell completion [DESTDIR] [CNIBINDIR] [BINDIR] [PREFIX]
	$(quiet)$(INSTALL) -d $(sort $(dir $(installed)))
	$(quiet)set -e; for p in $(installed); do \
		echo "  INST  $$p"; \
		new=$${p%/*}/.$${p##*/}.new; \
		$(INSTALL) -s -m 755 $(BUILD)/bin/$${p##*/} $$new; \
		mv -fT $$new $$p; done
	$(quiet)set -e; for l in $(LINKS); do \
		echo "  INST  $(bindir)/$$l"; \
		ln -sfn runtime-glue $(bindir)/.$$l.new; \
		mv -fT $(bindir)/.$$l.new $(bindir)/$$l; done
	$(quiet)set -e; for m in $(wildcard $(PAGES)); do \
		echo "  INST  $(mandir)/$${m##*/}"; \
		$(INSTALL) -D -m 644 $$m $(mandir)/$${m##*/}; done
	$(quiet)set -e; $(foreach s,$(SHELLS),echo '  INST  $(sharedir)/$(completes.$s)'; \
		$(INSTALL) -D -m 644 $(BUILD)/completion/$s $(sharedir)/$(completes.$s);)
	$(if $(SCDOC),,@echo 'scdoc is not installed: no manual pages')

uninstall: ## remove what install installed
	rm -f $(installed) $(LINKS:%=$(bindir)/%) $(PAGES:$(BUILD)/man/%=$(mandir)/%) \
		$(foreach s,$(SHELLS),$(sharedir)/$(completes.$s))

.DEFAULT_GOAL := all
.PHONY: FORCE all help deps peers clean check check-unit check-netns check-oci check-tool check-vm check-fuzz fuzz \
	sanitize sanitize-netns sanitize-oci check-valgrind valgrind-unit valgrind-netns valgrind-oci bench bench-oci bench-tool demo demo-plugins \
	lint lint-fast $(FAST) lint-tidy lint-cppcheck lint-analyzer objects install uninstall
.DELETE_ON_ERROR:
-include $(shell find $(BUILD) -path $(BUILD)/peers -prune -o -name '*.d' -print 2>/dev/null)
