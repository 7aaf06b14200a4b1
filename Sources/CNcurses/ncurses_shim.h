/* SPDX-License-Identifier: Apache-2.0 */
/* The functions for wide characters, which Debian's header has only if they are asked for. */
#define NCURSES_WIDECHAR 1
#include <curses.h>
