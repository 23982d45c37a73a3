/*
 * verdict.c - the judgement after a failure. Owns nothing; must never have a
 * client's bytes sent again if the server has answered them, or if one of them
 * is not here any more.
 */
#include "tunnel/verdict.h"

#include "base/clock.h"
#include "base/log.h"
#include "tunnel/resume.h"
#include "tunnel/tunnel.h"

/* A new identity is here, or will be: what is here now has just failed. */
static bool
new_identity_near(const struct connection *c)
{
	struct instance *i = c->instance;

	switch (refresh_dial(&i->refresh, tunnel_now())) {
	case REFRESH_USE:
		return i->serial != c->serial;
	case REFRESH_WAIT:
		return true;
	case REFRESH_REFUSE:
		break;
	}
	return false;
}

/*
 * The client cannot tell that c begins again: the server has said nothing, and
 * all that the client said is still here.
 */
static bool
may_begin_again(const struct connection *c)
{
	return !c->retried && !c->early.lost &&
	       clock_ms() < c->dial_deadline_ms;
}

static enum verdict
again(const struct connection *c, const char *how, const struct error *e)
{
	log_info("[%s] trying once more with%s: %s", c->instance->config->name,
		how, e->detail);
	return VERDICT_AGAIN;
}

enum verdict
verdict_on(const struct connection *c, const struct relay_report *report)
{
	const struct error *e = &report->error;
	bool dialing = c->state == CONNECTION_HANDSHAKE;
	bool spoke = tls13_server_spoke(&c->relay.tls);

	/* After the handshake it is not the ticket that is judged. */
	if (report->tls && !tls13_handshake_done(&c->relay.tls) &&
		resume_is_suspect(c, e) && may_begin_again(c))
		return again(c, "out TLS resumption", e);
	if (report->tls) {
		instance_suspect(c->instance, c->serial);
		if (!spoke && may_begin_again(c) && new_identity_near(c))
			return again(c, " a new ephemeral certificate", e);
	} else if (!report->client && dialing) {
		instance_unreachable(c->instance, c->serial);
	}
	if (!report->client && (dialing || (report->tls && !spoke)))
		return VERDICT_REFUSED;
	return VERDICT_BROKEN;
}
