// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "startup.h"

#include <errno.h>
#include <fcntl.h>
#include <nss.h>
#include <sys/auxv.h>
#include <unistd.h>

static int arguments_count;
static char **arguments;

/* glibc calls constructors with the arguments of main (csu/libc-start.c, elf/dl-init.c). */
__attribute__((constructor)) static void keep_arguments(int argc, char **argv, char **envp)
{
	(void)envp;
	arguments_count = argc;
	arguments = argv;
}

int bfa_argc(void)
{
	return arguments_count;
}

char **bfa_argv(void)
{
	return arguments;
}

void bfa_occupy_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest number that is free is this one. The root directory always exists. */
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/", O_PATH | O_CLOEXEC) < 0)
			_exit(1);
	}
}

void bfa_prepare_user_names(void)
{
	/* Without an interpreter the program is static. */
	if (!getauxval(AT_BASE))
		__nss_configure_lookup("passwd", "files");
}
