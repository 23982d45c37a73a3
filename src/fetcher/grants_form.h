/*
 * grants_form.h - what the grants of grants.c and of external.c share.
 */
#ifndef FETCHER_GRANTS_FORM_H
#define FETCHER_GRANTS_FORM_H

#include "fetcher/oauth.h"
#include "fetcher/service.h"

/* A form for a token; the texts are borrowed. */
struct grants_form {
	enum oauth_grant grant;
	const char *url;
	const char *basic;  /* base64 of USER:PASSWORD; NULL: none */
	const char *secret; /* to be kept out of errors; NULL: none */
	struct writer body;
};

/* Append name=value, percent-encoded, with & in front of all but the first. */
void grants_field(struct grants_form *f, const char *name, const char *value);

/*
 * POST the form and read the token, unless e already says why not. The form is
 * wiped in any case.
 */
enum err grants_post_form(struct service *s, struct grants_form *f,
	struct token *t, struct error *e) NODISCARD;

#endif
