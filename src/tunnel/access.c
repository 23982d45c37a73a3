/*
 * access.c - the decision about one client. Owns the lists of sockets; must
 * never let somebody in because a question failed, where the user asked for
 * the check by name.
 */
#include "tunnel/access.h"

#include "base/log.h"

#include <stdio.h>
#include <unistd.h>

void
access_open(struct access *a, const struct config *c)
{
	a->uids = &c->allow_uid;
	a->own = (uint32_t)geteuid();
	peer_none(&a->lists);
	if (!a->uids->set)
		return;
	peer_open(&a->lists);
	if (peer_can_tell(&a->lists))
		return;
	if (a->uids->preset)
		log_warn("tunnel: this kernel does not tell whose a TCP "
			 "connection is: every user may connect");
	else
		log_error("tunnel: this kernel does not tell whose a TCP "
			  "connection is: --allow-uid refuses all of them");
}

static bool
listed(const struct access *a, uint32_t uid)
{
	if (uid == 0 || uid == a->own)
		return true;
	for (size_t n = 0; n < a->uids->count; n++)
		if (a->uids->list[n] == uid)
			return true;
	return false;
}

/*
 * Where nobody asked for the check, it only tells users of this machine apart:
 * who listens on more than loopback wants others to come.
 */
bool
access_allows(const struct access *a, int fd, char *why, size_t cap)
{
	bool preset = a->uids->preset;
	uint32_t uid;
	enum err err;

	if (!a->uids->set)
		return true;
	err = peer_uid(&a->lists, fd, &uid);
	if (err == ERR_OK) {
		(void)snprintf(why, cap,
			"user %u may not connect (--allow-uid)", (unsigned)uid);
		return listed(a, uid);
	}
	(void)snprintf(why, cap, "%s (--allow-uid)",
		err == ERR_EOF ? "no user of this machine connects"
			       : "it cannot be told which user connects");
	return preset && (err != ERR_EOF || !peer_is_loopback(fd));
}

void
access_close(struct access *a)
{
	peer_close(&a->lists);
}
