// SPDX-License-Identifier: Apache-2.0
#include "fatrace_options.h"

#include <getopt.h>
#include <string.h>

/* With the colon at the beginning, getopt_long(3) prints nothing and returns ':' for a missing value. */
static const char letters[] = ":co:s:tup:f:C:jPed:h";

/* clang-format off: a row a line */
static const struct option options[] = {
	{ "current-mount", no_argument, 0, 'c' }, { "output", required_argument, 0, 'o' },
	{ "seconds", required_argument, 0, 's' }, { "timestamp", no_argument, 0, 't' },
	{ "user", no_argument, 0, 'u' },	  { "ignore-pid", required_argument, 0, 'p' },
	{ "filter", required_argument, 0, 'f' },  { "command", required_argument, 0, 'C' },
	{ "json", no_argument, 0, 'j' },	  { "parents", no_argument, 0, 'P' },
	{ "exe", no_argument, 0, 'e' },		  { "dir", required_argument, 0, 'd' },
	{ "help", no_argument, 0, 'h' },	  { 0, 0, 0, 0 },
};
/* clang-format on */

int bfa_next_option(int argc, char **argv, const char **value)
{
	static char letter[] = "-?";
	int option = getopt_long(argc, argv, letters, options, 0);
	const char *word = argv[optind - 1];
	int is_long = word && !strncmp(word, "--", 2);

	*value = optarg;
	if (option != '?' && option != ':')
		return option;
	/* A letter may be one of several in a word, which then continues. */
	letter[1] = optopt;
	*value = is_long ? word : letter;
	if (option == '?' && is_long && optopt)
		return BFA_OPTION_VALUE;
	return option;
}

int bfa_first_operand(void)
{
	return optind;
}
