/*
 * config.h - what the user asked for: command line, environment and defaults,
 * checked once; afterwards SIGHUP alone changes instances (init/reload.h).
 *
 * options.def is the only place where an option is written; the fields of
 * struct config, the parser, the environment names and --help come from it.
 * Strings point into argv or the environment, which live as long as the
 * process.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/error.h"
#include "base/limits.h"
#include "base/signame.h"
#include "io/privilege.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum product {
	PRODUCT_CLOUDSQL,
	PRODUCT_ALLOYDB
};

enum listen_kind {
	LISTEN_TCP,
	LISTEN_UNIX_DIR,  /* path is a directory; the engine decides the rest */
	LISTEN_UNIX_PATH, /* path is the socket (PostgreSQL: its directory) */
};

enum ip_type {
	IP_PUBLIC,
	IP_PRIVATE,
	IP_PSC,
	IP_AUTO
};

struct instance_config {
	enum product product;
	/* For logs and metrics: "project:region:instance" or a DNS name as
	 * given, AlloyDB's "project.location.cluster.instance". */
	char name[INSTANCE_NAME_MAX];
	/* A DNS name given as the instance, without a final dot; project,
	 * region and instance are empty then, until it is resolved. */
	char domain[HOST_LEN_MAX];
	char project[INSTANCE_NAME_MAX]; /* may hold one colon: "example.com:p"
					  */
	char region[INSTANCE_NAME_MAX];  /* AlloyDB: the location */
	char cluster[INSTANCE_NAME_MAX]; /* AlloyDB only */
	char instance[INSTANCE_NAME_MAX];
	enum listen_kind listen;
	char address[ADDRESS_MAX]; /* LISTEN_TCP: an IP literal */
	uint16_t port;             /* LISTEN_TCP: 0 means the engine's */
	bool counts_port;          /* port is --port plus a count */
	char path[PATH_LEN_MAX];   /* LISTEN_UNIX_* */
	enum ip_type ip;
	bool auto_iam_authn;
	bool gone; /* taken out since the start: init/reload.h */
};

enum restart_mode {
	RESTART_NO,
	RESTART_ON_FAILURE,
	RESTART_ALWAYS
};

struct restart_policy {
	enum restart_mode mode;
	bool bounded; /* max counts; otherwise there is no bound */
	unsigned max; /* restarts, not starts */
};

/* --wait-ready: absent, or how long the app waits for the first identity. */
struct wait_ready {
	bool wanted;
	uint64_t timeout_ms;
};

/* --stop-timeout: absent means that the platform's own kill decides. */
struct stop_timeout {
	bool set;
	uint64_t ms;
};

/* Values of a repeatable option, in their order. */
struct text_list {
	const char *list[OPTION_TEXTS_MAX];
	size_t count;
};

/* Exit codes: bit n % 8 of byte n / 8. */
struct code_set {
	uint8_t bits[32];
};

/* --allow-uid: who may connect. */
struct uid_set {
	bool set;    /* these alone; else everybody may */
	bool any;    /* "any" was given */
	bool preset; /* nobody asked for it: the app's user, with --user */
	uint32_t list[UIDS_MAX];
	size_t count;
};

/* Which of Google's proxies has an option, and so an environment name. */
enum option_of {
	OF_NONE = 0,
	OF_CLOUDSQL = 1,
	OF_ALLOYDB = 2,
	OF_BOTH = 3
};

/* --rewrite: what each signal is forwarded as; 0: as it came. */
struct rewrites {
	uint8_t to[SIGNAL_MAX + 1];
};

#define REWRITE_DROP 255 /* not forwarded, and no stop request either */

/* --remap-exit: the code to end with, plus 1; 0: the app's own. */
struct exit_map {
	uint16_t to[256];
};

/* --stragglers: what happens to processes that the app left behind. */
enum stragglers_mode {
	STRAGGLERS_END,  /* asked, waited for, killed */
	STRAGGLERS_ASK,  /* with --kill-group SIGTERM to it, no waiting */
	STRAGGLERS_LEAVE /* nothing */
};

/* Whose words init uses: src/init/voice.h. */
enum voice {
	VOICE_OWN,
	VOICE_TINI,
	VOICE_DUMB_INIT,
	VOICE_CATATONIT
};

/* Types of options.def and the fields they make. */
#define OPTION_FIELD_FLAG    bool
#define OPTION_FIELD_TEXT    const char *
#define OPTION_FIELD_COUNT   uint64_t
#define OPTION_FIELD_PORT    uint16_t
#define OPTION_FIELD_TIME    uint64_t /* milliseconds */
#define OPTION_FIELD_SIGNAL  int
#define OPTION_FIELD_RESTART struct restart_policy
#define OPTION_FIELD_WAIT    struct wait_ready
#define OPTION_FIELD_STOP    struct stop_timeout
#define OPTION_FIELD_LIST    struct text_list
#define OPTION_FIELD_CODES   struct code_set
#define OPTION_FIELD_LIMIT   struct resource_limits
#define OPTION_FIELD_REWRITE struct rewrites
#define OPTION_FIELD_REMAP   struct exit_map
#define OPTION_FIELD_LEFT    enum stragglers_mode
#define OPTION_FIELD_MODE    uint32_t /* permission bits */
#define OPTION_FIELD_UIDS    struct uid_set

struct config {
#define SECTION(title)
#define ALIAS(field, name, of)
#define OPTION(field, type, name, letter, of, preset, argument, help)          \
	OPTION_FIELD_##type field;
#include "options.def"
#undef OPTION
#undef ALIAS
#undef SECTION
	size_t instance_count;
	char *const *command; /* argv of the app, NULL-terminated; or NULL */
	char *const *environment; /* for the app */
	/* Entries of environment to be completed, of LISTEN_PID_MAX and
	 * NOTIFY_ENTRY_MAX bytes; NULL: not there. */
	char *listen_pid;
	char *notify_entry;       /* "NOTIFY_SOCKET=" */
	const char *notify_outer; /* our own NOTIFY_SOCKET, or NULL */
	bool on_cloud_run;
	/* "check": connect to every instance once, say how it went, and end
	 * with 0 or 1. Nobody listens. --run-connection-test is set, too. */
	bool check_only;
	enum option_of called; /* by the name of one of Google's proxies */
	bool http;             /* something asks for the HTTP server */

	/* What the name we are called by decides (personality.h). */
	enum voice voice;
	bool suspend;   /* on SIGTSTP, SIGTTIN, SIGTTOU: forward, then stop */
	bool patient;   /* repeated stop requests never kill */
	bool warn_reap; /* of each orphan that was reaped */

	/* Large ones last, so that an init alone touches few pages. */
	struct account account;                    /* of --user */
	struct account socket_account;             /* of --socket-owner */
	char sqladmin_endpoint_text[ENDPOINT_MAX]; /* of --universe-domain */
	char alloydb_endpoint_text[ENDPOINT_MAX];
	struct instance_config instances[INSTANCES_MAX];
};

/* What a command line asks for besides running. */
enum config_action {
	CONFIG_RUN,
	CONFIG_HELP,
	CONFIG_VERSION,
	CONFIG_WAIT,
	CONFIG_SHUTDOWN,
	CONFIG_STATUS,
	CONFIG_CHECK
};

/*
 * Fill *c from the command line and the environment (NULL-terminated, as
 * main's). *c must be all zero: it is large, and static storage that is never
 * written costs no memory. On failure e has a sentence that says what is wrong
 * and what to do.
 */
enum err config_parse(struct config *c, enum config_action *action,
	char *const argv[], char *const envp[], struct error *e) NODISCARD;

/*
 * Wipe the tokens in this process's copy of the command line and the
 * environment, for one that was forked and has no use for them. c->token and
 * c->login_token are empty strings afterwards, where they were any.
 */
void config_forget_secrets(const struct config *c, char *const envp[]);

/* --session, and what it implies. */
void config_session(struct config *c);

/* --help, made of options.def, on standard output. */
void config_print_help(enum option_of called);

/* Short usage after an error, on standard error. */
void config_print_usage(enum option_of called);

#endif
