/*
 * changes.c - owns the descriptions of instances that were added. Must never
 * end a connection: those of an instance that is gone keep it in its place.
 */
#include "tunnel/changes.h"

#include "base/log.h"
#include "tunnel/connections.h"
#include "tunnel/failover.h"
#include "tunnel/listener.h"

#include <string.h>
#include <unistd.h>

static void
take_out(struct instance *i)
{
	i->gone = true;
	i->unheard = true;
	listener_close(i);
	/* Whatever was asked, nobody needs it any more. */
	refresh_init(&i->refresh, i->tunnel->config->refresh_timeout,
		tunnel_now().ms);
	failover_init(&i->failover);
	connections_resume(i);
}

void
changes_take(struct tunnel *t, uint32_t n, int fd)
{
	static struct instance_config configs[INSTANCES_MAX];
	struct instance_config one;

	if (read(fd, &one, sizeof(one)) != (ssize_t)sizeof(one)) {
		log_error("tunnel: what init says of instance %u is no use",
			(unsigned)n);
		return;
	}
	if (one.gone) {
		if (n < t->instance_count)
			take_out(&t->instances[n]);
		return;
	}
	if (n == t->instance_count)
		t->instance_count++;
	instance_clear(&t->instances[n]);
	memcpy(&configs[n], &one, sizeof(one));
	instance_init(&t->instances[n], t, n, tunnel_now());
	t->instances[n].config = &configs[n];
	t->instances[n].gone = false;
}

void
changes_look(struct instance *i)
{
	if (i->gone_told || connections_some(i))
		return;
	i->gone_told = true;
	instance_clear(i);
	tunnel_tell(i->tunnel, IPC_GONE, i->index, IPC_ENGINE_UNKNOWN);
}
