// SPDX-License-Identifier: Apache-2.0
/* Descriptors that a process gets without opening a file. */
#define _GNU_SOURCE
#include "scenarios.h"
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
	int a;
	int b;
	struct gate child_done;
	struct gate parent_done;
};

static void pair_open(struct pair *pair)
{
	pair->a = open_file("a");
	pair->b = open_file("b");
	gate_make(&pair->child_done);
	gate_make(&pair->parent_done);
}

static void pair_close(struct pair *pair)
{
	works(traced_close(pair->a), "a");
	works(traced_close(pair->b), "b");
	gate_remove(&pair->child_done);
	gate_remove(&pair->parent_done);
}

static void be_grandchild(void *argument)
{
	struct pair *pair = argument;

	prctl(PR_SET_NAME, "grandchild");
	truth_read_comm();
	read_from(pair->b, "b");
}

static void be_forked(void *argument)
{
	struct pair *pair = argument;
	int own;

	read_from(pair->a, "a");
	works(traced_close(pair->a), "a");
	own = open_file("c"); /* at the number that has a open in the parent */
	require(own == pair->a, "the number is not the lowest one");
	read_from(own, "c");
	gate_open(&pair->child_done);
	gate_wait(&pair->parent_done);
	read_some(pair->b, "b", 20);
	write_to(pair->b, "b");
	finish(start(be_grandchild, pair));
	works(traced_close(own), "c");
}

void scenario_fork(void)
{
	struct pair pair;
	pid_t child;

	make_file("a");
	make_file("b");
	make_file("c");
	pair_open(&pair);
	read_from(pair.a, "a");
	read_some(pair.b, "b", 20);
	child = start(be_forked, &pair);
	gate_wait(&pair.child_done);
	read_from(pair.a, "a");
	gate_open(&pair.parent_done);
	finish(child);
	read_some(pair.b, "b", 20); /* the position is shared */
	require(lseek(pair.b, 0, SEEK_CUR) == 60, "the position is not shared");
	read_from(pair.a, "a");
	pair_close(&pair);
}

static void send_descriptor(int socket, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	require(sendmsg(socket, &message, 0) == 1, "sendmsg: %s", strerror(errno));
}

static int receive_descriptor(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	int fd;

	require(recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message), "recvmsg: %s", strerror(errno));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

struct passing {
	int sockets[2];
	struct gate done;
	struct gate taken;
};

static void send_files(void *argument)
{
	struct passing *passing = argument;
	int a = open_file("a"), b = open_file("b");

	read_from(a, "a");
	send_descriptor(passing->sockets[1], a);
	works(traced_close(a), "a");
	send_descriptor(passing->sockets[1], b);
	require(send(passing->sockets[1], &b, sizeof(b), 0) == sizeof(b), "send");
	gate_wait(&passing->taken);
	read_from(b, "b");
	works(traced_close(b), "b");
	gate_open(&passing->done);
}

/* Gets a descriptor of another process, which does nothing for it. */
static int take_descriptor(pid_t pid, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), taken;

	needs(pidfd, "pidfd_open");
	taken = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	needs(taken, "pidfd_getfd");
	close(pidfd);
	return taken;
}

void scenario_scm_rights(void)
{
	struct passing passing;
	int a, b, number, taken;
	pid_t child;

	make_file("a");
	make_file("b");
	gate_make(&passing.done);
	gate_make(&passing.taken);
	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, passing.sockets) == 0, "socketpair: %s",
		strerror(errno));
	child = start(send_files, &passing);
	a = receive_descriptor(passing.sockets[0]);
	read_from(a, "a");
	b = receive_descriptor(passing.sockets[0]);
	require(recv(passing.sockets[0], &number, sizeof(number), 0) == sizeof(number), "recv");
	taken = take_descriptor(child, number);
	gate_open(&passing.taken);
	read_from(taken, "b");
	write_to(a, "a");
	gate_wait(&passing.done);
	finish(child);
	read_from(b, "b");
	works(traced_close(a), "a");
	works(traced_close(b), "b");
	works(traced_close(taken), "b");
	close(passing.sockets[0]);
	close(passing.sockets[1]);
	gate_remove(&passing.done);
	gate_remove(&passing.taken);
}

static void share_table(void *argument)
{
	struct pair *pair = argument;
	int own;

	prctl(PR_SET_NAME, "sharer");
	truth_read_comm();
	read_from(pair->a, "a");
	own = open_file("c");
	read_from(own, "c");
	truth_closed("shared", getppid(), (unsigned int)pair->a, (unsigned int)pair->a, false);
	works(traced_close(pair->a), "a"); /* the parent shares the table */
	require(open_file("c") == pair->a, "the number is not the lowest one");
	gate_open(&pair->child_done);
	gate_wait(&pair->parent_done);
	read_from(pair->b, "b");
	works(traced_close(own), "c");
}

static void share_with_process(void)
{
	struct pair pair;
	pid_t child;

	pair_open(&pair);
	read_from(pair.a, "a");
	child = start_sharing(share_table, &pair);
	gate_wait(&pair.child_done);
	read_from(pair.a, "c"); /* the child has opened it */
	gate_open(&pair.parent_done);
	finish(child);
	read_from(pair.b, "b");
	pair_close(&pair);
}

/* Sets the name of the thread, which does not change that of the process. */
static void *be_thread(void *argument)
{
	struct pair *pair = argument;
	int own;

	pthread_setname_np(pthread_self(), "thread");
	read_from(pair->b, "b");
	own = open_file("c");
	write_to(own, "c");
	works(traced_close(pair->a), "a");
	pair->a = own;
	return NULL;
}

static void share_with_threads(void)
{
	struct pair pair;
	pthread_t thread;

	pair_open(&pair);
	for (int i = 0; i < 4; i++) {
		require(pthread_create(&thread, NULL, be_thread, &pair) == 0, "pthread_create");
		require(pthread_join(thread, NULL) == 0, "pthread_join");
		read_from(pair.a, "c");
	}
	pair_close(&pair);
}

void scenario_clone_files(void)
{
	make_file("a");
	make_file("b");
	make_file("c");
	share_with_process();
	share_with_threads();
}

static void use_inherited(void *argument)
{
	struct pair *pair = argument;

	gate_wait(&pair->parent_done);
	read_from(pair->a, "a");
	works(traced_close(pair->b), "b");
}

/* Drops what was logged before the tracer began. */
void scenario_inherited(void)
{
	struct pair pair;
	int other;
	pid_t child;
	char byte;

	make_file("a");
	make_file("b");
	make_file("c");
	pair_open(&pair);
	other = open_file("c");
	read_from(pair.a, "a");
	require(unlink("c") == 0, "unlink: %s", strerror(errno));
	child = start(use_inherited, &pair);
	truth_forget();
	require(write(STDOUT_FILENO, "ready\n", 6) == 6, "stdout: %s", strerror(errno));
	require(read(STDIN_FILENO, &byte, 1) == 1, "nothing on standard input");
	gate_open(&pair.parent_done);
	finish(child);
	read_from(pair.a, "a");
	write_to(other, "c");
	require(rename("b", "moved") == 0, "rename: %s", strerror(errno));
	read_from(pair.b, "b");
	works(traced_close(other), "c");
	pair_close(&pair);
}
