/*
 * personality.c - the command lines of other inits, as tables. Runs once,
 * before anything is started. Arrays instead of pointers throughout: a pointer
 * in a table costs 24 bytes more.
 */
#include "personality.h"

#include "base/log.h"
#include "config_values.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The one whose command line this is. */
#define DUMB_INIT_VERSION "1.2.5"

/* What an option or a variable does; the last ones take a value. */
enum effect {
	SET_GROUP,
	SET_SINGLE,
	SET_SUBREAPER,
	SET_WARN,
	SET_VERBOSE,
	SET_PAUSE,
	SAY_HELP,
	SAY_VERSION,
	SAY_LICENCE,
	SET_LEVEL,
	SET_REWRITE,
	SET_REMAP,
	SET_PDEATHSIG
};

#define FIRST_WITH_VALUE SET_LEVEL

static const struct {
	char name[12];
	uint8_t voice;
} names[] = {
	{"tini", VOICE_TINI},
	{"tini-static", VOICE_TINI},
	{"docker-init", VOICE_TINI},
	{"dumb-init", VOICE_DUMB_INIT},
	{"catatonit", VOICE_CATATONIT},
	{"podman-init", VOICE_CATATONIT},
};

static const struct {
	uint8_t voice;
	char letter;
	char name[13];
	uint8_t effect;
} options[] = {
	{VOICE_TINI, 's', "", SET_SUBREAPER},
	{VOICE_TINI, 'p', "", SET_PDEATHSIG},
	{VOICE_TINI, 'v', "", SET_VERBOSE},
	{VOICE_TINI, 'w', "", SET_WARN},
	{VOICE_TINI, 'g', "", SET_GROUP},
	{VOICE_TINI, 'e', "", SET_REMAP},
	{VOICE_TINI, 'l', "", SAY_LICENCE},
	{VOICE_TINI, 'h', "", SAY_HELP},
	{VOICE_TINI, '\1', "version", SAY_VERSION},
	{VOICE_DUMB_INIT, 'c', "single-child", SET_SINGLE},
	{VOICE_DUMB_INIT, 'r', "rewrite", SET_REWRITE},
	{VOICE_DUMB_INIT, 'v', "verbose", SET_VERBOSE},
	{VOICE_DUMB_INIT, 'h', "help", SAY_HELP},
	{VOICE_DUMB_INIT, 'V', "version", SAY_VERSION},
	{VOICE_CATATONIT, 'g', "", SET_GROUP},
	{VOICE_CATATONIT, 'h', "help", SAY_HELP},
	{VOICE_CATATONIT, 'L', "license", SAY_LICENCE},
	{VOICE_CATATONIT, 'P', "", SET_PAUSE},
	{VOICE_CATATONIT, 'V', "version", SAY_VERSION},
};

static const struct {
	char name[24];
	uint8_t voice;
	uint8_t effect;
	char value; /* that it must have; 0: any, also none */
} variables[] = {
	{"TINI_SUBREAPER", VOICE_TINI, SET_SUBREAPER, 0},
	{"TINI_VERBOSITY", VOICE_TINI, SET_LEVEL, 0},
	{"TINI_KILL_PROCESS_GROUP", VOICE_TINI, SET_GROUP, 0},
	{"DUMB_INIT_DEBUG", VOICE_DUMB_INIT, SET_VERBOSE, '1'},
	{"DUMB_INIT_SETSID", VOICE_DUMB_INIT, SET_SINGLE, '0'},
	{"CATATONIT_DEBUG", VOICE_CATATONIT, SET_VERBOSE, 0},
};

static const char tini_help[] =
	"Usage: tini [OPTIONS] [--] COMMAND [ARG...]\n\n"
	"Runs COMMAND under the supervision of a valid init process: fairlead, "
	"with\ntini's options.\n\n"
	"  -s         adopt orphans where it is not PID 1 (TINI_SUBREAPER)\n"
	"  -p SIGNAL  what to be sent when the parent ends\n"
	"  -v         more verbose, up to three times (TINI_VERBOSITY=N)\n"
	"  -w         warn of each orphan that is reaped\n"
	"  -g         signals go to the process group "
	"(TINI_KILL_PROCESS_GROUP)\n"
	"  -e CODE    end with 0 instead of CODE; may be repeated\n"
	"  -l         licence\n"
	"  -h         this text\n"
	"  --version  version\n";

static const char dumb_init_usage[] =
	"Usage: dumb-init [option] program [args]\n"
	"Try dumb-init --help for full usage.\n";

/* To the letter what dumb-init's own tests compare it with. */
static const char dumb_init_help[] =
	"dumb-init v" DUMB_INIT_VERSION "\n"
	"Usage: dumb-init [option] command [[arg] ...]\n"
	"\n"
	"dumb-init is a simple process supervisor that forwards signals to "
	"children.\n"
	"It is designed to run as PID1 in minimal container environments.\n"
	"\n"
	"Optional arguments:\n"
	"   -c, --single-child   Run in single-child mode.\n"
	"                        In this mode, signals are only proxied to "
	"the\n"
	"                        direct child and not any of its descendants.\n"
	"   -r, --rewrite s:r    Rewrite received signal s to new signal r "
	"before proxying.\n"
	"                        To ignore (not proxy) a signal, rewrite it to "
	"0.\n"
	"                        This option can be specified multiple times.\n"
	"   -v, --verbose        Print debugging information to stderr.\n"
	"   -h, --help           Print this help message and exit.\n"
	"   -V, --version        Print the current version and exit.\n"
	"\n"
	"Full help is available online at https://github.com/Yelp/dumb-init\n";

static const char dumb_init_rewrite[] =
	"Usage: -r option takes <signum>:<signum>, where <signum> is between "
	"1 and 31.\n"
	"This option can be specified multiple times.\n"
	"Use --help for full usage.\n";

static const char catatonit_usage[] =
	"usage: catatonit [-ghLPV] [--] COMMAND [ARG...]\n"
	"  -g  signals go to the process group\n"
	"  -P  no COMMAND: only reap zombies, until SIGTERM or SIGINT\n"
	"  -L  licence    -V  version    -h  this text\n";

struct parse {
	struct config *c;
	enum voice voice;
	int level; /* verbosity: 0 errors, 1 warnings, 2 notes, 3 all */
	int status;
	bool over; /* end with status */
	bool single;
};

static void
finish(struct parse *p, int status)
{
	p->over = true;
	p->status = status;
}

static void
say_help(struct parse *p, bool asked)
{
	FILE *out = asked ? stdout : stderr;

	finish(p, asked ? 0 : 1);
	if (p->voice == VOICE_TINI)
		(void)fputs(tini_help, out);
	else if (p->voice == VOICE_CATATONIT)
		(void)fputs(catatonit_usage, out);
	else
		(void)fputs(asked ? dumb_init_help : dumb_init_usage, stderr);
}

static void
say_version(struct parse *p)
{
	finish(p, 0);
	if (p->voice == VOICE_DUMB_INIT)
		(void)fputs("dumb-init v" DUMB_INIT_VERSION "\n", stderr);
	else
		/* What Docker and Podman look for. */
		(void)puts("tini version " FAIRLEAD_VERSION "_fairlead");
}

/* Only 1 to 31, as dumb-init has it; names are welcome too. */
static void
set_rewrite(struct parse *p, const char *value)
{
	struct rewrites *r = &p->c->rewrite;
	struct error e;
	bool good;

	error_clear(&e);
	good = value_rewrite(r, value, &e) == ERR_OK;
	for (int i = 1; i <= SIGNAL_MAX && good; i++) {
		if (r->to[i] != 0 && r->to[i] != REWRITE_DROP)
			good = i < 32 && r->to[i] < 32;
	}
	if (!good) {
		(void)fputs(dumb_init_rewrite, stderr);
		finish(p, 1);
	}
}

static void
set_value(struct parse *p, enum effect effect, const char *value)
{
	struct config *c = p->c;
	struct error e;
	uint64_t level;
	enum err r = ERR_OK;

	error_clear(&e);
	if (effect == SET_REWRITE) {
		set_rewrite(p, value);
	} else if (effect == SET_REMAP) {
		r = value_remap(&c->remap_exit, value, &e);
	} else if (effect == SET_PDEATHSIG) {
		r = value_signal(&c->pdeathsig, value, &e);
	} else if (value_count(&level, value, &e) == ERR_OK) {
		p->level = level < 3 ? (int)level : 3;
	}
	if (r != ERR_OK) {
		(void)fprintf(stderr, "tini: %s\n", e.detail);
		finish(p, 1);
	}
}

static void
apply(struct parse *p, enum effect effect, const char *value)
{
	struct config *c = p->c;

	switch (effect) {
	case SET_GROUP:
		c->kill_group = true;
		break;
	case SET_SINGLE:
		p->single = true;
		break;
	case SET_SUBREAPER:
		c->subreaper = true;
		break;
	case SET_WARN:
		c->warn_reap = true;
		break;
	case SET_VERBOSE:
		p->level += p->level < 3;
		break;
	case SET_PAUSE:
		c->pause = true;
		break;
	case SAY_HELP:
		say_help(p, true);
		break;
	case SAY_VERSION:
		say_version(p);
		break;
	case SAY_LICENCE:
		(void)puts("fairlead " FAIRLEAD_VERSION ", in place of another "
			   "init; its licence is in the file LICENSE beside "
			   "its source");
		finish(p, 0);
		break;
	case SET_LEVEL:
	case SET_REWRITE:
	case SET_REMAP:
	case SET_PDEATHSIG:
		set_value(p, effect, value);
		break;
	}
}

static const char *
own_name(const struct parse *p)
{
	static const char shown[][10] = {
		[VOICE_OWN] = "fairlead",
		[VOICE_TINI] = "tini",
		[VOICE_DUMB_INIT] = "dumb-init",
		[VOICE_CATATONIT] = "catatonit",
	};

	return shown[p->voice];
}

static void
bad_usage(struct parse *p)
{
	finish(p, 1);
	if (p->voice != VOICE_DUMB_INIT)
		say_help(p, false);
}

/* Option number i at *at, whose value may be joined; advances over both. */
static void
take(struct parse *p, size_t i, const char *joined, char *const **at)
{
	const char *value = joined;

	if (options[i].effect >= FIRST_WITH_VALUE && value == NULL) {
		value = (*at)[1];
		if (value != NULL)
			(*at)++;
		else if (options[i].effect == SET_REWRITE)
			value = "";
	}
	if (options[i].effect >= FIRST_WITH_VALUE && value == NULL) {
		(void)fprintf(stderr,
			"%s: option requires an argument -- '%c'\n",
			own_name(p), options[i].letter);
		bad_usage(p);
		return;
	}
	apply(p, (enum effect)options[i].effect, value);
}

#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* "--name" or "--name=value", which may be cut short. */
static void
take_long(struct parse *p, char *const **at)
{
	const char *text = **at + 2;
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < OPTIONS && len > 0; i++) {
		if (options[i].voice != p->voice ||
			strncmp(options[i].name, text, len) != 0)
			continue;
		/* "--ver" could be two; dumb-init's -v comes first. */
		take(p, i, text[len] == '=' ? text + len + 1 : NULL, at);
		return;
	}
	(void)fprintf(
		stderr, "%s: unrecognized option '%s'\n", own_name(p), **at);
	bad_usage(p);
}

static void
take_letters(struct parse *p, char *const **at)
{
	for (const char *c = **at + 1; *c != '\0' && !p->over; c++) {
		size_t i = 0;

		while (i < OPTIONS && (options[i].voice != p->voice ||
					      options[i].letter != *c))
			i++;
		if (i == OPTIONS) {
			(void)fprintf(stderr, "%s: invalid option -- '%c'\n",
				own_name(p), *c);
			bad_usage(p);
			return;
		}
		if (options[i].effect >= FIRST_WITH_VALUE) {
			take(p, i, c[1] != '\0' ? c + 1 : NULL, at);
			return;
		}
		take(p, i, NULL, at);
	}
}

/* Options end at "--" or at the first word that is none. */
static void
take_arguments(struct parse *p, char *const argv[])
{
	char *const *at = argv + 1;

	for (; *at != NULL && !p->over; at++) {
		if (strcmp(*at, "--") == 0) {
			at++;
			break;
		}
		if ((*at)[0] != '-' || (*at)[1] == '\0')
			break;
		if ((*at)[1] == '-')
			take_long(p, &at);
		else
			take_letters(p, &at);
	}
	if (p->over)
		return;
	if (*at != NULL && !p->c->pause)
		p->c->command = at;
	else if (!p->c->pause)
		say_help(p, false);
}

static void
take_environment(struct parse *p, char *const envp[])
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		size_t len = strlen(variables[i].name);

		if (variables[i].voice != p->voice)
			continue;
		for (size_t k = 0; envp[k] != NULL; k++) {
			const char *value = envp[k] + len + 1;
			char want[2] = {variables[i].value, '\0'};

			if (strncmp(envp[k], variables[i].name, len) != 0 ||
				envp[k][len] != '=' ||
				(want[0] != '\0' && strcmp(value, want) != 0))
				continue;
			apply(p, (enum effect)variables[i].effect, value);
			break;
		}
	}
}

/* What each does without being told. */
static void
set_defaults(struct parse *p, char *const envp[])
{
	struct config *c = p->c;

	p->level = 1;
	c->voice = p->voice;
	c->environment = envp;
	c->stop_signal = SIGTERM;
	c->patient = true;
	c->stragglers =
		p->voice == VOICE_DUMB_INIT ? STRAGGLERS_ASK : STRAGGLERS_LEAVE;
	c->subreaper = p->voice == VOICE_CATATONIT;
}

static void
conclude(struct parse *p)
{
	static const uint8_t levels[] = {
		LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG};

	if (p->voice == VOICE_DUMB_INIT) {
		p->c->suspend = true;
		if (!p->single)
			config_session(p->c);
	}
	if (p->voice == VOICE_CATATONIT && p->level > 1)
		p->level = 3;
	log_setup((enum log_level)levels[p->level], false);
	log_imitate(own_name(p));
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

enum personality_next
personality_parse(
	struct config *c, int *status, char *const argv[], char *const envp[])
{
	struct parse p = {.c = c, .voice = VOICE_OWN};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (argv[0] != NULL &&
			strcmp(base_name(argv[0]), names[i].name) == 0)
			p.voice = (enum voice)names[i].voice;
	}
	if (p.voice == VOICE_OWN)
		return PERSONALITY_OWN;
	set_defaults(&p, envp);
	take_arguments(&p, argv);
	if (!p.over)
		take_environment(&p, envp);
	if (p.over) {
		*status = p.status;
		return PERSONALITY_EXIT;
	}
	conclude(&p);
	return PERSONALITY_RUN;
}
