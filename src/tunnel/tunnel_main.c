/*
 * tunnel_main.c - the tunnel's process: its loop, and what init and the
 * fetchers tell it. Must never wait for anything but the loop's turn, and must
 * end when init is gone.
 */
#include "tunnel/tunnel_main.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "io/sandbox.h"
#include "io/socket.h"
#include "tls/selftest.h"
#include "tunnel/changes.h"
#include "tunnel/connections.h"
#include "tunnel/listener.h"
#include "tunnel/probe.h"
#include "tunnel/tunnel.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

static struct tunnel tunnel;

struct refresh_time
tunnel_now(void)
{
	struct refresh_time now = {.ms = clock_ms(), .wall_s = clock_wall_s()};

	return now;
}

static void
finish(struct tunnel *t, int exit_status)
{
	t->ended = true;
	t->exit_status = exit_status;
}

void
tunnel_tell(struct tunnel *t, enum ipc_kind kind, uint32_t instance,
	enum ipc_engine engine)
{
	struct ipc_message m;

	memset(&m, 0, sizeof(m));
	m.kind = kind;
	m.instance = instance;
	m.engine = engine;
	/* Few and small: a queue that is full means that init is stuck, and
	 * then nothing here can help. */
	if (ipc_send(t->control, &m, -1) != ERR_OK)
		log_warn("tunnel: init does not take messages");
}

void
tunnel_first_identity(struct tunnel *t, const struct instance *i)
{
	size_t n;

	if (i->listener < 0 && !i->unheard)
		tunnel_tell(t, IPC_ENGINE, i->index, i->current->engine);
	for (n = 0; n < t->instance_count; n++)
		if (t->instances[n].current == NULL && !t->instances[n].unheard)
			return;
	if (!t->ready)
		tunnel_tell(t, IPC_READY, 0, IPC_ENGINE_UNKNOWN);
	t->ready = true;
}

void
tunnel_listens(struct tunnel *t)
{
	bool all = true;

	for (size_t n = 0; n < t->instance_count; n++)
		all = all && (t->instances[n].listener >= 0 ||
				     t->instances[n].unheard);
	t->started = t->started || all;
}

/* Not even the instance of a malformed answer can be believed. */
static void
malformed_answer(struct tunnel *t)
{
	size_t n;

	for (n = 0; n < t->instance_count; n++)
		instance_unanswered(
			&t->instances[n], "the fetcher's answer was malformed");
}

static void
read_answers(struct tunnel *t)
{
	enum err err;

	do {
		err = ipc_receive_identity(
			t->answers, t->answer, (uint32_t)t->instance_count);
		if (err == ERR_OK && !t->instances[t->answer->instance].gone)
			instance_answered(
				&t->instances[t->answer->instance], t->answer);
		else if (err == ERR_PARSE)
			malformed_answer(t);
		mem_wipe(t->answer, sizeof(*t->answer));
	} while (err == ERR_OK || err == ERR_PARSE);
	/* 50 kB that are needed once an hour go back to the system. */
	(void)madvise(t->answer, sizeof(*t->answer), MADV_DONTNEED);
	if (err != ERR_AGAIN)
		loop_remove(&t->loop, &t->answers_watch);
}

static void
on_answers(void *context, short revents)
{
	(void)revents;
	read_answers(context);
}

static void
start_drain(struct tunnel *t)
{
	size_t n;

	t->draining = true;
	t->drain_deadline_ms = clock_ms() + DRAIN_FINISH_MS;
	for (n = 0; n < t->instance_count; n++)
		listener_close(&t->instances[n]);
	connections_drain(t);
}

/* Serve on, new connections too, until none is left or patience is over. */
static void
leave(struct tunnel *t, uint32_t patience_ms)
{
	if (patience_ms == 0 || t->connections.open == 0) {
		start_drain(t);
		return;
	}
	t->leaving = true;
	t->leave_deadline_ms = clock_ms() + patience_ms;
}

static void
look_who_stays(struct tunnel *t, uint64_t now_ms)
{
	size_t open = t->connections.open;

	if (!t->leaving || (open > 0 && now_ms < t->leave_deadline_ms))
		return;
	t->leaving = false;
	if (open > 0) {
		log_error("error during shutdown: %zu connection(s) still "
			  "open after waiting %" PRIu64 "ms",
			open, t->config->max_sigterm_delay);
		t->exit_status = TUNNEL_LEFT_OPEN;
	}
	start_drain(t);
}

/* Its socket; below 0: nobody will listen for it. */
static void
set_listener(struct instance *i, int fd)
{
	i->unheard = fd < 0;
	if (i->unheard)
		tunnel_listens(i->tunnel);
	else
		listener_open(i, fd);
}

static void
obey(struct tunnel *t, const struct ipc_message *m, int fd)
{
	switch ((enum ipc_kind)m->kind) {
	case IPC_LISTENER:
		if (fd >= 0 && t->draining)
			socket_close(fd);
		else
			set_listener(&t->instances[m->instance], fd);
		return;
	case IPC_FETCHER_EXITED:
		/* What the fetcher sent before its end comes first. */
		read_answers(t);
		instance_fetcher_exited(
			&t->instances[m->instance], m->wait_status);
		break;
	case IPC_DRAIN:
		if (!t->draining)
			leave(t, m->patience_ms);
		break;
	case IPC_INSTANCE:
		/* What comes for the one that was there before it. */
		read_answers(t);
		changes_take(t, m->instance, fd);
		break;
	case IPC_REFRESH:
		for (size_t n = 0; n < t->instance_count; n++)
			instance_renew(&t->instances[n]);
		break;
	case IPC_ASK_IDENTITY:
	case IPC_ENGINE:
	case IPC_READY:
	case IPC_STARTUP_FAILED:
	case IPC_QUIT:
	case IPC_TESTED:
	case IPC_GONE:
	case IPC_KIND_END:
		log_warn("tunnel: unexpected message %u from init",
			(unsigned)m->kind);
		break;
	}
	if (fd >= 0)
		socket_close(fd);
}

static void
on_control(void *context, short revents)
{
	struct tunnel *t = context;
	enum err err;

	(void)revents;
	do {
		struct ipc_message m;
		int fd;

		err = ipc_receive(
			t->control, &m, &fd, (uint32_t)t->instance_count);
		if (err == ERR_OK)
			obey(t, &m, fd);
	} while (err == ERR_OK || err == ERR_PARSE);
	if (err != ERR_AGAIN)
		finish(t, err == ERR_EOF ? 0 : 1);
}

/* Two descriptors for each connection, of those that nobody else needs. */
static size_t
capacity(const struct config *c, const struct tunnel_boot *boot)
{
	uint64_t descriptors = socket_raise_limit();
	uint64_t spare = DESCRIPTORS_SPARE + c->instance_count;

	if (boot->http >= 0 || boot->admin >= 0)
		spare += HTTP_CLIENTS_MAX;
	if (descriptors < spare + 4)
		return 1;
	return descriptors < spare + UINT64_C(2) * CONNECTIONS_MAX
		       ? (size_t)(descriptors - spare) / 2
		       : CONNECTIONS_MAX;
}

/* A random UUID (RFC 9562 5.4): the proxies' label of a process. */
static enum err
make_dialer_id(char text[UUID_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[16];
	char *out = text;

	if (rng_bytes(bytes, sizeof(bytes)) != ERR_OK)
		return ERR_SYS;
	bytes[6] = (uint8_t)(0x40 | (bytes[6] & 0x0f));
	bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
	for (size_t n = 0; n < sizeof(bytes); n++) {
		if (n == 4 || n == 6 || n == 8 || n == 10)
			*out++ = '-';
		*out++ = digits[bytes[n] >> 4];
		*out++ = digits[bytes[n] & 0x0f];
	}
	*out = '\0';
	return ERR_OK;
}

static enum err
start(struct tunnel *t, const struct config *c, const struct tunnel_boot *boot,
	struct error *e)
{
	struct refresh_time now = tunnel_now();
	uint32_t n;

	if (selftest_run(e) != ERR_OK)
		return e->code;
	t->config = c;
	t->control = boot->control;
	t->answers = boot->answers;
	t->instance_count = c->instance_count;
	t->connections.capacity = capacity(c, boot);
	t->answer = mmap(NULL, sizeof(*t->answer), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->answer == MAP_FAILED)
		return error_sys(e, ERR_NOMEM, "mmap");
	if (make_dialer_id(t->dialer_id) != ERR_OK)
		return error_sys(e, ERR_SYS, "getrandom");
	if (loop_init(&t->loop) != ERR_OK)
		return error_sys(e, ERR_SYS, "epoll_create1");
	if (loop_add(&t->loop, &t->control_watch, t->control, on_control, t) !=
			ERR_OK ||
		loop_add(&t->loop, &t->answers_watch, t->answers, on_answers,
			t) != ERR_OK)
		return error_set(e, ERR_LIMIT, "too many descriptors");
	access_open(&t->access, c);
	socks_configure(&t->socks);
	t->since_s = now.wall_s;
	http_server_open(&t->http, t, boot->http, boot->admin);
	loop_set(&t->loop, &t->control_watch, POLLIN);
	loop_set(&t->loop, &t->answers_watch, POLLIN);
	for (n = 0; n < t->instance_count; n++)
		instance_init(&t->instances[n], t, n, now);
	/* A listener looks at all instances: is it the last one? */
	for (n = 0; n < t->instance_count; n++) {
		if (boot->listeners[n] != LISTENER_LATER)
			set_listener(&t->instances[n], boot->listeners[n]);
	}
	if (boot->test)
		probe_begin(t);
	return ERR_OK;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Everything that is due now; returns when the next thing is. */
static uint64_t
step(struct tunnel *t)
{
	struct refresh_time now = tunnel_now();
	uint64_t deadline_ms = CLOCK_NEVER;
	size_t n;

	connections_expire(t, now.ms);
	http_server_expire(&t->http, now.ms);
	deadline_ms = http_server_deadline_ms(&t->http);
	look_who_stays(t, now.ms);
	if (t->leaving)
		deadline_ms = earlier(deadline_ms, t->leave_deadline_ms);
	if (t->draining) {
		if (t->connections.count == 0 || t->drain_deadline_ms <= now.ms)
			finish(t, t->exit_status);
		return earlier(earlier(deadline_ms, t->drain_deadline_ms),
			connections_deadline_ms(&t->connections));
	}
	for (n = 0; n < t->instance_count; n++) {
		if (t->instances[n].gone) {
			changes_look(&t->instances[n]);
			continue;
		}
		instance_step(&t->instances[n], now);
		deadline_ms = earlier(deadline_ms,
			instance_deadline_ms(&t->instances[n], now));
	}
	listeners_update(t, now.ms);
	if (t->accept_from_ms > now.ms)
		deadline_ms = earlier(deadline_ms, t->accept_from_ms);
	return earlier(deadline_ms, connections_deadline_ms(&t->connections));
}

static void
run(struct tunnel *t)
{
	uint64_t deadline_ms = step(t);

	while (!t->ended) {
		if (loop_turn(&t->loop, deadline_ms) != ERR_OK) {
			log_error("tunnel: epoll_wait: %s", strerror(errno));
			finish(t, 1);
			return;
		}
		deadline_ms = step(t);
	}
}

int
tunnel_main(const struct config *c, const struct tunnel_boot *boot)
{
	struct tunnel *t = &tunnel;
	struct error e;
	size_t n;

	error_clear(&e);
	if (start(t, c, boot, &e) != ERR_OK) {
		log_error("tunnel: %s", e.detail);
		return error_exit_status(e.code);
	}
	sandbox_enter(SANDBOX_TUNNEL);
	run(t);
	connections_abort(t);
	for (n = 0; n < t->instance_count; n++) {
		listener_close(&t->instances[n]);
		instance_clear(&t->instances[n]);
	}
	http_server_close(&t->http);
	access_close(&t->access);
	buffers_clear(&t->buffers);
	loop_close(&t->loop);
	return t->exit_status;
}
