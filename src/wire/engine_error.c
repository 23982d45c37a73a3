/*
 * engine_error.c - the first words of PostgreSQL's and MySQL's protocols. Must
 * never take more from a client than a startup message may have.
 */
#include "wire/engine_error.h"

#include "base/limits.h"

#include <string.h>

/* Codes in the place of a protocol version; CancelRequest has one more. */
#define SSL_REQUEST    80877103u
#define GSSENC_REQUEST 80877104u

static enum startup_step
judge(struct startup *s)
{
	struct reader r = reader_over(span_of(s->head, sizeof(s->head)));
	uint32_t length = read_u32(&r);
	uint32_t code = read_u32(&r);

	if (length < sizeof(s->head) || length > STARTUP_MESSAGE_MAX)
		return STARTUP_STRANGE;
	if (code == SSL_REQUEST || code == GSSENC_REQUEST) {
		/* Each of them once (libpq), and no more. */
		if (length != sizeof(s->head) || s->wish++ >= 2)
			return STARTUP_STRANGE;
		s->have = 0;
		return STARTUP_DECLINE;
	}
	/* Of CancelRequest and older protocols none wants our answer. */
	if (code >> 16 != 3)
		return STARTUP_STRANGE;
	s->left = length - sizeof(s->head);
	return s->left > 0 ? STARTUP_MORE : STARTUP_ANSWER;
}

static size_t
take(struct span *in, uint8_t *to, size_t most)
{
	size_t len = in->len < most ? in->len : most;

	if (to != NULL && len > 0)
		memcpy(to, in->data, len);
	*in = span_of(in->data + len, in->len - len);
	return len;
}

enum startup_step
startup_feed(struct startup *s, struct span *in)
{
	enum startup_step step = STARTUP_MORE;

	while (in->len > 0 && step == STARTUP_MORE) {
		if (s->have < sizeof(s->head)) {
			s->have += take(in, s->head + s->have,
				sizeof(s->head) - s->have);
			if (s->have == sizeof(s->head))
				step = judge(s);
		} else {
			s->left -= take(in, NULL, s->left);
			if (s->left == 0)
				step = STARTUP_ANSWER;
		}
	}
	return step;
}

/* Texts of servers stand in messages: no control byte may. */
static void
write_message(struct writer *w, const char *message)
{
	for (; *message != '\0'; message++)
		write_u8(w, (uint8_t)*message < ' ' ? ' ' : (uint8_t)*message);
}

static void
write_field(struct writer *w, char kind, const char *value)
{
	write_u8(w, (uint8_t)kind);
	write_message(w, value);
	write_u8(w, 0);
}

void
postgres_error_write(
	struct writer *w, const char *sqlstate, const char *message)
{
	size_t start = w->len + 1;

	write_u8(w, 'E');
	write_u32(w, 0);
	write_field(w, 'S', "FATAL");
	write_field(w, 'V', "FATAL");
	write_field(w, 'C', sqlstate);
	write_field(w, 'M', message);
	write_u8(w, 0);
	if (writer_ok(w)) {
		struct writer length = writer_over(w->base + start, 4);

		write_u32(&length, (uint32_t)(w->len - start));
	}
}

/*
 * Length (3 bytes, low one first), sequence number, 0xff, code, text. No
 * SQLSTATE: the client has not said yet that it knows protocol 4.1.
 */
void
mysql_error_write(struct writer *w, uint16_t code, const char *message)
{
	size_t start = w->len;

	write_u32(w, 0);
	write_u8(w, 0xff);
	write_u8(w, (uint8_t)(code & 0xff));
	write_u8(w, (uint8_t)(code >> 8));
	write_message(w, message);
	if (writer_ok(w)) {
		size_t len = w->len - start - 4;

		w->base[start] = (uint8_t)(len & 0xff);
		w->base[start + 1] = (uint8_t)(len >> 8 & 0xff);
	}
}
