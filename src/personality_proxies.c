/*
 * personality_proxies.c - called by the name of one of Google's proxies, whose
 * options are ours anyway: what its users and their scripts read.
 */
#include "personality.h"

#include <string.h>

enum option_of
personality_called(const char *argv0)
{
	const char *slash = argv0 != NULL ? strrchr(argv0, '/') : NULL;
	const char *name = slash != NULL ? slash + 1 : argv0;

	if (name == NULL)
		return OF_NONE;
	if (strcmp(name, "cloud-sql-proxy") == 0)
		return OF_CLOUDSQL;
	if (strcmp(name, "alloydb-auth-proxy") == 0)
		return OF_ALLOYDB;
	return OF_NONE;
}

const char *
personality_name(enum option_of called)
{
	if (called == OF_CLOUDSQL)
		return "cloud-sql-proxy";
	return called == OF_ALLOYDB ? "alloydb-auth-proxy" : "fairlead";
}
