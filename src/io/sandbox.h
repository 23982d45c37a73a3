/*
 * sandbox.h - what a process of ours gives up before it talks to a network.
 *
 * Every layer is optional: old kernels, gVisor and nested containers lack
 * some. What is missing is logged once, as information, and is never a reason
 * to stop.
 */
#ifndef IO_SANDBOX_H
#define IO_SANDBOX_H

enum sandbox_role {
	/*
	 * no_new_privs, no core file, not dumpable. Files, names and new
	 * threads stay possible.
	 */
	SANDBOX_FETCHER,
	/*
	 * Also no file of any kind (Landlock) and no system call but those of
	 * an epoll loop over the sockets it has or makes (seccomp): a call
	 * outside the list fails, it does not kill.
	 */
	SANDBOX_TUNNEL
};

/* For the calling process and what it forks. Cannot be undone. */
void sandbox_enter(enum sandbox_role role);

#endif
