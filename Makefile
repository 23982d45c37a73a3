# fairlead: the build and its checks. `make help` says what can be made.
#
# Everything is written below $(OUT). CFLAGS and LDFLAGS are yours and come
# last; ours have other names. V=1 shows the commands.

VERSION := 0.1.0

MUSL_CC ?= musl-gcc
LINK_CC ?= gcc
TEST_CC ?= gcc
CLANG ?= clang
STRIP ?= strip
PYTHON ?= /usr/bin/python3
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
OUT ?= build
VENDOR ?= $(OUT)/vendor
JOBS ?= $(shell nproc)
ARCH ?= $(shell uname -m)
MUSL_LIB ?= /usr/lib/$(ARCH)-linux-musl
ROOTS ?= /usr/share/ca-certificates/mozilla
Q := $(if $(V),,@)

export OUT PYTHON VERSION FUZZ_SECONDS

# Sources: found, not listed, and sorted so that the order is the same
# everywhere.
SRC := $(sort $(wildcard src/*.c src/*/*.c))
UNIT := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELP := $(filter-out $(UNIT),$(sort $(wildcard tests/unit/*.c)))
TOOLS := $(sort $(wildcard tests/tools/*.c))
BOGO := $(sort $(wildcard tests/conformance/bogo/*.c))
FUZZ := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_HELP := $(filter-out $(FUZZ) tests/fuzz/replay.c, \
	$(sort $(wildcard tests/fuzz/*.c)))

# Flags. WERROR=-Werror is set by `make lint`, for the compilers it knows.
WERROR ?=
INCLUDES := -Isrc -I$(OUT)/gen -isystem $(VENDOR)/bearssl/inc
BASIC := -std=c17 -D_GNU_SOURCE -DFAIRLEAD_VERSION='"$(VERSION)"' $(INCLUDES) \
	-ffile-prefix-map=$(CURDIR)=. -fno-strict-aliasing \
	-fno-delete-null-pointer-checks
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla \
	-Walloca -Wundef -Wunused-macros -Wpointer-arith -Wcast-qual \
	-Wcast-align -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough \
	-Wswitch-enum -Wnull-dereference -Wdouble-promotion -Wredundant-decls \
	-Wnested-externs -Wdate-time
WARN_GCC := -Wlogical-op -Wduplicated-cond -Wduplicated-branches \
	-Wjump-misses-init -Wformat-signedness -Wformat-overflow=2 \
	-Wformat-truncation=2 -Warith-conversion -Wcast-align=strict
WARN_CLANG := -Wcomma -Wmissing-variable-declarations
WARN_FRAME := -Wframe-larger-than=4096
# No -fcf-protection: a program is marked for it only if every object is, and
# musl's are not, so that it would be 4 kB of instructions that do nothing.
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection=none
SECTIONS := -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-unwind-tables

# The product is static-PIE on musl. musl-gcc's own -static-pie makes a binary
# that asks for a dynamic loader, hence -fPIE here and the link by hand below.
# Our own sources are optimized across files at the link (8 kB less); BearSSL's
# are not, so that its constant-time code is compiled as it was written.
LTO ?= -flto -flto-partition=one
MUSL_CODE := $(LTO) $(HARDEN) $(SECTIONS) -Oz -g -fPIE \
	-ftrivial-auto-var-init=zero -fno-strict-aliasing \
	-fno-delete-null-pointer-checks -ffile-prefix-map=$(CURDIR)=.
MUSL_FLAGS := $(BASIC) $(WARN) $(WARN_GCC) $(WARN_FRAME) -Wstack-usage=8192 \
	$(WERROR) $(MUSL_CODE)
MUSL_VENDOR := -std=c99 -g0 -fPIE $(HARDEN) $(SECTIONS) \
	-ffile-prefix-map=$(CURDIR)=.
# GCC leaves scheduling before register allocation out on x86-64. With it, a
# signature with RSA-2048 takes a quarter less time, and the code is smaller.
VENDOR_FAST := -O2 -fschedule-insns -fsched-pressure
LINK_FLAGS := -nostdlib -nostartfiles -static-pie -Wl,--gc-sections \
	-Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id=none

# Unit tests are glibc and sanitizers: neither ASan nor _FORTIFY_SOURCE does
# anything on musl.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
ASAN_FLAGS := $(BASIC) $(filter-out -Wnull-dereference,$(WARN) $(WARN_GCC)) \
	-O1 -g $(SANITIZE) -D_FORTIFY_SOURCE=2 -Itests/unit
# BearSSL reads words at odd addresses where the processor can; UBSan objects.
ALIGNED := -DBR_LE_UNALIGNED=0 -DBR_BE_UNALIGNED=0
ASAN_VENDOR := -std=c99 -O1 -g $(SANITIZE) $(ALIGNED)
FUZZ_FLAGS := $(BASIC) -O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link
FUZZ_VENDOR := -std=c99 -O1 -g $(SANITIZE) $(ALIGNED) \
	-fsanitize=fuzzer-no-link
CLANG_FLAGS := $(BASIC) $(WARN) $(WARN_CLANG) $(WARN_FRAME) -O2 -Itests/unit \
	-Werror

MUSL_OBJ := $(SRC:%.c=$(OUT)/musl/%.o)
ASAN_OBJ := $(patsubst %.c,$(OUT)/asan/%.o,$(filter-out src/main.c,$(SRC)))
FUZZ_OBJ := $(patsubst %.c,$(OUT)/fuzz/%.o,$(filter-out src/main.c,$(SRC)))
TEST_OBJ := $(patsubst %.c,$(OUT)/asan/%.o,$(UNIT) $(UNIT_HELP) $(TOOLS) \
	$(BOGO) $(FUZZ) $(FUZZ_HELP) tests/fuzz/replay.c)
CLANG_OBJ := $(patsubst %.c,$(OUT)/clang/%.o,$(SRC) $(UNIT) $(UNIT_HELP) \
	$(TOOLS) $(BOGO) $(FUZZ) $(FUZZ_HELP) tests/fuzz/replay.c)
UNIT_BIN := $(UNIT:tests/unit/%.c=$(OUT)/asan/bin/%)
REPLAY_BIN := $(FUZZ:tests/fuzz/fuzz_%.c=$(OUT)/asan/bin/replay_%)
FUZZ_BIN := $(FUZZ:tests/fuzz/%.c=$(OUT)/fuzz/bin/%)

.PHONY: all
all: $(OUT)/fairlead ## the program, build/fairlead (the default)
.DELETE_ON_ERROR:
.SECONDARY:

# BearSSL, and the roots compiled in: vendor/README.md.
include vendor/bearssl.mk

BEARSSL := $(VENDOR)/bearssl
BEARSSL_SRC := $(patsubst %,$(BEARSSL)/src/%.c,$(BEARSSL_FAST) $(BEARSSL_SMALL))

$(BEARSSL)/.ready: vendor/fetch-bearssl
	@command -v $(firstword $(MUSL_CC)) >/dev/null || { \
		echo "$(MUSL_CC) is missing: 'make deps' installs it" >&2; exit 1; }
	$(Q)vendor/fetch-bearssl $(VENDOR) $(BEARSSL)
	$(Q)touch $@

$(BEARSSL_SRC): $(BEARSSL)/.ready ;

$(OUT)/gen/roots_data.h: vendor/roots vendor/make-roots
	@mkdir -p $(@D)
	$(Q)vendor/make-roots $(ROOTS) >$@

# What `fairlead version` says of the sources: looked at in every build, new only
# when it says something else.
.PHONY: build-info
build-info:
$(OUT)/gen/build_info.h: build-info
	@mkdir -p $(@D)
	$(Q)vendor/build-info >$@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(OUT)/musl/src/version.o $(OUT)/asan/src/version.o $(OUT)/fuzz/src/version.o \
$(OUT)/clang/src/version.o: $(OUT)/gen/build_info.h

# The status page as it is sent.
$(OUT)/gen/status_html.h: src/tunnel/status.html src/tunnel/make-page
	@mkdir -p $(@D)
	$(Q)src/tunnel/make-page $< >$@

# $(call vendor_library,name,compiler,flags,flags for speed,flags for size)
define vendor_library
$(VENDOR)/$(1)/%.o: $(BEARSSL)/src/%.c Makefile vendor/bearssl.mk
	@mkdir -p $$(@D)
	@echo "  CC    $$@"
	$(Q)$(2) $(3) $$(if $$(filter $$*,$(BEARSSL_FAST)),$(4),$(5)) \
		-I$(BEARSSL)/src -I$(BEARSSL)/inc -c -o $$@ $$<
$(VENDOR)/$(1)/libbearssl.a: $(patsubst %,$(VENDOR)/$(1)/%.o, \
		$(BEARSSL_FAST) $(BEARSSL_SMALL))
	@rm -f $$@
	$(Q)$(AR) rcsD $$@ $$^
endef
$(eval $(call vendor_library,musl,$$(MUSL_CC),$(MUSL_VENDOR),$(VENDOR_FAST),\
	-Os))
$(eval $(call vendor_library,asan,$$(TEST_CC),$(ASAN_VENDOR)))
$(eval $(call vendor_library,fuzz,$$(CLANG),$(FUZZ_VENDOR)))

# $(call objects,name,compiler,flags)
define objects
$(OUT)/$(1)/%.o: %.c Makefile | $(BEARSSL)/.ready $(OUT)/gen/roots_data.h \
		$(OUT)/gen/status_html.h
	@mkdir -p $$(@D)
	@echo "  CC    $$@"
	$(Q)$(2) $(3) $$(CFLAGS) -MMD -MP -c -o $$@ $$<
endef
$(eval $(call objects,musl,$$(MUSL_CC),$(MUSL_FLAGS)))
$(eval $(call objects,asan,$$(TEST_CC),$(ASAN_FLAGS)))
$(eval $(call objects,fuzz,$$(CLANG),$(FUZZ_FLAGS)))
$(eval $(call objects,clang,$$(CLANG),$(CLANG_FLAGS)))

# A test may have its buffers on the stack.
$(OUT)/clang/tests/%.o: CFLAGS += -Wno-frame-larger-than

-include $(patsubst %.o,%.d,$(MUSL_OBJ) $(ASAN_OBJ) $(TEST_OBJ) $(FUZZ_OBJ) \
	$(CLANG_OBJ) $(patsubst %.c,$(OUT)/fuzz/%.o,$(FUZZ) $(FUZZ_HELP)))

$(OUT)/fairlead.debug: $(MUSL_OBJ) $(VENDOR)/musl/libbearssl.a src/steady.ld
	@echo "  LINK  $@"
	$(Q)gccfile() { $(LINK_CC) -print-file-name=$$1; }; \
	$(LINK_CC) $(MUSL_CODE) $(LINK_FLAGS) -o $@ \
		$(MUSL_LIB)/rcrt1.o $(MUSL_LIB)/crti.o $$(gccfile crtbeginS.o) \
		$(filter-out %.ld,$^) -Wl,-T,src/steady.ld \
		-L$(MUSL_LIB) -Wl,--start-group -lc -lgcc -lgcc_eh \
		-Wl,--end-group $$(gccfile crtendS.o) $(MUSL_LIB)/crtn.o \
		$(LDFLAGS)

$(OUT)/fairlead: $(OUT)/fairlead.debug
	$(Q)$(STRIP) -s -o $@ $<

# Test programs.
define archive
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^
endef

$(OUT)/asan/libfairlead.a: $(ASAN_OBJ)
	$(archive)
# The program with sanitizers, for `make sanitized`.
$(OUT)/asan/fairlead: $(OUT)/asan/src/main.o $(OUT)/asan/libfairlead.a \
		$(VENDOR)/asan/libbearssl.a
	@echo "  LINK  $@"
	$(Q)$(TEST_CC) $(SANITIZE) -o $@ $^ $(LDFLAGS)

$(OUT)/asan/libunit.a: $(UNIT_HELP:%.c=$(OUT)/asan/%.o)
	$(archive)
$(OUT)/asan/libfuzz.a: $(FUZZ_HELP:%.c=$(OUT)/asan/%.o)
	$(archive)
$(OUT)/fuzz/libfairlead.a: $(FUZZ_OBJ) $(FUZZ_HELP:%.c=$(OUT)/fuzz/%.o)
	$(archive)

$(OUT)/asan/bin/test_%: $(OUT)/asan/tests/unit/test_%.o $(OUT)/asan/libunit.a \
		$(OUT)/asan/libfairlead.a $(VENDOR)/asan/libbearssl.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(TEST_CC) $(SANITIZE) -o $@ $^ $(LDFLAGS) -lcmocka

# For valgrind: our sources without sanitizers, on BearSSL as it is shipped.
WRAPPED := rng_bytes mem_equal_ct aead_open aead_seal signature_sign \
	br_rsa_private_get_default
CONSTANT_TIME := tests/tools/constant_time.c tests/unit/peer.c \
	$(sort $(wildcard src/base/*.c src/wire/*.c src/tls/*.c))
$(OUT)/tools/constant_time: $(CONSTANT_TIME) $(OUT)/gen/roots_data.h \
		$(VENDOR)/musl/libbearssl.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(TEST_CC) $(BASIC) -O2 -g -Itests/unit -o $@ $(CONSTANT_TIME) \
		$(VENDOR)/musl/libbearssl.a $(WRAPPED:%=-Wl,--wrap=%) $(LDFLAGS)

# The engine as it is shipped, in a loop: tests/bench/handshakes.py.
HANDSHAKES := $(OUT)/musl/tests/bench/handshakes.o \
	$(OUT)/musl/tests/bench/handshakes_loop.o $(filter \
	$(foreach floor,base wire tls,$(OUT)/musl/src/$(floor)/%),$(MUSL_OBJ))
$(OUT)/bench/handshakes: $(HANDSHAKES) $(VENDOR)/musl/libbearssl.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(MUSL_CC) $(MUSL_CODE) -static -Wl,--gc-sections -o $@ $^ $(LDFLAGS)

# Programs that tests run; made when a test asks for them.
$(OUT)/tools/%: $(OUT)/asan/tests/tools/%.o $(OUT)/asan/libfairlead.a \
		$(VENDOR)/asan/libbearssl.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(TEST_CC) $(SANITIZE) -o $@ $^ $(LDFLAGS)

# The shim of tests/conformance/bogo.
$(OUT)/tools/bogo_shim: $(BOGO:%.c=$(OUT)/asan/%.o) \
		$(OUT)/asan/libfairlead.a $(VENDOR)/asan/libbearssl.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(TEST_CC) $(SANITIZE) -o $@ $^ $(LDFLAGS)

$(OUT)/asan/bin/replay_%: $(OUT)/asan/tests/fuzz/fuzz_%.o \
		$(OUT)/asan/tests/fuzz/replay.o $(OUT)/asan/libfuzz.a \
		$(OUT)/asan/libfairlead.a $(VENDOR)/asan/libbearssl.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(TEST_CC) $(SANITIZE) -o $@ $^ $(LDFLAGS)

$(OUT)/fuzz/bin/fuzz_%: $(OUT)/fuzz/tests/fuzz/fuzz_%.o \
		$(OUT)/fuzz/libfairlead.a $(VENDOR)/fuzz/libbearssl.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(Q)$(CLANG) $(SANITIZE) -fsanitize=fuzzer -o $@ $^ $(LDFLAGS)

.PHONY: unit-programs fuzz-programs bogo-shim gcc-objects clang-objects
unit-programs: $(UNIT_BIN) $(REPLAY_BIN)
fuzz-programs: $(FUZZ_BIN)
bogo-shim: $(OUT)/tools/bogo_shim
gcc-objects: $(MUSL_OBJ)
clang-objects: $(CLANG_OBJ)

# What a person asks for. Each of these installs the packages it lacks
# (tests/deps says which) and then makes what it needs.
.PHONY: unit integration sanitized test mutation judge demo lint fmt fuzz bench size dist
.PHONY: bench-init compare-init
.PHONY: install deps clean help
AGAIN = +$(Q)$(MAKE) --no-print-directory -j$(JOBS) --output-sync=target

unit: ## unit tests with sanitizers, and the replay of the fuzz corpora
	$(Q)tests/deps build unit
	$(AGAIN) unit-programs
	$(Q)tests/run unit replay

integration: ## the real binary as PID 1, against the emulator and PostgreSQL
	$(Q)tests/deps build integration
	$(AGAIN) all
	$(Q)tests/run integration

sanitized: ## the tunnel's and the fetcher's tests on a build with sanitizers
	$(Q)tests/deps build unit integration
	$(AGAIN) $(OUT)/asan/fairlead
	$(Q)tests/run sanitized

test: ## everything that has to pass: unit, build checks and integration
	$(Q)tests/deps build unit integration
	$(AGAIN) all unit-programs $(OUT)/asan/fairlead
	$(Q)tests/run unit replay build integration sanitized

judge: ## Google's own proxy and connectors against the emulator
	$(Q)tests/deps build integration judge
	$(AGAIN) all
	$(Q)tests/judge/run

mutation: ## take each check of the TLS client out: does a test notice?
	$(Q)tests/deps build unit integration
	$(AGAIN) $(VENDOR)/asan/libbearssl.a $(VENDOR)/musl/libbearssl.a
	$(Q)tests/mutation/run

demo: ## a Node.js app under fairlead, its database through the tunnel
	$(Q)tests/deps build demo
	$(AGAIN) all
	$(Q)tests/demo/run

lint: ## format, static analysis, the rules between folders, two compilers
	$(Q)tests/deps build unit lint
	$(Q)tests/lint/run

fmt: ## format the C sources in place
	$(Q)clang-format -i $$(git ls-files --cached --others \
		--exclude-standard 'src/*.[ch]' 'tests/*.[ch]' \
		':!tests/unit/vectors')

fuzz: ## fuzz each parser for FUZZ_SECONDS (60), keep what covers more
	$(Q)tests/deps build fuzz
	$(AGAIN) fuzz-programs
	$(Q)tests/fuzz/run

bench: ## start-up beside other inits, tunnel beside other proxies
	$(Q)tests/deps build integration bench
	$(AGAIN) all $(OUT)/bench/handshakes
	$(Q)tests/bench/run

bench-init: ## what fairlead and the inits of Debian cost, side by side
	$(Q)tests/deps build integration bench
	$(AGAIN) all
	$(Q)tests/bench/inits

compare-init: ## what fairlead and the inits of Debian do, by trying it
	$(Q)tests/deps build integration bench
	$(AGAIN) all
	$(Q)tests/compare/run

size: ## bytes of the binary, and memory of its processes while idle
	$(Q)tests/deps build integration
	$(AGAIN) all
	$(Q)tests/bench/size

dist: ## a source tarball of HEAD, the same bytes each time, and its sha256
	$(Q)mkdir -p $(OUT)
	$(Q)git archive --format=tar --prefix=fairlead-$(VERSION)/ HEAD | \
		gzip -9n >$(OUT)/fairlead-$(VERSION).tar.gz
	$(Q)cd $(OUT) && sha256sum fairlead-$(VERSION).tar.gz | \
		tee fairlead-$(VERSION).tar.gz.sha256

install: all ## into $(DESTDIR)$(PREFIX)/bin
	$(Q)install -D -m 755 $(OUT)/fairlead $(DESTDIR)$(PREFIX)/bin/fairlead

deps: ## install the Debian or Ubuntu packages that build and tests need
	$(Q)tests/deps build unit integration demo lint fuzz

clean: ## remove what was built
	rm -rf $(OUT)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' \
		Makefile
