/*
 * fetcher_main.c - begins and ends the fetcher process. Everything it
 * allocates dies with it; secrets are wiped before.
 */
#include "fetcher/fetcher_main.h"

#include "base/log.h"
#include "base/mem.h"
#include "fetcher/identity.h"

#include <stdlib.h>
#include <unistd.h>

static bool
is_question(const struct config *config, const struct ipc_message *q)
{
	return q->instance < config->instance_count &&
	       q->public_key_len <= sizeof(q->public_key);
}

int
fetcher_main(const struct config *config, const struct ipc_message *question,
	int answers)
{
	/* From the heap, and never freed: see identity_clear. */
	struct fetch *f = calloc(1, sizeof(*f));
	struct ipc_identity *id = calloc(1, sizeof(*id));
	enum err result;

	if (f == NULL || id == NULL || !is_question(config, question)) {
		log_error(
			"fetcher: %s", f == NULL || id == NULL
					       ? error_text(ERR_NOMEM)
					       : "cannot answer this question");
		free(f);
		free(id);
		return 1;
	}
	(void)alarm((unsigned)(config->refresh_timeout / 1000) +
		    FETCHER_ALARM_GRACE_S);
	identity_fetch(f, config, question, id);
	result = ipc_send_identity(answers, id);
	mem_wipe(id, sizeof(*id));
	identity_clear(f);
	if (result != ERR_OK)
		log_debug("fetcher: the tunnel took no answer: %s",
			error_text(result));
	return result == ERR_OK ? 0 : 1;
}
