/*
 * grants_form.h - what the grants of grants.c and of external.c share.
 */
#ifndef FETCHER_GRANTS_FORM_H
#define FETCHER_GRANTS_FORM_H

#include "fetcher/oauth.h"
#include "fetcher/service.h"

/* Append name=value, percent-encoded, with & in front of all but the first. */
void grants_field(struct writer *w, const char *name, const char *value);

/*
 * POST a form and read the token; the form is wiped. secret is kept out of
 * errors; it and basic may be NULL.
 */
enum err grants_post_form(struct service *s, enum oauth_grant grant,
	const char *url, const char *basic, const char *secret,
	struct writer *form, struct token *t, struct error *e) NODISCARD;

#endif
