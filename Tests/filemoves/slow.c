// SPDX-License-Identifier: Apache-2.0
/*
 * Changes of a path that are true long before a call returns, or without a
 * call. One thread writes to an open file without a pause, and asks the kernel
 * before and after each write what the path is.
 */
#define _GNU_SOURCE
#include "moves.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AFTER = 2000 }; /* writes once the change is over */

static atomic_bool is_over;

/* Writes before and after which the path was the same. */
struct writes {
	char path[PATH_MAX];
	unsigned long sure;
	unsigned long during; /* of these, before the call that changed the path returned */
};

static struct writes paths[2];
static unsigned long unsure;

static struct writes *writes_of(const char *path)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!paths[i].path[0])
			strcpy(paths[i].path, path);
		if (strcmp(paths[i].path, path) == 0)
			return &paths[i];
	}
	die("a third path: %s", path);
}

static void path_of(int fd, char path[])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, PATH_MAX - 1);
	require(length > 0, "readlink of %s", link);
	path[length] = 0;
}

static void write_while_moving(int fd)
{
	char before[PATH_MAX], after[PATH_MAX];
	unsigned long left = AFTER;
	struct writes *w;
	bool over;

	path_of(fd, before);
	while (left) {
		over = atomic_load(&is_over);
		left -= over;
		require(pwrite(fd, "x", 1, 0) == 1, "write");
		path_of(fd, after);
		if (strcmp(before, after) == 0) {
			w = writes_of(before);
			w->sure++;
			w->during += !over && w != paths;
		} else {
			unsure++;
		}
		strcpy(before, after);
	}
	for (w = paths; w < paths + 2 && w->path[0]; w++)
		printf("%lu %lu %s\n", w->sure, w->during, w->path);
	printf("%lu unsure\n", unsure);
}

static void run(int fd, void *(*change)(void *), void *argument)
{
	pthread_t thread;

	require(pthread_create(&thread, NULL, change, argument) == 0, "pthread_create");
	write_while_moving(fd);
	require(pthread_join(thread, NULL) == 0, "pthread_join");
}

/* Makes a file that takes long to free: every other block is a hole. */
static void make_scattered(const char *name)
{
	const char *setting = getenv("FILEMOVES_EXTENTS");
	off_t extents = setting ? strtol(setting, NULL, 10) : 16000;
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
	struct stat status;

	require(fd >= 0 && fstat(fd, &status) == 0, "%s", name);
	for (off_t i = 0; i < extents; i++)
		require(pwrite(fd, "x", 1, 2 * i * status.st_blksize) == 1, "%s", name);
	require(fsync(fd) == 0 && close(fd) == 0, "%s", name);
}

static int make_pair(void)
{
	int fd = open("x.tmp", O_CREAT | O_EXCL | O_RDWR, 0600);

	require(fd >= 0, "x.tmp");
	make_scattered("scattered");
	require(rename("scattered", "x") == 0, "rename of scattered");
	return fd;
}

static void *rename_over(void *server)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/x.tmp", (char *)server);
	snprintf(to, sizeof(to), "%s/x", (char *)server);
	usleep(20000);
	require(rename(from, to) == 0, "rename of %s", from);
	atomic_store(&is_over, true);
	return NULL;
}

void move_slow_rename(void)
{
	run(make_pair(), rename_over, ".");
}

/* A file server, which has this directory under another name, makes the call. */
void move_server_rename(void)
{
	char *server = getenv("FILEMOVES_SERVER");

	require(server, "FILEMOVES_SERVER names no directory");
	run(make_pair(), rename_over, server);
}

/* Submits one request to a ring and waits for its result. */
static void *rename_by_ring(void *unused)
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	struct io_uring_sqe *request;
	unsigned int *tail;
	char *queue;

	needs(ring, "io_uring_setup");
	queue = mmap(NULL, params.sq_off.array + sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQ_RING);
	request = mmap(NULL, sizeof(*request), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	require(queue != MAP_FAILED && request != MAP_FAILED, "mmap of a ring");
	memset(request, 0, sizeof(*request));
	request->opcode = IORING_OP_RENAMEAT;
	request->fd = AT_FDCWD;
	request->addr = (unsigned long)"x.tmp";
	request->len = (unsigned int)AT_FDCWD;
	request->addr2 = (unsigned long)"x";
	tail = (unsigned int *)(queue + params.sq_off.tail);
	usleep(20000);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	require(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1, "io_uring_enter");
	atomic_store(&is_over, true);
	return NULL;
}

void move_ring_rename(void)
{
	run(make_pair(), rename_by_ring, NULL);
}

static void *unmount(void *unused)
{
	usleep(20000);
	require(umount2("on", MNT_DETACH) == 0, "umount2");
	atomic_store(&is_over, true);
	return NULL;
}

/* Unmounts: the call waits for a grace period of RCU after the mount has gone. */
void move_unmount(void)
{
	int fd;

	needs(unshare(CLONE_FS), "unshare");
	require(mkdir("on", 0700) == 0, "mkdir on");
	needs(mount("none", "on", "tmpfs", 0, NULL), "mount");
	fd = open("on/file", O_CREAT | O_EXCL | O_RDWR, 0600);
	require(fd >= 0, "on/file");
	run(fd, unmount, NULL);
}

static int sockets[2];
static pid_t child;

/* Mounts a file system that only this process sees, and passes on a file of it. */
static void be_mounter(void)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { "", 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	char byte;
	int fd;

	needs(unshare(CLONE_NEWNS), "unshare");
	needs(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount --make-rprivate");
	needs(mount("none", "on", "tmpfs", 0, NULL), "mount");
	fd = open("on/file", O_CREAT | O_EXCL | O_RDWR, 0600);
	require(fd >= 0, "on/file");
	*header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	require(sendmsg(sockets[1], &message, 0) == 1, "sendmsg");
	close(fd);
	require(read(sockets[1], &byte, 1) == 1, "read");
	_exit(0);
}

static int receive_file(void)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	int fd;

	require(recvmsg(sockets[0], &message, 0) == 1 && message.msg_controllen, "no file from the child");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static void *end_namespace(void *unused)
{
	int status;

	usleep(20000);
	require(write(sockets[0], "", 1) == 1, "write");
	require(waitpid(child, &status, 0) == child && status == 0, "the child failed");
	atomic_store(&is_over, true);
	return NULL;
}

/* Ends the last process of a mount namespace: its mounts go without a call. */
void move_namespace_end(void)
{
	require(mkdir("on", 0700) == 0, "mkdir on");
	require(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) == 0, "socketpair");
	child = fork();
	require(child >= 0, "fork");
	if (child == 0)
		be_mounter();
	close(sockets[1]);
	run(receive_file(), end_namespace, NULL);
}
