// SPDX-License-Identifier: Apache-2.0
/*
 * Renames files, their parents and mounts as fast as possible, while other
 * threads use the files. The names depend on each other, so that a path put
 * together from different moments is nearly always one that no file ever had:
 *
 *   u0/d0/s0/f0   the directory d moves between u0 and u1, the file between
 *                 its directories s0 and s1; both take the number of the place
 *   p0/g0         the numbers of parent and file go from 0 to 3 and start over,
 *                 the parent first
 *   k0/g0         a mount in place of the parent; at times it is unmounted with
 *                 the file open: then the path is /g0
 *
 * "filemoves check DIRECTORY" reads lines of bfatrace and prints those with a
 * path below DIRECTORY that no file ever had, or without a path.
 */
#define _GNU_SOURCE
#include "moves.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAMES = 4, UNMOUNTS = 64 };

static atomic_bool is_over;

static atomic_ulong moves, uses;

static bool goes_on(void)
{
	return !atomic_load(&is_over);
}

static void make_file(const char *name)
{
	int fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0600);

	require(fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0, "%s", name);
}

static void move(int dfd, const char *from, const char *to)
{
	require(renameat(dfd, from, dfd, to) == 0, "rename of %s to %s: %s", from, to, strerror(errno));
	atomic_fetch_add(&moves, 1);
}

static void *move_parent(void *unused)
{
	for (bool there = false; goes_on() || there; there = !there)
		move(AT_FDCWD, there ? "u1/d1" : "u0/d0", there ? "u0/d0" : "u1/d1");
	return NULL;
}

static void *move_file(void *argument)
{
	int parent = *(int *)argument;

	for (bool there = false; goes_on() || there; there = !there)
		move(parent, there ? "s1/f1" : "s0/f0", there ? "s0/f0" : "s1/f1");
	return NULL;
}

static void name(char to[], char parent, int number, int file)
{
	sprintf(to, file < 0 ? "%c%d" : "%c%d/g%d", parent, number, file);
}

/* Gives the parent p or k the next number, and then its file. */
static void move_to_next(char parent, int *number)
{
	char from[16], to[16];
	int next = (*number + 1) % NAMES;

	name(from, parent, *number, -1);
	name(to, parent, next, -1);
	if (parent == 'k')
		require(mount(from, to, NULL, MS_MOVE, NULL) == 0, "move of %s: %s", from, strerror(errno));
	else
		move(AT_FDCWD, from, to);
	name(from, parent, next, *number);
	name(to, parent, next, next);
	move(AT_FDCWD, from, to);
	*number = next;
}

static void *move_round(void *unused)
{
	int number = 0;

	while (goes_on())
		move_to_next('p', &number);
	return NULL;
}

static void mount_at(int number)
{
	char point[16], file[16], new[32];

	name(point, 'k', number, -1);
	name(file, 'k', number, number);
	sprintf(new, "%s/new", point);
	needs(mount("none", point, "tmpfs", 0, NULL), "mount");
	needs(mount(NULL, point, NULL, MS_PRIVATE, NULL), "mount --make-private");
	/* A thread that opens it must find a byte in it. */
	make_file(new);
	move(AT_FDCWD, new, file);
}

static void *move_mounts(void *unused)
{
	char point[16];
	int number = 0;

	for (unsigned long i = 0; goes_on(); i++) {
		move_to_next('k', &number);
		if (i % UNMOUNTS)
			continue;
		name(point, 'k', number, -1);
		require(umount2(point, MNT_DETACH) == 0, "umount of %s: %s", point, strerror(errno));
		mount_at(number);
	}
	name(point, 'k', number, -1);
	require(umount2(point, MNT_DETACH) == 0, "umount of %s: %s", point, strerror(errno));
	return NULL;
}

static int open_any(const char parents[])
{
	char path[16];
	int fd = -1;

	while (fd < 0 && goes_on())
		for (int i = 0; i < NAMES && fd < 0; i++) {
			if (parents[0] == 'u')
				sprintf(path, "u%d/d%d/s%d/f%d", i / 2, i / 2, i % 2, i % 2);
			else
				name(path, parents[0], i, i);
			fd = open(path, O_RDWR);
		}
	return fd;
}

/* Reads most of the time, at times through a new descriptor. */
static void *use(void *parents)
{
	char byte;
	int fd;

	while (goes_on() && (fd = open_any(parents)) >= 0) {
		for (int i = 0; i < 50; i++)
			require(pread(fd, &byte, 1, 0) == 1, "read");
		close(fd);
		atomic_fetch_add(&uses, 1);
	}
	return NULL;
}

static void make_tree(void)
{
	static const char *const directories[] = { "u0", "u1", "u0/d0", "u0/d0/s0", "u0/d0/s1",
						   "p0", "k0", "k1",	"k2",	    "k3" };

	needs(unshare(CLONE_NEWNS), "unshare");
	needs(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount --make-rprivate");
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		require(mkdir(directories[i], 0700) == 0, "%s", directories[i]);
	make_file("u0/d0/s0/f0");
	make_file("p0/g0");
	mount_at(0);
}

void move_storm(unsigned long seconds)
{
	static void *(*const bodies[])(void *) = { move_parent, move_file, move_round, move_mounts, use, use, use };
	enum { COUNT = sizeof(bodies) / sizeof(bodies[0]) };
	pthread_t threads[COUNT];
	int parent;

	make_tree();
	parent = open("u0/d0", O_PATH | O_DIRECTORY);
	require(parent >= 0, "u0/d0");
	for (size_t i = 0; i < COUNT; i++)
		require(pthread_create(&threads[i], NULL, bodies[i],
				       bodies[i] == use ? &"upk"[i - (COUNT - 3)] : (void *)&parent) == 0,
			"pthread_create");
	sleep((unsigned int)seconds);
	atomic_store(&is_over, true);
	for (size_t i = 0; i < COUNT; i++)
		require(pthread_join(threads[i], NULL) == 0, "pthread_join");
	fprintf(stderr, "%lu renames, files opened %lu times\n", moves, uses);
}

/* Whether a file had this path, below the directory of the storm or of a mount that has gone. */
static bool has_been(const char *path, bool is_below)
{
	int a, b, c, d, end = 0;

	if (sscanf(path, "/u%1d/d%1d/s%1d/f%1d%n", &a, &b, &c, &d, &end) == 4)
		return is_below && a == b && c == d && !path[end];
	if (sscanf(path, "/u%1d/d%1d%n", &a, &b, &end) == 2 && !path[end])
		return is_below && a == b;
	if (sscanf(path, "/k%1d/new%n", &a, &end) == 1 && end)
		return is_below && !path[end];
	if (sscanf(path, "/p%1d/g%1d%n", &a, &b, &end) == 2 || sscanf(path, "/k%1d/g%1d%n", &a, &b, &end) == 2)
		return is_below && (a == b || a == (b + 1) % NAMES) && !path[end];
	return !is_below && sscanf(path, "/g%1d%n", &a, &end) == 1 && !path[end];
}

/* Whether the path begins with a name of the storm. */
static bool is_of_storm(const char *path)
{
	return path[0] == '/' && path[1] && strchr("udsfpgk", path[1]) && path[2] >= '0' && path[2] < '0' + NAMES;
}

/* Ignores lines about other files. */
int check_storm(const char *directory)
{
	unsigned long lines = 0, wrong = 0, unknown = 0;
	size_t size = 0, length = strlen(directory);
	char *line = NULL, *path;
	bool is_below;

	while (getline(&line, &size, stdin) > 0) {
		path = strstr(line, ": ");
		if (!path || strncmp(line, "filemoves(", 10) != 0)
			continue;
		unknown += strstr(path, " device ") != NULL;
		path = path + strcspn(path, "/");
		path[strcspn(path, " \n")] = 0;
		is_below = strncmp(path, directory, length) == 0;
		path += is_below ? length : 0;
		if (!is_of_storm(path))
			continue;
		lines++;
		if (!has_been(path, is_below) && wrong++ < 10)
			printf("has never been: %s%s\n", is_below ? directory : "", path);
	}
	printf("%lu lines, %lu of them wrong, %lu without a path\n", lines, wrong, unknown);
	return wrong != 0;
}
