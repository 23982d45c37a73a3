/*
 * voice.c - the words of tini, dumb-init and catatonit: those that people and
 * their test suites look for, the rest ours. Decides nothing.
 */
#include "init/voice.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

/*
 * One text per word, in the order of enum voice_word, each ended by NUL; its
 * first letter is the level, '%' a number. One array and no pointers: those
 * cost 24 bytes each.
 */
static const char dumb_init[] =
	"iChild spawned with PID %.\0"
	"isetsid complete.\0"
	"iIgnoring tty hand-off signal %.\0"
	"iReceived signal %.\0"
	"iReceived signal %.\0"
	"iSignal % becomes %.\0"
	"iForwarded signal % to children.\0"
	"iSignal % is not forwarded.\0"
	"iA child with PID % exited with exit status %.\0"
	"iA child with PID % was ended by signal %.\0"
	"iChild exited with status %. Goodbye.\0"
	"iStopping too.\0"
	"\0"
	"\0";

static const char tini[] =
	"iApp has pid %\0"
	"\0"
	"\0"
	"dReceived signal %\0"
	"dReceived SIGCHLD\0"
	"\0"
	"dForwarded signal %\0"
	"\0"
	"dReaped pid % (code %)\0"
	"dReaped pid % (signal %)\0"
	"iApp ended with code %\0"
	"\0"
	"wReaped zombie process with pid=%\0"
	"wNeither PID 1 nor a subreaper: orphans go to somebody else, so "
	"zombie reaping won't work. Use -s or set TINI_SUBREAPER, or run as "
	"PID 1.\0";

static const char catatonit[] = "dpid1 is process %\0"
				"\0"
				"\0"
				"dreceived signal %\0"
				"\0"
				"\0"
				"dforwarded signal %\0"
				"\0"
				"dprocess % ended with code %\0"
				"dprocess % ended by signal %\0"
				"\0"
				"\0"
				"\0"
				"\0";

static enum voice current;

void
voice_set(enum voice voice)
{
	current = voice;
}

static const char *
find(enum voice voice, enum voice_word word)
{
	const char *at = "";

	switch (voice) {
	case VOICE_OWN:
		return at;
	case VOICE_TINI:
		at = tini;
		break;
	case VOICE_DUMB_INIT:
		at = dumb_init;
		break;
	case VOICE_CATATONIT:
		at = catatonit;
		break;
	}
	for (int i = 0; i < (int)word; i++)
		at += strlen(at) + 1;
	return at;
}

void
voice_format(char *out, size_t cap, enum voice voice, enum voice_word word,
	int a, int b)
{
	size_t len = 0;

	for (const char *at = find(voice, word); *at != '\0'; at++) {
		if (len + 1 >= cap)
			break;
		if (*at != '%') {
			out[len++] = *at;
			continue;
		}
		(void)snprintf(out + len, cap - len, "%d", a);
		len += strlen(out + len);
		a = b;
	}
	out[len] = '\0';
}

bool
voice_say(enum voice_word word, int a, int b)
{
	char text[200];

	voice_format(text, sizeof(text), current, word, a, b);
	if (text[0] == 'w')
		log_warn("%s", text + 1);
	else if (text[0] == 'i')
		log_info("%s", text + 1);
	else if (text[0] == 'd')
		log_debug("%s", text + 1);
	return text[0] != '\0';
}

void
voice_exec_failed(const char *command, const char *why, const char *remedy)
{
	switch (current) {
	case VOICE_OWN:
		log_error("init: cannot execute \"%s\": %s: %s", command, why,
			remedy);
		return;
	case VOICE_DUMB_INIT:
		log_error("%s: %s", command, why);
		return;
	case VOICE_TINI:
	case VOICE_CATATONIT:
		log_error("exec %s failed: %s (%s)", command, why, remedy);
		return;
	}
}
