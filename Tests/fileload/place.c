// SPDX-License-Identifier: Apache-2.0
/*
 * Paths, from the kernel's own links below /proc. For a process with another
 * root directory, a process outside of it looks them up.
 */
#define _GNU_SOURCE
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define DELETED " (deleted)"

static const char *long_path;
static int observer = -1;

void place_set_long(const char *path)
{
	long_path = path;
}

/* Keeps the longest end of a path that has whole components only and fits. */
static void take_tail(struct place *place)
{
	size_t length = strlen(long_path);
	const char *tail = long_path + (length < PATH_MAX ? 0 : length - (PATH_MAX - 1));

	place->truncated = true;
	snprintf(place->path, sizeof(place->path), "%s", strchr(tail, '/'));
}

/* A name may itself end in " (deleted)": then it leads to this very file. */
static void take_mark(const char *link, struct place *place)
{
	size_t length = strlen(place->path), mark = strlen(DELETED);
	struct stat file, named;

	if (length <= mark || strcmp(place->path + length - mark, DELETED) != 0)
		return;
	require(stat(link, &file) == 0, "stat of %s: %s", link, strerror(errno));
	if (stat(place->path, &named) == 0 && named.st_ino == file.st_ino && named.st_dev == file.st_dev)
		return;
	place->path[length - mark] = '\0';
	place->deleted = true;
	place->nlink = (unsigned int)file.st_nlink;
}

static bool ask(const char *what, struct place *place)
{
	char question[32] = "";
	ssize_t length;

	snprintf(question, sizeof(question), "%s", what);
	require(send(observer, question, sizeof(question), 0) == sizeof(question), "send: %s", strerror(errno));
	length = recv(observer, place, sizeof(*place), 0);
	require(length == sizeof(*place), "no answer about %s", what);
	return place->path[0] != '\0';
}

void place_ask(int socket)
{
	observer = socket;
}

/* Looks paths up for the other side, until that closes its end. */
void place_answer(int socket, pid_t child)
{
	struct place place;
	char question[32];

	while (recv(socket, question, sizeof(question), 0) == sizeof(question)) {
		if (!place_of(child, question, &place))
			memset(&place, 0, sizeof(place));
		require(send(socket, &place, sizeof(place), 0) == sizeof(place), "send: %s", strerror(errno));
	}
}

/*
 * `what` is "fd/3", "cwd" or "root". For this process, reads the link of the
 * calling thread, which may have a descriptor table of its own.
 */
bool place_of(pid_t pid, const char *what, struct place *place)
{
	char link[64];
	ssize_t length;

	if (observer >= 0)
		return ask(what, place);
	if (pid == getpid())
		snprintf(link, sizeof(link), "/proc/thread-self/%s", what);
	else
		snprintf(link, sizeof(link), "/proc/%d/%s", pid, what);
	memset(place, 0, sizeof(*place));
	length = readlink(link, place->path, sizeof(place->path) - 1);
	if (length < 0 && errno == ENAMETOOLONG && long_path) {
		take_tail(place);
		return true;
	}
	if (length < 0)
		return false;
	take_mark(link, place);
	return true;
}

bool place_of_descriptor(pid_t pid, int fd, struct place *place)
{
	char what[32];

	snprintf(what, sizeof(what), "fd/%d", fd);
	return place_of(pid, what, place);
}

/* Appends the components of a name to a path by their text, without asking the kernel. */
static void walk(char *path, size_t size, const char *name)
{
	size_t length = strcmp(path, "/") == 0 ? 0 : strlen(path);

	for (;;) {
		size_t part;

		name += strspn(name, "/");
		part = strcspn(name, "/");
		if (part == 0)
			break;
		if (part == 2 && strncmp(name, "..", 2) == 0) {
			while (length > 0 && path[--length] != '/')
				;
		} else if (part != 1 || name[0] != '.') {
			require(length + part + 2 <= size, "path too long");
			path[length] = '/';
			memcpy(path + length + 1, name, part);
			length += part + 1;
		}
		name += part;
	}
	if (length == 0)
		path[length++] = '/';
	path[length] = '\0';
}

/* The absolute path that an open names, whether or not there is such a file. */
void place_asked_for(int dfd, const char *filename, char *path, size_t size)
{
	struct place base;
	bool found;

	if (filename[0] == '/')
		found = place_of(getpid(), "root", &base);
	else if (dfd == AT_FDCWD)
		found = place_of(getpid(), "cwd", &base);
	else
		found = place_of_descriptor(getpid(), dfd, &base);
	require(found && !base.truncated, "no base directory for %s", filename);
	snprintf(path, size, "%s", base.path);
	walk(path, size, filename);
}
