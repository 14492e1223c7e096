/* Preloaded into the IRC server: TCP_NODELAY on every accepted socket. InspIRCd does not set it, and with two clients in
 * a channel Nagle and delayed acknowledgements put 44 ms into each round trip, which would hide the bot. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static int nodelay(int fd)
{
	int one = 1;
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

int accept(int fd, struct sockaddr *address, socklen_t *length)
{
	static int (*real)(int, struct sockaddr *, socklen_t *);
	if (!real)
		real = dlsym(RTLD_NEXT, "accept");
	return nodelay(real(fd, address, length));
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
	static int (*real)(int, struct sockaddr *, socklen_t *, int);
	if (!real)
		real = dlsym(RTLD_NEXT, "accept4");
	return nodelay(real(fd, address, length, flags));
}
