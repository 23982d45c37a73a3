/*
 * handshakes_loop.c - sockets and the loop, with no library of TLS in sight.
 */
#include "handshakes_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "handshakes: %s\n", what);
	exit(1);
}

int
dial(const char *port)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	must(fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0,
		"cannot connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

int
main(int argc, char **argv)
{
	int count;

	must(argc == 7, "wrong usage");
	load(argv);
	one(argv[1], false);
	for (count = atoi(argv[5]); count > 0; count--)
		one(argv[1], strcmp(argv[6], "resumed") == 0);
	return 0;
}
