/*
 * version.c - the only file that knows the commit, so that a new one compiles
 * nothing else.
 */
#include "version.h"

#include "build_info.h"
#include "personality.h"

#include <stdio.h>

/* Whose command lines these are. */
#define CLOUDSQL_VERSION "2.27.0"
#define ALLOYDB_VERSION  "1.15.2"

void
version_print(enum option_of called)
{
	if (called != OF_NONE) {
		(void)printf("%s version %s+fairlead.%s\n",
			personality_name(called),
			called == OF_CLOUDSQL ? CLOUDSQL_VERSION
					      : ALLOYDB_VERSION,
			FAIRLEAD_VERSION);
		return;
	}
	(void)printf("fairlead version %s\n"
		     "commit %s of %s\n"
		     "BearSSL %s, %d roots of %s\n",
		FAIRLEAD_VERSION, BUILD_COMMIT, BUILD_DATE, BUILD_BEARSSL,
		BUILD_ROOTS, BUILD_ROOTS_FROM);
}
