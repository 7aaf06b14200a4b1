// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* wcwidth */
#define NCURSES_WIDECHAR 1
#include "screen.h"

#include <curses.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

static SCREEN *screen;
static FILE *keys;

int bfa_screen_open(void)
{
	/* Widths of characters, and how to write them. */
	setlocale(LC_CTYPE, "");
	if (MB_CUR_MAX == 1)
		setlocale(LC_CTYPE, "C.UTF-8");
	keys = isatty(STDIN_FILENO) ? stdin : fopen("/dev/tty", "re");
	if (!keys)
		return -1;
	screen = newterm(NULL, stdout, keys);
	if (!screen)
		return -1;
	set_term(screen);
	set_escdelay(50);
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	scrollok(stdscr, FALSE);
	curs_set(0);
	return 0;
}

void bfa_screen_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
	if (keys != stdin)
		fclose(keys);
}

int bfa_screen_rows(void)
{
	return getmaxy(stdscr);
}

int bfa_screen_columns(void)
{
	return getmaxx(stdscr);
}

int bfa_screen_descriptor(void)
{
	return fileno(keys);
}

void bfa_screen_clear(void)
{
	erase();
}

/* How many of the characters fit into so many columns; what has no width is shown as '?'. */
static int fitting(wchar_t *text, int columns)
{
	int count = 0;

	for (; text[count]; count++) {
		int width = wcwidth(text[count]);

		if (width < 0) {
			text[count] = L'?';
			width = 1;
		}
		if (width > columns)
			break;
		columns -= width;
	}
	return count;
}

void bfa_screen_put(int row, const char *text, enum bfa_style style)
{
	attr_t attributes = style == BFA_STYLE_REVERSE ? A_REVERSE : style == BFA_STYLE_BOLD ? A_BOLD : A_NORMAL;
	wchar_t wide[1024];
	size_t count = mbstowcs(wide, text, 1023);

	if (count == (size_t)-1)
		return;
	wide[count] = 0;
	move(row, 0);
	attrset(attributes);
	addnwstr(wide, fitting(wide, getmaxx(stdscr)));
	for (int column = getcurx(stdscr);
	     style == BFA_STYLE_REVERSE && column < getmaxx(stdscr) && getcury(stdscr) == row; column++)
		mvaddch(row, column, ' ');
	attrset(A_NORMAL);
}

void bfa_screen_show(void)
{
	refresh();
}

static int key_of_character(wint_t character)
{
	switch (character) {
	case '\r':
	case '\n':
		return BFA_KEY_ENTER;
	case 033:
		return BFA_KEY_ESCAPE;
	case 0177:
	case '\b':
		return BFA_KEY_BACKSPACE;
	default:
		return (int)character;
	}
}

static int key_of_code(wint_t code)
{
	switch (code) {
	case KEY_UP:
		return BFA_KEY_UP;
	case KEY_DOWN:
		return BFA_KEY_DOWN;
	case KEY_PPAGE:
		return BFA_KEY_PAGE_UP;
	case KEY_NPAGE:
		return BFA_KEY_PAGE_DOWN;
	case KEY_HOME:
		return BFA_KEY_HOME;
	case KEY_END:
		return BFA_KEY_END;
	case KEY_ENTER:
		return BFA_KEY_ENTER;
	case KEY_BACKSPACE:
		return BFA_KEY_BACKSPACE;
	case KEY_RESIZE:
		return BFA_KEY_RESIZE;
	default:
		return BFA_KEY_OTHER;
	}
}

int bfa_screen_key(void)
{
	wint_t key;
	int kind = get_wch(&key);

	if (kind == ERR)
		return BFA_KEY_NONE;
	return kind == KEY_CODE_YES ? key_of_code(key) : key_of_character(key);
}
