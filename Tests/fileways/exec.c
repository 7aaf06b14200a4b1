// SPDX-License-Identifier: Apache-2.0
/* Executing programs, scripts and their interpreters. */
#define _GNU_SOURCE
#include "programs.h"
#include "ways.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CWD N(AT_FDCWD)

static const char *const arguments[] = { "argument", NULL };
static const char *const environment[] = { NULL };
#define REST P(arguments), P(environment)

static void program(void)
{
	make_program("program", NULL);
	require(symlink("program", "program-link") == 0, "symlink: %s", strerror(errno));
	make_program("sub/program", NULL);
}

static void program_of_interpreter(void)
{
	make_program("interpreter", NULL);
	make_program("program", in_world("interpreter"));
}

static void script(const char *name, const char *interpreter)
{
	char text[300];

	snprintf(text, sizeof(text), "#!%s\n", interpreter);
	make_script(name, text);
}

static void scripts(void)
{
	program_of_interpreter();
	script("script", in_world("program"));
	script("sub/script", "interpreter");
	script("script-of-script", in_world("script"));
	script("lost-script", in_world("missing"));
	require(symlink("script", "script-link") == 0, "symlink: %s", strerror(errno));
}

static void no_program(void)
{
	program();
	make_script("nonsense", "this is no program");
}

static void program_descriptor(void)
{
	program();
	open_or_die("program", O_RDONLY | O_CLOEXEC);
}

static void sub_descriptor(void)
{
	program();
	sub_open();
}

static void script_descriptors(void)
{
	scripts();
	sub_open();
	open_or_die("script", O_RDONLY);
}

static void open_across(void)
{
	program();
	open_or_die("file", O_RDWR | O_CLOEXEC);
	open_or_die("other", O_RDONLY);
}

static void execute(void)
{
	LAST_CALL(execve, T("@/program"), REST);
}

static void execute_relative(void)
{
	LAST_CALL(execve, T("./program"), REST);
}

static void execute_link(void)
{
	LAST_CALL(execve, T("program-link"), REST);
}

static void execute_through_link(void)
{
	LAST_CALL(execve, T("link/program"), REST);
}

static void execute_script(void)
{
	LAST_CALL(execve, T("script"), REST);
}

static void execute_script_link(void)
{
	LAST_CALL(execve, T("script-link"), REST);
}

static void execute_relative_script(void)
{
	LAST_CALL(execve, T("sub/script"), REST);
}

static void execute_script_of_script(void)
{
	LAST_CALL(execve, T("script-of-script"), REST);
}

static void execute_at(void)
{
	LAST_CALL(execveat, N(3), T("program"), REST, N(0));
}

static void execute_descriptor(void)
{
	LAST_CALL(execveat, N(3), T(""), REST, N(AT_EMPTY_PATH));
}

static void execute_script_at(void)
{
	LAST_CALL(execveat, N(3), T("script"), REST, N(0));
}

static void execute_script_descriptor(void)
{
	LAST_CALL(execveat, N(4), T(""), REST, N(AT_EMPTY_PATH));
}

static void execute_with_open_files(void)
{
	CALL(read, N(3), P(buffer), N(10));
	CALL(read, N(4), P(buffer), N(20));
	LAST_CALL(execve, T("program"), REST);
}

const struct way exec_ways[] = {
	{ "execve", program, .act = execute },
	{ "execve-relative", program, .act = execute_relative },
	{ "execve-link", program, .act = execute_link },
	{ "execve-through-link", program, .act = execute_through_link },
	{ "execve-interpreted", program_of_interpreter, .act = execute },
	{ "execve-script", scripts, .act = execute_script },
	{ "execve-script-link", scripts, .act = execute_script_link },
	{ "execve-relative-script", scripts, .act = execute_relative_script },
	{ "execve-script-of-script", scripts, .act = execute_script_of_script },
	{ "execve-closes", open_across, .act = execute_with_open_files },
	{ "execve-missing", ONE(execve, T("@/missing"), REST) },
	{ "execve-not-directory", ONE(execve, T("file/x"), REST) },
	{ "execve-not-executable", ONE(execve, T("file"), REST) },
	{ "execve-directory", ONE(execve, T("sub"), REST) },
	{ "execve-nonsense", no_program, ONE(execve, T("nonsense"), REST) },
	{ "execve-lost-script", scripts, ONE(execve, T("lost-script"), REST) },
	{ "execveat", sub_descriptor, .act = execute_at },
	{ "execveat-descriptor", program_descriptor, .act = execute_descriptor },
	{ "execveat-script", script_descriptors, .act = execute_script_at },
	{ "execveat-script-descriptor", script_descriptors, .act = execute_script_descriptor },
	{ "execveat-missing", sub_open, ONE(execveat, N(3), T("missing"), REST, N(0)) },
	{ "execveat-nofollow", program, ONE(execveat, CWD, T("program-link"), REST, N(AT_SYMLINK_NOFOLLOW)) },
	{},
};
