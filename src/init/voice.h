/*
 * voice.h - what is said in another init's words, when fairlead is called by
 * its name. Under our own name nothing of this is said.
 */
#ifndef INIT_VOICE_H
#define INIT_VOICE_H

#include "config.h"

#include <stdbool.h>
#include <stddef.h>

enum voice_word {
	VOICE_SPAWNED,        /* a: pid */
	VOICE_SESSION,        /* the app has a session of its own */
	VOICE_HAND_OFF,       /* a: signal that the terminal's change caused */
	VOICE_RECEIVED,       /* a: signal */
	VOICE_RECEIVED_CHILD, /* a: SIGCHLD */
	VOICE_REWRITTEN,      /* a, b: signals */
	VOICE_FORWARDED,      /* a: signal */
	VOICE_DROPPED,        /* a: signal */
	VOICE_EXITED,         /* a: pid, b: code */
	VOICE_KILLED,         /* a: pid, b: signal */
	VOICE_APP_EXITED,     /* a: code */
	VOICE_SUSPENDED,      /* we stop with the app */
	VOICE_REAPED,         /* a: pid of an orphan */
	VOICE_NO_REAPER,      /* neither PID 1 nor subreaper */
	VOICE_WORDS
};

/* Speak as c says from now on. */
void voice_set(enum voice voice);

/* False: this voice does not say that. */
bool voice_say(enum voice_word word, int a, int b);

/* The command cannot be executed: why, and what to do about it. */
void voice_exec_failed(
	const char *command, const char *why, const char *remedy);

/* The text of a word with its numbers; empty: none. For the tests. */
void voice_format(char *out, size_t cap, enum voice voice, enum voice_word word,
	int a, int b);

#endif
