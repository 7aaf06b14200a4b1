/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fatrace's command line is one for getopt_long(3), with all that it allows:
 * letters and values in one word, beginnings of long options, options behind
 * operands. What that function remembers are variables that Swift does not see.
 */
#ifndef FATRACE_OPTIONS_H
#define FATRACE_OPTIONS_H

enum bfa_option {
	BFA_OPTION_END = -1,
	BFA_OPTION_UNKNOWN = '?',  /* or the beginning of several */
	BFA_OPTION_NO_VALUE = ':', /* it needs one */
	BFA_OPTION_VALUE = '=',	   /* it takes none */
};

/*
 * The next option of the arguments, which are put in order on the way: its
 * letter, or one of the above. `value` is the option's value, of a wrong one
 * how it was written; a part of the arguments, or valid until the next call.
 */
int bfa_next_option(int argc, char **argv, const char **value);

/* The index of the first operand, after the last option. */
int bfa_first_operand(void);

#endif
