/*
 * sandbox.c - privileges given up. Owns nothing; must never fail the process
 * and never kill it later: a system call that the list forgot returns ENOSYS,
 * which every caller of ours treats as any other failure.
 *
 * musl comes without the kernel's headers, so the few constants and structs of
 * Landlock, seccomp and classic BPF stand here, as the kernel's ABI fixes them.
 */
#include "io/sandbox.h"

#include "base/log.h"
#include "io/kernel.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock: the same numbers on every architecture. */
#define NR_LANDLOCK_CREATE_RULESET 444
#define NR_LANDLOCK_RESTRICT_SELF  446
#define LANDLOCK_ASK_VERSION       1u
#define LANDLOCK_BIND_TCP          1u
#define LANDLOCK_SCOPES            3u /* abstract Unix sockets, signals */

struct landlock_ruleset {
	uint64_t files;
	uint64_t net;    /* since ABI 4 */
	uint64_t scoped; /* since ABI 6 */
};

/* Classic BPF and seccomp. */
struct instruction {
	uint16_t code;
	uint8_t jump_true;
	uint8_t jump_false;
	uint32_t k;
};

struct program {
	unsigned short len;
	struct instruction *filter;
};

#define BPF_LOAD          0x20u /* A = 32 bits of the call's description */
#define BPF_IF_EQUAL      0x15u
#define BPF_IF_ANY_BIT    0x45u
#define BPF_RETURN        0x06u
#define AT_NUMBER         0u /* offsets in struct seccomp_data */
#define AT_ARCHITECTURE   4u
#define AT_ARGUMENT(n)    (16u + 8u * (n)) /* its low half: little-endian */
#define SECCOMP_FILTER    2
#define SECCOMP_RET_ALLOW 0x7fff0000u
#define SECCOMP_RET_ERRNO 0x00050000u

#if defined(__x86_64__)
#define ARCHITECTURE 0xc000003eu
#elif defined(__aarch64__)
#define ARCHITECTURE 0xc00000b7u
#else
#define ARCHITECTURE 0u /* no list for this machine: no filter */
#endif

/*
 * The list is what musl and this program call. glibc, and with it the
 * sanitizers and valgrind, call more.
 */
#ifdef __GLIBC__
#define FILTER_FITS false
#else
#define FILTER_FITS (ARCHITECTURE != 0)
#endif

static const uint32_t allowed[] = {
	SYS_epoll_pwait,
#ifdef SYS_epoll_wait
	SYS_epoll_wait, /* arm64 has epoll_pwait alone */
#endif
	SYS_epoll_ctl,
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_recvfrom,
	SYS_sendto,
	SYS_recvmsg,
	SYS_sendmsg,
#ifdef SYS_poll
	SYS_poll, /* arm64 has ppoll alone */
#endif
	SYS_ppoll,
	SYS_accept4,
	SYS_connect,
	SYS_shutdown,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_getsockname,
	SYS_getpeername,
	SYS_pread64, /* /proc/net/tcp, opened before */
	SYS_fcntl,
	SYS_close,
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_futex,
	SYS_clock_gettime,
	SYS_getrandom,
	SYS_getpid,
	SYS_gettid,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_exit,
	SYS_exit_group,
};

#define ALLOWED_COUNT (sizeof(allowed) / sizeof(allowed[0]))

/* Two instructions for each of them, and what stands around. */
#define FILTER_MAX (2 * ALLOWED_COUNT + 40)

static void
add(struct program *p, uint32_t code, uint32_t k, size_t if_true,
	size_t if_false)
{
	struct instruction *i = &p->filter[p->len++];

	i->code = (uint16_t)code;
	i->k = k;
	i->jump_true = (uint8_t)if_true;
	i->jump_false = (uint8_t)if_false;
}

/*
 * mapping calls: allowed without PROT_EXEC. Skips itself for other calls and
 * leaves the number in A.
 */
static void
add_mapping(struct program *p, uint32_t number)
{
	add(p, BPF_IF_EQUAL, number, 0, 4);
	add(p, BPF_LOAD, AT_ARGUMENT(2), 0, 0);
	add(p, BPF_IF_ANY_BIT, PROT_EXEC, 0, 1);
	add(p, BPF_RETURN, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	add(p, BPF_RETURN, SECCOMP_RET_ALLOW, 0, 0);
}

/* A call that is allowed with two values of one argument, and refused else. */
static void
add_choice(struct program *p, uint32_t number, unsigned argument,
	const uint32_t value[2])
{
	add(p, BPF_IF_EQUAL, number, 0, 5);
	add(p, BPF_LOAD, AT_ARGUMENT(argument), 0, 0);
	add(p, BPF_IF_EQUAL, value[0], 1, 0);
	add(p, BPF_IF_EQUAL, value[1], 0, 1);
	add(p, BPF_RETURN, SECCOMP_RET_ALLOW, 0, 0);
	add(p, BPF_RETURN, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

static void
build_filter(struct program *p)
{
	/* Databases are reached over IP. */
	static const uint32_t families[] = {AF_INET, AF_INET6};
	/* Connection tests; a pair leads nowhere but to itself. */
	static const uint32_t pairs[] = {AF_UNIX, AF_UNIX};
	/* Not TIOCSTI: standard error may be somebody's terminal. */
	static const uint32_t questions[] = {FIONREAD, TIOCOUTQ};
	size_t n;

	add(p, BPF_LOAD, AT_ARCHITECTURE, 0, 0);
	add(p, BPF_IF_EQUAL, ARCHITECTURE, 1, 0);
	add(p, BPF_RETURN, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	add(p, BPF_LOAD, AT_NUMBER, 0, 0);
	for (n = 0; n < ALLOWED_COUNT; n++) {
		add(p, BPF_IF_EQUAL, allowed[n], 0, 1);
		add(p, BPF_RETURN, SECCOMP_RET_ALLOW, 0, 0);
	}
	add_mapping(p, SYS_mmap);
	add_mapping(p, SYS_mprotect);
	add_choice(p, SYS_socket, 0, families);
	add_choice(p, SYS_socketpair, 0, pairs);
	add_choice(p, SYS_ioctl, 1, questions);
	add(p, BPF_RETURN, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
}

static bool
enter_filter(void)
{
	struct instruction room[FILTER_MAX];
	struct program p = {.len = 0, .filter = room};

	if (!FILTER_FITS) {
		errno = ENOSYS;
		return false;
	}
	build_filter(&p);
	return prctl(PR_SET_SECCOMP, SECCOMP_FILTER, &p, 0, 0) == 0;
}

/* No file may be opened, made or removed, and no port bound. */
static bool
enter_landlock(long *abi)
{
	struct landlock_ruleset rules;
	size_t size = offsetof(struct landlock_ruleset, net);
	long fd;
	bool done;

	*abi = -1;
	if (!kernel_since(5, 13))
		return false;
	*abi = syscall(NR_LANDLOCK_CREATE_RULESET, NULL, (size_t)0,
		LANDLOCK_ASK_VERSION);
	if (*abi < 1)
		return false;
	memset(&rules, 0, sizeof(rules));
	/* 13 rights in ABI 1; 14, 15 and 16 since ABI 2, 3 and 5. */
	rules.files = *abi >= 5 ? 0xffff : *abi >= 3 ? 0x7fff : 0x1fff;
	if (*abi >= 4) {
		rules.net = LANDLOCK_BIND_TCP;
		size = offsetof(struct landlock_ruleset, scoped);
	}
	if (*abi >= 6) {
		rules.scoped = LANDLOCK_SCOPES;
		size = sizeof(rules);
	}
	fd = syscall(NR_LANDLOCK_CREATE_RULESET, &rules, size, 0u);
	if (fd < 0)
		return false;
	done = syscall(NR_LANDLOCK_RESTRICT_SELF, (int)fd, 0u) == 0;
	(void)close((int)fd);
	return done;
}

static void
enter_basics(void)
{
	struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		log_info("sandbox: no_new_privs: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		log_info("sandbox: dumpable: %s", strerror(errno));
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		log_info("sandbox: core limit: %s", strerror(errno));
}

void
sandbox_enter(enum sandbox_role role)
{
	long abi = 0;

	enter_basics();
	if (role == SANDBOX_FETCHER)
		return;
	if (enter_landlock(&abi))
		log_debug("sandbox: Landlock ABI %ld", abi);
	else
		log_info("sandbox: no Landlock here: %s", strerror(errno));
	if (enter_filter())
		log_debug("sandbox: seccomp filter on");
	else
		log_info(
			"sandbox: no seccomp filter here: %s", strerror(errno));
}
